/// Looks at the world before planning. Reads only.
package struct Refresher: Sendable {
    private let config: Config
    private let world: World
    /// Further candidates of the app's name.
    private let otherNames: [String]
    /// Whether to look outside at all (`--no-refresh`).
    private let looks: Bool
    /// Within one run a branch stands still, unless a person was waited for.
    private var head: Head?
    private var headFailure: Failure?
    /// The same goes for what a machine would be called.
    private var proposal: Proposal?
    private var fingerprint: (values: [String: String], made: SecretsFingerprint)?

    package init(config: Config, world: World, otherNames: [String] = [], looks: Bool = true) {
        self.config = config
        self.otherNames = otherNames
        self.world = world
        self.looks = looks
    }

    /// Forgets where the branch pointed and what a machine would be called, so that the next look
    /// asks again.
    package mutating func forget() {
        head = nil
        headFailure = nil
        proposal = nil
    }

    /// What there is to see for a state.
    ///
    /// What cannot be looked up becomes a warning; the step that needs it reports the error.
    /// `machine`: what was seen of the machine a moment ago, where that need not be asked again.
    package mutating func look(
        at state: State, machine seen: Facts.MachineFact? = nil
    ) async throws -> Facts {
        var facts = Facts()
        try await secrets(&facts, state: state)
        guard looks else { return facts }
        try await resolveHead()
        facts.head = head
        if let headFailure { facts.warnings.append(headFailure) }
        if let seen, seen != .notSeen {
            facts.machine = seen
        } else {
            try await machine(&facts, state: state)
        }
        return facts
    }

    private mutating func resolveHead() async throws {
        guard head == nil, headFailure == nil else { return }
        do {
            head = try await world.source.head(of: config.repository, branch: config.branch)
        } catch let failure as Failure {
            headFailure = failure
        }
    }

    private mutating func machine(_ facts: inout Facts, state: State) async throws {
        do {
            if let machine = state.output(of: AllocateMachine())?.machine {
                facts.machine =
                    try await world.provider.inspect(machine).map { .present($0) } ?? .gone
            } else {
                if proposal == nil { proposal = try await propose(for: state) }
                facts.proposal = proposal
            }
        } catch let failure as Failure {
            facts.warnings.append(failure)
        } catch let rejection as Rejection {
            facts.warnings.append(rejection.failure)
        }
    }

    private func propose(for state: State) async throws -> Proposal {
        try await world.provider.propose(
            MachineSpec(
                app: state.app, otherNames: otherNames, owner: state.owner,
                regions: config.provider == .local ? ["local"] : config.regions,
                resources: config.resources, expiresAt: nil))
    }

    private mutating func secrets(_ facts: inout Facts, state: State) async throws {
        let names = config.secrets.map(\.name)
        var values: [String: String] = [:]
        for reference in config.secrets {
            do {
                values[reference.name] = try world.secrets.value(of: reference)
            } catch let failure as Failure {
                facts.warnings.append(failure)
            }
        }
        facts.unavailableSecrets = names.filter { values[$0] == nil }
        // Without a record there is no salt yet, and nothing to compare with.
        guard state.startedAt != nil else {
            facts.secrets = SecretsFingerprint(names: names.sorted())
            return
        }
        let recorded = state[.settings].applied?.input["secrets"]
        if let fingerprint, fingerprint.values == values {
            facts.secrets = fingerprint.made
        } else {
            facts.secrets = SecretsFingerprint.make(
                names: names, values: values, salt: state.salt,
                // A fingerprint of an older form counts as none.
                recorded: try? recorded?.decoded(as: SecretsFingerprint.self))
            fingerprint = (values, facts.secrets)
        }
    }
}
