import Glibc
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

/// A real PostgreSQL server on a socket in a folder of its own. It ends, and its folder goes, when
/// this object or the test process does, however that ends.
final class PostgresServer: Sendable {
    /// Without it these tests cannot run; install the Debian package `postgresql`.
    static let isAvailable: Bool = {
        if programs != nil, getuid() != 0 || Host.user(named: user) != nil { return true }
        OutputChannel.standardError.write("SKIPPED tests with PostgreSQL: \(needed)\n")
        return false
    }()
    /// What a skipped test says.
    static let needed: Comment = "needs initdb, postgres and their user (Debian: postgresql)"

    /// One for all tests that leave it running; each makes databases of its own in it.
    private static let common = Task { try await PostgresServer() }

    static var shared: PostgresServer { get async throws { try await common.value } }

    /// The server refuses to run as root.
    static let user = "postgres"

    private static let programs = folder(of: "initdb")
    private static let environment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8"]

    /// Where the socket is.
    let folder: String
    private let process: Locked<Keeper?>

    /// Where a server listens, beside its socket.
    enum Front {
        case nowhereElse
        /// A port of the loopback address.
        case port
        /// The same with TLS.
        case encryptedPort
    }

    private let front: Front
    /// Of the socket's name and, if it listens on one, of the loopback address.
    let port: Int

    /// Makes the files of a new server and starts it.
    init(_ front: Front = .nowhereElse) async throws {
        let folder = try Self.makeFolder()
        self.folder = folder
        process = Locked(nil)
        self.front = front
        port = front == .nowhereElse ? 5432 : try ServerProcess.freePort()
        try await Self.initialise(folder)
        if front == .encryptedPort {
            for name in ["server", "other"] { try await makeCertificate(name) }
        }
        try await start()
    }

    /// Makes `<name>.pem`, which is its own authority, and `<name>.key` in the folder.
    private func makeCertificate(_ name: String) async throws {
        let arguments =
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
            + "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 "
            + "-keyout \(folder)/\(name).key -out \(folder)/\(name).pem"
        let result = try await Self.asUser(
            "/usr/bin/openssl", arguments.split(separator: " ").map(String.init)
        ).run()
        try #require(result.ending.isSuccess, "\(result)")
    }

    static func makeFolder() throws -> String {
        var template = Array("/tmp/preview-pg-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        let folder = String(cString: made)
        chmod(folder, 0o755)
        if getuid() == 0, let user = Host.user(named: user) {
            chown(folder, user.user, user.group)
        }
        return folder
    }

    /// Passwords for everybody but the superuser, as on a server of a team.
    private static func initialise(_ folder: String) async throws {
        let arguments = [
            "-D", "\(folder)/data", "-U", user, "--auth=trust", "--no-sync", "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]
        let bin = try #require(programs)
        let command = asUser("\(bin)/initdb", arguments)
        let result = try await command.run()
        try #require(result.ending.isSuccess, "\(result)")
        try Folder.open("\(folder)/data", ownedBy: .any).writeUserFile(
            "pg_hba.conf",
            Array(
                """
                local all postgres trust
                local all all scram-sha-256
                host all all all scram-sha-256

                """.utf8))
    }

    static func asUser(_ program: String, _ arguments: [String]) -> Command {
        guard getuid() == 0 else {
            return Command(program, arguments, environment: environment, directory: "/")
        }
        return Command(
            "/usr/bin/setpriv",
            ["--reuid", user, "--regid", user, "--clear-groups", "--", program] + arguments,
            environment: environment, directory: "/")
    }

    /// Starts it again after ``stop()``.
    func start() async throws {
        let bin = try #require(Self.programs)
        let server = Self.asUser(
            "\(bin)/postgres",
            [
                "-D", "\(folder)/data", "-k", folder, "-c", "fsync=off", "-c",
                "max_connections=200",
            ] + listening)
        let keeper = try Keeper(server, endingBy: "QUIT", removing: folder)
        process.withLock { $0 = keeper }
        let client = PostgresClient(try PostgresAddress(url()))
        try await eventually("the server is ready") {
            // While it starts it refuses.
            (try? await client.use { connection throws(PostgresFailure) in
                try connection.run("SELECT '1'")
            }) != nil
        }
    }

    private var listening: [String] {
        let place = ["-p", "\(port)", "-h", front == .nowhereElse ? "" : "127.0.0.1"]
        guard front == .encryptedPort else { return place }
        return place + [
            "-c", "ssl=on", "-c", "ssl_cert_file=\(folder)/server.pem", "-c",
            "ssl_key_file=\(folder)/server.key",
        ]
    }

    /// Ends it at once, as a failing machine does; the files stay.
    func stop() async throws {
        let keeper = process.withLock { current in
            defer { current = nil }
            return current
        }
        try await keeper?.kill()
    }

    /// The URL of a database for a user.
    func url(_ database: String = "postgres", as user: String = "postgres") -> String {
        "postgres://\(user)@/\(database)?host=\(folder)&port=\(port)"
    }

    /// Makes an empty database and returns its name.
    func makeDatabase() async throws -> String {
        let name = "db_\(Digest.hexadecimal(Moment.randomBytes(6)))"
        try await run("CREATE DATABASE \(name)")
        return name
    }

    /// A store in an empty database.
    func makeStore(lease: Duration = .seconds(30)) async throws -> PostgresStore {
        try PostgresStore(
            settings: ["url": url(try await makeDatabase())], lease: lease)
    }

    /// Runs statements and returns what the last one answers: rows of columns separated by `|`, as
    /// `psql` writes them.
    @discardableResult
    func run(
        _ statements: String, in database: String = "postgres", as user: String = "postgres"
    ) async throws -> [String] {
        let psql = try #require(Command.locate("psql", in: "/usr/bin:/usr/local/bin"))
        let result = try await Command(
            psql,
            ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", url(database, as: user)],
            environment: Self.environment
        ).run(input: Array(statements.utf8))
        guard result.ending.isSuccess else {
            throw PsqlFailure(message: String(decoding: result.errorOutput, as: UTF8.self))
        }
        return String(decoding: result.output, as: UTF8.self).split(separator: "\n")
            .map(String.init)
    }

    struct PsqlFailure: Error { let message: String }

    private static func folder(of program: String) -> String? {
        let versions = (12...30).reversed().map { "/usr/lib/postgresql/\($0)/bin" }
        return (versions + ["/usr/local/bin", "/usr/bin"]).first {
            Command.locate("\($0)/\(program)", in: "") != nil
        }
    }
}

/// A process that ends with this object, and whose folder is removed then, also when the test process
/// is killed: a shell waits for the end of its input.
final class Keeper: Sendable {
    private let life: Locked<Descriptor?>
    private let shell: ProcessIdentity

    /// `signal`: what ends the process at once.
    init(_ command: Command, endingBy signal: String, removing folder: String) throws {
        let script = """
            folder=$1 signal=$2; shift 2
            "$@" >"$folder/log" 2>&1 </dev/null &
            read -r order
            kill -"$signal" $!; wait
            [ "$order" = stop ] || rm -rf "$folder"
            """
        let (reader, writer) = try Descriptor.makePipe()
        life = Locked(writer)
        shell = try Command(
            "/bin/sh", ["-c", script, "sh", folder, signal, command.program] + command.arguments,
            environment: command.environment, directory: "/"
        ).start(.ownSession, input: reader)
    }

    /// Ends the process and waits for that; the folder stays.
    func kill() async throws {
        life.withLock { writer in
            if let writer { _ = Glibc.write(writer.number, "stop\n", 5) }
            writer = nil
        }
        let hasEnded = await shell.waitForEnd(until: .now + .seconds(20))
        try #require(hasEnded)
    }
}

extension Host {
    /// The numbers of a user, if there is one of that name.
    fileprivate static func user(named name: String) -> (user: uid_t, group: gid_t)? {
        getpwnam(name).map { ($0.pointee.pw_uid, $0.pointee.pw_gid) }
    }
}

/// Waits until something is so, and says what was not when it takes too long.
func eventually(
    _ what: String, within limit: Duration = .seconds(30), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, "\(what)")
        try await Task.sleep(for: .milliseconds(20))
    }
}
