package import PreviewCore

/// One preview with everything outside of it simulated: same calls, same outcome.
package struct SimulatedWorld: Sendable {
    /// Counts what leaves the program, and stops it where a test says.
    package let effects: Effects
    /// The only provider there is.
    package let provider: SimulatedProvider
    /// The only repository there is.
    package let source: SimulatedSource
    /// Where the record is kept.
    package let store: SimulatedStore
    /// Empty until a test sets some.
    package let secrets: SimulatedSecrets
    /// What the runs in this world said.
    package let reporter = RecordingReporter()
    /// Stands still until a test moves it.
    package let clock: FixedClock
    /// Another sequence in each process.
    package let random: DeterministicRandom
    private let processes: UInt64

    /// Begins with an empty world, or goes back to what existed at an earlier moment.
    package init(_ snapshot: Snapshot = Snapshot(), provider name: ProviderName = .fly) {
        effects = Effects()
        clock = FixedClock()
        random = DeterministicRandom(seed: snapshot.processes)
        processes = snapshot.processes
        secrets = SimulatedSecrets()
        provider = SimulatedProvider(
            effects: effects,
            clock: clock,
            contents: snapshot.machines,
            name: name
        )
        source = SimulatedSource(effects: effects, branches: snapshot.branches)
        store = SimulatedStore(effects: effects, contents: snapshot.records)
    }

    /// What exists at one moment, outside of any process.
    package struct Snapshot: Hashable, Sendable {
        /// What exists at the provider.
        package var machines = SimulatedProvider.Contents()
        /// What is stored.
        package var records = SimulatedStore.Contents()
        /// Where the branches point.
        package var branches = ["main": SimulatedSource.commit(1)]
        /// How many processes there were: each has random bytes of its own.
        fileprivate var processes: UInt64 = 1

        package init() {}
    }

    /// What exists now; locks do not survive, as no process does.
    package func snapshot() async -> Snapshot {
        var snapshot = Snapshot()
        snapshot.machines = await provider.contents
        snapshot.records = await store.contents
        snapshot.branches = await source.branches
        snapshot.processes = processes + 1
        return snapshot
    }

    /// The ports as the core sees them.
    package var world: World {
        let (clock, random) = (clock, random)
        return World(
            provider: provider,
            source: source,
            secrets: secrets,
            reporter: reporter,
            now: { clock.now },
            uptime: { clock.uptime },
            random: { random.bytes($0) }
        )
    }

    /// Who the simulated preview is: branch `main` of acme/shop.
    package static let identity = PreviewIdentity(
        folder: "shop-4f1c9a2e",
        source: Digest.hex("github.com\nacme\nshop\nmain\n".utf8),
        user: "ann",
        host: "here",
        repository: "https://github.com/acme/shop",
        repositoryName: "acme/shop",
        branch: "main"
    )

    /// Its configuration, with every default.
    ///
    /// - Throws: only if the address above were none.
    package static func config() throws -> Config {
        Config(name: "shop", repository: try RepositoryReference.parse("acme/shop"))
    }

    /// The holder of this process's locks.
    package static let holder = makeHolder("run-1")

    /// A holder by its lock id.
    package static func makeHolder(_ id: String) -> LockHolder {
        LockHolder(
            id: id,
            user: "ann",
            host: "here",
            process: 4711,
            command: "preview apply",
            since: FixedClock().now
        )
    }

    /// What a run is asked; equal configurations have equal digests within one process.
    package static func request(_ config: Config) -> Applier.Request {
        Applier.Request(
            config: config,
            configDigest: Digest.hex(String(config.hashValue).utf8)
        )
    }

    /// The engine in this world.
    package func applier(_ approver: any Approver = ScriptedApprover.yes) -> Applier {
        Applier(
            world: world,
            store: store,
            approver: approver,
            holder: Self.holder,
            identity: Self.identity
        )
    }

    /// Runs everything that the configuration asks for.
    @discardableResult
    package func apply(
        _ config: Config,
        approver: any Approver = ScriptedApprover.yes
    ) async throws -> State {
        try await applier(approver).apply(Self.request(config))
    }

    /// The plan as it is now.
    package func plan(_ config: Config) async throws -> Plan {
        try await applier().plan(Self.request(config))
    }

    /// Takes everything away.
    @discardableResult
    package func destroy() async throws -> Destroyer.Receipt {
        try await Destroyer(world: world, store: store, holder: Self.holder)
            .destroy(Self.identity.folder, lockTimeout: .zero)
    }

    /// The recorded state, if there is one.
    package func state() async throws -> State? {
        try await StateRecord.load(
            Self.identity.folder,
            from: store,
            source: Self.identity.source
        )?.state
    }
}
