import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite(
    "Trouble with PostgreSQL", .enabled(if: PostgresServer.isAvailable, PostgresServer.needed))
struct PostgresTroubleTests {
    private let app = "shop-4f1c9a2e"

    @Test(
        "a server that goes away in the middle of a step keeps the attempt, and the next run ends it"
    )
    func outage() async throws {
        let server = try await PostgresServer()
        let database = try await server.makeDatabase()
        let store = try PostgresStore(settings: ["url": server.url(database)])
        let simulated = SimulatedWorld()
        let applier = Applier(
            world: simulated.world, store: store, approver: ScriptedApprover.yes,
            holder: SimulatedWorld.holder, identity: SimulatedWorld.identity)
        let request = SimulatedWorld.request(try SimulatedWorld.config())
        await simulated.provider.setHook { call, moment in
            if call == .allocate, moment == .after { try await server.stop() }
        }
        let failure = await #expect(throws: Failure.self) { try await applier.apply(request) }
        #expect(failure?.code == .storeUnavailable)
        #expect("\(String(describing: failure))".contains(server.folder), "which server it is")

        await simulated.provider.setHook { _, _ in }
        try await server.start()
        let folder = SimulatedWorld.identity.folder
        let kept = try await StateRecord.load(folder, from: store)
        #expect(kept?.state[.machine].attempt?.open == true)
        // Nobody could give the lock back: it ends by itself, which is not waited for here.
        try await server.run(
            "UPDATE machine_setup_locks SET expires_at = now() - interval '1 second'",
            in: database)
        let state = try await applier.apply(request)
        #expect(Session(of: state, isLocked: false).overallStatus == .completed)
        #expect(await simulated.provider.contents.machines.count == 1)
        #expect(try await applier.plan(request).steps.allSatisfy { !$0.action.runs })
        #expect(try await store.holder(of: folder) == nil)
    }

    @Test("a connection that the server closed while nobody looked is replaced without a word")
    func closedConnection() async throws {
        let server = try await PostgresServer()
        let store = try await server.makeStore()
        let version = try await store.write([1], for: app, replacing: nil, keeping: nil)
        try await server.run(
            """
            SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
            """)
        _ = try await store.write([2], for: app, replacing: version, keeping: 1)
        #expect(try await store.read(app)?.bytes == [2])
    }

    @Test("R-16: a write that the database holds up ends within seconds of being cancelled")
    func heldUp() async throws {
        let server = try await PostgresServer.shared
        let database = try await server.makeDatabase()
        let store = try PostgresStore(settings: ["url": server.url(database)])
        let version = try await store.write([1], for: app, replacing: nil, keeping: nil)
        let isOver = Locked(false)
        let blocker = PostgresClient(try PostgresAddress(server.url(database)))
        let blocking = Task {
            try await blocker.use { connection throws(PostgresFailure) in
                try connection.runAll("BEGIN; LOCK TABLE machine_setup_sessions")
                while !isOver.withLock(\.self) { _ = try connection.run("SELECT '1'") }
                try connection.runAll("ROLLBACK")
            }
        }
        let waits = """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = '\(database)' AND wait_event_type = 'Lock'
            """
        let locks = """
            SELECT count(*) FROM pg_locks
            WHERE mode = 'AccessExclusiveLock'
                AND database = (SELECT oid FROM pg_database WHERE datname = '\(database)')
            """
        try await eventually("the table is locked") { try await server.run(locks) == ["1"] }
        let write = Task {
            try await store.write([2], for: app, replacing: version, keeping: 1)
        }
        try await eventually("it is held up") { try await server.run(waits) == ["1"] }
        let start = ContinuousClock.now
        write.cancel()
        let failure = await #expect(throws: Failure.self) { _ = try await write.value }
        #expect(failure?.code == .storeUnavailable)
        #expect(ContinuousClock.now - start < .seconds(8))
        try await eventually("the server was asked to give it up") {
            try await server.run(waits) == ["0"]
        }
        isOver.withLock { $0 = true }
        try await blocking.value
        #expect(try await store.read(app)?.bytes == [1])
    }

    @Test("a save under way is not cut off by a cancellation: it has the time that it takes")
    func savedAtTheEnd() async throws {
        let store = try await PostgresServer.shared.makeStore()
        let app = app
        let save = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await store.write([1], for: app, replacing: nil, keeping: nil)
        }
        let version = try await save.value
        #expect(try await store.read(app) == StoredBytes(bytes: [1], version: version))
    }

    @Test("a server that takes connections and says nothing is given up when the time is over")
    func silence() async throws {
        let loop = EventLoop()
        let listener = try Listener.tcp(.loopback(port: 0), on: loop)
        defer { listener.close() }
        let url = "postgres://ann@127.0.0.1:\(listener.port)/previews?connect_timeout=1"
        let store = try PostgresStore(settings: ["url": url])
        let start = ContinuousClock.now
        let failure = await #expect(throws: Failure.self) { _ = try await store.list() }
        #expect(failure?.code == .storeUnavailable && failure?.kind == .failed)
        #expect(ContinuousClock.now - start < .seconds(8))
    }

    @Test("a database that does not exist, and a server that does not, are told apart")
    func nobodyThere() async throws {
        let server = try await PostgresServer.shared
        let missing = try PostgresStore(settings: ["url": server.url("no_such_database")])
        let failure = await #expect(throws: Failure.self) { _ = try await missing.list() }
        #expect(failure?.code == .storeSettings)
        #expect(failure?.evidence.contains(.init("SQLSTATE", "3D000")) == true)
        let url = "postgres://ann@/previews?host=\(server.folder)/nobody"
        let nobody = try PostgresStore(settings: ["url": url])
        let trouble = await #expect(throws: Failure.self) { _ = try await nobody.list() }
        #expect(trouble?.code == .storeUnavailable)
    }

    @Test(
        "an address that cannot be used is exit 65 before anything is sent",
        arguments: [
            "", "mysql://ann@db/previews", "postgres://ann@[::1/previews",
            "postgres://ann@db:port/previews", "postgres://ann@db/x?sslmode=maybe",
            "postgres://ann@db/x?no_such_option=1", "postgres://ann@db/x?sslmode",
        ])
    func unusable(url: String) {
        let failure = #expect(throws: Failure.self) {
            _ = try PostgresStore(settings: ["url": url])
        }
        #expect(failure?.code == .storeSettings && failure?.kind == .invalidConfig)
    }

    @Test(
        "no part of a password is in what is said, however the address is written",
        arguments: [
            "postgres://ann:c4n4ry@127.0.0.1:1/x", "postgres://ann:c4n4ry%21@127.0.0.1:1/x",
            "postgres://ann:pw@c4n4ry@127.0.0.1:1/x", "postgres://ann:c4n4ry/pw@127.0.0.1:1/x",
            "postgres://ann:pw:c4n4ry@[::1/x", "postgres://ann@127.0.0.1:1/x?password=c4n4ry",
            "postgres://ann:c4n4ry@127.0.0.1:1/x?sslmode", "postgres://ann:a#c4n4ry@[::/x",
        ])
    func passwords(url: String) async throws {
        let failure = await #expect(throws: Failure.self) {
            let store = try PostgresStore(settings: ["url": url + (url.contains("?") ? "&" : "?")])
            #expect(!store.place.contains("c4n4ry"))
            _ = try await store.list()
        }
        #expect(
            !"\(String(describing: failure))".contains("c4n4ry"), "\(String(describing: failure))")
    }
}
