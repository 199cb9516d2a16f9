/// Whom the program asks for a machine, in the program's words. One value serves one preview.
///
/// Every function that changes something is safe to repeat with the same attempt key, throws
/// ``Rejection`` only when it is certain that nothing happened (or that what happened was observed
/// to have failed), and any other error when the outcome is unknown. All honour task cancellation
/// within five seconds.
package protocol Provider: Sendable {
    /// Which provider this is.
    var name: ProviderName { get }

    /// What a machine would be called and where it would answer. Reads only; used by `plan`.
    func propose(_ spec: MachineSpec) async throws -> Proposal

    /// Step 2: makes the machine named after the attempt, or finds the one this attempt made.
    /// Each object's name is given to `attempt` before the call that makes it.
    func allocate(
        _ spec: MachineSpec, replacing previous: Machine?, attempt: any AttemptRecorder
    ) async throws -> Machine

    /// Step 3: gives the machine its settings. Does not start anything.
    func configure(
        _ machine: Machine, _ settings: Settings, secrets: [String: String],
        attempt: any AttemptRecorder
    ) async throws -> SettingsReceipt

    /// Step 4: clones, installs, builds, starts and proves. Reports phases and output live.
    func boot(
        _ release: Release, on machine: Machine, secrets: [String: String],
        attempt: any AttemptRecorder, reporter: any Reporter
    ) async throws -> BootReceipt

    /// What is there now, or `nil` when the machine is gone.
    func inspect(_ machine: Machine) async throws -> MachineStatus?

    /// Ends what step 4 started. Absent or already ended is success.
    func shutDown(_ machine: Machine) async throws

    /// Takes the machine away with everything attached. Absent is success.
    func deallocate(_ machine: Machine) async throws

    /// Everything outside that carries this owner's marks, whether recorded or not: the second look
    /// of `destroy`, and the query by which an open attempt is settled.
    ///
    /// `named`: what the record names. An object that cannot carry marks, such as an app, is the
    /// owner's when it is among them and nothing of anybody else's is in it.
    func objects(of owner: Ownership, named: [NamedObject]) async throws -> [OwnedObject]

    /// Takes away one object that ``objects(of:)`` found. Absent is success.
    func remove(_ object: OwnedObject) async throws

    /// Starts the app again without installing or building.
    func start(_ machine: Machine, secrets: [String: String]) async throws
    /// Stops the app; the machine stays.
    func stop(_ machine: Machine) async throws
    /// Stops and starts the app.
    func restart(_ machine: Machine, secrets: [String: String]) async throws
    /// What the app printed, oldest first: the last `tail` lines, then what comes, when following.
    func logs(_ machine: Machine, tail: Int, follow: Bool) -> AsyncThrowingStream<
        LogLine, any Error
    >
    /// Runs a command beside the app, with the terminal passed through; returns its exit status.
    func execute(_ command: [String], on machine: Machine, secrets: [String: String]) async throws
        -> Int32
}

/// Whose an object is: written on everything that is made (ENGINE section 2).
package struct Ownership: Hashable, Sendable, Codable {
    /// Lineage of the state that owns it.
    package var lineage: String
    /// SHA-256 of host, owner, repository, branch, path and a named user.
    package var source: String

    package init(lineage: String, source: String) {
        self.lineage = lineage
        self.source = source
    }
}

/// What step 2 is to make.
package struct MachineSpec: Hashable, Sendable, Codable {
    package var app: String
    /// Names to take, in this order, where ``app`` is somebody else's (SPEC section 2).
    package var otherNames: [String]
    package var owner: Ownership
    /// In order of preference.
    package var regions: [String]
    package var resources: Config.Resources
    /// What the app will run on, as far as it is known.
    package var platform: Platform
    package var expiresAt: Timestamp?

    package init(
        app: String, otherNames: [String] = [], owner: Ownership, regions: [String],
        resources: Config.Resources, platform: Platform = Platform(), expiresAt: Timestamp?
    ) {
        self.app = app
        self.otherNames = otherNames
        self.owner = owner
        self.regions = regions
        self.resources = resources
        self.platform = platform
        self.expiresAt = expiresAt
    }
}

/// What an app runs on: decides on a virtual environment (`local`) or on a base image (`fly`).
package struct Platform: Hashable, Sendable, Codable {
    /// The language runtime, such as `python`; `nil` for a static site and where none was recognised.
    package var runtime: String?
    /// The runtime's version as the repository asks for it, such as `20` or `3.12`.
    package var version: String?
    /// The base image that `run.image` names.
    package var image: String?

    package init(runtime: String? = nil, version: String? = nil, image: String? = nil) {
        self.runtime = runtime
        self.version = version
        self.image = image
    }
}

/// Where a machine would answer, before it exists.
package struct Proposal: Hashable, Sendable {
    /// The name that would be used: the first one that is free.
    package var app: String
    package var url: String
    /// Remarks for the plan, such as that the derived port is taken.
    package var remarks: [Plan.Warning]

    package init(app: String, url: String, remarks: [Plan.Warning] = []) {
        self.app = app
        self.url = url
        self.remarks = remarks
    }
}

/// A machine as the provider confirmed it.
package struct Machine: Hashable, Sendable, Codable {
    package var id: String
    /// `pv-` and the key of the attempt that made it.
    package var name: String
    package var app: String
    package var url: String
    package var region: String
    /// The port it answers on, where that is a matter of this machine (`local`).
    package var port: Int?

    package init(
        id: String, name: String, app: String, url: String, region: String, port: Int? = nil
    ) {
        self.id = id
        self.name = name
        self.app = app
        self.url = url
        self.region = region
        self.port = port
    }
}

/// What step 3 is to set.
package struct Settings: Hashable, Sendable, Codable {
    package var environment: [String: String]
    package var secretNames: [String]
    /// Secrets whose value is not known to be the one that was set last.
    package var changedSecrets: [String]
    /// Secrets that were set once and are no longer wanted.
    package var withdrawnSecrets: [String]
    package var resources: Config.Resources
    package var lifecycle: Config.Lifecycle
    /// Where the app is to be asked, as far as it is known before the boot.
    package var port: Int?
    package var health: Config.Health
    /// Digest of everything the app must be restarted for.
    package var revision: String
    /// Whether step 4 has something to do after this, so that starting is left to it.
    package var isBootNext: Bool
    package var expiresAt: Timestamp?

    package init(
        environment: [String: String], secretNames: [String], changedSecrets: [String] = [],
        withdrawnSecrets: [String] = [], resources: Config.Resources,
        lifecycle: Config.Lifecycle, port: Int? = nil, health: Config.Health = .init(),
        revision: String, isBootNext: Bool = true, expiresAt: Timestamp?
    ) {
        self.environment = environment
        self.secretNames = secretNames
        self.changedSecrets = changedSecrets
        self.withdrawnSecrets = withdrawnSecrets
        self.resources = resources
        self.lifecycle = lifecycle
        self.port = port
        self.health = health
        self.revision = revision
        self.isBootNext = isBootNext
        self.expiresAt = expiresAt
    }
}

/// What the provider observed after setting.
package struct SettingsReceipt: Hashable, Sendable {
    /// Honest remarks, such as that memory cannot be limited here.
    package var notes: [String]

    package init(notes: [String] = []) { self.notes = notes }
}

/// What step 4 is to bring up: a commit, how to run it, and how to prove it.
package struct Release: Hashable, Sendable, Codable {
    /// What git is given to fetch from: an address, or a folder of this machine.
    package var fetchURL: String
    package var branch: String
    /// Full commit, or the content digest of a plain folder.
    package var commit: String
    package var path: String
    package var install: String?
    package var build: String?
    /// `nil` for a static site.
    package var start: String?
    /// The folder to serve when there is no start command, relative to `path`.
    package var staticRoot: String?
    package var platform: Platform
    /// The port the app is expected on if it ignores `PORT`.
    package var port: Int?
    /// Variables of BEHAVIOURS U4; `PORT` and `HOST` are added by the provider.
    package var previewVariables: [String: String]
    package var settingsRevision: String
    package var health: Config.Health
    package var timeouts: Config.PhaseTimeouts

    package init(
        fetchURL: String, branch: String, commit: String, path: String,
        install: String?, build: String?, start: String?, staticRoot: String?,
        platform: Platform, port: Int?, previewVariables: [String: String],
        settingsRevision: String, health: Config.Health, timeouts: Config.PhaseTimeouts
    ) {
        self.fetchURL = fetchURL
        self.branch = branch
        self.commit = commit
        self.path = path
        self.install = install
        self.build = build
        self.start = start
        self.staticRoot = staticRoot
        self.platform = platform
        self.port = port
        self.previewVariables = previewVariables
        self.settingsRevision = settingsRevision
        self.health = health
        self.timeouts = timeouts
    }
}

/// The five phases of a boot, in order (BEHAVIOURS D54, P8).
package enum BootPhase: String, CaseIterable, Codable, Sendable {
    case clone, install, build, start, probe

    /// 1 to 5.
    package var number: Int {
        switch self {
        case .clone: 1
        case .install: 2
        case .build: 3
        case .start: 4
        case .probe: 5
        }
    }
}

/// What was seen when the app came up.
package struct BootReceipt: Hashable, Sendable, Codable {
    package var phases: [PhaseResult]
    package var proof: Proof
    /// Remarks, such as that the app listens on loopback only.
    package var notes: [String]

    package init(phases: [PhaseResult], proof: Proof, notes: [String] = []) {
        self.phases = phases
        self.proof = proof
        self.notes = notes
    }

    /// One phase and how long it took; skipped phases take 0 seconds.
    package struct PhaseResult: Hashable, Sendable, Codable {
        package var name: BootPhase
        package var seconds: Double
        package var skipped: Bool

        package init(name: BootPhase, seconds: Double, skipped: Bool = false) {
            self.name = name
            self.seconds = seconds
            self.skipped = skipped
        }
    }

    /// A real answer from the URL, by the started process, from the planned commit.
    package struct Proof: Hashable, Sendable, Codable {
        package var url: String
        package var status: Int
        package var time: Timestamp
        package var commit: String

        package init(url: String, status: Int, time: Timestamp, commit: String) {
            self.url = url
            self.status = status
            self.time = time
            self.commit = commit
        }
    }
}

/// What a machine is doing.
package struct MachineStatus: Hashable, Sendable {
    package var state: MachineState
    /// The provider's own word, shown where ours does not fit.
    package var detail: String?
    /// Commit that was booted last, if any.
    package var commit: String?
    /// Revision of the settings it has, if any.
    package var settingsRevision: String?
    /// Resources it has now, where the provider tells.
    package var resources: Config.Resources?
    /// The plain variables of its settings, where the provider tells.
    package var environment: [String: String]?
    /// What else somebody changed behind our back, in words such as `services`.
    package var otherChanges: [String]
    package var region: String?
    /// Since when it has been in this state.
    package var since: Timestamp?
    /// When it will stop for want of traffic, if it is running and may be stopped.
    package var idleStopAt: Timestamp?
    /// Times the app was started again after it ended by itself.
    package var restarts: Int

    package init(
        state: MachineState, detail: String? = nil, commit: String? = nil,
        settingsRevision: String? = nil, resources: Config.Resources? = nil,
        environment: [String: String]? = nil, otherChanges: [String] = [], region: String? = nil,
        since: Timestamp? = nil, idleStopAt: Timestamp? = nil,
        restarts: Int = 0
    ) {
        self.state = state
        self.detail = detail
        self.commit = commit
        self.settingsRevision = settingsRevision
        self.resources = resources
        self.environment = environment
        self.otherChanges = otherChanges
        self.region = region
        self.since = since
        self.idleStopAt = idleStopAt
        self.restarts = restarts
    }
}

/// One vocabulary for what a machine is doing, apart from the status of a session (BEHAVIOURS S2).
package enum MachineState: String, Hashable, Sendable, Codable, CaseIterable {
    /// It exists and nothing was booted on it.
    case created
    /// A boot is under way.
    case booting
    /// The app runs.
    case running
    /// Stopped for want of traffic; the next connection starts it.
    case idle
    /// Stopped by a person; `start` starts it.
    case stopped
    /// The app ended by itself and is not being restarted, or its boot failed.
    case crashed
    /// What should run it is gone.
    case lost
    /// The provider says something that has no word here.
    case unknown
}

/// Something outside that carries an owner's marks.
package struct OwnedObject: Hashable, Sendable {
    package var kind: ObjectKind
    package var name: String
    /// What the provider needs to find it again.
    package var id: String
    package var owner: Ownership
    /// Key of the attempt that made or last changed it.
    package var attempt: String?

    package init(
        kind: ObjectKind, name: String, id: String, owner: Ownership, attempt: String? = nil
    ) {
        self.kind = kind
        self.name = name
        self.id = id
        self.owner = owner
        self.attempt = attempt
    }
}

/// An object by the name it was given before it was made.
package struct NamedObject: Hashable, Sendable {
    package var kind: ObjectKind
    package var name: String

    package init(_ kind: ObjectKind, _ name: String) {
        self.kind = kind
        self.name = name
    }
}

/// The kinds of object that are made outside.
package enum ObjectKind: String, Hashable, Sendable, Codable, CaseIterable {
    case app, address, machine, process
}

/// The open attempt, as a step and a provider see it.
package protocol AttemptRecorder: Sendable {
    /// The same on every resumption, so that a provider asked twice makes one object.
    var key: String { get }
    /// Whether an earlier run may already have made something under this key.
    var isResumed: Bool { get }
    /// What earlier runs of this attempt named, and so may have made.
    var named: [NamedObject] { get }
    /// Saves the name of an object before the call that makes it; durable when it returns.
    func willMake(_ object: ObjectKind, named name: String) async throws
}

/// A line an app or a step printed.
package struct LogLine: Hashable, Sendable {
    package var time: Timestamp
    /// `stdout`, `stderr` or `supervisor`.
    package var stream: String
    package var text: String

    package init(time: Timestamp, stream: String, text: String) {
        self.time = time
        self.stream = stream
        self.text = text
    }
}
