import PreviewCore

/// What belongs to an app besides its machines.
extension FlyClient {
    // MARK: - Addresses

    /// The app's addresses. Servers without this call are asked by GraphQL.
    package func addresses(of app: String) async throws -> [FlyAddress] {
        do {
            return try await machines.json(
                .init(method: "GET", path: path(app, "/ip_assignments"), effect: .reads)
            ) { $0.list("ips")?.compactMap(FlyAddress.init) }
        } catch let failure as FlyFailure where failure.cause == .unrouted {
            return try await addressesByGraphQL(of: app)
        }
    }

    /// Gives the app one more address. It is not known to be safe to repeat: list first.
    package func assignAddress(_ kind: FlyAddress.Kind, to app: String) async throws {
        do {
            try await machines.send(
                .init(
                    method: "POST", path: path(app, "/ip_assignments"),
                    body: ["type": .string(kind.rawValue)], effect: .changes))
        } catch let failure as FlyFailure where failure.cause == .unrouted {
            try await assignAddressByGraphQL(kind, to: app)
        }
    }

    /// Takes an address away from an app; one that is not there is ``FlyFailure/Cause/notFound``.
    package func releaseAddress(_ address: String, of app: String) async throws {
        try await machines.send(
            .init(
                method: "DELETE", path: path(app, "/ip_assignments/\(escaped(address))"),
                effect: .converges))
    }

    // MARK: - Secrets

    /// Names and digests of the app's secrets, as of a version or a later one where one is given.
    package func secrets(of app: String, since version: Int? = nil) async throws -> [FlySecret] {
        try await machines.json(
            .init(
                method: "GET", path: path(app, "/secrets"),
                query: version.map { [("min_version", String($0))] } ?? [], effect: .reads)
        ) { $0.list("secrets")?.compactMap(FlySecret.init) }
    }

    /// Sets secrets, and takes away those without a value. Machines see them from their next start.
    ///
    /// - Returns: the version that a machine must see, and the secrets afterwards.
    package func setSecrets(
        _ values: [String: String?], of app: String
    ) async throws -> (version: Int?, secrets: [FlySecret]) {
        let members = values.sorted { $0.key < $1.key }.map { name, value in
            JSONObject.Member(name: name, value: JSONValue(value))
        }
        return try await machines.json(
            .init(
                method: "POST", path: path(app, "/secrets"),
                body: ["values": .object(JSONObject(members))], effect: .changes)
        ) { answer in
            answer.list("secrets").map {
                (answer.field("version")?.wholeNumber, $0.compactMap(FlySecret.init))
            }
        }
    }

    /// Takes one secret away; one that is not there is ``FlyFailure/Cause/notFound``.
    ///
    /// - Returns: the version that a machine must see.
    package func unsetSecret(_ name: String, of app: String) async throws -> Int? {
        try await machines.json(
            .init(
                method: "DELETE", path: path(app, "/secrets/\(escaped(name))"), effect: .changes)
        ) { .some($0.field("version")?.wholeNumber) }
    }
}
