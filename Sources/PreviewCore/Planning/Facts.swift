/// What was seen outside before planning. Everything is optional: a plan without network, or one
/// asked not to look, is made from the record alone.
package struct Facts: Sendable {
    /// Where the branch points now.
    package var head: Head?
    /// What was seen of the machine.
    package var machine = MachineFact.notSeen
    /// Where a machine would answer; `nil` once one is recorded, and where nobody asked.
    package var proposal: Proposal?
    /// Names and digests of the secrets as they are now.
    package var secrets = SecretsFingerprint()
    /// Secrets that are not available here.
    package var unavailableSecrets: [String] = []
    /// What could not be looked up, and other remarks for the reader of the plan.
    package var warnings: [Failure] = []

    package init() {}

    /// What a look at the machine gave.
    package enum MachineFact: Hashable, Sendable {
        /// Nobody looked, or nothing is recorded.
        case notSeen
        case gone
        case present(MachineStatus)
    }
}

/// What a step's input is worked out from.
package struct PlanContext: Sendable {
    /// What is asked for.
    package var config: Config
    /// What is recorded.
    package var state: State
    /// What was seen outside.
    package var facts: Facts
    /// The actions of the earlier steps in this plan.
    package var upstream: [StepID: Action]
    /// Reading an output back costs more than all the comparing, so each is read once.
    private let outputs: [StepID: any Sendable]

    /// Reads the recorded outputs back, once for all steps.
    package init(config: Config, state: State, facts: Facts, upstream: [StepID: Action] = [:]) {
        self.config = config
        self.state = state
        self.facts = facts
        self.upstream = upstream
        func output(of step: some Step) -> (any Sendable)? { state.output(of: step) }
        outputs = Steps.all.reduce(into: [:]) { $0[$1.id] = output(of: $1) }
    }

    /// The recorded output of a step, if it ever succeeded and still has its present form.
    package func output<S: Step>(of step: S) -> S.Output? { outputs[step.id] as? S.Output }

    /// The recorded output of an earlier step, if that step has nothing to do in this plan.
    package func settled<S: Step>(_ step: S) -> S.Output? {
        guard upstream[step.id] == Action.none else { return nil }
        return output(of: step)
    }
}
