/// What `apply` would do: all four steps, always (SPEC section 4). Holds no clock reading, no path
/// and no host, so that equal inputs give equal bytes.
package struct Plan: Hashable, Sendable {
    /// The name in use, or the one that would be proposed.
    package var app: String
    /// `name` of the configuration.
    package var project: String
    /// `owner/name`, or the folder's name.
    package var repository: String
    /// The branch's name, never `current`.
    package var branch: String
    /// The sub-application of a monorepo; empty for the top of the repository.
    package var path: String
    /// Where it runs or would run.
    package var provider: ProviderName
    /// `nil` while nothing is recorded.
    package var lineage: String?
    /// Serial of the record the plan was made from; 0 while nothing is recorded.
    package var serial: Int
    /// Digest of the file and of what flags and variables made of it.
    package var configDigest: String
    /// Where it answers or would answer; `nil` where no provider could be asked.
    package var url: String?
    /// Whether the URL answered when it was last probed and still should.
    package var isLive: Bool
    /// Always four, in the order of `apply`.
    package var steps: [PlannedStep]
    /// What differs outside from what is recorded.
    package var drift: [Drift]
    /// Remarks; none of them hinders `apply`.
    package var warnings: [Warning]
    /// What it costs, where it costs anything. A saved plan does not carry it back.
    package var cost: PlanCost?
    /// Facts that a saved plan is checked against.
    package var observed: Observed
    /// Whether this is a plan for `destroy`.
    package var destroys: Bool

    /// A remark that hinders nothing.
    package struct Warning: Hashable, Sendable {
        /// Which remark it is; `preview explain` tells more.
        package var code: ErrorCode
        /// One sentence in the user's words.
        package var message: String
        /// What to do about it, where something can be done.
        package var fix: String?

        package init(code: ErrorCode, message: String, fix: String? = nil) {
            self.code = code
            self.message = message
            self.fix = fix
        }
    }

    /// What the plan was made from, as far as it matters to it.
    package struct Observed: Hashable, Sendable {
        /// Where the branch pointed; `nil` where that could not be looked up.
        package var commit: String?
        /// `none`, `gone`, or what was seen of the machine.
        package var machine: String
    }

    /// What the plan says of a step.
    package subscript(step: StepID) -> PlannedStep { steps[step.number - 1] }

    /// The steps that `apply` would run.
    package var running: [PlannedStep] { steps.filter(\.action.runs) }

    /// Whether `apply` would run anything, or cannot tell yet.
    package var hasChanges: Bool { steps.contains { $0.action != .none } }
}

/// What the plan will do with one step.
package struct PlannedStep: Hashable, Sendable {
    /// Which step it is.
    package var id: StepID
    /// With the configuration's own words where it has some.
    package var title: String
    /// What the step does, with the configuration's own words where it has some.
    package var summary: String
    /// What `apply` would do with it.
    package var action: Action
    /// Why, in a few words.
    package var reason: String
    /// The shown fields that differ from what is recorded, then those not known yet.
    package var changes: [Change]
    /// Exactly what `run` will be given; `nil` while an earlier step has to run first.
    package var input: JSONValue?
    /// The earlier step that has to run before this one's input is known.
    package var waitsFor: StepID?
    /// How long it took last time, in seconds.
    package var lastSeconds: Double?
}

/// One field, before and after.
package struct Change: Hashable, Sendable {
    /// Path of the field, such as `env.LOG_LEVEL`.
    package var field: String
    /// What is recorded; `null` for a field that is new.
    package var before: JSONValue
    /// What is wanted; `null` for a field that goes, and while it is not known yet.
    package var after: JSONValue
    /// The step that tells the value, when it is not known yet.
    package var knownAfter: StepID?
    /// Whether the values are only good for comparing and are shown as `(sensitive)`.
    package var isSensitive: Bool
    /// Whether this field is why the object must be made anew.
    package var forcesReplacement: Bool
}
