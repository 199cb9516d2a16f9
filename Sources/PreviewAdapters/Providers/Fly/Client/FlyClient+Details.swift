import PreviewCore
import PreviewSystem

/// What can be asked of one machine, and done to it without a new version.
extension FlyClient {
    // MARK: - Waiting

    /// How a wait ended.
    package enum Wait: Hashable, Sendable {
        /// In one of the states; which one, where the answer tells it.
        case reached(String?)
        /// The time is over: ask again.
        case ranOut
        /// The state cannot come any more.
        case impossible
        /// The machine has another version by now: read it again.
        case superseded
        /// There is no such machine.
        case gone
    }

    /// Waits until a machine is in one of some states, for at most a minute: `started`, `stopped`,
    /// `suspended`, `destroyed`, `failed`, or `settled` for any that stays.
    ///
    /// `version`: without it `stopped` is refused, and after an update the state of the version
    /// before may be taken for an answer.
    package func wait(
        for states: [String], of id: String, version: String?, in app: String, seconds: Int
    ) async throws -> Wait {
        let seconds = min(max(seconds, 1), 60)
        var query = [("state", states.joined(separator: ",")), ("timeout", String(seconds))]
        // The second name is for older servers.
        if let version { query += [("version", version), ("instance_id", version)] }
        do {
            return try await machines.send(
                .init(
                    method: "GET", path: path(app, machine: id, "/wait"), query: query,
                    effect: .waits, holds: .seconds(seconds))
            ) { .reached(JSONValue(answer: $0.body)?.field("state")?.string) }
        } catch let failure as FlyFailure {
            switch failure.cause {
            case .timedOut where failure.status == 408: return .ranOut
            case .notFound: return .gone
            case .staleVersion: return .superseded
            case _ where failure.message.contains("currently replaced"): return .superseded
            case .wrongState, .conflict: return .impossible
            default: throw failure
            }
        }
    }

    // MARK: - Leases

    /// Takes the lease of a machine.
    ///
    /// - Returns: the nonce that changes carry while it lasts.
    package func takeLease(
        on id: String, in app: String, for duration: Duration, description: String
    ) async throws -> String {
        try await lease(on: id, in: app, for: duration, description: description, nonce: nil)
    }

    /// Has a lease last for that long from now on.
    package func refreshLease(
        _ nonce: String, on id: String, in app: String, for duration: Duration
    ) async throws {
        _ = try await lease(on: id, in: app, for: duration, description: nil, nonce: nonce)
    }

    private func lease(
        on id: String, in app: String, for duration: Duration, description: String?,
        nonce: String?
    ) async throws -> String {
        let seconds = Int(duration.components.seconds)
        var body = JSONObject([.init(name: "ttl", value: .int(seconds))])
        body["description"] = description.map(JSONValue.string)
        // The time is told twice: some read the query, others the body.
        return try await machines.json(
            .init(
                method: "POST", path: path(app, machine: id, "/lease"),
                query: [("ttl", String(seconds))], body: .object(body),
                headers: Self.headers(nonce: nonce), effect: nonce == nil ? .changes : .converges)
        ) { FlyLease($0)?.nonce ?? nonce }
    }

    /// The lease of a machine; `nil` where nobody has it.
    package func lease(on id: String, in app: String) async throws -> FlyLease? {
        do {
            return try await machines.json(
                .init(method: "GET", path: path(app, machine: id, "/lease"), effect: .reads),
                FlyLease.init)
        } catch let failure as FlyFailure where failure.cause == .notFound {
            return nil
        }
    }

    /// Gives a lease back; one that ran out already is ``FlyFailure/Cause/notFound``.
    package func releaseLease(_ nonce: String, on id: String, in app: String) async throws {
        try await machines.send(
            .init(
                method: "DELETE", path: path(app, machine: id, "/lease"),
                headers: Self.headers(nonce: nonce), effect: .converges))
    }

    // MARK: - Metadata

    /// The texts on a machine.
    package func metadata(of id: String, in app: String) async throws -> [String: String] {
        try await machines.json(
            .init(method: "GET", path: path(app, machine: id, "/metadata"), effect: .reads)
        ) { $0.isNull ? [:] : $0.object == nil ? nil : $0.texts }
    }

    /// Changes some of a machine's metadata, without a new version and without a restart; an empty
    /// text takes its key away.
    ///
    /// `version`: any other refuses it, as ``FlyFailure/Cause/staleVersion``.
    package func setMetadata(
        _ values: [String: String], of id: String, in app: String, version: String? = nil
    ) async throws {
        var body = JSONObject([.init(name: "metadata", value: .texts(values))])
        body["machine_version"] = version.map(JSONValue.string)
        try await machines.send(
            .init(
                method: "PATCH", path: path(app, machine: id, "/metadata"), body: .object(body),
                effect: .converges))
    }

    /// Takes a text off a machine; one that is not there is success.
    package func deleteMetadata(_ key: String, of id: String, in app: String) async throws {
        try await machines.send(
            .init(
                method: "DELETE", path: path(app, machine: id, "/metadata/\(escaped(key))"),
                effect: .converges))
    }

    // MARK: - Looking inside

    /// What happened to a machine, newest first, at most fifty.
    package func events(of id: String, in app: String, limit: Int = 20) async throws -> [FlyEvent] {
        try await machines.json(
            .init(
                method: "GET", path: path(app, machine: id, "/events"),
                query: [("limit", String(min(max(limit, 1), 50)))], effect: .reads)
        ) { $0.list("events").map(FlyEvent.newestFirst) }
    }

    /// The processes of a machine that runs, with the ports they listen on.
    package func processes(of id: String, in app: String) async throws -> [FlyProcess] {
        try await machines.json(
            .init(method: "GET", path: path(app, machine: id, "/ps"), effect: .reads)
        ) { $0.list("processes")?.map(FlyProcess.init) }
    }

    /// Runs a command in a machine that runs, for at most a minute. Not repeated.
    package func execute(
        _ command: [String], on id: String, in app: String, input: String? = nil,
        nonce: String? = nil
    ) async throws -> FlyExecution {
        var body = JSONObject()
        body["command"] = .array(command.map(JSONValue.string))
        body["timeout"] = 60
        body["stdin"] = input.map(JSONValue.string)
        let call = FlyTransport.Call(
            method: "POST", path: path(app, machine: id, "/exec"), body: .object(body),
            headers: Self.headers(nonce: nonce), effect: .changes, holds: .seconds(60))
        let execution = try await machines.json(call) {
            $0.object == nil ? nil : FlyExecution($0)
        }
        // Said with a status of success (section 4.12).
        guard !(execution.output + execution.errors).contains("Rejection([PayloadTooLarge") else {
            throw FlyFailure(
                cause: .invalid, isCertain: true, call: call.text, status: 200,
                message: "the command is too long for the platform", requestID: nil)
        }
        return execution
    }
}
