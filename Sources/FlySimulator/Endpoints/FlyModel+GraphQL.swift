import PreviewCore

/// The part of the GraphQL API that a client of the Machines API falls back to (reference, sections
/// 2.6 and 3). Faults come as HTTP 200 with an `errors` array.
extension FlyModel {
    /// `POST https://api.fly.io/graphql`.
    mutating func graphQL(_ call: Call) throws(APIError) -> Reply {
        do throws(GraphQLDocument.Failure) {
            let document = try GraphQLDocument(
                call.body.given("query")?.string ?? "", variables: call.body["variables"])
            var data: [(String, JSONValue?)] = []
            for field in document.fields {
                let value = try resolve(field, isMutation: document.isMutation, call)
                data.append(
                    (
                        field.alias,
                        try GraphQLDocument.project(value, field.fields, type: field.name)
                    ))
            }
            return .now(.json(200, ["data": .object(data)]))
        } catch {
            return .now(
                .json(200, ["errors": [["message": .string(error.message)]], "data": .null]))
        }
    }

    private mutating func resolve(
        _ field: GraphQLDocument.Field, isMutation: Bool, _ call: Call
    ) throws(GraphQLDocument.Failure) -> JSONValue {
        switch (isMutation, field.name) {
        case (false, "organizations"):
            return ["nodes": .array(owned(by: call).map { json($0) })]
        case (false, "organization"):
            let slug = field.arguments["slug"]?.string
            guard
                let found = owned(by: call).first(where: {
                    $0.slug == slug || $0.rawSlug == slug
                })
            else { throw .init(message: "Could not find Organization") }
            return json(found)
        case (false, "app"):
            return graphQLJSON(try app(named: field.arguments["name"]?.string, for: call))
        case (true, "allocateIpAddress"):
            return try allocate(field.arguments["input"] ?? .null, call)
        default:
            let type = isMutation ? "Mutations" : "Queries"
            throw .init(message: "Field '\(field.name)' doesn't exist on type '\(type)'")
        }
    }

    private mutating func allocate(
        _ input: JSONValue, _ call: Call
    ) throws(GraphQLDocument.Failure) -> JSONValue {
        let app = try app(named: input["appId"]?.string, for: call)
        do throws(APIError) {
            let address = try assign(
                input["type"]?.string ?? "", region: input.given("region")?.string,
                serviceName: nil, network: input.given("network")?.string, to: app)
            let isShared = address.type == "shared_v4"
            return [
                "app": graphQLJSON(apps[app.name] ?? app),
                "ipAddress": isShared ? .null : graphQLJSON(address),
            ]
        } catch {
            throw .init(message: error.text)
        }
    }

    private func owned(by call: Call) -> [Organization] {
        (call.credential?.organizations ?? []).compactMap { organizations[$0] }
    }

    private func app(
        named name: String?, for call: Call
    ) throws(GraphQLDocument.Failure) -> App {
        guard let app = apps[name ?? ""], app.goneAt == nil, let credential = call.credential,
            mayUse(app, credential)
        else { throw .init(message: "Could not find App") }
        return app
    }

    private func json(_ organization: Organization) -> JSONValue {
        [
            "id": .string("org-\(organization.rawSlug)"), "slug": .string(organization.slug),
            "rawSlug": .string(organization.rawSlug), "name": .string(organization.name),
            "type": organization.isPersonal ? "PERSONAL" : "SHARED", "viewerRole": "admin",
            "billable": true, "paidPlan": true,
        ]
    }

    /// The shared address is not among the others here.
    private func graphQLJSON(_ app: App) -> JSONValue {
        let own = app.addresses.filter { $0.type != "shared_v4" }
        return [
            "id": .string(app.name), "internalNumericId": .string(String(app.number)),
            "name": .string(app.name), "hostname": .string("\(app.name).fly.dev"),
            "network": .string(app.network),
            "organization": organizations[app.organization].map { json($0) } ?? .null,
            "ipAddresses": ["nodes": .array(own.map { graphQLJSON($0) })],
            "sharedIpAddress": JSONValue(app.addresses.first { $0.type == "shared_v4" }?.ip),
        ]
    }

    private func graphQLJSON(_ address: App.Address) -> JSONValue {
        [
            "id": .string("ip_\(address.ip)"), "address": .string(address.ip),
            "type": .string(address.type), "region": .string(address.region),
            "createdAt": .string(address.createdAt.text), "network": address.network,
        ]
    }
}
