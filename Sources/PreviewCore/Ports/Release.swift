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
