/// An operation that failed, told so that a person can act on it (SPEC section 3).
package struct Failure: Error, Hashable, Sendable {
    /// The stable code; decides nothing by itself, ``kind`` does.
    package var code: ErrorCode
    /// What sort of failure it is: decides the exit code and the HTTP status.
    package var kind: Kind
    /// One sentence in the user's words, without a final full stop.
    package var message: String
    /// The step that failed, if one did.
    package var step: StepID?
    /// Facts that show the cause, in order: last lines of output, HTTP status, request id, file.
    package var evidence: [Evidence]
    /// What to do about it.
    package var fix: String?
    /// The command that tries again.
    package var retry: String?
    /// Earlier steps that have to be done first, where that is the failure.
    package var missing: [StepID] = []

    /// Makes the failure of an operation that did not work (exit 1).
    package init(
        _ code: ErrorCode, _ message: String, step: StepID? = nil, evidence: [Evidence] = [],
        fix: String? = nil, retry: String? = nil
    ) {
        self.init(
            code, .failed, message, step: step, evidence: evidence, fix: fix, retry: retry)
    }

    /// Makes a failure of any kind.
    package init(
        _ code: ErrorCode, _ kind: Kind, _ message: String, step: StepID? = nil,
        evidence: [Evidence] = [], fix: String? = nil, retry: String? = nil
    ) {
        self.code = code
        self.kind = kind
        self.message = message
        self.step = step
        self.evidence = evidence
        self.fix = fix
        self.retry = retry
    }

    /// One labelled fact, such as `last lines` or `request id`.
    package struct Evidence: Hashable, Sendable, Codable {
        /// A word or two; labels of one failure may repeat.
        package var label: String
        /// The fact, possibly of several lines; redacted by whoever shows it.
        package var text: String

        package init(_ label: String, _ text: String) {
            self.label = label
            self.text = text
        }
    }

    /// The sort of failure: a row of the exit code table in SPEC section 3.
    package enum Kind: Hashable, Sendable {
        case failed
        case notApproved
        case stalePlan
        case locked
        case refused
        case stateNeedsRecovery
        case authentication
        case timedOut
        case leftovers
        case usage
        case invalidConfig
        /// Ended by a signal of this number, with the record saved.
        case interrupted(signal: Int32)

        /// The exit code of the process.
        package var exitCode: Int32 {
            switch self {
            case .failed: 1
            case .notApproved: 3
            case .stalePlan: 4
            case .locked: 5
            case .refused: 6
            case .stateNeedsRecovery: 7
            case .authentication: 8
            case .timedOut: 9
            case .leftovers: 10
            case .usage: 64
            case .invalidConfig: 65
            case .interrupted(let signal): 128 + signal
            }
        }
    }
}

/// A failure after which it is certain that nothing happened outside: the attempt is closed and the
/// next run begins a new one (ENGINE section 2). Any other error leaves the attempt open.
package struct Rejection: Error, Sendable {
    /// What went wrong.
    package var failure: Failure

    /// Wraps a failure whose cause is known to have had no effect, or whose effect was observed to
    /// have failed (a build that ended with an error).
    package init(_ failure: Failure) { self.failure = failure }
}

extension Failure {
    /// A step was asked for before its earlier steps are done (exit 1, naming them).
    package static func missingSteps(_ missing: [PlannedStep], before step: StepID) -> Failure {
        missingSteps(
            missing.map(\.id), before: step,
            evidence: missing.map { .init("step \($0.id.number)", "\($0.title): \($0.reason)") })
    }

    /// The same where only the numbers are known.
    package static func missingSteps(
        _ missing: [StepID], before step: StepID, evidence: [Evidence] = []
    ) -> Failure {
        let numbers = missing.map { String($0.number) }
        let list =
            numbers.count == 1
            ? "step \(numbers[0])"
            : "steps " + numbers.dropLast().joined(separator: ", ") + " and " + (numbers.last ?? "")
        var failure = Failure(
            .stepOrder, "step \(step.number) cannot run before \(list)", step: step,
            evidence: evidence,
            fix: "run \(missing.count == 1 ? "it" : "them") first, or all at once",
            retry: "preview apply --through \(step.number)")
        failure.missing = missing
        return failure
    }

    /// What a step would do kept changing while it was being approved or finished.
    static func keepsMoving(_ step: StepID) -> Failure {
        Failure(
            .planKeepsMoving, "what step \(step.number) would do keeps changing", step: step,
            fix: "look at `preview plan` and try again when it has settled",
            retry: "preview apply --step \(step.number)")
    }

    /// The failure as JSON, under the names that the API and `--json` use.
    package var json: JSONValue {
        [
            "code": .string(code.rawValue), "message": .string(message),
            "step": step.map { .int($0.number) } ?? .null,
            "evidence": .array(
                evidence.map { ["label": .string($0.label), "text": .string($0.text)] }),
            "fix": JSONValue(fix), "retry": JSONValue(retry),
        ]
    }
}

extension ErrorCode {
    /// Whether the record itself could not be read or written: such an error wins over all others.
    package var isAboutTheRecord: Bool {
        switch self {
        case .stateDamaged, .stateNewer, .stateForeign, .locked, .writeConflict, .cannotWrite,
            .cannotRead, .unsafeFolder, .lockLost, .storeDenied, .storeUnsafe, .recordKey,
            .destroyedMeanwhile:
            true
        default: false
        }
    }
}
