import PreviewCore

/// What the Machines API does not tell, or what a server does not have there (fly/machines-api
/// sections 2.6 and 3).
extension FlyClient {
    /// The organizations that the token is good for.
    package func organizations() async throws -> [FlyOrganization] {
        let data = try await ask(
            "query { organizations(admin: false) { nodes { id slug rawSlug name type } } }",
            JSONObject(), effect: .reads)
        return (data.field("organizations")?.list("nodes") ?? []).compactMap(FlyOrganization.init)
    }

    /// The app's addresses; the shared one is listed apart from the others.
    package func addressesByGraphQL(of app: String) async throws -> [FlyAddress] {
        let data = try await ask(
            """
            query($name: String!) { app(name: $name) { sharedIpAddress \
            ipAddresses { nodes { id address type region createdAt } } } }
            """, JSONObject([.init(name: "name", value: .string(app))]), effect: .reads)
        guard let found = data.field("app") else {
            throw refused("Could not find App", cause: .notFound)
        }
        let shared = found.field("shared_ip_address")?.string.map { FlyAddress($0, .sharedV4) }
        let others = found.field("ip_addresses")?.list("nodes") ?? []
        return (shared.map { [$0] } ?? []) + others.compactMap(FlyAddress.init)
    }

    /// Gives the app one more address.
    package func assignAddressByGraphQL(_ kind: FlyAddress.Kind, to app: String) async throws {
        let input: JSONValue = ["appId": .string(app), "type": .string(kind.rawValue)]
        _ = try await ask(
            """
            mutation($input: AllocateIPAddressInput!) { allocateIpAddress(input: $input) { \
            app { sharedIpAddress } ipAddress { id address type region createdAt } } }
            """, JSONObject([.init(name: "input", value: input)]), effect: .changes)
    }

    /// Asks; faults come as an `errors` array in an answer of success.
    private func ask(
        _ query: String, _ variables: JSONObject, effect: FlyTransport.Effect
    ) async throws -> JSONValue {
        let answer = try await graphQL.json(
            .init(
                method: "POST", path: "/graphql",
                body: ["query": .string(query), "variables": .object(variables)], effect: effect)
        ) { $0.object == nil ? nil : $0 }
        if let error = answer.field("errors")?.array?.first {
            let text = error.field("message")?.string ?? ""
            let code = error.field("extensions")?.field("code")?.string ?? ""
            throw refused(text, cause: Self.cause(of: code, text))
        }
        return answer.field("data") ?? .null
    }

    private static func cause(of code: String, _ text: String) -> FlyFailure.Cause {
        switch code {
        case "UNAUTHORIZED", "UNAUTHENTICATED": .unauthorised
        case "FORBIDDEN": .forbidden
        case "NOT_FOUND": .notFound
        default: text.hasPrefix("Could not find") ? .notFound : .invalid
        }
    }

    private func refused(_ text: String, cause: FlyFailure.Cause) -> FlyFailure {
        FlyFailure(
            cause: cause, isCertain: true, call: "POST /graphql", status: 200, message: text,
            requestID: nil)
    }
}
