import PreviewCore
import PreviewSystem
import Testing

/// A server that `preview serve` started in a sandbox.
struct RunningServer: Sendable {
    /// Without a final slash.
    let url: String
    /// The token it printed, empty where it printed none.
    let token: String
    let started: Sandbox.Started
    private let box: Sandbox
    private let client = HTTPClient(userAgent: "tests")

    /// What it answered.
    struct Answer: CustomStringConvertible, Sendable {
        var status: Int
        var headers: [HTTPHeader]
        var text: String
        /// The document of the body, `null` where it is none.
        var json: JSONValue

        func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }

        /// The session's id.
        var id: String { json.at("session.id")?.string ?? "" }

        var description: String { "\(status) \(text)" }
    }

    /// Starts one and waits until it listens.
    static func start(
        _ flags: String..., in box: Sandbox, with variables: [String: String] = [:]
    ) async throws -> RunningServer {
        let started = try box.start(
            [Program.path, "serve", "--port", "0"] + flags, with: variables)
        let listens = try await eventually { started.outputSoFar.contains("\n") }
        try #require(listens, "\(started.errorsSoFar)")
        let parts = started.outputSoFar.split(separator: "\n")[0].split(separator: "#token=")
        return RunningServer(
            url: String(parts[0].dropLast()), token: parts.count > 1 ? String(parts[1]) : "",
            started: started, box: box)
    }

    private init(url: String, token: String, started: Sandbox.Started, box: Sandbox) {
        self.url = url
        self.token = token
        self.started = started
        self.box = box
    }

    /// Calls it. `token`: nil for the printed one, empty for none.
    func call(
        _ method: String, _ path: String, token: String? = nil, body: String? = nil,
        headers: [String: String] = [:]
    ) async throws -> Answer {
        var fields = headers
        let token = token ?? self.token
        if !token.isEmpty, fields["Authorization"] == nil {
            fields["Authorization"] = "Bearer \(token)"
        }
        if body != nil, fields["Content-Type"] == nil {
            fields["Content-Type"] = "application/json"
        }
        let response = try await client.send(
            HTTPRequest(
                method, url + path, headers: fields.map { HTTPHeader($0.key, $0.value) },
                body: body.map { Array($0.utf8) }))
        return Answer(
            status: response.status, headers: response.headers,
            text: String(decoding: response.body, as: UTF8.self),
            // What is no JSON is compared as text.
            json: (try? JSONReader.read(response.body)) ?? .null)
    }

    /// Creates or gets the session of the sandbox's project.
    func open(
        _ repository: String = ".", branch: String? = nil, token: String? = nil
    ) async throws -> Answer {
        try await call(
            "GET",
            "/api/machine-setup?projectId=shop&githubRepo=\(repository)"
                + (branch.map { "&githubBranch=\($0)" } ?? ""), token: token)
    }

    /// Runs a step.
    func run(_ step: Int, of id: String, token: String? = nil) async throws -> Answer {
        try await call(
            "POST", "/api/machine-setup", token: token,
            body: "{\"sessionId\":\"\(id)\",\"stepNumber\":\(step)}")
    }

    /// Follows the events of a session in a process of its own.
    func follow(
        _ id: String, after seq: Int? = nil, token: String? = nil
    ) throws -> Sandbox.Started {
        try box.start(
            [
                "/usr/bin/curl", "-sN", "-H", "Authorization: Bearer \(token ?? self.token)",
            ] + (seq.map { ["-H", "Last-Event-ID: \($0)"] } ?? [])
                + ["\(url)/api/machine-setup/\(id)/events"])
    }

    /// Asks it to end and waits for that.
    func stop(_ signal: Int32 = 15) async -> Outcome {
        started.child.signal(signal)
        return await started.outcome(within: .seconds(20))
    }
}

/// The events in the text of a stream.
struct EventText {
    /// Data without a name: the log.
    var log: [JSONValue] = []
    /// The sessions as they were told.
    var sessions: [JSONValue] = []
    var isGone = false

    init(_ text: String) throws {
        for block in text.split(separator: "\n\n") {
            let lines = block.split(separator: "\n")
            let data = lines.first { $0.hasPrefix("data: ") }?.dropFirst(6)
            let kind = lines.first { $0.hasPrefix("event: ") }?.dropFirst(7)
            guard let data, let value = try? JSONReader.read(String(data)) else { continue }
            switch kind {
            case "session": sessions.append(value)
            case "gone": isGone = true
            default:
                let id = lines.first { $0.hasPrefix("id: ") }?.dropFirst(4)
                #expect(id.flatMap { Int($0) } == value["seq"]?.int, "\(block)")
                log.append(value)
            }
        }
    }

    /// The messages of the log.
    var messages: [String] { log.compactMap { $0["message"]?.string } }
}
