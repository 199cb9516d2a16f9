import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("Locks in a bucket of S3 are leases")
struct S3LockTests {
    private static let app = "shop-4f1c9a2e"
    private static let lockKey = "team/_preview/locks/shop-4f1c9a2e.json"
    private let ann = SimulatedWorld.makeHolder("lock-1")
    private let ben = SimulatedWorld.makeHolder("lock-2")

    /// A lease that its holder never takes for sure, so that it looks before each write.
    private static let doubtful = LeaseTiming(
        length: .seconds(1), renewal: .seconds(3600), poll: .milliseconds(5))

    private func lock(
        _ store: S3Store, _ holder: LockHolder, timeout: Duration = .zero
    ) async throws -> any StoreLock {
        try await store.lock(Self.app, for: holder, timeout: timeout) { _ in }
    }

    private func record(in bucket: FakeS3) throws -> LeaseRecord {
        try JSONReader.read(try #require(bucket[Self.lockKey])).decoded()
    }

    private func wait(until condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !condition() {
            try #require(ContinuousClock.now < deadline, "it never becomes true")
            await Task.yield()
        }
    }

    @Test(
        "who holds it, and its end by the bucket's clock, are in the object",
        arguments: [
            0, 86_400, -86_400,
        ])
    func clockDifference(ahead: Int) async throws {
        let bucket = try await FakeS3()
        bucket.setClock(ahead: ahead)
        let held = try await lock(bucket.store(), ann)
        let record = try record(in: bucket)
        #expect(record.holder == ann)
        let now = Timestamp(seconds: Int(Moment.unixMilliseconds / 1000) + ahead)
        #expect((now + 50...now + 61).contains(record.expires))
        let failure = try await failure { try await lock(bucket.store(), ben) }
        #expect(failure.code == .locked, "a clock that is off does not open it")
        await held.release()
        #expect(bucket[Self.lockKey] == nil)
    }

    @Test(
        "R-14: whoever lost a lease writes nothing more, and frees nothing",
        arguments: [
            true, false,
        ])
    func fencing(isBroken: Bool) async throws {
        let bucket = try await FakeS3()
        let first = try bucket.store(timing: Self.doubtful)
        // Its lease outlasts the test.
        let second = try bucket.store(timing: LeaseTiming(poll: .milliseconds(5)))
        let version = try await first.write([1], for: Self.app, replacing: nil, keeping: nil)
        let lost = try await lock(first, ann)
        let early = try await failure { try await lock(second, ben) }
        #expect(early.code == .locked)
        bucket.setClock(ahead: 60)
        if isBroken { try await second.breakLock(of: Self.app, heldBy: "lock-1") }
        let held = try await lock(second, ben)
        bucket.clear()
        let write = try await failure {
            try await first.write([2], for: Self.app, replacing: version, keeping: 1)
        }
        #expect(write.code == .lockLost && write.kind == .locked)
        let removal = try await failure { try await first.remove(Self.app) }
        #expect(removal.code == .lockLost)
        #expect(!bucket.requests.contains { $0.method != "GET" }, "nothing but a look")
        await lost.release()
        #expect(try await first.holder(of: Self.app) == ben)
        await held.release()
        // It may take part again.
        let again = try await lock(first, ann)
        _ = try await first.write([2], for: Self.app, replacing: version, keeping: 1)
        await again.release()
    }

    @Test("a lease that nobody took over goes on, also past its end: a machine that slept")
    func slept() async throws {
        let bucket = try await FakeS3()
        let store = try bucket.store(timing: Self.doubtful)
        let held = try await lock(store, ann)
        bucket.setClock(ahead: 3600)
        _ = try await store.write([1], for: Self.app, replacing: nil, keeping: nil)
        let other = try await failure { try await lock(bucket.store(), ben) }
        #expect(other.code == .locked, "the write renewed it")
        await held.release()
    }

    @Test("a holder renews its lease in the background, and notices when it is another's")
    func renewal() async throws {
        let bucket = try await FakeS3()
        let store = try bucket.store(
            timing: LeaseTiming(renewal: .milliseconds(2), poll: .milliseconds(5)))
        let held = try await lock(store, ann)
        try await wait { try record(in: bucket).renewals > 3 }
        let token = try record(in: bucket).token
        bucket[Self.lockKey] = JSONWriter.line(
            try JSONValue.encoding(
                LeaseRecord(
                    holder: ben, token: "other",
                    expires: Timestamp(seconds: Int(Moment.unixMilliseconds / 1000) + 60))))
        // Without a look at the lock by the write itself: the renewal sees it.
        try await wait {
            do {
                _ = try await store.write([1], for: Self.app, replacing: nil, keeping: nil)
                try await store.remove(Self.app)
                return false
            } catch let failure as Failure {
                #expect(failure.code == .lockLost)
                return true
            }
        }
        await held.release()
        #expect(try record(in: bucket).token == "other" && token != "other")
    }

    @Test("an outage shorter than the lease costs nothing; its answers may be lost, too")
    func outage() async throws {
        let bucket = try await FakeS3()
        let store = try bucket.store(
            retries: RetryPolicy(attempts: 1),
            timing: LeaseTiming(renewal: .milliseconds(2), poll: .milliseconds(5)))
        let held = try await lock(store, ann)
        for fault in [FakeS3.Fault.lost, .answerLost, .status(503, "SlowDown")] {
            let count = Locked(0)
            bucket.setFault { _ in
                count.withLock { $0 += 1 }
                return fault
            }
            try await wait { count.withLock(\.self) > 5 }
            bucket.setFault(nil)
            let before = try record(in: bucket).renewals
            try await wait { try record(in: bucket).renewals > before + 2 }
        }
        _ = try await store.write([1], for: Self.app, replacing: nil, keeping: nil)
        await held.release()
        #expect(try await store.holder(of: Self.app) == nil)
    }

    @Test("R-12: whatever single answer is lost while a lock is taken, it is taken once")
    func lostAnswers() async throws {
        for fault in [FakeS3.Fault.lost, .answerLost, .status(503, "SlowDown")] {
            for number in 1...6 {
                let bucket = try await FakeS3()
                bucket.setFault(fault, at: number)
                let held = try await lock(bucket.store(), ann)
                #expect(try await bucket.store().holder(of: Self.app) == ann)
                bucket.setFault(nil)
                await held.release()
                #expect(bucket[Self.lockKey] == nil)
            }
        }
    }

    @Test("R-44: a living lease is not broken, nor by a wrong id; one that has ended is")
    func breaking() async throws {
        let bucket = try await FakeS3()
        let store = try bucket.store()
        let nobody = try await failure {
            try await store.breakLock(of: Self.app, heldBy: "lock-1")
        }
        #expect(nobody.code == .nothingRecorded)
        let held = try await lock(store, ann)
        let alive = try await failure {
            try await bucket.store().breakLock(of: Self.app, heldBy: "lock-1")
        }
        #expect(alive.code == .holderAlive && alive.kind == .locked)
        #expect(alive.evidence.contains { $0.text.contains("lock-1") })
        bucket.setClock(ahead: 600)
        let stranger = try await failure {
            try await bucket.store().breakLock(of: Self.app, heldBy: "lock-9")
        }
        #expect(stranger.code == .usage)
        #expect(bucket[Self.lockKey] != nil)
        try await bucket.store().breakLock(of: Self.app, heldBy: "lock-1")
        #expect(bucket[Self.lockKey] == nil)
        await held.release()
    }

    @Test("who waits is told of the holder, gets the lock, and can give up")
    func waiting() async throws {
        let bucket = try await FakeS3()
        let held = try await lock(bucket.store(), ann)
        let told = Locked<[String?]>([])
        let task = Task {
            try await bucket.store().lock(Self.app, for: ben, timeout: .seconds(600)) { holder in
                told.withLock { $0.append(holder?.id) }
            }
        }
        try await wait { told.withLock { $0 == ["lock-1"] } }
        task.cancel()
        await #expect(throws: CancellationError.self) { _ = try await task.value }
        let late = try await failure {
            try await lock(bucket.store(), ben, timeout: .milliseconds(20))
        }
        #expect(late.code == .locked)
        await held.release()
    }

    @Test("a lock that cannot be read is not taken for none")
    func damagedLock() async throws {
        let bucket = try await FakeS3()
        bucket[Self.lockKey] = Array("{\"holder\":".utf8)
        let store = try bucket.store()
        let failure = try await failure { try await lock(store, ann) }
        #expect(failure.code == .stateDamaged)
        #expect(failure.evidence.contains { $0.text.contains(Self.lockKey) })
    }

    @Test("one of many who want it at once has it")
    func race() async throws {
        let bucket = try await FakeS3()
        let holders = (0..<12).map { SimulatedWorld.makeHolder("lock-\($0)") }
        let most = Locked((now: 0, most: 0, rounds: 0))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for holder in holders {
                group.addTask {
                    let held = try await lock(bucket.store(), holder, timeout: .seconds(60))
                    most.withLock {
                        $0.now += 1
                        $0.most = max($0.most, $0.now)
                        $0.rounds += 1
                    }
                    await Task.yield()
                    most.withLock { $0.now -= 1 }
                    await held.release()
                }
            }
            try await group.waitForAll()
        }
        #expect(most.withLock { $0.most == 1 && $0.rounds == 12 })
    }
}
