import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("What stores show of themselves to preview doctor")
struct StoreStandingTests {
    private static func isNow(_ time: Timestamp?, ahead: Int = 0) -> Bool {
        let now = Int(Moment.unixMilliseconds / 1000)
        return time.map { abs($0.seconds - now - ahead) <= 5 } ?? false
    }

    @Test("a folder has no question of its own and no other clock")
    func folder() async throws {
        let standing = try await FileStore(DataFolder(path: "/nowhere/.preview")).examine()
        #expect(standing == StoreStanding())
    }

    @Test("a bucket proves its conditions and tells its time; no record is touched")
    func bucket() async throws {
        let bucket = try await FakeS3()
        bucket.setClock(ahead: 700)
        let standing = try await bucket.store().examine()
        #expect(standing.fence?.contains("If-None-Match") == true)
        #expect(Self.isNow(standing.time, ahead: 700), "\(standing)")
        #expect(bucket.keys.allSatisfy { $0.contains("_preview/") }, "\(bucket.keys)")
        bucket.setFault { _ in .status(403, "AccessDenied") }
        let failure = await #expect(throws: Failure.self) {
            _ = try await bucket.store().examine()
        }
        #expect(failure?.code == .storeDenied)
    }

    @Test(
        "a server of Terraform's protocol tells its time and by what it keeps writers apart",
        .enabled(if: StateServer.python != nil, "needs python3"),
        arguments: [("strong", "If-Match"), ("none", "lock's ID")])
    func server(tags: String, words: String) async throws {
        try await StateServer.run(["--tags=\(tags)", "--locks=own"]) { server in
            let standing = try await server.store().examine()
            #expect(standing.fence?.contains(words) == true, "\(standing)")
            #expect(Self.isNow(standing.time), "\(standing)")
        }
    }

    @Test(
        "a database tells its time, and looking makes nothing in it",
        .enabled(if: PostgresServer.isAvailable, PostgresServer.needed))
    func database() async throws {
        let server = try await PostgresServer.shared
        let database = try await server.makeDatabase()
        let standing = try await PostgresStore(settings: ["url": server.url(database)]).examine()
        #expect(Self.isNow(standing.time), "\(standing)")
        #expect(standing.fence?.contains("first write") == true)
        let tables = try await server.run(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
            in: database)
        #expect(tables == ["0"])
    }
}
