/// Runs the steps of a preview one by one: look, ask, lock, look again, begin, run, record
/// (ARCHITECTURE section 5). The same engine serves the command line and the server.
package struct Applier: Sendable {
    /// Which steps are wanted.
    package enum Selection: Hashable, Sendable {
        case all
        case only(StepID)
        case through(StepID)

        /// Whether a step is wanted.
        package func includes(_ step: StepID) -> Bool {
            switch self {
            case .all: true
            case .only(let one): step == one
            case .through(let last): step <= last
            }
        }
    }

    /// What a run was asked to do.
    package struct Request: Sendable {
        /// What is asked for, already valid.
        package var config: Config
        /// Digest of the file and of what flags and variables made of it, as saved plans carry it.
        package var configDigest: String
        /// Which steps are wanted; the others are checked and not run.
        package var selection = Selection.all
        /// Steps from this one on run again even where nothing differs.
        package var retryFrom: StepID?
        /// A saved plan that must still fit.
        package var saved: Plan?
        /// Whether the world is looked at before planning; `false` plans from the record alone.
        package var looks = true
        /// Whether what another record made of the same branch may be taken over.
        package var adopts = false
        /// How long to wait for another run before ``ErrorCode/locked`` ends this one.
        package var lockTimeout = Duration.seconds(0)

        package init(config: Config, configDigest: String) {
            self.config = config
            self.configDigest = configDigest
        }
    }

    private let world: World
    private let store: any StateStore
    private let approver: any Approver
    private let holder: LockHolder
    private let identity: PreviewIdentity

    package init(
        world: World, store: any StateStore, approver: any Approver, holder: LockHolder,
        identity: PreviewIdentity
    ) {
        self.world = world
        self.store = store
        self.approver = approver
        self.holder = holder
        self.identity = identity
    }

    /// The plan as it is now. Writes nothing anywhere.
    package func plan(_ request: Request) async throws -> Plan {
        var run = try await begin(request)
        return try await run.look().plan
    }

    /// Runs what is wanted and not done yet; returns the state at the end.
    ///
    /// - Throws: ``Failure``, or `CancellationError` when a signal ended the run.
    package func apply(_ request: Request) async throws -> State {
        var run = try await begin(request)
        for step in Steps.all where request.selection.includes(step.id) {
            try Task.checkCancellation()
            try await run.perform(step)
        }
        return try await run.end()
    }

    private func begin(_ request: Request) async throws -> ApplyRun {
        ApplyRun(
            request: request, world: world, store: store, approver: approver, holder: holder,
            identity: identity)
    }
}

/// Who a preview is, before anything is recorded of it.
package struct PreviewIdentity: Hashable, Sendable {
    /// First candidate of the app's name; the name its record is kept under.
    package var folder: String
    /// SHA-256 of host, owner, repository, branch, path and a named user.
    package var source: String
    /// Who sets it up, as the record and the locks show it.
    package var user: String
    /// Name of this machine, for `local` previews.
    package var host: String
    /// The repository's address as it is shown.
    package var repository: String
    /// `owner/name`, or the name of a local folder.
    package var repositoryName: String
    /// The branch's name, never `current`.
    package var branch: String
    /// Further candidates of the app's name, for when the first is somebody else's.
    package var otherNames: [String]

    package init(
        folder: String, otherNames: [String] = [], source: String, user: String, host: String,
        repository: String, repositoryName: String, branch: String
    ) {
        self.folder = folder
        self.otherNames = otherNames
        self.source = source
        self.user = user
        self.host = host
        self.repository = repository
        self.repositoryName = repositoryName
        self.branch = branch
    }
}
