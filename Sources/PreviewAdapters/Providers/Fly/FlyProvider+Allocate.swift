package import PreviewCore

extension FlyProvider {
    package func allocate(
        _ spec: MachineSpec, replacing previous: Machine?, attempt: any AttemptRecorder
    ) async throws -> Machine {
        try await translating(step: .machine) {
            let place = try await reserve(spec, replacing: previous, attempt: attempt)
            do {
                if let adopted = place.adopted {
                    return described(adopted, app: place.app, owner: spec.owner)
                }
                let machine = try await furnish(place, with: spec, attempt: attempt)
                if let previous, previous.id != machine.id { try await take(away: previous) }
                return described(machine, app: place.app, owner: spec.owner)
            } catch let failure as FlyFailure where failure.isFinal {
                // Nothing else will ever remember an app without a machine.
                if place.isNew { try await giveUp(place.app, because: failure) }
                throw failure
            }
        }
    }

    /// Gives an app its addresses and its machine. In one that was just made they go side by side;
    /// elsewhere an address that is refused must not leave a machine behind.
    private func furnish(
        _ place: Place, with spec: MachineSpec, attempt: any AttemptRecorder
    ) async throws -> FlyMachine {
        guard place.isFresh else {
            try await giveAddresses(to: place, attempt: attempt)
            return try await makeMachine(spec, in: place, attempt: attempt)
        }
        // Named one after the other: a record is written by one at a time.
        try await attempt.willMake(.address, named: "addresses of \(place.app)")
        try await attempt.willMake(.machine, named: "pv-\(attempt.key)")
        async let addresses: Void = giveAddresses(to: place, attempt: attempt)
        let machine = try await makeMachine(spec, in: place, attempt: attempt)
        try await addresses
        return machine
    }

    /// Removes an app that this attempt made in vain. While it is there the attempt stays open.
    private func giveUp(_ app: String, because reason: FlyFailure) async throws {
        do {
            try await remove(app: app)
        } catch let failure as FlyFailure {
            var told = reason.told(step: .machine)
            told.evidence.append(.init("left", "the app \(app): \(failure.message)"))
            throw told
        }
    }

    /// An app that is ours, and what is in it.
    struct Place: Sendable {
        var app: String
        var machines: [FlyMachine] = []
        /// Whether this attempt made the app, so that nothing else can be in it.
        var isNew = false
        /// Whether it was made just now, so that nothing is in it at all.
        var isFresh = false
        /// A machine of another record that a person let this one take over.
        var adopted: FlyMachine?
    }

    // MARK: - Name

    /// Takes the first name that is free or ours (BEHAVIOURS D28).
    private func reserve(
        _ spec: MachineSpec, replacing previous: Machine?, attempt: any AttemptRecorder
    ) async throws -> Place {
        for app in [spec.app] + spec.otherNames {
            switch standing(seenOf: app) {
            case .elsewhere?: continue
            case .ours?: return try await enter(app, spec, replacing: previous, attempt: attempt)
            case .free?, nil: break
            }
            if previous?.app == app {
                return try await enter(app, spec, replacing: previous, attempt: attempt)
            }
            // Asking again would be one call more: a name that is taken refuses by itself.
            if let place = try await make(app, spec, replacing: previous, attempt: attempt) {
                return place
            }
        }
        throw Rejection(
            Failure(
                .namesTaken, "every name that the app could have is taken by somebody else",
                step: .machine,
                evidence: [.init("names", ([spec.app] + spec.otherNames).joined(separator: ", "))],
                fix: "give the project another name: `name:` in preview.yaml"))
    }

    /// Makes the app; `nil` where somebody else has the name after all.
    private func make(
        _ app: String, _ spec: MachineSpec, replacing previous: Machine?,
        attempt: any AttemptRecorder
    ) async throws -> Place? {
        let organization = try await organization()
        try await attempt.willMake(.app, named: app)
        do {
            try await client.createApp(
                app, organization: organization, idempotencyKey: "\(attempt.key)-\(app)")
            // The same key gives the app of an earlier run, with whatever is in it.
            return Place(app: app, isNew: true, isFresh: !attempt.isResumed)
        } catch let failure as FlyFailure where failure.cause == .nameTaken {
            // By somebody else, or by a call of ours whose answer was lost.
        }
        let standing = try await wait(
            for: "the app \(app) to be seen", within: pace.visibility, step: .machine
        ) {
            let standing = try await client.standing(of: app)
            return standing == .free ? nil : standing
        }
        guard standing == .ours else { return nil }
        return try await enter(app, spec, replacing: previous, attempt: attempt)
    }

    /// Looks at an app of our organization that exists already.
    private func enter(
        _ app: String, _ spec: MachineSpec, replacing previous: Machine?,
        attempt: any AttemptRecorder
    ) async throws -> Place {
        // What another record made is taken over, and not made once more because it is not seen yet.
        let machines =
            attempt.adopts
            ? try await visibleMachines(of: app)
            : try await client.machines(of: app).filter { !$0.isGone }
        var place = Place(app: app, machines: machines)
        // What an earlier run of this attempt took over keeps its name.
        place.adopted = machines.first {
            $0.marks?.owner == spec.owner && $0.marks?.attempt == attempt.key
                && $0.name != "pv-\(attempt.key)"
        }
        if machines.contains(where: { $0.marks?.owner == spec.owner }) { return place }
        let isNamedByUs = attempt.named.contains(NamedObject(.app, app)) || previous?.app == app
        if machines.isEmpty, isNamedByUs {
            return Place(app: app, isNew: previous == nil)
        }
        guard attempt.adopts, machines.allSatisfy({ $0.marks?.owner.source == spec.owner.source })
        else { throw Rejection(foreign(app, machines, spec.owner)) }
        guard let machine = machines.first else { return place }
        place.adopted = try await takeOver(machine, in: app, for: spec.owner, attempt: attempt)
        return place
    }

    /// Why an app that exists is not simply used.
    func foreign(_ app: String, _ machines: [FlyMachine], _ owner: Ownership) -> Failure {
        let others = machines.map { machine in
            Failure.Evidence(
                "machine \(machine.name)",
                machine.marks.map { "lineage \($0.owner.lineage)" } ?? "not made by preview")
        }
        // Nobody's, or a team-mate's: a person may say that it be taken.
        let isFree = machines.allSatisfy { $0.marks?.owner.source == owner.source }
        return Failure(
            isFree ? .recordedElsewhere : .foreignObject, .stateNeedsRecovery,
            machines.isEmpty
                ? "an app \(app) without a machine exists, and this record did not make it"
                : "the app \(app) belongs to another record", step: .machine,
            evidence: others + [.init("this lineage", owner.lineage)],
            fix: isFree
                ? "take it over with `preview apply --adopt`, or use the record it belongs to"
                : "remove what is in the app, or give the project another name with `name:`",
            retry: isFree ? "preview apply --adopt" : nil)
    }

    /// Writes our marks on a machine of another record, without a restart.
    private func takeOver(
        _ machine: FlyMachine, in app: String, for owner: Ownership, attempt: any AttemptRecorder
    ) async throws -> FlyMachine {
        try await attempt.willMake(.machine, named: machine.name)
        try await mark(machine.id, in: app, as: owner, attempt: attempt)
        return machine
    }

    // MARK: - Addresses

    /// Gives the app the two free addresses it lacks, side by side. They have no name of ours, so
    /// what is there is looked at first, and after each doubt again (ENGINE section 2).
    private func giveAddresses(to place: Place, attempt: any AttemptRecorder) async throws {
        let app = place.app
        for round in 1...3 {
            // An app that was made by the call before has none.
            let isBare = place.isFresh && round == 1
            let present = isBare ? [] : Set(try await client.addresses(of: app).map(\.kind))
            let missing = [FlyAddress.Kind.sharedV4, .v6].filter { !present.contains($0) }
            if missing.isEmpty { return }
            try await attempt.willMake(.address, named: "addresses of \(app)")
            let isDone = try await withThrowingTaskGroup(of: Bool.self) { group in
                for kind in missing {
                    group.addTask { try await give(kind, to: app) }
                }
                return try await group.allSatisfy(\.self)
            }
            if isDone { return }
        }
        throw Failure(
            .providerError, "the app \(app) could not be given its addresses", step: .machine,
            fix: "run it again: it goes on where it stopped")
    }

    /// `false` where it is not known whether the address was given.
    private func give(_ kind: FlyAddress.Kind, to app: String) async throws -> Bool {
        do {
            try await client.assignAddress(kind, to: app)
            return true
        } catch let failure as FlyFailure where failure.cause == .conflict || !failure.isCertain {
            return false
        }
    }

    // MARK: - Machine

    /// Makes the machine named after the attempt, or finds the one that this attempt made.
    private func makeMachine(
        _ spec: MachineSpec, in place: Place, attempt: any AttemptRecorder
    ) async throws -> FlyMachine {
        let name = "pv-\(attempt.key)"
        if let found = place.machines.first(where: { $0.name == name }) {
            return try check(found, is: spec.owner)
        }
        let marks = MachineMarks(
            owner: spec.owner, attempt: attempt.key, expiresAt: spec.expiresAt)
        let config = MachineConfiguration(spec, marks: marks)
        try await attempt.willMake(.machine, named: name)
        var tries = 0
        while true {
            do {
                let creation = FlyMachineCreation(
                    app: place.app, name: name, regions: spec.regions, config: config.json,
                    skipsLaunch: true)
                return remember(try await client.createMachine(creation))
            } catch let failure as FlyFailure {
                switch failure.cause {
                case .machineNameTaken(let id):
                    return try await check(made(name, id: id, in: place.app), is: spec.owner)
                case .hostFull where tries < 3:
                    // Another try may meet another host.
                    tries += 1
                    try await Task.sleep(for: pace.look)
                case _ where !failure.isCertain && tries < 3:
                    tries += 1
                    if let found = try await client.machines(of: place.app).first(where: {
                        $0.name == name && !$0.isGone
                    }) {
                        return try check(found, is: spec.owner)
                    }
                    // Not there, or not to be seen yet: the name cannot be given twice.
                    try await Task.sleep(for: pace.look)
                default: throw failure
                }
            }
        }
    }

    /// A machine whose name is taken, as soon as it can be seen.
    private func made(_ name: String, id: String?, in app: String) async throws -> FlyMachine {
        try await wait(
            for: "the machine \(name) to be seen", within: pace.visibility, step: .machine
        ) {
            if let id {
                do {
                    return try await client.machine(id, of: app)
                } catch let failure as FlyFailure where failure.cause == .notFound {
                    return nil
                }
            }
            return try await client.machines(of: app).first { $0.name == name && !$0.isGone }
        }
    }

    private func check(_ machine: FlyMachine, is owner: Ownership) throws -> FlyMachine {
        guard machine.marks?.owner == owner else {
            throw Rejection(
                Failure(
                    .foreignObject, .stateNeedsRecovery,
                    "a machine named \(machine.name) exists and is not ours", step: .machine,
                    evidence: [.init("machine", machine.id)],
                    fix: "remove it where it was made"))
        }
        return machine
    }
}
