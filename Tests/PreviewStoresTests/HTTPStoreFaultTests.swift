import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite(
    "The store http when something goes wrong",
    .enabled(if: StateServer.python != nil, "needs python3")
)
struct HTTPStoreFaultTests {
    private let app = "shop-4f1c9a2e"

    private func expect(
        _ code: ErrorCode, _ body: () async throws -> Void
    ) async -> Failure? {
        let failure = await #expect(throws: Failure.self) { try await body() }
        #expect(failure?.code == code, "\(String(describing: failure))")
        return failure
    }

    @Test(
        "R-5: a write whose answer was lost is resolved by reading back, done or not",
        arguments: ["strong", "none"], ["lost", "refused"])
    func lostWrite(tags: String, kind: JSONValue) async throws {
        try await StateServer.run(["--tags", tags]) { server in
            let store = try server.store()
            let first = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
            let second = try await store.write(document(2), for: app, replacing: first, keeping: 1)
            for count in 1...3 {
                // The last time every try is lost.
                let faults = (0..<count).map { _ in ("POST", kind) }
                try await server.plan(faults)
                let version = try #require(try await store.read(app)?.version)
                let next = document(2 + count)
                do {
                    _ = try await store.write(
                        next, for: app, replacing: version, keeping: 1 + count)
                    #expect(try await server.document(app) == next)
                } catch let failure as Failure {
                    #expect(count == 3 && kind == "refused", "\(failure)")
                    #expect(failure.code == .storeUnavailable)
                    #expect(try await server.document(app) == document(4), "nothing was written")
                }
            }
            #expect(second != first)
            #expect(try await store.kept(app).first?.serial == 4)
        }
    }

    @Test("a server in trouble, or one that is too slow, is unavailable, and nothing is changed")
    func outage() async throws {
        try await StateServer.run(["--tags=strong"]) { server in
            let store = try server.store { $0.patience = .milliseconds(300) }
            let version = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
            for kind: JSONValue in [500, 503, "slow"] {
                try await server.plan([("GET", kind), ("GET", kind), ("GET", kind)])
                _ = await expect(.storeUnavailable) { _ = try await store.read(app) }
            }
            try await server.plan([("POST", 502), ("POST", 502), ("POST", 502)])
            let failure = await expect(.storeUnavailable) {
                _ = try await store.write(document(2), for: app, replacing: version, keeping: 1)
            }
            #expect(failure?.kind == .failed)
            #expect(failure?.evidence.contains { $0.text == "status 502" } == true)
            #expect(try await store.read(app)?.bytes == document(1))
            // Once is no trouble at all.
            try await server.plan([("POST", 503), ("GET", 500)])
            _ = try await store.write(document(2), for: app, replacing: version, keeping: 1)
            #expect(try await store.read(app)?.bytes == document(2))
            try await server.release()
        }
    }

    @Test("a server that is gone is unavailable")
    func gone() async throws {
        var address = ""
        try await StateServer.run { server in address = server.address }
        let store = try HTTPStore(
            .init(
                settings: ["address": address + "/{app}"], environment: [:],
                data: DataFolder(path: "/nonexistent"), user: "ann", host: "here"))
        _ = await expect(.storeUnavailable) { _ = try await store.read(app) }
    }

    @Test("R-23: wrong credentials are said as such, and no password is shown or traced")
    func credentials() async throws {
        let secret = "c4n4ry-p4ssw0rd"
        try await StateServer.run(["--password", "another"]) { server in
            let traced = Locked<[String]>([])
            let store = try server.store(
                password: secret,
                trace: { exchange in traced.withLock { $0.append("\(exchange)") } })
            var failures: [Failure?] = []
            failures.append(await expect(.storeDenied) { _ = try await store.read(app) })
            failures.append(
                await expect(.storeDenied) {
                    _ = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
                })
            failures.append(
                await expect(.storeDenied) {
                    _ = try await store.lock(
                        app, for: .test("lock-1"), timeout: .zero, waiting: { _ in })
                })
            #expect(failures.allSatisfy { $0?.kind == .authentication })
            let said = "\(failures) \(traced.withLock { $0 })"
            #expect(said.contains("you sent"), "the server tells what it was sent")
            #expect(!said.contains(secret))
            #expect(!said.contains("Y2k6YzRuNHJ5LXA0c3N3MHJk"), "as it is sent")
            let nobody = try server.store()
            let failure = await expect(.storeDenied) { _ = try await nobody.read(app) }
            #expect(failure?.fix?.contains("PREVIEW_HTTP_PASSWORD") == true)
        }
    }

    @Test("a redirect is told and not followed, so that the password stays here")
    func redirect() async throws {
        try await StateServer.run(["--password", "c4n4ry"]) { server in
            let store = try server.store(
                ["address": "\(server.address)/moved/{app}"], password: "c4n4ry")
            let failure = await expect(.storeSettings) { _ = try await store.read(app) }
            #expect(
                failure?.evidence.contains { $0.text.hasPrefix("http://localhost:1/") } == true)
        }
    }

    @Test(
        "R-2: a damaged document is given back as it is, and can be replaced",
        arguments: ["", "{\"ser", "<html>404</html>", "\u{0}\u{1}"])
    func damage(text: String) async throws {
        try await StateServer.run { server in
            let store = try server.store()
            _ = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
            try await server.plant(Array(text.utf8), as: app)
            let stored = try #require(try await store.read(app))
            #expect(stored.bytes == Array(text.utf8), "empty is not absent")
            _ = try await store.write(
                document(2), for: app, replacing: stored.version, keeping: 7)
            #expect(try await store.kept(app).map(\.bytes) == [Array(text.utf8)])
        }
    }

    @Test("a document that arrives with another digest is asked for again, and never believed")
    func wrongDigest() async throws {
        try await StateServer.run(["--md5"]) { server in
            let store = try server.store()
            _ = try await store.write(document(1), for: app, replacing: nil, keeping: nil)
            try await server.plan([("GET", "md5"), ("GET", "md5")])
            #expect(try await store.read(app)?.bytes == document(1))
            try await server.plan([("GET", "md5"), ("GET", "md5"), ("GET", "md5")])
            _ = await expect(.storeUnavailable) { _ = try await store.read(app) }
        }
    }

    @Test(
        "a server that takes every write is refused, and no record is lost or left there",
        arguments: ["none", "weak", "ignored"])
    func unsafe(tags: String) async throws {
        try await StateServer.run(["--ids=ignored", "--tags", tags]) { server in
            let failure = await expect(.storeUnsafe) {
                _ = try await server.store().write(
                    document(1), for: app, replacing: nil, keeping: nil)
            }
            #expect(failure?.kind == .refused)
            #expect(try await server.store().read(app) == nil)
            try await server.plant(document(5), as: app)
            let store = try server.store()
            let stored = try #require(try await store.read(app))
            _ = await expect(.storeUnsafe) {
                _ = try await store.write(
                    document(6), for: app, replacing: stored.version, keeping: 5)
            }
            #expect(try await server.document(app) == document(5))
            #expect(try await store.holder(of: app) == nil, "and no lock is left")
        }
    }

    @Test("a server without locks is refused with the keys that say where they are")
    func noLocks() async throws {
        try await StateServer.run(["--locks=none"]) { server in
            for settings in [server.settings, ["address": "\(server.address)/state/{app}"]] {
                let store = try server.store(settings)
                let failure = await expect(.storeSettings) {
                    _ = try await store.lock(
                        app, for: .test("lock-1"), timeout: .zero, waiting: { _ in })
                }
                #expect(failure?.fix?.contains("lock_address") == true)
            }
        }
    }

    @Test("POST and DELETE never lock where they would overwrite and remove the record")
    func noLockAddress() async throws {
        try await StateServer.run(["--locks=plain"]) { server in
            try await server.plant(document(1), as: app)
            let store = try server.store(["address": "\(server.address)/state/{app}"])
            _ = await expect(.storeSettings) {
                _ = try await store.lock(
                    app, for: .test("lock-1"), timeout: .zero, waiting: { _ in })
            }
            _ = await expect(.storeSettings) {
                try await store.breakLock(of: app, heldBy: "lock-1")
            }
            #expect(try await server.document(app) == document(1))
        }
    }
}
