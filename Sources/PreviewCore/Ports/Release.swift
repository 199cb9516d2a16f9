/// What step 4 is to bring up: a commit, how to run it, and how to prove it.
package struct Release: Hashable, Sendable, Codable {
    /// What git is given to fetch from: an address, or a folder of this machine.
    package var fetchURL: String
    /// The branch's name, for the app's variables and for messages; what is fetched is the commit.
    package var branch: String
    /// Full commit, or the content digest of a plain folder.
    package var commit: String
    /// The folder of the app in the repository; empty for its top.
    package var path: String
    /// Fetches dependencies, a shell line run in `path`; `nil` skips the phase.
    package var install: String?
    /// Builds, a shell line run in `path`; `nil` skips the phase.
    package var build: String?
    /// `nil` for a static site.
    package var start: String?
    /// The folder to serve when there is no start command, relative to `path`.
    package var staticRoot: String?
    /// What it runs on.
    package var platform: Platform
    /// The port the app is expected on if it ignores `PORT`.
    package var port: Int?
    /// Variables of BEHAVIOURS U4; `PORT` and `HOST` are added by the provider.
    package var previewVariables: [String: String]
    /// Revision of the settings it starts with; what runs can be compared with what is set.
    package var settingsRevision: String
    /// What is asked for proof, and how long the answer may take.
    package var health: Config.Health
    /// The limits of the phases, in seconds.
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
    /// All five, in order.
    package var phases: [PhaseResult]
    /// The answer that proves it.
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
        /// Which of the five.
        package var name: BootPhase
        /// How long it took, by a clock that does not jump.
        package var seconds: Double
        /// Whether there was nothing to do in it.
        package var skipped: Bool

        package init(name: BootPhase, seconds: Double, skipped: Bool = false) {
            self.name = name
            self.seconds = seconds
            self.skipped = skipped
        }
    }

    /// A real answer from the URL, by the started process, from the planned commit.
    package struct Proof: Hashable, Sendable, Codable {
        /// What was asked, with the path of `health`.
        package var url: String
        /// The HTTP status of the answer; nothing from 500 on proves anything.
        package var status: Int
        /// When it answered, in wall time.
        package var time: Timestamp
        /// The commit of the process that answered.
        package var commit: String

        package init(url: String, status: Int, time: Timestamp, commit: String) {
            self.url = url
            self.status = status
            self.time = time
            self.commit = commit
        }
    }
}
