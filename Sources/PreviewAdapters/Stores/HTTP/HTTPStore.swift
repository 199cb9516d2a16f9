package import PreviewCore
package import PreviewSystem

/// Keeps each preview's record as a document of a server that speaks Terraform's HTTP state protocol,
/// such as GitLab.
///
/// The protocol has no lists and no earlier versions. ``list()`` knows the previews that this machine
/// knows, and ``kept(_:)`` has what this machine replaced. How two writers are kept apart is proven
/// before the first write (``HTTPStore/Fence``); a server that keeps nobody apart is refused.
package struct HTTPStore: StateStore {
    /// What a store is made from.
    package struct Setup: Sendable {
        /// The keys of `state` in preview.yaml, without `store` and `encrypt`.
        package var settings: [String: String]
        /// Where the password is looked for.
        package var environment: [String: String]
        /// Where this machine keeps its own files.
        package var data: DataFolder
        /// Who is to be named as the holder of locks for a moment.
        package var user: String
        /// The name of this machine, as locks of runs have it.
        package var host: String
        /// How the network is reached.
        package var network = HTTPNetwork()
        /// Told of every exchange; passwords are in none.
        package var trace: HTTPClient.Trace?
        /// How often calls are repeated after a lost answer or a passing trouble.
        package var retries = RetryPolicy(
            backoff: .milliseconds(500), longestBackoff: .seconds(5), timeLimit: .seconds(60))
        /// How long one try of a call may take.
        package var patience = Duration.seconds(20)
        /// How long a write waits for the lock where it needs one and its run has none.
        package var lockPatience = Duration.seconds(10)
        /// The names that ``HTTPStore/list()`` looks for; by default those of the folder.
        package var knownNames: (@Sendable () async throws -> [String])?

        package init(
            settings: [String: String], environment: [String: String], data: DataFolder,
            user: String, host: String
        ) {
            self.settings = settings
            self.environment = environment
            self.data = data
            self.user = user
            self.host = host
        }
    }

    /// The variable that the password is in.
    package static let passwordVariable = "PREVIEW_HTTP_PASSWORD"

    let setup: Setup
    let client: HTTPStateClient
    /// Kernel locks of this machine, which show that a holder lives.
    let marks: FileStore
    let fence = Locked<Fence?>(nil)
    /// The locks that were taken by this value and not given back, by app.
    let locks = Locked<[String: TerraformLock]>([:])
    private let copies: ReplacedCopies

    /// Asks the server nothing yet.
    ///
    /// - Throws: ``Failure`` where a setting cannot be used or the password is missing.
    package init(_ setup: Setup) throws {
        self.setup = setup
        marks = FileStore(setup.data)
        copies = ReplacedCopies(data: setup.data)
        client = HTTPStateClient(
            addresses: try HTTPStateAddresses(setup.settings),
            credentials: try HTTPStateCredentials(setup.settings, environment: setup.environment),
            http: HTTPClient(userAgent: "preview", network: setup.network, trace: setup.trace),
            retries: setup.retries, patience: setup.patience)
    }

    package var place: String { HTTPExchange.shownURL(client.addresses.all) }

    package var knowsOtherMachines: Bool { false }

    package func place(of app: String) -> String {
        HTTPExchange.shownURL(client.addresses.document(of: app))
    }

    /// The previews that this machine knows and the server has: the protocol cannot list.
    package func list() async throws -> [String] {
        let names = try await (setup.knownNames ?? setup.data.names)()
        return try await read(all: names).compactMap { app, stored in
            try stored.get() == nil ? nil : app
        }
    }

    package func read(all apps: [String]) async throws -> [(app: String, stored: FleetEntry)] {
        try await read(all: apps, sideBySide: 4)
    }

    package func read(_ app: String) async throws -> StoredBytes? {
        try await client.document(of: app).map {
            StoredBytes(bytes: $0.bytes, version: Self.version(of: $0.bytes))
        }
    }

    /// What this machine replaced: the protocol has no earlier versions, and what other machines
    /// replaced is with them.
    package func kept(_ app: String) async throws -> [KeptBytes] { try copies.all(of: app) }

    package func remove(_ app: String) async throws {
        let lockID = locks.withLock { $0[app]?.id }
        try await client.remove(app, under: lockID)
        try copies.removeAll(of: app)
    }

    /// Not cut short by cancellation: a run that is stopped still records what it knows.
    package func write(
        _ bytes: [UInt8], for app: String, replacing version: StoreVersion?, keeping serial: Int?
    ) async throws -> StoreVersion {
        let change = Change(app: app, bytes: bytes, replaced: version, serial: serial)
        try await Task { try await write(change) }.value
        return Self.version(of: bytes)
    }

    /// A document is known by its bytes: with and without entity tags, and on its way to another store.
    private static func version(of bytes: [UInt8]) -> StoreVersion {
        StoreVersion(Digest.hex(bytes))
    }
}

// MARK: - Writing

extension HTTPStore {
    /// A write that was asked for.
    private struct Change: Sendable {
        var app: String
        var bytes: [UInt8]
        var replaced: StoreVersion?
        var serial: Int?
    }

    private func write(_ change: Change) async throws {
        if let lock = locks.withLock({ $0[change.app] }) {
            return try await write(change, under: lock)
        }
        let current = try await current(for: change)
        if let tag = current?.tag, try await honoursTags(for: change.app) {
            return try await write(change, over: current, ifUnchanged: tag)
        }
        let holder = momentaryHolder("writing")
        let lock = try await takeLock(
            of: change.app, for: holder, timeout: setup.lockPatience, waiting: { _ in })
        do {
            try await write(change, under: lock)
        } catch {
            await giveBack(lock, of: change.app)
            throw error
        }
        await giveBack(lock, of: change.app)
    }

    /// The document that the change may replace.
    ///
    /// - Throws: ``ErrorCode/writeConflict`` where another one is there.
    private func current(for change: Change) async throws -> HTTPStateClient.Document? {
        let current = try await client.document(of: change.app)
        guard current.map({ Self.version(of: $0.bytes) }) == change.replaced else {
            throw conflict(change.app)
        }
        return current
    }

    /// Writes while a lock is held. What the server does not compare by itself cannot have changed since
    /// it was read: a server that passed the proof refuses the writes of everybody else.
    private func write(_ change: Change, under lock: TerraformLock) async throws {
        let current = try await current(for: change)
        let proof = try await prove(
            change.app, holds: current, next: change.bytes, under: lock.id)
        try keep(current, of: change)
        guard !proof.isWritten else { return }
        let condition: HTTPStateClient.Condition =
            current == nil ? .nothingThere : current?.tag.map { .unchanged(tag: $0) } ?? .none
        switch try await client.write(
            change.bytes, of: change.app, under: lock.id, if: condition)
        {
        case .done: return
        case .otherwise: throw conflict(change.app)
        case .locked(let other):
            throw Failure.lockLost(
                change.app, at: place(of: change.app), to: other?.holder)
        }
    }

    /// Writes without a lock, which the tag makes safe. While somebody has a lock, servers want its ID
    /// with a write: the one they tell is named, as the lock keeps runs apart and the tag writers.
    private func write(
        _ change: Change, over current: HTTPStateClient.Document?, ifUnchanged tag: String
    ) async throws {
        try keep(current, of: change)
        var lockID: String?
        while true {
            switch try await client.write(
                change.bytes, of: change.app, under: lockID, if: .unchanged(tag: tag))
            {
            case .done: return
            case .otherwise: throw conflict(change.app)
            case .locked(let other):
                guard lockID == nil, let id = other?.id else {
                    throw Failure.locked(change.app, by: other?.holder, waited: .zero)
                }
                lockID = id
            }
        }
    }

    private func keep(_ current: HTTPStateClient.Document?, of change: Change) throws {
        if let current, let serial = change.serial {
            try copies.keep(current.bytes, of: change.app, under: serial)
        } else {
            // So that this machine knows of the preview.
            _ = try setup.data.makeFolder(of: change.app)
        }
    }

    /// The failure of who would have overwritten what somebody else wrote.
    func conflict(_ app: String) -> Failure { .writeConflict(app, at: place(of: app)) }
}
