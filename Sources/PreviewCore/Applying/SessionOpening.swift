/// Makes the record of a preview before any of its steps has run (BEHAVIOURS B1, C5).
package struct SessionOpening: Sendable {
    private let world: World
    private let store: any StateStore
    private let holder: LockHolder
    private let identity: PreviewIdentity

    package init(
        world: World, store: any StateStore, holder: LockHolder, identity: PreviewIdentity
    ) {
        self.world = world
        self.store = store
        self.holder = holder
        self.identity = identity
    }

    /// The recorded state, or a new one that has been saved. No step is run.
    ///
    /// `lockTimeout`: how long to wait for a run that is just beginning the same preview.
    /// - Throws: ``Failure``.
    package func open(
        _ config: Config, lockTimeout: Duration
    ) async throws -> (state: State, isNew: Bool) {
        if let recorded = try await recorded() { return (recorded, false) }
        return try await store.withLock(
            identity.folder, for: holder, timeout: lockTimeout, waiting: { _ in }
        ) {
            if let recorded = try await recorded() { return (recorded, false) }
            let loaded = try await load()
            let journal = Journal(
                store: store, folder: identity.folder, loaded: loaded,
                fresh: State(beginning: config, as: identity, in: world), now: world.now)
            try await journal.update { _ in }
            let state = await journal.state
            world.reporter.report(.sessionBegins(state, isNew: true))
            return (state, true)
        }
    }

    private func recorded() async throws -> State? {
        guard let state = try await load()?.state, !state.isDestroyed else { return nil }
        return state
    }

    private func load() async throws -> StateRecord.Loaded? {
        try await StateRecord.load(identity.folder, from: store, source: identity.source)
    }
}

extension State {
    /// The state of a preview of which nothing is recorded yet.
    init(beginning config: Config, as identity: PreviewIdentity, in world: World) {
        self.init(
            lineage: Identifier.uuid(world.random(16)), serial: 0, app: identity.folder,
            source: identity.source, salt: Digest.hexadecimal(world.random(16)),
            project: config.name, user: identity.user, repository: identity.repository,
            branch: identity.branch, path: config.path, provider: config.provider,
            host: config.provider == .local ? identity.host : nil, createdAt: world.now())
        // From the first save on, so that what never gets as far as step 3 is pruned, too.
        expiresAt = end(under: config.lifecycle.ttl)
    }
}

extension Event {
    /// The first words of a run, or of a session that was just made.
    static func sessionBegins(_ state: State, isNew: Bool) -> Event {
        Event(
            .session, isNew ? "Setup session created successfully" : "Setup session resumed",
            data: ["id": .string(state.lineage), "isNew": .bool(isNew)])
    }
}
