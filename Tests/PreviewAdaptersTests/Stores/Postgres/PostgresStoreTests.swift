import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite(
    "The store in PostgreSQL", .enabled(if: PostgresServer.isAvailable, PostgresServer.needed))
struct PostgresStoreTests {
    @Test("R-1, R-10, R-44: it does what every store must")
    func conformance() async throws {
        let server = try await PostgresServer.shared
        let url = server.url(try await server.makeDatabase())
        try await StateStoreConformance { try PostgresStore(settings: ["url": url]) }.run()
    }

    @Test("R-25: looking at an empty database makes nothing in it")
    func readingMakesNothing() async throws {
        let server = try await PostgresServer.shared
        let database = try await server.makeDatabase()
        let store = try PostgresStore(settings: ["url": server.url(database)])
        #expect(try await store.list() == [])
        #expect(try await store.read("shop-4f1c9a2e") == nil)
        #expect(try await store.kept("shop-4f1c9a2e") == [])
        #expect(try await store.holder(of: "shop-4f1c9a2e") == nil)
        try await store.remove("shop-4f1c9a2e")
        let tables = try await server.run(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace",
            in: database)
        #expect(tables == ["0"])
    }

    @Test("R-10: fifty writers of twenty writes each lose none")
    func fiftyWriters() async throws {
        let server = try await PostgresServer.shared
        let url = server.url(try await server.makeDatabase())
        let app = "shop-4f1c9a2e"
        let store = try PostgresStore(settings: ["url": url])
        _ = try await store.write(Array("".utf8), for: app, replacing: nil, keeping: nil)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<50 {
                group.addTask {
                    let store = try PostgresStore(settings: ["url": url])
                    for round in 0..<20 {
                        try await append("\(writer).\(round)\n", to: app, in: store)
                    }
                }
            }
            try await group.waitForAll()
        }
        let lines = try #require(try await store.read(app)).bytes.split(separator: 0x0A)
            .map { String(decoding: $0, as: UTF8.self) }
        #expect(lines.count == 1000 && Set(lines).count == 1000)
        let kept = try await store.kept(app).map(\.serial)
        #expect(kept == [1000, 999, 998, 997, 996])
    }

    /// Adds to what is there, as often as somebody else is faster.
    private func append(
        _ line: String, to app: String, in store: PostgresStore
    ) async throws {
        while true {
            let stored = try #require(try await store.read(app))
            let serial = stored.bytes.count { $0 == 0x0A } + 1
            do {
                _ = try await store.write(
                    stored.bytes + line.utf8, for: app, replacing: stored.version,
                    keeping: serial)
                return
            } catch let failure as Failure where failure.code == .writeConflict {
                continue
            }
        }
    }
}
