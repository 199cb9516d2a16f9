import PreviewAdapters
import PreviewCore
import PreviewServer
import PreviewSystem

/// The previews that the server shows and changes: through the same composition as the command line,
/// planned from the server's own `preview.yaml`.
struct ServedPreviews: Previews {
    private let choices: Choices
    private let surroundings: Surroundings
    private let permission: RepositoryPermission
    private let index = SessionIndex()

    /// How long a call waits for the lock where a run of another process is just letting go of it.
    private static let lockTimeout = Duration.seconds(1)

    /// `surroundings`: with the command line's program as the one supervisors are started from.
    init(_ choices: Choices, in surroundings: Surroundings, permission: RepositoryPermission) {
        self.choices = choices
        self.surroundings = surroundings
        self.permission = permission
    }

    func suggestion() async throws -> SessionWish {
        let workspace = try await Workspace.open(choices, in: surroundings)
        return SessionWish(
            project: workspace.config.name, repository: workspace.config.repository.text,
            branch: workspace.identity.branch)
    }

    func open(
        _ wish: SessionWish, for user: String?
    ) async throws -> (session: Session, isNew: Bool) {
        let workspace = try await workspace(for: wish, of: user)
        let run = recordedRun("open", of: workspace.folder, in: workspace, user: user)
        let opening = SessionOpening(
            world: try workspace.world(reporter: run.reporter),
            store: workspace.store.passingFaultPoints, holder: run.holder,
            identity: workspace.identity)
        let (state, isNew) = try await opening.open(
            workspace.config, lockTimeout: Self.lockTimeout)
        index.remember(state.lineage, in: workspace.folder)
        return (try await session(of: state, in: workspace), isNew)
    }

    func session(_ id: String, of user: String?) async throws -> Session {
        let preview = try await preview(id, of: user)
        return try await preview.session()
    }

    func sessions(of user: String?) async throws -> [Session] {
        let store = try Records.store(choices, in: surroundings)
        let name = user ?? surroundings.user
        return try await Records.entries(of: store).compactMap { entry -> Session? in
            guard case .preview(_, let session) = entry, session.state.user == name,
                !session.state.isDestroyed
            else { return nil }
            return session
        }.sorted {
            ($0.state.createdAt, $0.state.app) > ($1.state.createdAt, $1.state.app)
        }
    }
}
