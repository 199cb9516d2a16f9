import PreviewAdapters
import PreviewCore
import Testing

@Suite(
    "Tables in PostgreSQL", .enabled(if: PostgresServer.isAvailable, PostgresServer.needed))
struct PostgresMigrationTests {
    @Test("J1: twenty programs that begin at once make the tables once, and all go on")
    func atOnce() async throws {
        let server = try await PostgresServer.shared
        let database = try await server.makeDatabase()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                let store = try PostgresStore(settings: ["url": server.url(database)])
                group.addTask {
                    _ = try await store.write(
                        [1], for: "shop-\(number)", replacing: nil, keeping: nil)
                }
            }
            try await group.waitForAll()
        }
        let counts = try await server.run(
            """
            SELECT string_agg(version::text, ',' ORDER BY version) FROM machine_setup_migrations;
            SELECT count(*) FROM machine_setup_sessions;
            """, in: database)
        #expect(counts == ["1,2", "20"])
    }

    @Test("tables of an older program are brought up to date, with what is in them")
    func older() async throws {
        let server = try await PostgresServer.shared
        let database = try await server.makeDatabase()
        let settings = ["url": server.url(database)]
        _ = try await PostgresStore(settings: settings)
            .write([1], for: "shop-4f1c9a2e", replacing: nil, keeping: nil)
        try await server.run(
            """
            DROP FUNCTION get_setup_session_progress; DROP VIEW current_setup_sessions;
            DELETE FROM machine_setup_migrations WHERE version = 2;
            """, in: database)
        let store = try PostgresStore(settings: settings)
        #expect(try await store.read("shop-4f1c9a2e")?.bytes == [1], "reading works as it is")
        try await store.prepare()
        #expect(try await store.read("shop-4f1c9a2e")?.bytes == [1])
        #expect(
            try await server.run("SELECT count(*) FROM current_setup_sessions", in: database)
                == ["0"])
    }

    @Test("R-36: tables of a newer program are refused and not touched")
    func newer() async throws {
        let server = try await PostgresServer.shared
        let database = try await server.makeDatabase()
        let settings = ["url": server.url(database)]
        try await PostgresStore(settings: settings).prepare()
        try await server.run(
            "INSERT INTO machine_setup_migrations (version) VALUES (999)", in: database)
        let store = try PostgresStore(settings: settings)
        for attempt in [
            { _ = try await store.read("shop-4f1c9a2e") }, { _ = try await store.list() },
            { _ = try await store.write([1], for: "shop-4f1c9a2e", replacing: nil, keeping: nil) },
        ] as [@Sendable () async throws -> Void] {
            let failure = await #expect(throws: Failure.self) { try await attempt() }
            #expect(failure?.code == .stateNewer && failure?.kind == .stateNeedsRecovery)
            #expect(failure?.message.contains("999") == true)
        }
    }

    @Test("a schema that is missing is said to be, and one of any name can be used")
    func schemas() async throws {
        let server = try await PostgresServer.shared
        let database = try await server.makeDatabase()
        let name = #"Team "A"; DROP TABLE x; -- é"#
        let store = try PostgresStore(settings: ["url": server.url(database), "schema": name])
        let failure = await #expect(throws: Failure.self) {
            _ = try await store.read("shop-4f1c9a2e")
        }
        #expect(failure?.code == .storeSettings && failure?.kind == .invalidConfig)
        await #expect(throws: Failure.self) {
            _ = try await store.write([1], for: "shop-4f1c9a2e", replacing: nil, keeping: nil)
        }
        let quoted = "\"\(name.replacing("\"", with: "\"\""))\""
        try await server.run("CREATE SCHEMA \(quoted)", in: database)
        _ = try await store.write([1], for: "shop-4f1c9a2e", replacing: nil, keeping: nil)
        #expect(try await store.list() == ["shop-4f1c9a2e"])
        #expect(
            try await server.run(
                "SELECT count(*) FROM \(quoted).machine_setup_sessions", in: database) == ["1"])
    }
}
