import Glibc
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

/// The server of `Fixtures/state-server.py` with an empty store, for as long as `body` runs.
struct StateServer: Sendable {
    /// Without it these tests cannot run.
    static let python = Command.locate("python3", in: path)
    /// A real Terraform, where `.ci/terraform` could install one.
    static let terraform: String? = {
        let program = repository + "/.build/terraform/bin/terraform"
        return access(program, X_OK) == 0 ? program : nil
    }()

    private static let path = "/usr/bin:/bin:/usr/local/bin"
    private static let repository =
        "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    /// Of this test alone; removed at its end.
    let folder: String
    let address: String
    private let http = HTTPClient(userAgent: "test")

    /// `options`: those of the script.
    static func run(
        _ options: [String] = [], body: (StateServer) async throws -> Void
    ) async throws {
        let temporary = try Folder.open("/tmp", ownedBy: .any)
        let name = "preview-http-store-\(Digest.hexadecimal(Moment.randomBytes(6)))"
        let folder = try temporary.makeFolder(name)
        let command = Command(
            try #require(python), [repository + "/Tests/Fixtures/state-server.py"] + options,
            environment: ["PATH": path])
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let server = Task {
            // Its end is the end of the test.
            _ = try? await command.streamLines { continuation.yield($0) }
            continuation.finish()
        }
        let outcome: Result<Void, any Error>
        do {
            let port = try #require(await lines.first { $0.hasPrefix("port ") }).dropFirst(5)
            outcome = .success(
                try await body(
                    StateServer(folder: folder.path, address: "http://127.0.0.1:\(port)")))
        } catch {
            outcome = .failure(error)
        }
        server.cancel()
        _ = await server.value
        try temporary.removeTree(name)
        try outcome.get()
    }

    /// Settings with `{app}` for every address.
    var settings: [String: String] {
        [
            "address": "\(address)/state/{app}", "lock_address": "\(address)/state/{app}/lock",
            "unlock_address": "\(address)/state/{app}/lock",
        ]
    }

    /// One more machine's store on this server.
    ///
    /// `machine`: one name for each machine; the same one is another process there.
    func store(
        _ settings: [String: String]? = nil, password: String? = nil, machine: String = "here",
        change: (inout HTTPStore.Setup) -> Void = { _ in }, trace: HTTPClient.Trace? = nil
    ) throws -> HTTPStore {
        var settings = settings ?? self.settings
        if password != nil { settings["username"] = "ci" }
        var setup = HTTPStore.Setup(
            settings: settings,
            environment: password.map { [HTTPStore.passwordVariable: $0] } ?? [:],
            data: DataFolder(path: "\(folder)/\(machine)"), user: "ann", host: machine)
        setup.trace = trace
        setup.retries = RetryPolicy(
            backoff: .milliseconds(5), longestBackoff: .milliseconds(20),
            timeLimit: .seconds(30))
        change(&setup)
        return try HTTPStore(setup)
    }

    /// Plans what goes wrong with the next requests of a method, in order.
    func plan(_ faults: [(method: String, kind: JSONValue)]) async throws {
        let list = faults.map { fault -> JSONValue in
            ["method": .string(fault.method), "kind": fault.kind]
        }
        _ = try await control("POST", "faults", JSONWriter.line(.array(list)))
    }

    /// Answers everything with 503, or serves again.
    func setDown(_ isDown: Bool) async throws {
        _ = try await control("POST", isDown ? "down" : "up", [])
    }

    /// Lets requests go on that are slow.
    func release() async throws { _ = try await control("POST", "release", []) }

    /// One line for each request so far: method, path, conditions.
    func log() async throws -> [String] {
        String(decoding: try await control("GET", "log", nil), as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }

    /// The bytes of a document, behind the protocol's back.
    func document(_ app: String) async throws -> [UInt8] {
        try await control("GET", "document/\(app)", nil)
    }

    /// Changes a document behind the protocol's back.
    func plant(_ bytes: [UInt8], as app: String) async throws {
        _ = try await control("PUT", "document/\(app)", bytes)
    }

    private func control(
        _ method: String, _ path: String, _ body: [UInt8]?
    ) async throws -> [UInt8] {
        let response = try await http.send(
            HTTPRequest(method, "\(address)/control/\(path)", body: body))
        try #require(response.status == 200)
        return response.body
    }
}

/// A document with a number in it.
func document(_ number: Int) -> [UInt8] { Array("{\"serial\":\(number)}".utf8) }
