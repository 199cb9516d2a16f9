package import PreviewCore

extension FlyProvider {
    package func propose(_ spec: MachineSpec) async throws -> Proposal {
        try await translating(step: .machine) {
            for app in [spec.app] + spec.otherNames {
                switch try await look(at: app) {
                case .elsewhere: continue
                case .free:
                    return Proposal(app: app, url: url(of: app), remarks: surroundings.hints)
                case .ours:
                    return Proposal(
                        app: app, url: url(of: app),
                        remarks: try await remarks(on: app, for: spec)
                            + surroundings.hints)
                }
            }
            throw Failure(
                .namesTaken, "every name that the app could have is taken by somebody else",
                step: .machine, fix: "give the project another name: `name:` in preview.yaml")
        }
    }

    /// What step 2 will say about an app of that name which exists already.
    private func remarks(on app: String, for spec: MachineSpec) async throws -> [Plan.Warning] {
        let machines = try await client.machines(of: app).filter { !$0.isGone }
        if machines.contains(where: { $0.marks?.owner == spec.owner }) { return [] }
        let refusal = foreign(app, machines, spec.owner)
        return [
            Plan.Warning(code: refusal.code, message: refusal.message, fix: refusal.fix)
        ]
    }

    package func inspect(_ machine: Machine) async throws -> MachineStatus? {
        try await translating(step: nil) { () -> MachineStatus? in
            let changed = justChanged(machine)
            var seen = changed
            if seen == nil { seen = try await look(at: machine) }
            guard let found = seen else { return nil }
            if found.isTakenOver(from: machine) { throw Self.takenOver(machine, nil) }
            let config = MachineConfiguration(found.config)
            let marks = config.marks
            var changes = config.changedParts
            // What we set a moment ago is as we set it.
            if changed == nil, let marks, !marks.secrets.isEmpty {
                let secrets = try await client.secrets(of: machine.app)
                if Self.digest(of: secrets) != marks.secrets {
                    changes.append("secrets")
                }
            }
            if marks == nil { changes.append("marks") }
            return MachineStatus(
                state: state(of: found, marks: marks), detail: found.state,
                commit: marks?.commit.isEmpty == false ? marks?.commit : nil,
                settingsRevision: marks?.settings.isEmpty == false ? marks?.settings : nil,
                resources: config.resources, otherChanges: changes, region: found.region,
                createdAt: found.createdAt,
                since: found.updatedAt)
        }
    }

    /// The platform's word in the program's vocabulary.
    func state(of machine: FlyMachine, marks: MachineMarks?) -> MachineState {
        guard marks?.commit.isEmpty == false else { return .created }
        switch machine.state {
        case "started": return .running
        case "starting", "restarting", "replacing", "updating", "creating": return .booting
        case "suspended", "suspending": return .idle
        case "failed", "launch_failed": return .crashed
        case "stopping": return .stopped
        case "created": return .created
        case "stopped": return rest(of: machine)
        default: return .unknown
        }
    }

    /// Why a machine rests: it was told to, nobody came for the idle time, or the app ended.
    private func rest(of machine: FlyMachine) -> MachineState {
        guard let exit = machine.lastExit else { return .stopped }
        if exit.wasRequested { return .stopped }
        return exit.code == 0 && !exit.isOutOfMemory ? .idle : .crashed
    }

    package func objects(
        of owner: Ownership, named: [NamedObject]
    ) async throws -> [OwnedObject] {
        try await translating(step: nil) {
            var found: [OwnedObject] = []
            for app in Set(named.filter { $0.kind == .app }.map(\.name)).sorted() {
                guard try await client.standing(of: app) == .ours else { continue }
                let machines = try await client.machines(of: app).filter { !$0.isGone }
                let ours = machines.filter { $0.marks?.owner == owner }
                found += ours.map {
                    OwnedObject(
                        kind: .machine, name: $0.name, id: "\(app)/\($0.id)", owner: owner,
                        attempt: $0.marks?.attempt)
                }
                // Somebody else's machine keeps the app alive.
                if ours.count == machines.count {
                    found.append(OwnedObject(kind: .app, name: app, id: app, owner: owner))
                }
            }
            return found
        }
    }
}
