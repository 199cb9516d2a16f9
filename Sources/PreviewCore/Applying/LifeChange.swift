/// Moves the end of a preview's life, or removes it (`preview extend`, `preview pin`). It needs
/// nothing but the record.
///
/// What a person says here goes before the `ttl` of the file, now and in every later `apply`, until
/// it is taken back or the preview is destroyed.
package struct LifeChange: Sendable {
    /// What a person wants.
    package enum Wish: Hashable, Sendable {
        /// So many seconds more than it has. A life that is over goes on from now; one without end
        /// stays as it is, because to extend never means to shorten.
        case extend(Int)
        /// No end, whatever the file says.
        case pin
        /// The `ttl` of the file again.
        case unpin
    }

    /// What came of it.
    package struct Receipt: Hashable, Sendable {
        /// The record as it is afterwards.
        package var state: State
        /// The end of its life until now; `nil` for none.
        package var before: Timestamp?
        /// Whether anything is different now.
        package var isChanged: Bool
    }

    private let world: World
    private let store: any StateStore
    private let holder: LockHolder

    package init(world: World, store: any StateStore, holder: LockHolder) {
        self.world = world
        self.store = store
        self.holder = holder
    }

    /// Changes the machine first and the record after it, under the lock: a run that is killed in
    /// between has told nobody that it worked, and the next one sets the same end again.
    ///
    /// - Throws: ``Failure``: nothing recorded, locked, the provider cannot be reached, or an end
    ///   beyond the year 9999.
    package func make(
        _ wish: Wish, of folder: String, lockTimeout: Duration
    ) async throws -> Receipt {
        let wait = LockWait(world, limit: lockTimeout)
        return try await store.withLock(
            folder, for: holder, timeout: lockTimeout, waiting: wait.tell
        ) {
            guard let loaded = try await StateRecord.load(folder, from: store),
                !loaded.state.isDestroyed
            else { throw Failure.nothingRecorded(of: folder) }
            return try await make(wish, over: loaded, in: folder)
        }
    }

    private func make(
        _ wish: Wish, over loaded: StateRecord.Loaded, in folder: String
    ) async throws -> Receipt {
        let state = loaded.state
        let wanted = try self.wanted(wish, of: state)
        let isSame = wanted.chosenEnd == state.chosenEnd && wanted.expiresAt == state.expiresAt
        guard !isSame else {
            return Receipt(state: state, before: state.expiresAt, isChanged: false)
        }
        try await tellProvider(of: wanted)
        let journal = Journal(
            store: store, folder: folder, loaded: loaded, fresh: state, now: world.now)
        do {
            try await journal.update { $0.take(lifeOf: wanted) }
        } catch let failure as Failure where failure.code == .sessionCancelled {
            // Somebody cancelled the session in between; this was written on top of it.
        }
        return Receipt(state: await journal.state, before: state.expiresAt, isChanged: true)
    }

    /// The record as it is to be.
    private func wanted(_ wish: Wish, of state: State) throws -> State {
        var wanted = state
        switch wish {
        case .pin: wanted.chosenEnd = .never
        case .unpin: wanted.chosenEnd = nil
        case .extend(let seconds):
            let isEndless = state.expiresAt == nil && state[.settings].applied != nil
            if isEndless || state.chosenEnd == .never { return state }
            let end = max(state.expiresAt ?? world.now(), world.now()) + seconds
            guard end <= Timestamp.last else {
                throw Failure(
                    .usage, .usage, "that is beyond the year 9999",
                    fix: "`preview pin` lets it live without an end", retry: "preview pin")
            }
            wanted.chosenEnd = .at(end)
        }
        wanted.expiresAt = wanted.end(under: state.input(of: ConfigureSettings())?.lifecycle.ttl)
        return wanted
    }

    private func tellProvider(of state: State) async throws {
        guard let machine = state.output(of: AllocateMachine())?.machine else { return }
        do {
            try await world.provider.setExpiry(machine, state.expiresAt)
        } catch let rejection as Rejection {
            throw rejection.failure
        }
    }
}

extension State {
    /// Takes over the end of life, also as step 3's result tells it.
    fileprivate mutating func take(lifeOf other: State) {
        chosenEnd = other.chosenEnd
        expiresAt = other.expiresAt
        guard var settings = self[.settings].applied?.output.object else { return }
        // A time that is not there is left out, as the encoder of results does.
        settings["expiresAt"] = expiresAt.map { .string($0.text) }
        self[.settings].applied?.output = .object(settings)
    }
}

extension Timestamp {
    /// The last one that ``text`` can tell.
    static let last = Timestamp(seconds: 253_402_300_799)
}

extension Failure {
    /// There is no preview under this name, or no longer.
    static func nothingRecorded(of folder: String) -> Failure {
        Failure(
            .nothingRecorded, "nothing is recorded of \(folder)",
            fix: "`preview list` shows what is")
    }
}
