import Glibc
import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite(
    "PostgreSQL behind a pooler", .enabled(if: PostgresServer.isAvailable, PostgresServer.needed),
    .enabled(if: PostgresPooler.program != nil, "needs pgbouncer (Debian: pgbouncer)"))
struct PostgresPoolerTests {
    @Test("R-1, R-10, R-44: in transaction mode a store does all that it must")
    func conformance() async throws {
        let server = try await PostgresServer.shared
        let database = try await server.makeDatabase()
        let pooler = try PostgresPooler(of: server)
        let url = pooler.url(database)
        try await eventually("the pooler is ready") {
            // While it starts there is nobody.
            (try? await PostgresStore(settings: ["url": url]).list()) != nil
        }
        try await StateStoreConformance(writers: 20, rounds: 10) {
            try PostgresStore(settings: ["url": url])
        }.run()
        // Each transaction may be on another connection of the server; there were several.
        let ports = try await server.run(
            """
            SELECT count(*) > 1 FROM pg_stat_activity
            WHERE datname = '\(database)' AND pid <> pg_backend_pid()
            """, in: database)
        #expect(ports == ["t"])
    }
}

/// pgbouncer in transaction mode before a server; it ends, and its folder goes, with this object.
final class PostgresPooler: Sendable {
    static let program = Command.locate("pgbouncer", in: "/usr/sbin:/usr/bin:/usr/local/bin")

    private static let port = 6432
    private let folder: String
    private let keeper: Keeper

    init(of server: PostgresServer) throws {
        folder = try PostgresServer.makeFolder()
        let settings = """
            [databases]
            * = host=\(server.folder) port=\(server.port) user=postgres
            [pgbouncer]
            listen_addr =
            unix_socket_dir = \(folder)
            listen_port = \(Self.port)
            auth_type = any
            pool_mode = transaction
            default_pool_size = 4
            logfile = \(folder)/pgbouncer.log
            pidfile = \(folder)/pgbouncer.pid

            """
        try Folder.open(folder, ownedBy: .any).writeUserFile("settings.ini", Array(settings.utf8))
        let program = try #require(Self.program)
        keeper = try Keeper(
            PostgresServer.asUser(program, ["\(folder)/settings.ini"]),
            endingBy: "TERM", removing: folder)
    }

    func url(_ database: String) -> String {
        "postgres://postgres@/\(database)?host=\(folder)&port=\(Self.port)"
    }
}
