package import PreviewCore

/// A provider in memory, with apps and machines that carry their owner's marks. Every call counts
/// as an effect, and each change is an effect of its own.
package actor SimulatedProvider: Provider {
    /// The calls of the port that a hook may stand in front of or behind.
    package enum Call: Sendable, CaseIterable {
        case propose, allocate, configure, boot, inspect, setExpiry, shutDown, deallocate, objects,
            remove
    }

    /// Whether a hook runs before the call has done anything or after it has done everything.
    package enum Moment: Sendable {
        case before, after
    }

    /// Runs around calls; may change the world, wait, or throw in the call's place.
    package typealias Hook = @Sendable (Call, Moment) async throws -> Void

    /// Everything that exists; a value, so that a test can go back to it.
    package struct Contents: Hashable, Sendable {
        /// Apps by name.
        package var apps: [String: Ownership] = [:]
        /// In the order in which they were made.
        package var machines: [SimulatedMachine] = []
        /// Names of apps that belong to somebody else.
        package var foreignApps: Set<String> = []
        /// Regions without room.
        package var fullRegions: Set<String> = []
        /// How many looks at the list pass before a new machine is in it.
        package var looksUntilVisible = 0
        /// What the provider's clock shows; `nil` where it is the program's.
        package var time: Timestamp?
        fileprivate var made = 0

        package init() {}
    }

    package nonisolated let name: ProviderName
    /// What exists now; a test may change it as somebody at the provider's console would.
    package var contents: Contents
    private var hook: Hook = { _, _ in }
    private let effects: Effects
    private let clock: FixedClock

    package init(
        effects: Effects = Effects(), clock: FixedClock = FixedClock(),
        contents: Contents = Contents(), name: ProviderName = .fly
    ) {
        self.effects = effects
        self.clock = clock
        self.contents = contents
        self.name = name
    }

    /// Sets what runs around every call.
    package func setHook(_ hook: @escaping Hook) {
        self.hook = hook
    }

    /// Changes what exists, behind the program's back.
    package func change(_ change: @Sendable (inout Contents) -> Void) {
        change(&contents)
    }

    private func call<Result: Sendable>(
        _ call: Call, _ body: () async throws -> Result
    ) async throws -> Result {
        try Task.checkCancellation()
        try await hook(call, .before)
        let result = try await body()
        try await hook(call, .after)
        return result
    }

    private func effect<Result>(
        _ name: String,
        changes: Bool = true,
        _ body: () throws -> Result
    ) throws -> Result {
        let lost = Failure(.allocationFailed, .timedOut, "the provider did not answer")
        return try effects.perform(name, changes: changes, failure: lost, body)
    }

    package func propose(_ spec: MachineSpec) async throws -> Proposal {
        try await call(.propose) {
            try effect("propose", changes: false) {
                Proposal(app: spec.app, url: url(of: spec.app))
            }
        }
    }

    package func allocate(
        _ spec: MachineSpec, replacing previous: Machine?, attempt: any AttemptRecorder
    ) async throws -> Machine {
        try await call(.allocate) {
            let app = try await reserve(spec, attempt: attempt)
            let name = "pv-\(attempt.key)"
            let machine: SimulatedMachine
            if let adopted = try await adopt(in: app, by: spec.owner, attempt: attempt) {
                machine = adopted
            } else if let found = try find(name, in: app) {
                machine = found
            } else {
                let region = try place(spec)
                try await attempt.willMake(.machine, named: name)
                machine = try make(name, spec: spec, app: app, region: region, key: attempt.key)
            }
            if let previous, previous.id != machine.id { try delete(previous.id) }
            return machine.described(url: url(of: app))
        }
    }

    /// Takes the first candidate that is free or ours.
    private func reserve(
        _ spec: MachineSpec, attempt: any AttemptRecorder
    ) async throws -> String {
        let candidates = [spec.app] + (2...9).map { "\(spec.app)-\($0)" }
        guard let app = candidates.first(where: { !contents.foreignApps.contains($0) }) else {
            throw Rejection(Failure(.allocationFailed, "no name is free"))
        }
        if let owner = try effect("app.find", changes: false, { contents.apps[app] }) {
            try check(owner, is: spec.owner, of: app, adopting: attempt.adopts)
        } else {
            try await attempt.willMake(.app, named: app)
            try effect("app.create") {
                try check(contents.apps[app] ?? spec.owner, is: spec.owner, of: app)
                contents.apps[app] = spec.owner
            }
        }
        return app
    }

    /// Takes over what another record has in the app, or finds what this attempt took over.
    private func adopt(
        in app: String, by owner: Ownership, attempt: any AttemptRecorder
    ) async throws -> SimulatedMachine? {
        let index = contents.machines.firstIndex {
            $0.app == app && $0.owner.source == owner.source && $0.name != "pv-\(attempt.key)"
                && ($0.owner != owner || $0.attempt == attempt.key)
        }
        if let index, contents.machines[index].owner != owner {
            try await attempt.willMake(.machine, named: contents.machines[index].name)
            try effect("machine.adopt") {
                (contents.machines[index].owner, contents.machines[index].attempt) =
                    (owner, attempt.key)
            }
        }
        // Last: as long as the app is another's, nothing in it is taken without being asked for.
        if contents.apps[app] != owner { try effect("app.adopt") { contents.apps[app] = owner } }
        return index.map { contents.machines[$0] }
    }

    private func check(
        _ owner: Ownership, is ours: Ownership, of app: String, adopting: Bool = false
    ) throws {
        let isSameSource = owner.source == ours.source
        guard owner != ours, !(isSameSource && adopting) else { return }
        throw Rejection(
            Failure(
                isSameSource ? .recordedElsewhere : .foreignObject,
                .stateNeedsRecovery,
                "the app \(app) belongs to another record",
                evidence: [.init("its lineage", owner.lineage), .init("ours", ours.lineage)]
            )
        )
    }

    private func place(_ spec: MachineSpec) throws -> String {
        guard let region = spec.regions.first(where: { !contents.fullRegions.contains($0) }) else {
            throw Rejection(
                Failure(
                    .allocationFailed,
                    "no region has room",
                    evidence: [.init("regions", spec.regions.joined(separator: ", "))]
                )
            )
        }
        return region
    }

    /// Looks at the list, in which a new machine may not be yet.
    private func find(_ name: String, in app: String) throws -> SimulatedMachine? {
        try effect("machine.find", changes: false) {
            var found: SimulatedMachine?
            for index in contents.machines.indices {
                let machine = contents.machines[index]
                guard machine.app == app, machine.name == name else { continue }
                if machine.looksUntilVisible == 0 { found = machine }
                contents.machines[index].looksUntilVisible = max(0, machine.looksUntilVisible - 1)
            }
            return found
        }
    }

    /// Makes a machine; a taken name leads back to the list until the machine is in it.
    private func make(
        _ name: String,
        spec: MachineSpec,
        app: String,
        region: String,
        key: String
    ) throws -> SimulatedMachine {
        let isTaken = contents.machines.contains { $0.app == app && $0.name == name }
        guard !isTaken else {
            while true { if let found = try find(name, in: app) { return found } }
        }
        return try effect("machine.create") {
            contents.made += 1
            let machine = SimulatedMachine(
                id: "m\(contents.made)",
                name: name,
                app: app,
                owner: spec.owner,
                attempt: key,
                region: region,
                resources: spec.resources,
                expiresAt: spec.expiresAt,
                looksUntilVisible: contents.looksUntilVisible
            )
            contents.machines.append(machine)
            return machine
        }
    }

    private func delete(_ id: String) throws {
        guard contents.machines.contains(where: { $0.id == id }) else { return }
        try effect("machine.delete") { contents.machines.removeAll { $0.id == id } }
    }

    private func url(of app: String) -> String { "https://\(app).fly.dev" }

    /// Changes one machine as one effect.
    private func update(
        _ machine: Machine,
        _ name: String,
        _ change: (inout SimulatedMachine) -> Void
    ) throws {
        guard let index = contents.machines.firstIndex(where: { $0.id == machine.id }) else {
            throw Rejection(Failure(.machineGone, "the machine \(machine.name) is gone"))
        }
        try effect(name) { change(&contents.machines[index]) }
    }

    package func configure(
        _ machine: Machine,
        _ settings: Settings,
        secrets: [String: String],
        attempt: any AttemptRecorder
    ) async throws -> SettingsReceipt {
        try await call(.configure) {
            try update(machine, "machine.configure") {
                $0.environment = settings.environment
                $0.secrets = secrets
                $0.resources = settings.resources
                $0.settingsRevision = settings.revision
                $0.expiresAt = settings.expiresAt
                $0.attempt = attempt.key
            }
            return SettingsReceipt()
        }
    }

    package func boot(
        _ release: Release,
        on machine: Machine,
        secrets: [String: String],
        attempt: any AttemptRecorder,
        reporter: any Reporter
    ) async throws -> BootReceipt {
        try await call(.boot) {
            try update(machine, "boot.begin") {
                ($0.state, $0.commit, $0.bootedRevision) = (.booting, nil, nil)
                $0.attempt = attempt.key
            }
            for phase in BootPhase.allCases {
                let data: JSONValue = [
                    "phase": .string(phase.rawValue), "number": .int(phase.number),
                ]
                let message = "[\(phase.number)/5] \(phase.rawValue)"
                reporter.report(Event(.phaseBegin, message, step: .boot, data: data))
            }
            try update(machine, "boot.end") {
                ($0.state, $0.commit) = (.running, release.commit)
                $0.bootedRevision = release.settingsRevision
            }
            return BootReceipt(
                phases: BootPhase.allCases.map {
                    .init(name: $0, seconds: 0, skipped: $0 == .build)
                },
                proof: .init(
                    url: machine.url,
                    status: 200,
                    time: clock.now,
                    commit: release.commit
                )
            )
        }
    }

    package func inspect(_ machine: Machine) async throws -> MachineStatus? {
        try await call(.inspect) {
            try effect("inspect", changes: false) {
                contents.machines.first { $0.id == machine.id }?.status
            }
        }
    }

    package func shutDown(_ machine: Machine) async throws {
        try await call(.shutDown) {
            guard contents.machines.contains(where: { $0.id == machine.id }) else { return }
            try update(machine, "machine.shutdown") { ($0.state, $0.commit) = (.created, nil) }
        }
    }

    package func setExpiry(_ machine: Machine, _ end: Timestamp?) async throws {
        try await call(.setExpiry) {
            guard contents.machines.contains(where: { $0.id == machine.id }) else { return }
            try update(machine, "machine.expire") { $0.expiresAt = end }
        }
    }

    package func time() async throws -> Timestamp? {
        try effect("time", changes: false) { contents.time }
    }

    package func deallocate(_ machine: Machine) async throws {
        try await call(.deallocate) {
            try delete(machine.id)
            try deleteAppIfEmpty(machine.app)
        }
    }

    private func deleteAppIfEmpty(_ app: String, of owner: Ownership? = nil) throws {
        guard let found = contents.apps[app], found == owner ?? found,
            !contents.machines.contains(where: { $0.app == app })
        else { return }
        try effect("app.delete") { contents.apps[app] = nil }
    }

    package func objects(
        of owner: Ownership, named: [NamedObject]
    ) async throws -> [OwnedObject] {
        try await call(.objects) {
            try effect("objects", changes: false) {
                let machines = contents.machines.filter { $0.owner == owner }.map {
                    OwnedObject(
                        kind: .machine,
                        name: $0.name,
                        id: $0.id,
                        owner: owner,
                        attempt: $0.attempt
                    )
                }
                let apps = contents.apps.filter { $0.value == owner }.keys.sorted().map {
                    OwnedObject(kind: .app, name: $0, id: $0, owner: owner)
                }
                return machines + apps
            }
        }
    }

    package func remove(_ object: OwnedObject) async throws {
        try await call(.remove) {
            if object.kind == .machine {
                try delete(object.id)
            } else {
                try deleteAppIfEmpty(object.name, of: object.owner)
            }
        }
    }

    package func start(_ machine: Machine, secrets: [String: String]) async throws {
        try update(machine, "machine.start") { $0.state = .running }
    }

    package func stop(_ machine: Machine) async throws {
        try update(machine, "machine.stop") { $0.state = .stopped }
    }

    package func restart(_ machine: Machine, secrets: [String: String]) async throws {
        try await stop(machine)
        try await start(machine, secrets: secrets)
    }

    package nonisolated func logs(
        _ machine: Machine,
        tail: Int,
        follow: Bool
    ) -> AsyncThrowingStream<LogLine, any Error> {
        AsyncThrowingStream { $0.finish() }
    }

    package func execute(
        _ command: [String],
        on machine: Machine,
        secrets: [String: String]
    ) async throws -> Int32 { 0 }
}
