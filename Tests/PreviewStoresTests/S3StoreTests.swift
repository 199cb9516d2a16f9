import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("The store in a bucket of S3, against servers of other makes")
struct S3StoreTests {
    @Test("R-1, R-10, R-11, R-44: it does what every store must, through an outage as well")
    func memory() async throws {
        let bucket = try await FakeS3()
        try await StateStoreConformance(
            writers: 8, rounds: 5,
            outage: { isDown in bucket.setFault { _ in isDown ? .lost : nil } }
        ) {
            try bucket.store()
        }.run()
    }

    @Test(
        "and in SeaweedFS, with 50 writers of 20 writes each",
        .enabled(if: ServerProcess.isInstalled("weed"), "needs .ci/stores"))
    func seaweed() async throws {
        let server = try await S3Server.seaweed
        try await StateStoreConformance { try server.store(prefix: "conformance/") }.run()
    }

    @Test(
        "and in moto",
        .enabled(if: ServerProcess.isInstalled("moto_server"), "needs .ci/stores"))
    func moto() async throws {
        let server = try await S3Server.moto
        try await StateStoreConformance(writers: 8, rounds: 5) {
            try server.store(prefix: "conformance/")
        }.run()
    }

    @Test(
        "a server that ignores conditions is refused before anything is written to it",
        .enabled(if: ServerProcess.isInstalled("rclone"), "needs .ci/stores"))
    func rclone() async throws {
        let store = try await S3Server.rclone.store(prefix: "unsafe/")
        let failure = await #expect(throws: Failure.self) {
            _ = try await store.write(
                Array("{}".utf8), for: "shop-4f1c9a2e", replacing: nil, keeping: nil)
        }
        #expect(failure?.code == .storeUnsafe && failure?.kind == .refused)
        await #expect(throws: Failure.self) {
            _ = try await store.lock(
                "shop-4f1c9a2e", for: SimulatedWorld.makeHolder("lock-1"), timeout: .zero
            ) { _ in }
        }
        #expect(try await store.read("shop-4f1c9a2e") == nil)
        #expect(try await store.list() == [])
    }

    @Test(
        "R-11, R-14: a lease that is not renewed ends, is taken over, and fences its holder",
        .enabled(if: ServerProcess.isInstalled("weed"), "needs .ci/stores"))
    func lostLease() async throws {
        let server = try await S3Server.seaweed
        let app = "shop-4f1c9a2e"
        let timing = LeaseTiming(
            length: .seconds(1), renewal: .seconds(3600), grace: .zero, poll: .milliseconds(50))
        let first = try server.store(prefix: "lease/", timing: timing)
        // Its own lease outlasts the test.
        let second = try server.store(
            prefix: "lease/", timing: LeaseTiming(grace: .zero, poll: .milliseconds(50)))
        let lost = try await first.lock(
            app, for: SimulatedWorld.makeHolder("lock-1"), timeout: .zero
        ) { _ in }
        let held = try await second.lock(
            app, for: SimulatedWorld.makeHolder("lock-2"), timeout: .seconds(30)
        ) { _ in }
        let late = try await failure {
            try await first.write([1], for: app, replacing: nil, keeping: nil)
        }
        #expect(late.code == .lockLost)
        await lost.release()
        _ = try await second.write([2], for: app, replacing: nil, keeping: nil)
        #expect(try await second.holder(of: app)?.id == "lock-2")
        await held.release()
        #expect(try await first.holder(of: app) == nil)
        #expect(try await first.list() == [app])
    }

    @Test(
        "a wrong secret, an unknown key and an unknown bucket are told apart",
        .enabled(if: ServerProcess.isInstalled("weed"), "needs .ci/stores"))
    func wrongCredentials() async throws {
        let server = try await S3Server.seaweed
        let wrong = S3Server.environment.merging(["AWS_SECRET_ACCESS_KEY": "wrong"]) { $1 }
        let unknown = S3Server.environment.merging(["AWS_ACCESS_KEY_ID": "AKIDUNKNOWN"]) { $1 }
        for (environment, code) in [
            (wrong, "SignatureDoesNotMatch"), (unknown, "InvalidAccessKeyId"),
        ] {
            let store = try server.store(prefix: "denied/", environment: environment)
            let denied = try await failure { try await store.read("shop-4f1c9a2e") }
            #expect(denied.code == .storeDenied && denied.kind == .authentication)
            #expect(denied.evidence.contains { $0.text.contains(code) }, "\(denied)")
            #expect(denied.evidence.contains { $0.label == "request id" })
        }
        var settings = server.settings(prefix: "")
        settings["bucket"] = "another"
        let store = try S3Store(
            settings: settings, environment: S3Server.environment, home: "",
            network: HTTPNetwork())
        let missing = try await failure { try await store.read("shop-4f1c9a2e") }
        #expect(missing.code == .storeSettings && missing.message.contains("another"))
    }

    @Test(
        "what a prefix holds is signed and found again, page by page",
        .enabled(if: ServerProcess.isInstalled("weed"), "needs .ci/stores"),
        arguments: ["", "plain/", "a b/\u{e9}+%2F=&/", "team-"])
    func prefixes(prefix: String) async throws {
        let store = try await S3Server.seaweed.store(prefix: prefix)
        let names = (0..<3).map { "page-\($0)" }
        for name in names {
            let first = try await store.write([1], for: name, replacing: nil, keeping: nil)
            _ = try await store.write([2], for: name, replacing: first, keeping: 1)
        }
        #expect(try await Set(store.list()).isSuperset(of: names))
        for name in names {
            #expect(try await store.read(name)?.bytes == [2])
            #expect(try await store.kept(name).map(\.bytes) == [[1]])
            try await store.remove(name)
        }
        #expect(try await Set(store.list()).isDisjoint(with: names))
    }

    @Test(
        "a thousand records and some are listed and read to the last",
        .enabled(if: ServerProcess.isInstalled("weed"), "needs .ci/stores"))
    func pages() async throws {
        let store = try await S3Server.seaweed.store(prefix: "pages/")
        let names = (0..<1050).map { "shop-\(String(0x1000_0000 + $0, radix: 16))" }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for part in 0..<16 {
                group.addTask {
                    for name in names where (name.utf8.last ?? 0) % 16 == part {
                        _ = try await store.write(
                            Array(name.utf8), for: name, replacing: nil, keeping: nil)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await store.list().sorted() == names)
        let entries = try await store.read(all: names)
        for (app, stored) in entries { #expect(try stored.get()?.bytes == Array(app.utf8)) }
        #expect(Set(entries.map(\.app)) == Set(names))
    }
}
