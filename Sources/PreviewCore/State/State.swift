/// The record of one preview: per step, what was applied and what is being attempted
/// (ENGINE section 1). It never holds a secret value.
package struct State: Hashable, Sendable {
    /// Identity of the record from its creation until it is destroyed; also the session's id.
    package var lineage: String
    /// Raised by one at each write; the order of things.
    package var serial: Int
    /// The app name in use, which may be a later candidate than the folder's name.
    package var app: String
    /// SHA-256 of host, owner, repository, branch, path and a named user, 64 hexadecimal digits.
    package var source: String
    /// 16 random bytes in hexadecimal, for digests of secrets.
    package var salt: String
    /// `name` of the configuration.
    package var project: String
    /// Who set it up; enters the source only for a named user of the server.
    package var user: String
    /// The repository's normalised address, or the path of a local folder.
    package var repository: String
    /// The branch's name, never `current`.
    package var branch: String
    /// The sub-application of a monorepo; empty for the top of the repository.
    package var path: String
    /// Where it runs; another provider means another machine, so it only changes without one.
    package var provider: ProviderName
    /// The machine a `local` preview runs on; `nil` for other providers.
    package var host: String?
    /// When the record came into being.
    package var createdAt: Timestamp
    /// When it was last written; for display, the order is the serial.
    package var updatedAt: Timestamp
    /// When the first step began; `nil` for a record in which none has.
    package var startedAt: Timestamp?
    /// When all four steps were done; `nil` again while one of them is being done or is not.
    package var completedAt: Timestamp?
    /// When its life ends: what ``chosenEnd`` says, else what the `ttl` applied last makes of it.
    package var expiresAt: Timestamp?
    /// What a person decided about the end of its life; goes before the `ttl` of the file.
    package var chosenEnd: ChosenEnd?
    /// When it was cancelled; the next `apply` takes that back.
    package var cancelledAt: Timestamp?
    /// Set when everything was taken away: a tombstone that keeps a late run from reviving it.
    package var destroyedAt: Timestamp?
    /// What is known of the steps; one that never began is not in it.
    package var steps: [StepID: StepRecord]

    package init(
        lineage: String, serial: Int, app: String, source: String, salt: String, project: String,
        user: String, repository: String, branch: String, path: String, provider: ProviderName,
        host: String? = nil, createdAt: Timestamp
    ) {
        self.lineage = lineage
        self.serial = serial
        self.app = app
        self.source = source
        self.salt = salt
        self.project = project
        self.user = user
        self.repository = repository
        self.branch = branch
        self.path = path
        self.provider = provider
        self.host = host
        self.createdAt = createdAt
        updatedAt = createdAt
        steps = [:]
    }

    /// The record of a step; an empty one for a step that never began. Setting an empty one removes it.
    package subscript(step: StepID) -> StepRecord {
        get { steps[step] ?? StepRecord() }
        set { steps[step] = newValue == StepRecord() ? nil : newValue }
    }

    /// The marks written on everything this record owns.
    package var owner: Ownership { Ownership(lineage: lineage, source: source) }

    /// What this record names outside: what step 2 made, and what open attempts may have made. A
    /// closed attempt made nothing, or took it away again: what has its names is somebody else's.
    package var named: [NamedObject] {
        let made = output(of: AllocateMachine()).map {
            [NamedObject(.app, $0.appName), NamedObject(.machine, $0.machine.name)]
        }
        let attempts = StepID.allCases.compactMap { self[$0].attempt }.filter(\.open)
        return (made ?? []) + attempts.flatMap(\.named)
    }

    /// Whether nothing of this preview is left outside.
    package var isDestroyed: Bool { destroyedAt != nil }

    /// When it ends under a `ttl` in seconds (`nil`: never), unless a person decided otherwise.
    package func end(under ttl: Int?) -> Timestamp? {
        switch chosenEnd {
        case .at(let time): time
        case .never: nil
        case nil: ttl.map { createdAt + $0 }
        }
    }

    /// The input of a step's last success, if it ever succeeded and still has its present form.
    package func input<S: Step>(of step: S) -> S.Input? {
        // An input of an older form counts as none: its step is planned again.
        try? self[step.id].applied?.input.decoded(as: S.Input.self)
    }

    /// The recorded output of a step, if it ever succeeded and still has its present form.
    package func output<S: Step>(of step: S) -> S.Output? {
        // An output of an older form counts as none: its step is planned again.
        try? self[step.id].applied?.output.decoded(as: S.Output.self)
    }
}

/// When a preview's life ends by the word of a person (`preview extend`, `preview pin`).
package enum ChosenEnd: Hashable, Sendable {
    case at(Timestamp)
    case never

    /// Reads ``text``; `nil` for anything else.
    package init?(_ text: String) {
        if text == "never" {
            self = .never
        } else if let time = Timestamp(text) {
            self = .at(time)
        } else {
            return nil
        }
    }

    /// A time in the form of ``Timestamp/text``, or `never`.
    package var text: String {
        switch self {
        case .at(let time): time.text
        case .never: "never"
        }
    }
}

/// What is known of one step.
package struct StepRecord: Hashable, Sendable {
    /// The last success; stays until a newer one replaces it.
    package var applied: Applied?
    /// Begun and not known to have succeeded.
    package var attempt: Attempt?
    /// What the last look outside found different from ``applied``; gone with the next success.
    package var drift: RecordedDrift?

    package init(
        applied: Applied? = nil, attempt: Attempt? = nil, drift: RecordedDrift? = nil
    ) {
        self.applied = applied
        self.attempt = attempt
        self.drift = drift
    }
}

/// A difference between the world and a step's last success, as a run of `apply` saw it
/// (ARCHITECTURE section 5).
package struct RecordedDrift: Hashable, Sendable {
    /// What differs, in words.
    package var message: String
    /// What to do about it.
    package var action: Action

    package init(message: String, action: Action) {
        self.message = message
        self.action = action
    }
}

/// The last success of a step.
package struct Applied: Hashable, Sendable {
    /// What the step was given.
    package var input: JSONValue
    /// What it found or made: the result of SPEC section 1.
    package var output: JSONValue
    /// When it succeeded, in wall time.
    package var at: Timestamp
    /// How long it took, with at most three decimals.
    package var seconds: Double

    package init(input: JSONValue, output: JSONValue, at: Timestamp, seconds: Double) {
        self.input = input
        self.output = output
        self.at = at
        self.seconds = seconds
    }
}

/// A step that was begun: saved before its effect.
package struct Attempt: Hashable, Sendable {
    /// The same on every resumption; names what is made (ENGINE section 2).
    package var key: String
    /// What the plan said of the step.
    package var action: Action
    /// What the step is given; a resumed attempt that makes named objects keeps it.
    package var input: JSONValue
    /// When it began first, in wall time.
    package var begunAt: Timestamp
    /// Whether the outcome is unknown; `false` after a rejection or an observed failure.
    package var open: Bool
    /// Why it failed or was given up; `nil` while nothing is known to have gone wrong.
    package var error: RecordedError?
    /// Objects that may have been made, named before the call that makes them.
    package var calls: [Call]

    package init(
        key: String, action: Action, input: JSONValue, begunAt: Timestamp, open: Bool = true,
        error: RecordedError? = nil, calls: [Call] = []
    ) {
        self.key = key
        self.action = action
        self.input = input
        self.begunAt = begunAt
        self.open = open
        self.error = error
        self.calls = calls
    }

    /// What this attempt may have made.
    package var named: [NamedObject] { calls.map { NamedObject($0.object, $0.name) } }

    /// One object that this attempt may have made.
    package struct Call: Hashable, Sendable {
        /// What sort of thing it is.
        package var object: ObjectKind
        /// Exactly as the call that makes it gives it.
        package var name: String
        /// What became of the call.
        package var outcome: Outcome

        package init(object: ObjectKind, name: String, outcome: Outcome = .begun) {
            self.object = object
            self.name = name
            self.outcome = outcome
        }

        /// Whether the object is known to be there.
        package enum Outcome: String, Hashable, Sendable {
            case begun, made
        }
    }
}

/// Why an attempt failed, as `status` shows it.
package struct RecordedError: Hashable, Sendable {
    /// For programs; `preview explain` tells more.
    package var code: ErrorCode
    /// One sentence in the user's words, without secrets.
    package var message: String

    package init(code: ErrorCode, message: String) {
        self.code = code
        self.message = message
    }
}

/// What the plan will do with a step.
package enum Action: String, Codable, Sendable, CaseIterable {
    case none, create, update, replace, resume, wait

    /// Whether `apply` would run the step.
    package var runs: Bool { self != .none && self != .wait }
}
