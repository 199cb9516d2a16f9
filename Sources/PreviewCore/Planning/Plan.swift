/// What `apply` would do: all four steps, always (SPEC section 4). Holds no clock reading, no path
/// and no host, so that equal inputs give equal bytes.
package struct Plan: Hashable, Sendable {
    package var app: String
    package var project: String
    /// `owner/name`, or the folder's name.
    package var repository: String
    package var branch: String
    package var path: String
    package var provider: ProviderName
    /// `nil` while nothing is recorded.
    package var lineage: String?
    package var serial: Int
    package var configDigest: String
    package var url: String?
    /// Whether the URL answered when it was last probed and still should.
    package var isLive: Bool
    package var steps: [PlannedStep]
    /// What differs outside from what is recorded.
    package var drift: [Drift]
    package var warnings: [Warning]
    /// Facts that a saved plan is checked against.
    package var observed: Observed
    /// Whether this is a plan for `destroy`.
    package var destroys: Bool

    /// A remark that hinders nothing.
    package struct Warning: Hashable, Sendable {
        package var code: ErrorCode
        package var message: String
        package var fix: String?

        package init(code: ErrorCode, message: String, fix: String? = nil) {
            self.code = code
            self.message = message
            self.fix = fix
        }
    }

    /// What the plan was made from, as far as it matters to it.
    package struct Observed: Hashable, Sendable {
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
    package var id: StepID
    package var title: String
    package var summary: String
    package var action: Action
    /// Why, in a few words.
    package var reason: String
    package var changes: [Change]
    /// Exactly what `run` will be given; `nil` while an earlier step has to run first.
    package var input: JSONValue?
    package var waitsFor: StepID?
    /// How long it took last time, in seconds.
    package var lastSeconds: Double?
}

/// One field, before and after.
package struct Change: Hashable, Sendable {
    package var field: String
    package var before: JSONValue
    package var after: JSONValue
    /// The step that tells the value, when it is not known yet.
    package var knownAfter: StepID?
    package var isSensitive: Bool
    package var forcesReplacement: Bool
}
