import PreviewCore
import PreviewSystem
import Testing

// Many writers at once, a store that is away for a while, and bytes that are no record.
extension StateStoreConformance {
    /// How long all writers together may take.
    private static let patience = Duration.seconds(300)

    /// Every writer raises a counter by compare-and-swap, again after each conflict: one that was lost would
    /// be missing at the end.
    func losesNoWriteOfMany() async throws {
        let app = "conform-00000015"
        _ = try await open().write(count(0), for: app, replacing: nil, keeping: nil)
        let deadline = ContinuousClock.now + Self.patience
        try await withThrowingTaskGroup(of: Void.self) { [writers, rounds, open] group in
            for _ in 0..<writers {
                group.addTask {
                    let store = try await open()
                    for _ in 0..<rounds { try await raise(app, in: store, until: deadline) }
                }
            }
            try await group.waitForAll()
        }
        let last = try #require(try await open().read(app))
        #expect(last.bytes == count(writers * rounds), "nothing is lost")
    }

    private func count(_ number: Int) -> [UInt8] { Array("{\"serial\":\(number)}\n".utf8) }

    private func raise(
        _ app: String, in store: any StateStore, until deadline: ContinuousClock.Instant
    ) async throws {
        var longestPause = 2
        while ContinuousClock.now < deadline {
            let stored = try #require(try await store.read(app))
            let number = try #require(try JSONReader.read(stored.bytes)["serial"]?.int)
            do {
                _ = try await store.write(
                    count(number + 1), for: app, replacing: stored.version, keeping: number)
                return
            } catch let failure as Failure {
                // A store may need its lock for a write, and say that another writer has it.
                guard failure.code == .writeConflict || failure.code == .locked else {
                    throw failure
                }
                // Writers that come back together meet again.
                try await Task.sleep(for: .milliseconds(Int.random(in: 1...longestPause)))
                longestPause = min(longestPause * 2, 256)
            }
        }
        Issue.record("no writer may be kept from writing for ever")
    }

    /// A run that has the lock when the store goes away has an error that says so, and goes on from what
    /// is recorded when the store is back.
    func survivesAnOutage() async throws {
        guard let outage else { return }
        let (store, app) = (try await open(), "conform-00000016")
        let lock = try await store.lock(
            app, for: SimulatedWorld.makeHolder("lock-1"), timeout: .zero
        ) { _ in }
        let first = try await store.write(count(1), for: app, replacing: nil, keeping: nil)
        try await outage(true)
        await expect(.storeUnavailable) {
            _ = try await store.write(count(2), for: app, replacing: first, keeping: 1)
        }
        await expect(.storeUnavailable) { _ = try await store.read(app) }
        await expect(.storeUnavailable) {
            _ = try await open().lock(
                app, for: SimulatedWorld.makeHolder("lock-2"), timeout: .zero
            ) { _ in }
        }
        try await outage(false)
        #expect(try await store.read(app)?.bytes == count(1), "what was recorded is")
        _ = try await store.write(count(2), for: app, replacing: first, keeping: 1)
        await lock.release()
        #expect(try await open().read(app)?.bytes == count(2))
        #expect(try await open().holder(of: app) == nil)
    }

    /// What is no record is for the reader to judge: a store gives back what it has, and lets it be
    /// replaced.
    func givesBackAnyBytes() async throws {
        let (store, app) = (try await open(), "conform-00000017")
        var version: StoreVersion?
        let texts: [[UInt8]] = [
            Array("{\"format\":1,\"ser".utf8), [], Array(0...255), Array("null\r\n".utf8),
        ]
        for (serial, bytes) in texts.enumerated() {
            version = try await store.write(
                bytes, for: app, replacing: version, keeping: serial > 0 ? serial : nil)
            #expect(
                try await open().read(app)?.bytes == bytes, "empty is not absent, and all else is")
        }
        #expect(try await store.kept(app).map(\.bytes) == texts.dropLast().reversed())
        #expect(try await store.list().contains(app), "damaged ones are listed")
    }
}
