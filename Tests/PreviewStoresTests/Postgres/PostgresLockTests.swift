import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite(
    "Locks in PostgreSQL", .enabled(if: PostgresServer.isAvailable, PostgresServer.needed))
struct PostgresLockTests {
    private let app = "shop-4f1c9a2e"

    /// Two stores with one database, in which a lease can be made to have ended.
    private struct Pair {
        let first: PostgresStore
        let second: PostgresStore
        let server: PostgresServer
        let database: String

        init(lease: Duration = .seconds(30)) async throws {
            server = try await PostgresServer.shared
            database = try await server.makeDatabase()
            let settings = ["url": server.url(database)]
            first = try PostgresStore(settings: settings, lease: lease)
            second = try PostgresStore(settings: settings, lease: lease)
        }

        func endLeases() async throws {
            try await server.run(
                "UPDATE machine_setup_locks SET expires_at = now() - interval '1 second'",
                in: database)
        }

        func expiry() async throws -> String? {
            try await server.run(
                "SELECT extract(epoch FROM expires_at) FROM machine_setup_locks", in: database
            ).first
        }
    }

    private func lock(
        _ store: PostgresStore, _ id: String
    ) async throws -> any StoreLock {
        try await store.lock(app, for: SimulatedWorld.makeHolder(id), timeout: .zero) { _ in }
    }

    private func expect(_ code: ErrorCode, _ body: () async throws -> Void) async {
        let failure = await #expect(throws: Failure.self) { try await body() }
        #expect(failure?.code == code, "\(String(describing: failure))")
    }

    @Test("R-14: who lost the lock to another writes and removes nothing more")
    func fenced() async throws {
        let pair = try await Pair()
        let (first, second) = (pair.first, pair.second)
        let lost = try await lock(first, "lock-1")
        let version = try await first.write([1], for: app, replacing: nil, keeping: nil)
        await expect(.locked) { _ = try await lock(second, "lock-2") }
        try await pair.endLeases()
        let taken = try await lock(second, "lock-2")
        await expect(.lockLost) {
            _ = try await first.write([2], for: app, replacing: version, keeping: 1)
        }
        await expect(.lockLost) { try await first.remove(app) }
        #expect(try await second.read(app)?.bytes == [1])
        let next = try await second.write([3], for: app, replacing: version, keeping: 1)
        await lost.release()
        #expect(try await first.holder(of: app)?.id == "lock-2", "an old release frees nothing")
        await taken.release()
        _ = try await first.write([4], for: app, replacing: next, keeping: 2)
    }

    @Test("R-44: a lock whose holder lives is not broken; one that ended is, and its holder fenced")
    func broken() async throws {
        let pair = try await Pair()
        let (first, second) = (pair.first, pair.second)
        let lost = try await lock(first, "lock-1")
        await expect(.holderAlive) { try await second.breakLock(of: app, heldBy: "lock-1") }
        try await pair.endLeases()
        #expect(try await second.holder(of: app) == nil)
        await expect(.nothingRecorded) { try await second.breakLock(of: app, heldBy: "lock-9") }
        try await second.breakLock(of: app, heldBy: "lock-1")
        await expect(.lockLost) {
            _ = try await first.write([1], for: app, replacing: nil, keeping: nil)
        }
        #expect(try await second.read(app) == nil)
        await lost.release()
    }

    @Test("R-14: who comes back late and finds that nobody had the lock goes on")
    func late() async throws {
        let pair = try await Pair()
        let held = try await lock(pair.first, "lock-1")
        try await pair.endLeases()
        _ = try await pair.first.write([1], for: app, replacing: nil, keeping: nil)
        await held.release()
        #expect(try await pair.expiry() == nil)
    }

    @Test("a holder that lives keeps its lock beyond the lease, and gives it back at the end")
    func renewed() async throws {
        let pair = try await Pair(lease: .milliseconds(600))
        let held = try await lock(pair.first, "lock-1")
        let start = try #require(try await pair.expiry().flatMap { Double($0) })
        try await eventually("the lease is renewed several times") {
            let now = try #require(try await pair.expiry().flatMap { Double($0) })
            return now > start + 1.2
        }
        #expect(try await pair.second.holder(of: app)?.id == "lock-1")
        await held.release()
        #expect(try await pair.second.holder(of: app) == nil)
    }

    @Test("R-11: a lock whose holder is gone is free when its lease ends, without anybody's help")
    func gone() async throws {
        let pair = try await Pair()
        let held = try await lock(pair.first, "lock-1")
        let waiting = Task {
            try await pair.second.lock(
                app, for: SimulatedWorld.makeHolder("lock-2"), timeout: .seconds(60)
            ) { _ in }
        }
        try await pair.endLeases()
        await (try waiting.value).release()
        await held.release()
    }

    @Test(
        "a run that is cancelled while it waits for the lock stops waiting; one that has it frees it"
    )
    func cancelled() async throws {
        let pair = try await Pair()
        let held = try await lock(pair.first, "lock-1")
        let isTold = Locked(false)
        let waiting = Task {
            try await pair.second.lock(
                app, for: SimulatedWorld.makeHolder("lock-2"), timeout: .seconds(600)
            ) { _ in isTold.withLock { $0 = true } }
        }
        try await eventually("it waits") { isTold.withLock(\.self) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { _ = try await waiting.value }
        let release = Task {
            await Task.yield()
            await held.release()
        }
        release.cancel()
        await release.value
        #expect(try await pair.second.holder(of: app) == nil)
    }
}
