package import PreviewCore
import PreviewSystem

/// A machine to be made.
package struct FlyMachineCreation: Sendable {
    /// The app it is made in.
    package var app: String
    /// Unique among the live machines of the app.
    package var name: String
    /// Codes in order of preference; the first with room is taken.
    package var regions: [String]
    /// The whole config (fly/machines-api section 6).
    package var config: JSONObject
    /// Whether it rests at first.
    package var skipsLaunch: Bool
    /// The version of the app's secrets that its first start must see.
    package var secretsVersion: Int?
    /// Seconds for which a lease is taken at once; its nonce comes with the machine.
    package var leaseSeconds: Int?

    package init(
        app: String, name: String, regions: [String], config: JSONObject, skipsLaunch: Bool,
        secretsVersion: Int? = nil, leaseSeconds: Int? = nil
    ) {
        self.app = app
        self.name = name
        self.regions = regions
        self.config = config
        self.skipsLaunch = skipsLaunch
        self.secretsVersion = secretsVersion
        self.leaseSeconds = leaseSeconds
    }
}

/// A machine's next config. It replaces the whole of the present one.
package struct FlyMachineUpdate: Sendable {
    /// The machine's app.
    package var app: String
    /// The machine's id.
    package var id: String
    /// The whole config: what is not in it is taken away.
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

/// Which machines of an app to list. Lists may lack what was just made, also for as long as there is
/// trouble: an empty one is no proof of absence.
package struct FlyMachineFilter: Hashable, Sendable {
    /// Texts that the machine must carry, all of them.
    package var metadata: [String: String] = [:]
    /// States to be in, any of them; empty for all.
    package var states: [String] = []
    /// The region to be in.
    package var region: String?
    /// Whether destroyed machines are listed as well.
    package var includesDestroyed = false
    /// Whether leases are told.
    package var includesLeases = false

    /// All that are not destroyed.
    package init() {}

    fileprivate var query: [(String, String)] {
        var query = metadata.sorted { $0.key < $1.key }.map { ("metadata.\($0.key)", $0.value) }
        if !states.isEmpty { query.append(("state", states.joined(separator: ","))) }
        if let region { query.append(("region", region)) }
        if includesDestroyed { query.append(("include_deleted", "true")) }
        if includesLeases { query.append(("include_leases", "true")) }
        return query
    }

    /// Older servers pass over what they do not know, so the metadata is compared here again.
    fileprivate func allows(_ machine: FlyMachine) -> Bool {
        metadata.allSatisfy { machine.metadata[$0.key] == $0.value }
    }
}

extension FlyClient {
    /// The machines of an app, on all pages.
    package func machines(
        of app: String, where filter: FlyMachineFilter = .init()
    ) async throws -> [FlyMachine] {
        var found: [FlyMachine] = []
        var cursor: String?
        repeat {
            let query = filter.query + (cursor.map { [("limit", "1000"), ("cursor", $0)] } ?? [])
            let page = try await machines.send(
                .init(method: "GET", path: path(app, "/machines"), query: query, effect: .reads)
            ) { response in
                JSONValue(answer: response.body)?.elements.map {
                    (
                        machines: $0.compactMap(FlyMachine.init),
                        next: response.header("fly-next-cursor")
                    )
                }
            }
            found += page.machines.filter(filter.allows)
            cursor = page.next.flatMap { $0.isEmpty ? nil : $0 }
        } while cursor != nil
        return found
    }

    /// A machine; one that was destroyed can be read for a while, and one that was just made may not
    /// be found yet.
    package func machine(_ id: String, of app: String) async throws -> FlyMachine {
        try await machines.json(
            .init(method: "GET", path: path(app, machine: id), effect: .reads), FlyMachine.init)
    }

    /// Makes a machine. Not safe to repeat without looking: its name keeps it from being two.
    package func createMachine(_ creation: FlyMachineCreation) async throws -> FlyMachine {
        var body = JSONObject()
        body["name"] = .string(creation.name)
        body["region"] = .string(creation.regions.joined(separator: ","))
        body["config"] = .object(creation.config)
        body["skip_launch"] = .bool(creation.skipsLaunch)
        body["min_secrets_version"] = creation.secretsVersion.map(JSONValue.int)
        body["lease_ttl"] = creation.leaseSeconds.map(JSONValue.int)
        return try await machines.json(
            .init(
                method: "POST", path: path(creation.app, "/machines"), body: .object(body),
                effect: .changes, slowness: 2), FlyMachine.init)
    }

    /// Replaces a machine's config. A version other than the given one, and an update by somebody
    /// else at the same time, are ``FlyFailure/Cause/staleVersion``.
    package func updateMachine(_ update: FlyMachineUpdate) async throws -> FlyMachine {
        var body = JSONObject()
        body["config"] = .object(update.config)
        body["skip_launch"] = .bool(update.skipsLaunch)
        if !update.currentVersion.isEmpty {
            body["current_version"] = .string(update.currentVersion)
        }
        body["min_secrets_version"] = update.secretsVersion.map(JSONValue.int)
        do {
            return try await machines.json(
                .init(
                    method: "POST", path: path(update.app, machine: update.id),
                    body: .object(body), headers: Self.headers(nonce: update.nonce),
                    effect: .changes, slowness: 2), FlyMachine.init)
        } catch var failure as FlyFailure {
            // Its sentence is not documented; what else 409 can mean here has sentences that are.
            if failure.cause == .conflict { failure.cause = .staleVersion }
            throw failure
        }
    }

    /// Tells a machine to start; returns before it has.
    package func start(_ id: String, in app: String, nonce: String? = nil) async throws {
        try await tell(id, in: app, "/start", nonce: nonce)
    }

    /// Tells a machine to stop; returns before it has.
    ///
    /// `signal` (such as `SIGTERM`) and `grace`, the time until it is forced, are those of its config
    /// unless given.
    package func stop(
        _ id: String, in app: String, signal: String? = nil, grace: Duration? = nil,
        nonce: String? = nil
    ) async throws {
        var body = JSONObject()
        body["signal"] = signal.map(JSONValue.string)
        body["timeout"] = grace.map { .string(Self.text(of: $0)) }
        try await tell(
            id, in: app, "/stop", body: body.members.isEmpty ? nil : .object(body), nonce: nonce)
    }

    /// Tells a machine to be suspended, with its memory kept; returns before it is. One that cannot
    /// be is ``FlyFailure/Cause/wrongState``.
    package func suspend(_ id: String, in app: String, nonce: String? = nil) async throws {
        try await tell(id, in: app, "/suspend", nonce: nonce)
    }

    /// Tells a machine to stop and start. Sent twice it does so twice.
    package func restart(
        _ id: String, in app: String, signal: String? = nil, grace: Duration? = nil,
        nonce: String? = nil
    ) async throws {
        let query = [("timeout", grace.map(Self.text)), ("signal", signal)]
            .compactMap { name, value in value.map { (name, $0) } }
        try await tell(id, in: app, "/restart", query: query, effect: .changes, nonce: nonce)
    }

    private func tell(
        _ id: String, in app: String, _ verb: String, query: [(String, String)] = [],
        body: JSONValue? = nil, effect: FlyTransport.Effect = .converges, nonce: String?
    ) async throws {
        try await machines.send(
            .init(
                method: "POST", path: path(app, machine: id, verb), query: query, body: body,
                headers: Self.headers(nonce: nonce), effect: effect))
    }

    /// Destroys a machine, running or not; returns before it is gone.
    package func deleteMachine(
        _ id: String, in app: String, nonce: String? = nil
    ) async throws {
        try await machines.send(
            .init(
                method: "DELETE", path: path(app, machine: id), query: [("force", "true")],
                headers: Self.headers(nonce: nonce), effect: .converges))
    }

    /// What every change of a leased machine carries.
    static func headers(nonce: String?) -> [HTTPHeader] {
        nonce.map { [HTTPHeader("fly-machine-lease-nonce", $0)] } ?? []
    }

    /// Whole seconds, as Go writes them.
    private static func text(of duration: Duration) -> String {
        "\(duration.components.seconds)s"
    }
}

extension JSONValue {
    /// The elements of an answer that is an array; none for null, which an empty one may come as.
    fileprivate var elements: [JSONValue]? { isNull ? [] : array }
}
