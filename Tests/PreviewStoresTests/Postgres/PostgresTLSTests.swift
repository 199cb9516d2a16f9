import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite(
    "TLS to PostgreSQL", .enabled(if: PostgresServer.isAvailable, PostgresServer.needed),
    .enabled(if: Command.locate("openssl", in: "/usr/bin") != nil, "needs openssl"))
struct PostgresTLSTests {
    @Test("a server is believed by its certificate alone, and no other authority's")
    func verified() async throws {
        let server = try await PostgresServer(.encryptedPort)
        let database = try await server.makeDatabase()
        try await server.run("CREATE ROLE ann LOGIN SUPERUSER PASSWORD 'c4n4ry'")
        func store(_ authority: String) throws -> PostgresStore {
            try PostgresStore(
                settings: [
                    "url": "postgres://ann:c4n4ry@127.0.0.1:\(server.port)/\(database)"
                        + "?sslmode=verify-full&sslrootcert=\(server.folder)/\(authority).pem"
                ])
        }
        let trusting = try store("server")
        _ = try await trusting.write([1], for: "shop-4f1c9a2e", replacing: nil, keeping: nil)
        #expect(try await trusting.read("shop-4f1c9a2e")?.bytes == [1])
        let encrypted = try await server.run(
            """
            SELECT bool_and(ssl.ssl) FROM pg_stat_ssl AS ssl JOIN pg_stat_activity USING (pid)
            WHERE usename = 'ann'
            """)
        #expect(encrypted == ["t"])
        let failure = await #expect(throws: Failure.self) { _ = try await store("other").list() }
        #expect(failure?.code == .storeUnavailable)
        #expect("\(String(describing: failure))".contains("certificate verify failed"))
    }

    @Test("a server without TLS is refused where TLS is asked for")
    func required() async throws {
        let server = try await PostgresServer(.port)
        let store = try PostgresStore(
            settings: ["url": "postgres://ann@127.0.0.1:\(server.port)/postgres?sslmode=require"])
        let failure = await #expect(throws: Failure.self) { _ = try await store.list() }
        #expect(failure?.code == .storeUnavailable)
        #expect("\(String(describing: failure))".contains("SSL"))
    }
}
