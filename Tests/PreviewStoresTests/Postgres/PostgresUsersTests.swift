import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite(
    "Users of a database", .enabled(if: PostgresServer.isAvailable, PostgresServer.needed))
struct PostgresUsersTests {
    private static let app = "shop-4f1c9a2e"

    /// A database that was set up as the documentation says, for users with passwords.
    private struct Team {
        let server: PostgresServer
        let database: String
        /// Suffix of the roles, which all databases of a server share.
        let suffix: String

        static let password = "c4n4ry-passw0rd"

        init() async throws {
            server = try await PostgresServer.shared
            database = try await server.makeDatabase()
            suffix = String(database.dropFirst("db_".count))
            try await server.run(
                ["previews_owner", "previews_user", "ann", "bob"].map {
                    "CREATE ROLE \(role($0)) LOGIN PASSWORD '\(Self.password)';"
                }.joined())
            try await server.run(try documented("set-up"), in: database)
            try await store("previews_owner").prepare()
            try await server.run(
                "SET ROLE \(role("previews_owner")); " + documented("rights"), in: database)
        }

        func role(_ name: String) -> String { "\(name)_\(suffix)" }

        /// The documentation's statements with this team's roles.
        private func documented(_ title: String) throws -> String {
            try DocumentedStatements.named(title)
                .replacing("previews_owner", with: role("previews_owner"))
                .replacing("previews_user", with: role("previews_user"))
                .replacing("ann", with: role("ann"))
        }

        func url(_ name: String, password: String? = Team.password) -> String {
            let user = role(name) + (password.map { ":\($0)" } ?? "")
            return server.url(database, as: user)
        }

        func store(_ name: String) throws -> PostgresStore {
            try PostgresStore(settings: ["url": url(name), "schema": "previews"])
        }

        /// Gives a user the same rights as `previews_user`, with rows of their own.
        func admit(_ name: String) async throws {
            let rights = try documented("rights")
                .replacing(role("previews_user"), with: role(name))
            try await server.run("SET ROLE \(role("previews_owner")); \(rights)", in: database)
        }

        func become() async throws {
            try await server.run(try documented("team"), in: database)
        }

        func sql(_ statements: String, as name: String) async throws -> [String] {
            try await server.run(statements, in: database, as: "\(role(name)):\(Self.password)")
        }
    }

    @Test("a user with the documented rights can do all that a store does")
    func rights() async throws {
        let team = try await Team()
        try await StateStoreConformance(writers: 4, rounds: 3) {
            try team.store("previews_user")
        }.run()
    }

    @Test("two users have records of their own, and neither sees or changes the other's")
    func apart() async throws {
        let team = try await Team()
        try await team.admit("bob")
        let (ann, bob) = (try team.store("previews_user"), try team.store("bob"))
        let ours = try await ann.write([1], for: Self.app, replacing: nil, keeping: nil)
        let theirs = try await bob.write([2], for: Self.app, replacing: nil, keeping: nil)
        _ = try await bob.write([3], for: "other-4f1c9a2e", replacing: nil, keeping: nil)
        #expect(try await ann.list() == [Self.app])
        #expect(try await ann.read(Self.app)?.bytes == [1])
        #expect(try await ann.read("other-4f1c9a2e") == nil)
        _ = try await ann.write([4], for: Self.app, replacing: ours, keeping: 1)
        #expect(try await bob.read(Self.app) == StoredBytes(bytes: [2], version: theirs))
        #expect(try await bob.kept(Self.app) == [])
        let lock = try await ann.lock(
            Self.app, for: SimulatedWorld.makeHolder("lock-1"), timeout: .zero
        ) { _ in }
        #expect(try await bob.holder(of: Self.app) == nil)
        await lock.release()
        try await bob.remove(Self.app)
        #expect(try await ann.read(Self.app)?.bytes == [4])
    }

    @Test(
        "SQL that means the other's rows finds none, and cannot make any",
        arguments: [
            "sessions", "versions", "locks",
        ])
    func bySQL(table: String) async throws {
        let team = try await Team()
        try await team.admit("bob")
        let ann = try team.store("previews_user")
        let first = try await ann.write([1], for: Self.app, replacing: nil, keeping: nil)
        _ = try await ann.write([2], for: Self.app, replacing: first, keeping: 1)
        let lock = try await ann.lock(
            Self.app, for: SimulatedWorld.makeHolder("lock-1"), timeout: .zero
        ) { _ in }
        let name = "previews.machine_setup_\(table)"
        let count = "SELECT count(*) FROM \(name)"
        #expect(try await team.sql(count, as: "previews_user") == ["1"])
        #expect(try await team.sql(count, as: "bob") == ["0"])
        #expect(
            try await team.sql(count, as: "previews_owner") == ["0"],
            "the owner of the tables is under the policy as well")
        #expect(
            try await team.sql(
                "WITH gone AS (DELETE FROM \(name) RETURNING 1) SELECT count(*) FROM gone",
                as: "bob") == ["0"])
        let refused = await #expect(throws: PostgresServer.PsqlFailure.self) {
            try await team.sql(
                "UPDATE \(name) SET owner = '\(team.role("previews_user"))'; "
                    + "INSERT INTO \(name) (owner, app\(Self.columns(of: table))) "
                    + "VALUES ('\(team.role("previews_user"))', 'x'\(Self.values(of: table)))",
                as: "bob")
        }
        #expect(refused?.message.contains("row-level security") == true)
        #expect(try await team.sql(count, as: "previews_user") == ["1"])
        await lock.release()
    }

    private static func columns(of table: String) -> String {
        switch table {
        case "sessions": ", document"
        case "versions": ", serial, document"
        default: ", token, id, holder, expires_at"
        }
    }

    private static func values(of table: String) -> String {
        switch table {
        case "sessions": ", ''"
        case "versions": ", 1, ''"
        default: ", '', '', '{}', now()"
        }
    }

    @Test("those whose login becomes a role share its records")
    func shared() async throws {
        let team = try await Team()
        try await team.become()
        let (ci, ann) = (try team.store("previews_user"), try team.store("ann"))
        _ = try await ci.write([1], for: Self.app, replacing: nil, keeping: nil)
        #expect(try await ann.read(Self.app)?.bytes == [1])
        let lock = try await ann.lock(
            Self.app, for: SimulatedWorld.makeHolder("lock-1"), timeout: .zero
        ) { _ in }
        #expect(try await ci.holder(of: Self.app)?.id == "lock-1")
        await lock.release()
    }

    @Test("a superuser's records are their own as well")
    func superuser() async throws {
        let team = try await Team()
        _ = try await team.store("previews_user")
            .write([1], for: Self.app, replacing: nil, keeping: nil)
        let store = try PostgresStore(
            settings: ["url": team.server.url(team.database), "schema": "previews"])
        #expect(try await store.read(Self.app) == nil)
        #expect(try await store.list() == [])
        try await store.remove(Self.app)
        _ = try await store.write([2], for: Self.app, replacing: nil, keeping: nil)
        #expect(try await team.store("previews_user").read(Self.app)?.bytes == [1])
    }

    @Test("a wrong or missing password is exit 8, and no password is in what is said")
    func passwords() async throws {
        let team = try await Team()
        for (password, state) in [("wr0ng-c4n4ry", "28P01"), (nil, nil)] {
            let store = try PostgresStore(
                settings: ["url": team.url("ann", password: password), "schema": "previews"])
            let failure = await #expect(throws: Failure.self) { _ = try await store.list() }
            #expect(failure?.code == .storeDenied && failure?.kind == .authentication)
            let said = "\(String(describing: failure))"
            #expect(said.contains(state ?? "password") && said.contains(team.role("ann")))
            #expect(!said.contains("c4n4ry"))
        }
    }

    @Test("a user without the rights is told so, and what to do, with exit 8")
    func withoutRights() async throws {
        let team = try await Team()
        let store = try team.store("bob")
        let failure = await #expect(throws: Failure.self) {
            _ = try await store.write([1], for: Self.app, replacing: nil, keeping: nil)
        }
        #expect(failure?.code == .storeDenied && failure?.kind == .authentication)
        #expect(failure?.evidence.contains(.init("SQLSTATE", "42501")) == true)
        // Where nothing is set up yet, the tables cannot be made.
        try await team.server.run("CREATE SCHEMA fresh", in: team.database)
        let fresh = try PostgresStore(settings: ["url": team.url("bob"), "schema": "fresh"])
        let refusal = await #expect(throws: Failure.self) { try await fresh.prepare() }
        #expect(refusal?.code == .storeDenied)
    }
}
