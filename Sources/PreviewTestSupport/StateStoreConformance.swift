package import PreviewCore
import PreviewSystem
import Testing

/// What every state store must do, whatever it keeps its bytes in: run it from the store's test.
///
/// Every check uses an app name of its own, so one empty storage serves for all.
package struct StateStoreConformance: Sendable {
    let open: @Sendable () async throws -> any StateStore
    let outage: (@Sendable (Bool) async throws -> Void)?
    let writers: Int
    let rounds: Int

    /// - Parameters:
    ///   - writers: how many raise one counter at the same time.
    ///   - rounds: how often each of them does.
    ///   - outage: takes the store away (`true`) and gives it back, where that can be done.
    ///   - open: opens the same storage once more, as another process would.
    package init(
        writers: Int = 50, rounds: Int = 20,
        outage: (@Sendable (Bool) async throws -> Void)? = nil,
        _ open: @escaping @Sendable () async throws -> any StateStore
    ) {
        self.open = open
        self.outage = outage
        self.writers = writers
        self.rounds = rounds
    }

    /// Runs every check.
    package func run() async throws {
        try await nothingIsThere()
        try await readsWhatWasWritten()
        try await createsOnce()
        try await refusesStaleWriters()
        try await keepsEarlierVersions()
        try await lets1WriterOfManyProceed()
        try await locksOutOthers()
        try await waitsForTheLock()
        try await keepsTheLockFromStrangers()
        try await locksOnlyOneApp()
        try await listsAndRemoves()
        try await losesNoWriteOfMany()
        try await survivesAnOutage()
        try await givesBackAnyBytes()
    }

    private func document(_ number: Int) -> [UInt8] {
        Array("{\"format\":1,\"serial\":\(number),\"text\":\"é/\\u0007\"}\n".utf8)
    }

    func expect(
        _ code: ErrorCode, _ body: () async throws -> Void
    ) async {
        let failure = await #expect(throws: Failure.self) { try await body() }
        #expect(failure?.code == code, "\(String(describing: failure))")
    }

    private func nothingIsThere() async throws {
        let store = try await open()
        let app = "conform-00000001"
        #expect(try await store.read(app) == nil)
        #expect(try await store.kept(app) == [])
        #expect(try await store.holder(of: app) == nil)
        #expect(try await !store.list().contains(app))
        // Asking leaves no trace.
        #expect(try await store.read(app) == nil)
    }

    private func readsWhatWasWritten() async throws {
        let (store, other) = (try await open(), try await open())
        let app = "conform-00000002"
        let version = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
        let stored = try #require(try await other.read(app))
        #expect(stored.bytes == document(1) && stored.version == version)
        let next = try await other.write(document(2), for: app, replacing: version, keeping: 1)
        #expect(try await store.read(app) == StoredBytes(bytes: document(2), version: next))
        #expect(next != version)
    }

    private func createsOnce() async throws {
        let store = try await open()
        let app = "conform-00000003"
        _ = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
        await expect(.writeConflict) {
            _ = try await open().write(document(2), for: app, replacing: nil, keeping: nil)
        }
        #expect(try await store.read(app)?.bytes == document(1))
        #expect(try await store.kept(app) == [])
    }

    private func refusesStaleWriters() async throws {
        let (store, other) = (try await open(), try await open())
        let app = "conform-00000004"
        let first = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
        let second = try await store.write(document(2), for: app, replacing: first, keeping: 1)
        await expect(.writeConflict) {
            _ = try await other.write(document(3), for: app, replacing: first, keeping: 1)
        }
        #expect(try await other.read(app)?.bytes == document(2))
        #expect(try await other.kept(app).map(\.bytes) == [document(1)])
        _ = try await other.write(document(3), for: app, replacing: second, keeping: 2)
        await expect(.writeConflict) {
            _ = try await other.write(
                document(4), for: "conform-00000005", replacing: first, keeping: 1)
        }
    }

    private func keepsEarlierVersions() async throws {
        let store = try await open()
        let app = "conform-00000006"
        var version = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
        for serial in 2...8 {
            version = try await store.write(
                document(serial), for: app, replacing: version, keeping: serial - 1)
        }
        let kept = try await open().kept(app)
        #expect(kept.map(\.serial) == [7, 6, 5, 4, 3], "newest first, five")
        #expect(kept.map(\.bytes) == [7, 6, 5, 4, 3].map(document))
        #expect(kept.allSatisfy { !$0.place.isEmpty })
    }

    private func lets1WriterOfManyProceed() async throws {
        let store = try await open()
        let app = "conform-00000007"
        let first = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
        let open = open
        let outcomes = await withTaskGroup(of: ErrorCode?.self) { group in
            for writer in 0..<8 {
                let bytes = document(100 + writer)
                group.addTask {
                    do {
                        _ = try await open().write(bytes, for: app, replacing: first, keeping: 1)
                        return nil
                    } catch {
                        return (error as? Failure)?.code ?? .internalError
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.count { $0 == nil } == 1, "\(outcomes)")
        #expect(outcomes.count { $0 == .writeConflict } == 7, "\(outcomes)")
        #expect(try await store.kept(app).map(\.bytes) == [document(1)])
    }

    private func locksOutOthers() async throws {
        let (store, other) = (try await open(), try await open())
        let app = "conform-00000008"
        let holder = SimulatedWorld.makeHolder("lock-1")
        let lock = try await store.lock(app, for: holder, timeout: .zero) { _ in }
        #expect(try await other.holder(of: app) == holder)
        let failure = await #expect(throws: Failure.self) {
            _ = try await other.lock(
                app, for: SimulatedWorld.makeHolder("lock-2"), timeout: .zero
            ) { _ in }
        }
        #expect(failure?.code == .locked && failure?.kind == .locked)
        let said = "\(String(describing: failure))"
        #expect(said.contains("lock-1") && said.contains("ann"), "who holds it: \(said)")
        let version = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
        #expect(try await other.read(app)?.version == version, "readers need no lock")
        await lock.release()
        await lock.release()
        #expect(try await other.holder(of: app) == nil)
        let next = try await other.lock(
            app, for: SimulatedWorld.makeHolder("lock-2"), timeout: .zero
        ) { _ in }
        #expect(try await store.holder(of: app)?.id == "lock-2")
        await lock.release()
        #expect(try await store.holder(of: app)?.id == "lock-2", "an old release frees nothing")
        await next.release()
    }

    private func waitsForTheLock() async throws {
        let (store, other) = (try await open(), try await open())
        let app = "conform-00000009"
        let lock = try await store.lock(
            app, for: SimulatedWorld.makeHolder("lock-1"), timeout: .zero
        ) { _ in }
        let told = Locked<[String?]>([])
        async let waiting = other.lock(
            app, for: SimulatedWorld.makeHolder("lock-2"), timeout: .seconds(60)
        ) { holder in told.withLock { $0.append(holder?.id) } }
        let deadline = ContinuousClock.now + .seconds(30)
        while told.withLock(\.isEmpty), ContinuousClock.now < deadline { await Task.yield() }
        await lock.release()
        await (try waiting).release()
        #expect(told.withLock { $0.first } == "lock-1", "whoever waits is told whom it waits for")
    }

    private func keepsTheLockFromStrangers() async throws {
        let (store, other) = (try await open(), try await open())
        let app = "conform-00000010"
        let lock = try await store.lock(
            app, for: SimulatedWorld.makeHolder("lock-1"), timeout: .zero
        ) { _ in }
        await #expect(throws: Failure.self) {
            try await other.breakLock(of: app, heldBy: "lock-of-nobody")
        }
        #expect(try await store.holder(of: app)?.id == "lock-1")
        await lock.release()
        await #expect(throws: Failure.self) { try await other.breakLock(of: app, heldBy: "lock-1") }
    }

    private func locksOnlyOneApp() async throws {
        let store = try await open()
        let names = ["conform-00000011", "conform-00000012"]
        var locks: [any StoreLock] = []
        for name in names {
            locks.append(
                try await store.lock(
                    name, for: SimulatedWorld.makeHolder(name), timeout: .zero
                ) { _ in })
        }
        for lock in locks { await lock.release() }
    }

    private func listsAndRemoves() async throws {
        let (store, other) = (try await open(), try await open())
        let names = ["conform-00000013", "conform-00000014"]
        for name in names {
            let first = try await store.write(document(1), for: name, replacing: nil, keeping: nil)
            _ = try await store.write(document(2), for: name, replacing: first, keeping: 1)
        }
        #expect(try await Set(other.list()).isSuperset(of: names))
        try await other.remove(names[0])
        #expect(try await !store.list().contains(names[0]))
        #expect(try await store.read(names[0]) == nil)
        #expect(try await store.kept(names[0]) == [], "nothing is left that reads as damage")
        #expect(try await store.read(names[1])?.bytes == document(2))
        try await other.remove(names[0])
        _ = try await store.write(document(1), for: names[0], replacing: nil, keeping: nil)
    }
}
