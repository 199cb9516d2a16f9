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
        let server = try await PostgresServer()
        let url = server.url(try await server.makeDatabase())
        try await StateStoreConformance(
            outage: { isAway in
                if isAway { try await server.stop() } else { try await server.start() }
            }
        ) { try PostgresStore(settings: ["url": url]) }.run()
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
}
