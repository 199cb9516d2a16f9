import PreviewAdapters
import PreviewCore
import PreviewServer
import PreviewSystem

/// Finds the record of a session and the configuration that its steps are planned by.
struct PreviewFinder: Sendable {
    /// How new the configuration has to be that a session is looked at by.
    enum Freshness {
        /// Read for this call.
        case now
        /// Read in the last seconds.
        case recent
    }

    /// Where a session's record is.
    struct Place {
        var records: Records
        var folder: String
        var state: State
    }

    private struct Remembered {
        var workspace: Workspace?
        var readAt: ContinuousClock.Instant
    }

    private let choices: Choices
    private let surroundings: Surroundings
    private let permission: RepositoryPermission
    private let folders = Locked<[String: String]>([:])
    private let workspaces = Locked<[String: Remembered]>([:])

    private static let recent = Duration.seconds(2)

    init(_ choices: Choices, in surroundings: Surroundings, permission: RepositoryPermission) {
        self.choices = choices
        self.surroundings = surroundings
        self.permission = permission
    }

    /// The server's own configuration as it stands.
    func template() async throws -> Workspace {
        try await Workspace.open(choices, in: surroundings)
    }

    /// The configuration for a call that creates or gets a session.
    ///
    /// - Throws: ``Failure`` for an address that is none or not allowed, and for a branch that is none.
    func workspace(for wish: SessionWish, of user: String?) async throws -> Workspace {
        let address: RepositoryReference
        do {
            address = try RepositoryReference.parse(wish.repository)
        } catch {
            throw Failure(
                .badRequest, .usage, "githubRepo: \(error.problem)",
                fix: "expected \(error.expected)")
        }
        guard wish.project.unicodeScalars.count <= 100,
            !wish.project.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
        else {
            throw Failure(.badRequest, .usage, "projectId is one line of at most 100 characters")
        }
        let branch = wish.branch.isEmpty ? "main" : wish.branch
        let own = try await workspace(wish.project, nil, branch: branch, user: user)
        if isSame(address, as: own) { return own }
        try permission.check(address)
        return try await workspace(wish.project, address, branch: branch, user: user)
    }

    /// Where the record of a user's session is.
    ///
    /// - Throws: ``Failure`` where it is unknown or another user's.
    func place(of id: String, user: String?) async throws -> Place {
        let records = try Records.find(choices, in: surroundings)
        let name = user ?? surroundings.user
        if let folder = folders.withLock({ $0[id] }),
            let state = try await StateRecord.load(
                folder, from: records.store, comparesHistory: false)?.state,
            state.lineage == id
        {
            guard state.user == name, !state.isDestroyed else { throw Failure.unknownSession }
            return Place(records: records, folder: folder, state: state)
        }
        let found = try await records.summaries { folder, session -> Place? in
            folders.withLock { $0[session.state.lineage] = folder }
            return session.state.lineage == id
                ? Place(records: records, folder: folder, state: session.state) : nil
        }.summaries.first
        guard let found, found.state.user == name, !found.state.isDestroyed else {
            throw Failure.unknownSession
        }
        return found
    }

    /// Notes what a session is known to be, so that it need not be looked for.
    func remember(_ id: String, in workspace: Workspace) {
        folders.withLock { $0[id] = workspace.folder }
        workspaces.withLock { $0[id] = Remembered(workspace: workspace, readAt: .now) }
    }

    /// All sessions of a user that are alive, newest first.
    func sessions(of user: String?) async throws -> [Session] {
        let records = try Records.find(choices, in: surroundings)
        let name = user ?? surroundings.user
        return try await records.summaries { folder, session -> Session? in
            folders.withLock { $0[session.state.lineage] = folder }
            return session.state.user == name && !session.state.isDestroyed ? session : nil
        }.summaries.sorted {
            ($0.state.createdAt, $0.state.app) > ($1.state.createdAt, $1.state.app)
        }
    }

    /// A user's preview, with its configuration where the server's leads to it.
    func find(
        _ id: String, of user: String?, withConfiguration freshness: Freshness = .now
    ) async throws -> RecordedPreview {
        let place = try await place(of: id, user: user)
        return RecordedPreview(
            folder: place.folder, state: place.state, records: place.records,
            workspace: try await workspace(of: place, user: user, freshness),
            surroundings: surroundings)
    }

    // MARK: Configurations

    private func workspace(
        of place: Place, user: String?, _ freshness: Freshness
    ) async throws -> Workspace? {
        let now = ContinuousClock.now
        if freshness == .recent,
            let remembered = workspaces.withLock({ $0[place.state.lineage] }),
            now - remembered.readAt < Self.recent
        {
            return remembered.workspace
        }
        let workspace = try await workspace(leadingTo: place, user: user)
        workspaces.withLock {
            $0[place.state.lineage] = Remembered(workspace: workspace, readAt: now)
        }
        return workspace
    }

    /// The configuration that plans into this very record: the server's with its own repository, or
    /// with the recorded one where that is allowed.
    private func workspace(leadingTo place: Place, user: String?) async throws -> Workspace? {
        let state = place.state
        let branch = state.branch.isEmpty ? nil : state.branch
        let own = try await workspace(state.project, nil, branch: branch, user: user)
        if own.folder == place.folder, own.identity.source == state.source { return own }
        // A recorded address that is no address any more leads nowhere.
        guard let address = try? RepositoryReference.parse(state.repository) else { return nil }
        do {
            try permission.check(address)
        } catch is Failure {
            return nil
        }
        let other = try await workspace(state.project, address, branch: branch, user: user)
        return other.folder == place.folder && other.identity.source == state.source ? other : nil
    }

    private func workspace(
        _ project: String, _ repository: RepositoryReference?, branch: String?, user: String?
    ) async throws -> Workspace {
        var choices = choices
        choices.user = user
        choices.branch = branch ?? choices.branch
        choices.target = Choices.Target(project: project, repository: repository)
        return try await Workspace.open(choices, in: surroundings)
    }

    /// Whether an address means the repository that a configuration has, in whatever spelling.
    private func isSame(_ address: RepositoryReference, as own: Workspace) -> Bool {
        if let remote = address.remote {
            // A shown address that cannot be parsed is a folder's.
            let shown = try? RepositoryReference.parse(own.identity.repository)
            return shown?.remote?.identity == remote.identity
        }
        func folder(_ reference: RepositoryReference) -> String? {
            reference.folder(relativeTo: own.file.folder, home: surroundings.home)
        }
        return folder(address) != nil && folder(address) == folder(own.config.repository)
    }
}
