import PreviewCore
import PreviewSystem

/// `machine.json`: the machine itself. As long as it is there, the machine is.
struct MachineDocument: Codable, Hashable, Sendable {
    var format = 1
    /// `pv-` and the key of the attempt that made it.
    var name: String
    var app: String
    var owner: Ownership
    var attempt: String
    var port: Int
    var createdAt: Timestamp
    /// End of its life; only recorded here, `prune` acts on it.
    var expiresAt: Timestamp?
}

extension MachineDocument {
    /// Variables that every process of the machine has: by these it is found when its supervisor is
    /// gone.
    var marks: [String: String] {
        [AppEnvironment.Mark.machine: name, AppEnvironment.Mark.lineage: owner.lineage]
    }
}

/// What a supervisor is given at its start, through a pipe: secret values are in it, and so it is
/// never written down.
struct BootOrder: Codable, Sendable {
    /// What is to be done.
    enum Purpose: String, Codable {
        /// All five phases.
        case boot
        /// Start and probe only, from the checkout that is there.
        case start
    }

    var purpose: Purpose
    /// Key of the attempt this boot belongs to.
    var attempt: String
    var machine: MachineDocument
    var url: String
    var release: Release
    /// Whether the release's address is a folder without git, which is copied.
    var isPlainFolder: Bool
    var secrets: [String: String]
    /// What git is given as a password, if anything: it must not be shown, and failures speak of it.
    var token: GitToken?
    /// What the commands see of this machine's environment.
    var baseEnvironment: [String: String]
    /// What git sees.
    var gitEnvironment: [String: String]
    var hasLargeFileSupport: Bool
    /// This program, for serving static files.
    var executable: String
    var pace: Pace
}

extension BootOrder {
    /// Reads an order; `nil` for one that was cut short.
    static func read(_ bytes: [UInt8]) -> BootOrder? {
        // Why it cannot be read does not matter to a process that nobody waits for.
        try? JSONReader.read(bytes).decoded()
    }

    /// What two orders that ask for the same have in common.
    static func digest(of release: Release) -> String {
        Digest.hex(MachinePlace.bytes(of: release))
    }
}

/// What a supervisor says when it has begun, or why it cannot.
struct Readiness: Codable, Sendable {
    var failure: RecordedFailure?
}

/// The supervisor's own times. Those that a user sets are in the settings and in the release.
package struct Pace: Codable, Hashable, Sendable {
    /// How many milliseconds a second of the settings and of the release lasts: 1000, but for tests.
    package var second = 1000
    /// From the request to end until force, in milliseconds (ENGINE section 4).
    package var grace = 5000
    /// How long an app must live after its first good answer, in milliseconds.
    package var settle = 300
    /// The first pause before a restart, in milliseconds; doubled each time.
    package var backoff = 1000
    /// The longest pause before a restart, in milliseconds.
    package var longestBackoff = 30_000
    /// How many times in a row an app is started again.
    package var restarts = 5
    /// How long an app must run for its earlier ends to be forgotten, in milliseconds.
    package var stable = 60_000

    /// The times of every day.
    package init() {}

    /// Time that was given in seconds.
    func seconds(_ count: Int) -> Duration { .milliseconds(count * second) }
}

/// `status.json`: what the supervisor knows, for whoever asks when it does not answer.
struct SupervisorStatus: Codable, Hashable, Sendable {
    var format = 1
    var state: MachineState
    var since: Timestamp
    /// The last or present boot.
    var attempt: String
    /// Digest of the release, the settings and the secrets' names it was asked for.
    var order: String
    var commit: String
    var settingsRevision: String
    var resources: Config.Resources?
    var supervisor: ProcessIdentity?
    var app: ProcessIdentity?
    /// Control groups that hold its processes, as folders.
    var controlGroups: [String] = []
    /// Where the app listens, such as `127.0.0.1:40123`.
    var listening: String?
    var privatePort: Int?
    /// Times the app was started, by whatever cause.
    var starts = 0
    /// Times it was started again after it ended by itself.
    var restarts = 0
    var idleStopAt: Timestamp?
    var expiresAt: Timestamp?
    var phases: [BootReceipt.PhaseResult] = []
    var proof: BootReceipt.Proof?
    var notes: [String] = []
    var failure: RecordedFailure?
}

extension SupervisorStatus {
    /// At the begin of a boot.
    init(_ order: BootOrder, settings: Settings, groups: ControlGroups) {
        self.init(
            state: .booting,
            since: SupervisorRecord.now(),
            attempt: order.attempt,
            order: BootOrder.digest(of: order.release),
            commit: order.release.commit,
            settingsRevision: order.release.settingsRevision,
            resources: settings.resources,
            supervisor: ProcessIdentity.current,
            controlGroups: groups.paths,
            expiresAt: settings.expiresAt
        )
    }
}

extension Settings {
    /// For a machine that was never configured.
    static func none(for release: Release) -> Settings {
        Settings(
            environment: [:],
            secretNames: [],
            resources: .default,
            lifecycle: Config.Lifecycle(),
            revision: release.settingsRevision,
            expiresAt: nil
        )
    }

    /// The port that `env` sets, if it does.
    var fixedPort: Int? { environment["PORT"].flatMap { Int($0) } }
}

/// A failure in a document.
struct RecordedFailure: Codable, Hashable, Sendable {
    var code: ErrorCode
    var message: String
    var isTimeout: Bool
    var isAuthentication: Bool
    var evidence: [Failure.Evidence]
    var fix: String?

    init(_ failure: Failure) {
        code = failure.code
        message = failure.message
        isTimeout = failure.kind == .timedOut
        isAuthentication = failure.kind == .authentication
        evidence = failure.evidence
        fix = failure.fix
    }

    /// The failure, as one of step 4.
    var failure: Failure {
        let kind: Failure.Kind =
            isTimeout ? .timedOut : isAuthentication ? .authentication : .failed
        return Failure(code, kind, message, step: .boot, evidence: evidence, fix: fix)
    }
}
