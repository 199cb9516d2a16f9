import Glibc
import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("The store in a bucket of S3, when something goes wrong")
struct S3FaultTests {
    private static let app = "shop-4f1c9a2e"
    private static let record = "team/shop-4f1c9a2e/state.json"

    private func document(_ serial: Int) -> [UInt8] { Array("{\"serial\":\(serial)}\n".utf8) }

    /// A bucket with a record of serial 2, whose first version is kept.
    private func prepared() async throws -> (FakeS3, StoreVersion) {
        let bucket = try await FakeS3()
        let store = try bucket.store()
        let first = try await store.write(
            document(1), for: Self.app, replacing: nil, keeping: nil)
        let second = try await store.write(
            document(2), for: Self.app, replacing: first, keeping: 1)
        bucket.clear()
        return (bucket, second)
    }

    @Test("R-12: whatever single answer of a write is lost or refused for a while, it is done once")
    func anyAnswer() async throws {
        let faults: [FakeS3.Fault] = [
            .lost, .answerLost, .status(503, "SlowDown"), .status(500, "InternalError"),
        ]
        for fault in faults {
            for number in 1...8 {
                let (bucket, second) = try await prepared()
                let store = try bucket.store()
                bucket.setFault(fault, at: number)
                let third = try await store.write(
                    document(3), for: Self.app, replacing: second, keeping: 2)
                bucket.setFault(nil)
                let stored = try await store.read(Self.app)
                #expect(stored == StoredBytes(bytes: document(3), version: third))
                #expect(try await store.kept(Self.app).map(\.serial) == [2, 1])
                #expect(try await store.kept(Self.app).map(\.bytes) == [document(2), document(1)])
            }
        }
    }

    @Test("the same for a record that is new")
    func anyAnswerOfFirst() async throws {
        for fault in [FakeS3.Fault.lost, .answerLost, .status(503, "SlowDown")] {
            for number in 1...4 {
                let bucket = try await FakeS3()
                let store = try bucket.store()
                bucket.setFault(fault, at: number)
                let version = try await store.write(
                    document(1), for: Self.app, replacing: nil, keeping: nil)
                let stored = try await store.read(Self.app)
                #expect(stored == StoredBytes(bytes: document(1), version: version))
            }
        }
    }

    @Test(
        "R-1: wherever a write stops, the old record is there or the new one, and what it replaced")
    func stoppedAnywhere() async throws {
        var endings: Set<[UInt8]> = []
        for fault in [FakeS3.Fault.lost, .answerLost] {
            for number in 1...7 {
                let (bucket, second) = try await prepared()
                // Nothing reaches the bucket any more from the n-th request on.
                let count = Locked(0)
                bucket.setFault { _ in
                    let now = count.withLock {
                        $0 += 1; return $0
                    }
                    return now < number ? nil : now == number ? fault : .lost
                }
                let store = try bucket.store(retries: RetryPolicy(attempts: 1))
                // Whether it says so or not is the other tests' matter.
                _ = try? await store.write(
                    document(3), for: Self.app, replacing: second, keeping: 2)
                bucket.setFault(nil)
                let stored = try #require(try await bucket.store().read(Self.app))
                let kept = try await bucket.store().kept(Self.app)
                #expect([document(2), document(3)].contains(stored.bytes))
                #expect(kept.contains { $0.bytes == document(1) })
                if stored.bytes == document(3) {
                    #expect(kept.map(\.bytes) == [document(2), document(1)])
                }
                endings.insert(stored.bytes)
            }
        }
        #expect(endings.count == 2, "both ends were seen")
    }

    @Test("a write that comes too late changes nothing, not even when its answer is lost")
    func lateWriter() async throws {
        for fault in [FakeS3.Fault.answerLost, .status(409, "ConditionalRequestConflict")] {
            let (bucket, second) = try await prepared()
            let late = try bucket.store()
            _ = try await late.read(Self.app)
            let third = try await bucket.store().write(
                document(3), for: Self.app, replacing: second, keeping: 2)
            bucket.setFault { request in
                request.method == "PUT" && request.path.hasSuffix("state.json")
                    && bucket.requests.count % 2 == 0 ? fault : nil
            }
            let failure = try await failure {
                try await late.write(
                    document(4), for: Self.app, replacing: second, keeping: 2)
            }
            #expect(failure.code == .writeConflict && failure.kind == .locked)
            bucket.setFault(nil)
            #expect(try await late.read(Self.app)?.version == third)
            #expect(try await late.kept(Self.app).map(\.bytes) == [document(2), document(1)])
        }
    }

    @Test("R-42: a late writer leaves nothing of a record that was removed")
    func removedMeanwhile() async throws {
        let (bucket, second) = try await prepared()
        let late = try bucket.store()
        _ = try await late.read(Self.app)
        try await bucket.store().remove(Self.app)
        let failure = try await failure {
            try await late.write(document(3), for: Self.app, replacing: second, keeping: 2)
        }
        #expect(failure.code == .writeConflict)
        #expect(bucket.keys == ["team/_preview/probe.json"])
    }

    @Test("a bucket that is busy for long, silent or slow is unavailable, with what it said")
    func unavailable() async throws {
        let (bucket, _) = try await prepared()
        bucket.setFault { _ in .status(503, "SlowDown") }
        let busy = try await failure { try await bucket.store().read(Self.app) }
        #expect(busy.code == .storeUnavailable && busy.kind == .failed)
        #expect(bucket.requests.count == 4, "asked again, and not for ever")
        #expect(busy.evidence.contains { $0.text.contains("SlowDown") })
        bucket.setFault { _ in .lost }
        let silent = try await failure { try await bucket.store().read(Self.app) }
        #expect(silent.code == .storeUnavailable)
        let isOver = Locked(false)
        bucket.setFault { _ in
            while !isOver.withLock(\.self) { usleep(1000) }
            return nil
        }
        let slow = try await failure {
            try await bucket.store(retries: RetryPolicy(timeLimit: .milliseconds(200)))
                .read(Self.app)
        }
        isOver.withLock { $0 = true }
        #expect(slow.code == .storeUnavailable, "\(slow)")
    }

    @Test(
        "a refusal keeps S3's code and the request's name",
        arguments: [
            (403, "AccessDenied", ErrorCode.storeDenied),
            (403, "SignatureDoesNotMatch", .storeDenied),
            (403, "RequestTimeTooSkewed", .storeDenied), (400, "ExpiredToken", .storeDenied),
            (404, "NoSuchBucket", .storeSettings), (301, "PermanentRedirect", .storeSettings),
            (400, "InvalidBucketName", .storeSettings), (501, "NotImplemented", .storeUnsafe),
            (404, "", .storeSettings),
        ])
    func refusals(status: Int, code: String, expected: ErrorCode) async throws {
        let (bucket, second) = try await prepared()
        bucket.setFault { _ in .status(status, code) }
        let failures = [
            try await failure { try await bucket.store().read(Self.app) },
            try await failure { try await bucket.store().list() },
            try await failure {
                try await bucket.store().write(
                    document(3), for: Self.app, replacing: second, keeping: 2)
            },
        ]
        for failure in failures {
            #expect(failure.code == expected && failure.fix?.isEmpty == false)
            let evidence = failure.evidence.map(\.text).joined(separator: " ")
            #expect(evidence.contains(code) && evidence.contains("REQUEST1"), "\(evidence)")
        }
    }

    @Test("another region is named")
    func region() async throws {
        let (bucket, _) = try await prepared()
        bucket.setFault { _ in
            .answer(
                status: 400,
                body: """
                    <Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>
                    """)
        }
        let failure = try await failure { try await bucket.store().read(Self.app) }
        #expect(failure.fix?.contains("region: eu-west-1") == true)
    }

    @Test("a page that says 404 is not the absence of a record")
    func foreignPage() async throws {
        let (bucket, _) = try await prepared()
        bucket.setFault { _ in .answer(status: 404, body: "<html><body>Not Found<br></html>") }
        let failure = try await failure { try await bucket.store().read(Self.app) }
        #expect(failure.code == .storeSettings)
    }

    @Test(
        "lists that are cut, endless, hostile or no lists are no empty stores",
        arguments: [
            "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>team/a/sta",
            "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
            "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><ListBucketResult>&b;</ListBucketResult>",
            "<ListBucketResult>&unknown;</ListBucketResult>",
            "<ListBucketResult></ListBucketResult><more/>",
            "<ListBucketResult></Other>", "<html>hello</html>", "", "{}",
            String(repeating: "<a>", count: 100_000),
        ])
    func badLists(text: String) async throws {
        let bucket = try await FakeS3()
        bucket.setFault { _ in .answer(status: 200, body: text) }
        let failure = try await failure { try await bucket.store().list() }
        #expect(failure.code == .storeUnavailable)
    }

    @Test("a list that goes on with the same token ends")
    func endlessList() async throws {
        let bucket = try await FakeS3()
        bucket.setFault { _ in
            .answer(
                status: 200,
                body: """
                    <ListBucketResult><IsTruncated>true</IsTruncated>\
                    <NextContinuationToken>x</NextContinuationToken></ListBucketResult>
                    """)
        }
        let failure = try await failure { try await bucket.store().list() }
        #expect(failure.code == .storeUnavailable && bucket.requests.count == 2)
    }

    @Test("a list of many pages is read to its end; what is no record is left out")
    func pages() async throws {
        let bucket = try await FakeS3()
        bucket.setPageSize(100)
        let names = (0..<730).map { "shop-\(String(0x1000_0000 + $0, radix: 16))" }
        for name in names {
            bucket["team/\(name)/state.json"] = document(2)
            bucket["team/\(name)/versions/1.json"] = document(1)
        }
        bucket["team/_preview/locks/shop-1.json"] = [1]
        bucket["team/readme.txt"] = [1]
        bucket["team/A &amp; B/x"] = [1]
        bucket["other/shop-2/state.json"] = [1]
        let store = try bucket.store()
        #expect(try await store.list().sorted() == names)
        #expect(bucket.requests.count == 8)
        let entries = try await store.read(all: names)
        #expect(entries.map(\.app).sorted() == names)
        for entry in entries { #expect(try entry.stored.get()?.bytes == document(2)) }
    }

    @Test("of a fleet, what cannot be read is told beside what can")
    func partOfFleet() async throws {
        let bucket = try await FakeS3()
        for name in ["a-1", "b-1"] { bucket["team/\(name)/state.json"] = document(1) }
        bucket.setFault { $0.path.contains("b-1") ? .status(403, "AccessDenied") : nil }
        let entries = try await bucket.store().read(all: ["a-1", "b-1", "c-1"])
        for (app, stored) in entries {
            switch (app, stored) {
            case ("a-1", .success(let stored?)): #expect(stored.bytes == document(1))
            case ("b-1", .failure(let failure)): #expect(failure.code == .storeDenied)
            case ("c-1", .success(nil)): break
            default: Issue.record("\(app): \(stored)")
            }
        }
        #expect(entries.count == 3)
    }

    @Test("a save and the release of a lock are done in a task that was cancelled, too")
    func cancelled() async throws {
        let (bucket, second) = try await prepared()
        let store = try bucket.store()
        let lock = try await store.lock(
            Self.app, for: SimulatedWorld.makeHolder("lock-1"), timeout: .zero
        ) { _ in }
        let next = document(3)
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            _ = try await store.write(next, for: Self.app, replacing: second, keeping: 2)
            await lock.release()
        }
        task.cancel()
        try await task.value
        #expect(bucket[Self.record] == next)
        #expect(try await store.holder(of: Self.app) == nil)
        #expect(!bucket.keys.contains { $0.contains("locks") })
    }
}
