/// An app of the provider as it was found, whether a record knows it or not (`preview import`).
package struct AppSurvey: Hashable, Sendable {
    /// Everything in it that could be a preview's machine; one that is going away is left out.
    package var machines: [FoundMachine]
    /// Where visitors reach it, as the provider writes addresses.
    package var addresses: [String]
    /// Names of the secrets it has, the provider's own left out; values are never asked for.
    package var secrets: [String]

    package init(machines: [FoundMachine], addresses: [String], secrets: [String]) {
        self.machines = machines
        self.addresses = addresses
        self.secrets = secrets
    }
}

/// A machine that was found, with what can be told of it without asking whoever made it.
package struct FoundMachine: Hashable, Sendable {
    /// As the provider knows it; its lineage is the one that it carries.
    package var machine: Machine
    /// Whose marks it carries; `nil` for one that this program did not make.
    package var owner: Ownership?
    /// How big it is.
    package var resources: Config.Resources
    /// What it does now.
    package var state: MachineState
    /// The commit that was booted on it last, if its marks tell one.
    package var commit: String?
    /// What step 3 gave it; `nil` where this program never did, so that nobody can tell its settings
    /// from what the machine had anyway.
    package var settings: FoundSettings?

    package init(
        machine: Machine, owner: Ownership?, resources: Config.Resources, state: MachineState,
        commit: String? = nil, settings: FoundSettings? = nil
    ) {
        self.machine = machine
        self.owner = owner
        self.resources = resources
        self.state = state
        self.commit = commit
        self.settings = settings
    }

    /// Whether the other look saw the same; what a machine does by itself, such as falling asleep,
    /// makes no difference.
    func isSame(as other: FoundMachine) -> Bool {
        var other = other
        other.state = state
        return self == other
    }
}

/// The settings of a machine as they were read back from it.
package struct FoundSettings: Hashable, Sendable {
    /// The variables that step 3 set, without those of this program.
    package var environment: [String: String]
    /// Whether a request starts it.
    package var startsOnRequest: Bool
    /// Seconds without traffic after which it stops; `nil` for never.
    package var idleTimeout: Int?
    /// End of its life; `nil` for none.
    package var expiresAt: Timestamp?
    /// Digest of everything that the app must be restarted for, as step 3 wrote it.
    package var revision: String

    package init(
        environment: [String: String], startsOnRequest: Bool, idleTimeout: Int?,
        expiresAt: Timestamp?, revision: String
    ) {
        self.environment = environment
        self.startsOnRequest = startsOnRequest
        self.idleTimeout = idleTimeout
        self.expiresAt = expiresAt
        self.revision = revision
    }
}
