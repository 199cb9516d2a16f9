import PreviewCore

/// The states of the reference (section 5.1) that the simulator goes through.
enum MachineState: String, Sendable {
    case created, starting, started, stopping, stopped, restarting, suspending, suspended
    case replacing, destroying, destroyed, failed
    case launchFailed = "launch_failed"
    /// Of an old version only.
    case replaced

    /// Whether it stays as long as nobody asks for anything (`settled`).
    var isResting: Bool {
        [.created, .started, .stopped, .suspended, .failed].contains(self)
    }
}

/// A machine as the platform knows it.
struct Machine: Sendable {
    /// A config and what came of it. The id of a machine stays, its version does not.
    struct Version: Sendable {
        var id: String
        var config: MachineConfig
        /// The config as it was sent.
        var sent: JSONValue
        var image: ImageReference
        var launches: Bool
        var skipsSecrets: Bool
        var secretsVersion: Int?
    }

    /// What follows when the guest has ended.
    enum Sequel: Sendable {
        /// What the restart policy says: nobody asked for the end.
        case policy
        case stop
        case restart
        case replace
        case destroy
    }

    /// What is done with the root filesystem depends on why the machine boots.
    enum BootCause: Sendable {
        case first, restart, start, update
    }

    /// The running guest.
    struct Guest: Sendable {
        var boot: Int
        var isListening = false
        /// Nil when it is executed.
        var script: GuestScript?
    }

    /// An exclusive right to change the machine.
    struct Lease: Sendable {
        var nonce: String
        var owner: String
        var description: String
        var expiresAt: Instant
        var version: String
    }

    struct Check: Sendable {
        var name: String
        var status: String
        var output: String
        var updatedAt: Instant
    }

    let id: String
    let app: String
    let name: String
    let region: String
    let privateIP: String
    let createdAt: Instant
    var updatedAt: Instant
    var state = MachineState.created
    /// Newest last; never empty.
    var versions: [Version]
    /// Newest last.
    var events: [MachineEvent] = []
    var isCordoned = false
    var lease: Lease?
    var checks: [String: Check] = [:]

    /// Counts what the machine was told; steps begun under another count are void.
    var epoch = 0
    /// Whether it starts as soon as its image is there.
    var isLaunching = false
    /// Before this time `start` is refused: the image is being prepared.
    var preparedAt: Instant?
    /// Before this time `start` is refused: the last run is being cleaned up.
    var activeUntil: Instant?
    /// The state in which the old version was left by the update under way.
    var stateBeforeUpdate: MachineState?
    var destroyedAt: Instant?
    var sequel = Sequel.policy
    var guest: Guest?
    var bootCount = 0
    var bootCause = BootCause.first
    var hasSnapshot = false
    /// When it was started again after ending by itself, as far as that counts.
    var crashes: [Instant] = []
    var sight: Sight

    var current: Version { versions[versions.count - 1] }
    var config: MachineConfig { current.config }
    /// Sorts machines by when they were made.
    var order: String { versions[0].id }
    /// Whether its guest hears no signals but KILL.
    var isFrozen: Bool { state == .suspended || state == .suspending }
    var isLive: Bool { state != .destroyed }

    /// The lease, if it has not expired.
    func lease(at now: Instant) -> Lease? {
        lease.flatMap { $0.expiresAt > now ? $0 : nil }
    }

    /// What GET says: for a moment the past tense lags behind the end (reference, section 4.7).
    func shownState(at now: Instant, echo: Duration) -> MachineState {
        guard let destroyedAt, now < destroyedAt + echo else { return state }
        return .destroying
    }
}

/// Something that happened to a machine (reference, section 4.11).
struct MachineEvent: Sendable {
    enum Source: String {
        case user, flyd, proxy
    }

    var id: String
    var type: String
    var status: String
    var source: Source
    var time: Instant
    var request: JSONValue?

    var json: JSONValue {
        .object([
            ("id", .string(id)), ("type", .string(type)), ("status", .string(status)),
            ("source", .string(source.rawValue)), ("timestamp", .int(time.unixMilliseconds)),
            ("request", request),
        ])
    }
}

/// How a fresh object is missed by reads that do not come to the node that made it.
struct Sight: Sendable {
    private var missedReads: Int
    private let seenAt: Instant

    init(_ visibility: Visibility, at now: Instant) {
        missedReads = visibility.missedReads
        seenAt = now + visibility.duration
    }

    /// Whether a read at this time sees the object; counts the read.
    mutating func isSeen(at now: Instant) -> Bool {
        guard missedReads > 0, now < seenAt else { return true }
        missedReads -= 1
        return false
    }
}
