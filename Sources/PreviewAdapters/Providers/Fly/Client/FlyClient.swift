import PreviewCore
package import PreviewSystem

/// The Machines API and the platform's other interfaces, as fly/machines-api describes them: one
/// function a call. Knows nothing of previews.
///
/// All functions throw ``FlyFailure``, or `CancellationError`.
package struct FlyClient: Sendable {
    let machines: FlyTransport
    let platform: FlyTransport
    private let token: FlyToken
    private let graphQL: FlyTransport

    /// Where the Machines API is.
    package static let machinesURL = "https://api.machines.dev"
    /// Where GraphQL and the logs are.
    package static let platformURL = "https://api.fly.io"

    /// Nothing is asked before the first call. `http` should keep cookies: they lead calls after a
    /// create to a node that knows the new object.
    package init(
        token: FlyToken, machinesURL: String = Self.machinesURL,
        platformURL: String = Self.platformURL, http: HTTPClient, retries: FlyRetries = .init()
    ) {
        self.token = token
        machines = FlyTransport(
            base: machinesURL + "/v1", authorization: token.machinesHeader, http: http,
            retries: retries)
        platform = FlyTransport(
            base: platformURL, authorization: token.machinesHeader, http: http, retries: retries)
        graphQL = FlyTransport(
            base: platformURL, authorization: token.platformHeader, http: http, retries: retries)
    }

    // MARK: - Organization

    /// The slug of the organization that the token is for, where it is for one.
    package func organization() async throws -> String? {
        if token.tellsOrganization {
            let answer = try await machines.json(
                .init(method: "GET", path: "/tokens/current", effect: .reads))
            let tokens = answer["tokens"]?.array ?? []
            let slugs = Set(
                tokens.compactMap { $0["org_slug"]?.string ?? $0["organization"]?.string })
            if slugs.count == 1, let slug = slugs.first { return slug }
        }
        let answer = try await ask(
            "query { organizations(admin: false) { nodes { slug type } } }", JSONObject())
        let nodes = answer["organizations"]?["nodes"]?.array ?? []
        let slugs = nodes.compactMap { $0["slug"]?.string }
        return slugs.count == 1 ? slugs.first : nil
    }

    /// Asks by GraphQL; only for reading.
    private func ask(_ query: String, _ variables: JSONObject) async throws -> JSONValue {
        let call = FlyTransport.Call(
            method: "POST", path: "/graphql",
            body: ["query": .string(query), "variables": .object(variables)], effect: .reads)
        let answer = try await graphQL.json(call)
        if let error = answer["errors"]?.array?.first {
            let code = error["extensions"]?["code"]?.string
            throw FlyFailure(
                cause: code == "UNAUTHORIZED" ? .unauthorised : .invalid, isCertain: true,
                call: call.text, status: 200, message: error["message"]?.string ?? "",
                requestID: nil)
        }
        return answer["data"] ?? .null
    }

    // MARK: - Apps

    /// Whose an app of that name is.
    package func standing(of app: String) async throws -> FlyStanding {
        do {
            _ = try await machines.send(
                .init(method: "GET", path: "/apps/\(escaped(app))", effect: .reads))
            return .ours
        } catch let failure as FlyFailure where failure.cause == .notFound {
            return .free
        } catch let failure as FlyFailure where failure.cause == .forbidden {
            return .elsewhere
        }
    }

    /// Makes an app. The same key makes the same app, however often it is sent.
    package func createApp(
        _ app: String, organization: String, idempotencyKey: String
    ) async throws {
        _ = try await machines.send(
            .init(
                method: "POST", path: "/apps",
                body: [
                    "name": .string(app), "org_slug": .string(organization),
                    "idempotency_key": .string(idempotencyKey),
                ], effect: .changes))
    }

    /// Deletes an app with its machines and addresses.
    package func deleteApp(_ app: String) async throws {
        _ = try await machines.send(
            .init(
                method: "DELETE", path: "/apps/\(escaped(app))", query: [("force", "true")],
                effect: .changes))
    }

    // MARK: - Addresses

    /// The app's addresses.
    package func addresses(of app: String) async throws -> [FlyAddress] {
        let answer = try await machines.json(
            .init(method: "GET", path: "/apps/\(escaped(app))/ip_assignments", effect: .reads))
        return (answer["ips"]?.array ?? answer.array ?? []).compactMap(FlyAddress.init)
    }

    /// Gives the app one more address.
    package func assignAddress(_ kind: FlyAddress.Kind, to app: String) async throws {
        _ = try await machines.send(
            .init(
                method: "POST", path: "/apps/\(escaped(app))/ip_assignments",
                body: ["type": .string(kind.rawValue)], effect: .changes))
    }

    // MARK: - Secrets

    /// Names and digests of the app's secrets.
    package func secrets(of app: String) async throws -> [FlySecret] {
        let answer = try await machines.json(
            .init(method: "GET", path: "/apps/\(escaped(app))/secrets", effect: .reads))
        return (answer["secrets"]?.array ?? []).compactMap(FlySecret.init)
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
        let answer = try await machines.json(
            .init(
                method: "POST", path: "/apps/\(escaped(app))/secrets",
                body: ["values": .object(JSONObject(members))], effect: .changes))
        return (
            answer["version"]?.int ?? answer["Version"]?.int,
            (answer["secrets"]?.array ?? []).compactMap(FlySecret.init)
        )
    }

    // MARK: - Logs

    /// What an app's machine printed after a place in the log; the last minutes without one.
    package func logs(
        of app: String, machine: String, after token: String?
    ) async throws -> FlyLogPage {
        let answer = try await platform.json(
            .init(
                method: "GET", path: "/api/v1/apps/\(escaped(app))/logs",
                query: [("next_token", token ?? ""), ("instance", machine)], effect: .reads))
        let entries = (answer["data"]?.array ?? []).compactMap(FlyLogPage.Entry.init)
        let next = answer["meta"]?["next_token"]
        let token: String? = next?.string ?? next?.int.map(String.init)
        return FlyLogPage(entries: entries, next: token?.isEmpty == true ? nil : token)
    }
}
