package import PreviewCore
import PreviewSystem

/// A machine to be made.
package struct FlyMachineCreation: Sendable {
    package var app: String
    package var name: String
    /// Codes in order of preference; the first with room is taken.
    package var regions: [String]
    package var config: JSONObject
    /// Whether it rests at first.
    package var skipsLaunch: Bool

    package init(
        app: String, name: String, regions: [String], config: JSONObject, skipsLaunch: Bool
    ) {
        self.app = app
        self.name = name
        self.regions = regions
        self.config = config
        self.skipsLaunch = skipsLaunch
    }
}

/// A machine's next config. It replaces the whole of the present one.
package struct FlyMachineUpdate: Sendable {
    package var app: String
    package var id: String
    package var config: JSONObject
    /// The version it is meant for; any other refuses it.
    package var currentVersion: String
    /// Whether it rests afterwards.
    package var skipsLaunch: Bool
    /// The version of the app's secrets that its next start must see.
    package var secretsVersion: Int?
    /// Of the lease that is held.
    package var nonce: String?

    package init(
        app: String, id: String, config: JSONObject, currentVersion: String, skipsLaunch: Bool,
        secretsVersion: Int? = nil, nonce: String? = nil
    ) {
        self.app = app
        self.id = id
        self.config = config
        self.currentVersion = currentVersion
        self.skipsLaunch = skipsLaunch
        self.secretsVersion = secretsVersion
        self.nonce = nonce
    }
}

extension FlyClient {
    /// The machines of an app, those that are gone left out by the platform.
    package func machines(of app: String) async throws -> [FlyMachine] {
        let answer = try await machines.json(
            .init(method: "GET", path: path(app), effect: .reads))
        return (answer.array ?? []).compactMap(FlyMachine.init)
    }

    /// A machine; one that was destroyed can be read for a while.
    package func machine(_ id: String, of app: String) async throws -> FlyMachine {
        try await read(.init(method: "GET", path: path(app, id), effect: .reads))
    }

    /// Makes a machine. Not safe to repeat without looking: its name keeps it from being two.
    package func createMachine(_ creation: FlyMachineCreation) async throws -> FlyMachine {
        try await read(
            .init(
                method: "POST", path: path(creation.app),
                body: [
                    "name": .string(creation.name),
                    "region": .string(creation.regions.joined(separator: ",")),
                    "config": .object(creation.config),
                    "skip_launch": .bool(creation.skipsLaunch),
                ], effect: .changes, slowness: 2))
    }

    /// Replaces a machine's config.
    package func updateMachine(_ update: FlyMachineUpdate) async throws -> FlyMachine {
        var body = JSONObject()
        body["config"] = .object(update.config)
        body["skip_launch"] = .bool(update.skipsLaunch)
        if !update.currentVersion.isEmpty {
            body["current_version"] = .string(update.currentVersion)
        }
        if let version = update.secretsVersion { body["min_secrets_version"] = .int(version) }
        return try await read(
            .init(
                method: "POST", path: path(update.app, update.id), body: .object(body),
                headers: leaseHeaders(update.nonce), effect: .changes, slowness: 2))
    }

    private func read(_ call: FlyTransport.Call) async throws -> FlyMachine {
        let answer = try await machines.json(call)
        guard let machine = FlyMachine(answer) else {
            throw FlyFailure(
                cause: .unreadable, isCertain: false, call: call.text, status: 200,
                message: "the answer is no machine", requestID: nil)
        }
        return machine
    }

    /// Tells a machine to start; returns before it has.
    package func start(_ id: String, in app: String) async throws {
        try await tell(id, in: app, "/start")
    }

    /// Tells a machine to stop; returns before it has.
    package func stop(_ id: String, in app: String) async throws {
        try await tell(id, in: app, "/stop")
    }

    /// Tells a machine to stop and start.
    package func restart(_ id: String, in app: String) async throws {
        try await tell(id, in: app, "/restart")
    }

    private func tell(_ id: String, in app: String, _ verb: String) async throws {
        _ = try await machines.send(
            .init(method: "POST", path: path(app, id) + verb, effect: .changes))
    }

    /// Destroys a machine, running or not; returns before it is gone.
    package func deleteMachine(_ id: String, in app: String) async throws {
        _ = try await machines.send(
            .init(
                method: "DELETE", path: path(app, id), query: [("force", "true")],
                effect: .changes))
    }

    /// Waits until a version of a machine is in one of some states, for at most a minute.
    ///
    /// - Returns: whether it is; `false` when the time is over.
    package func wait(
        for states: [String], of id: String, version: String?, in app: String, seconds: Int
    ) async throws -> Bool {
        var query = [
            ("state", states.joined(separator: ",")),
            ("timeout", String(min(max(seconds, 1), 60))),
        ]
        if let version { query += [("version", version), ("instance_id", version)] }
        do {
            _ = try await machines.send(
                .init(
                    method: "GET", path: path(app, id) + "/wait", query: query, effect: .changes,
                    holds: .seconds(seconds)))
            return true
        } catch let failure as FlyFailure where failure.cause == .timedOut {
            return false
        }
    }

    // MARK: - Leases

    /// Takes the lease of a machine.
    ///
    /// - Returns: the nonce that changes carry while it lasts.
    package func takeLease(
        on id: String, in app: String, for duration: Duration, description: String
    ) async throws -> String {
        let seconds = Int(duration.components.seconds)
        let call = FlyTransport.Call(
            method: "POST", path: path(app, id) + "/lease", query: [("ttl", String(seconds))],
            body: ["ttl": .int(seconds), "description": .string(description)], effect: .changes)
        let answer = try await machines.json(call)
        // In an envelope, or not.
        guard let nonce = (answer["data"] ?? answer)["nonce"]?.string else {
            throw FlyFailure(
                cause: .unreadable, isCertain: false, call: call.text, status: 200,
                message: "the answer has no nonce", requestID: nil)
        }
        return nonce
    }

    /// Gives a lease back.
    package func releaseLease(_ nonce: String, on id: String, in app: String) async throws {
        _ = try await machines.send(
            .init(
                method: "DELETE", path: path(app, id) + "/lease", headers: leaseHeaders(nonce),
                effect: .changes))
    }

    private func leaseHeaders(_ nonce: String?) -> [HTTPHeader] {
        nonce.map { [HTTPHeader("fly-machine-lease-nonce", $0)] } ?? []
    }

    // MARK: - Metadata and commands

    /// Changes some of a machine's metadata, without a new version and without a restart.
    package func setMetadata(
        _ values: [String: String], of id: String, in app: String
    ) async throws {
        let members = values.sorted { $0.key < $1.key }
            .map { JSONObject.Member(name: $0.key, value: .string($0.value)) }
        _ = try await machines.send(
            .init(
                method: "PATCH", path: path(app, id) + "/metadata",
                body: ["metadata": .object(JSONObject(members))], effect: .changes))
    }

    /// Runs a command in a machine that runs, for at most a minute. Not repeated.
    package func execute(
        _ command: [String], on id: String, in app: String, input: String? = nil
    ) async throws -> FlyExecution {
        var body = JSONObject()
        body["command"] = .array(command.map(JSONValue.string))
        body["timeout"] = 60
        if let input { body["stdin"] = .string(input) }
        let call = FlyTransport.Call(
            method: "POST", path: path(app, id) + "/exec", body: .object(body), effect: .changes,
            holds: .seconds(60))
        let answer = try await machines.json(call)
        let execution = FlyExecution(
            status: answer["exit_code"]?.int ?? 0, output: answer["stdout"]?.string ?? "",
            errors: answer["stderr"]?.string ?? "")
        // Said with a status of success (section 4.12).
        guard !(execution.output + execution.errors).contains("Rejection([PayloadTooLarge") else {
            throw FlyFailure(
                cause: .invalid, isCertain: true, call: call.text, status: 200,
                message: "the command is too long for the platform", requestID: nil)
        }
        return execution
    }

    private func path(_ app: String) -> String { "/apps/\(escaped(app))/machines" }

    private func path(_ app: String, _ id: String) -> String { "\(path(app))/\(escaped(id))" }
}
