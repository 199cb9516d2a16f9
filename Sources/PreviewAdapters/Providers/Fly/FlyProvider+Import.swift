package import PreviewCore

extension FlyProvider {
    package func survey(_ app: String) async throws -> AppSurvey? {
        try await translating(step: nil) {
            // What somebody made a moment ago may not be seen at the first look.
            switch try await looking(until: { $0 != .free }, { try await client.standing(of: app) })
            {
            case .free: return nil
            case .elsewhere:
                throw Failure(
                    .notImportable, .authentication,
                    "the app \(app) belongs to another organization",
                    fix: "use a token of that organization")
            case .ours: break
            }
            async let machines = visibleMachines(of: app)
            async let addresses = client.addresses(of: app)
            async let secrets = client.secrets(of: app)
            return try await AppSurvey(
                machines: machines.map { try found($0, in: app) },
                addresses: addresses.filter(\.isPublic).map(\.address),
                secrets: secrets.map(\.name).filter { $0 != BootScript.tokenSecret })
        }
    }

    /// The machines of an app that are there. An empty list is no proof that there are none
    /// (fly/machines-api section 1.8), so it has to be seen more than once.
    func visibleMachines(of app: String) async throws -> [FlyMachine] {
        try await looking(until: { !$0.isEmpty }) {
            try await client.machines(of: app).filter { !$0.isGone }
        }
    }

    /// What three looks give at most, the last of which decides.
    private func looking<Value>(
        until isSeen: (Value) -> Bool, _ look: () async throws -> Value
    ) async throws -> Value {
        for _ in 1...2 {
            let value = try await look()
            if isSeen(value) { return value }
            try await Task.sleep(for: pace.look)
        }
        return try await look()
    }

    private func found(_ machine: FlyMachine, in app: String) throws -> FoundMachine {
        guard machine.isConfigWhole else {
            throw Failure(
                .providerError,
                "the host of machine \(machine.name) cannot be reached, so that "
                    + "nobody can tell what the machine is",
                evidence: [.init("machine", machine.id)],
                fix: "wait until it is back: `fly machine status \(machine.id) --app \(app)`")
        }
        let config = MachineConfiguration(machine.config)
        return FoundMachine(
            machine: Machine(
                id: machine.id, name: machine.name, app: app, url: url(of: app),
                region: machine.region, lineage: config.marks?.owner.lineage),
            owner: config.marks?.owner, resources: config.resources ?? Self.smallest,
            state: state(of: machine, marks: config.marks),
            commit: config.marks?.commit.isEmpty == false ? config.marks?.commit : nil,
            settings: config.settings)
    }

    /// What a machine has whose config names no size (fly/machines-api section 6.1).
    private static let smallest = Config.Resources(size: "shared-cpu-1x", cpu: 1, memory: 256)

    package func takeOver(
        _ machine: Machine, for owner: Ownership, attempt: any AttemptRecorder
    ) async throws -> Machine {
        try await translating(step: .machine) {
            try await attempt.willMake(.app, named: machine.app)
            try await attempt.willMake(.machine, named: machine.name)
            try await mark(machine.id, in: machine.app, as: owner, attempt: attempt)
            // Until the marks are seen it may well carry others.
            var anybodys = machine
            anybodys.lineage = nil
            let seen = try await wait(
                for: "the marks on machine \(machine.name)", within: pace.visibility,
                step: .machine
            ) {
                let seen = try await require(anybodys, step: .machine)
                return seen.marks?.owner == owner ? seen : nil
            }
            return described(seen, app: machine.app, owner: owner)
        }
    }

    /// Writes on a machine whose it is, without a restart.
    func mark(
        _ id: String, in app: String, as owner: Ownership, attempt: any AttemptRecorder
    ) async throws {
        try await client.setMetadata(
            [
                MachineMarks.Key.lineage: owner.lineage, MachineMarks.Key.source: owner.source,
                MachineMarks.Key.attempt: attempt.key,
            ], of: id, in: app)
    }
}

extension FlyAddress {
    /// Whether visitors come in by it.
    fileprivate var isPublic: Bool {
        switch kind {
        case .sharedV4, .v4, .v6: true
        case .privateV6, .other: false
        }
    }
}

extension MachineConfiguration {
    /// What step 3 gave the machine; `nil` where it never did.
    fileprivate var settings: FoundSettings? {
        guard let marks, !marks.settings.isEmpty else { return nil }
        let environment = self.environment
        let own = Set(marks.variables)
        return FoundSettings(
            environment: environment.filter { own.contains($0.key) },
            startsOnRequest: json["services"]?.array?.first?["autostart"]?.bool ?? true,
            idleTimeout: environment[BootScript.Name.idleTimeout.rawValue].flatMap { Int($0) },
            expiresAt: marks.expiresAt, revision: marks.settings)
    }
}
