import PreviewCore
package import PreviewSystem

/// The Machines API and the platform's other interfaces, as fly/machines-api describes them: one
/// function a call. Knows nothing of previews.
///
/// All functions throw ``FlyFailure``, or `CancellationError`.
package struct FlyClient: Sendable {
    let machines: FlyTransport
    let platform: FlyTransport
    let graphQL: FlyTransport
    private let token: FlyToken?

    /// Where the Machines API is.
    package static let machinesURL = "https://api.machines.dev"
    /// Where GraphQL and the logs are.
    package static let platformURL = "https://api.fly.io"

    /// The figures of ENGINE section 6, but for the longest pause. Each second the platform lets one
    /// more call through and keeps no more than three for later (fly/machines-api section 1.7), so
    /// who stays away for long wastes them: fifty runs at once are through after 50 seconds with this
    /// pause, and after up to 80 with one of 30 seconds.
    package static let retries = RetryPolicy(longestBackoff: .seconds(8))

    /// Nothing is asked before the first call. `http` should keep cookies: they lead calls after a
    /// create to a node that knows the new object. `machinesURL` may end in `/v1`. `patience` is how
    /// long one answer may take; calls that are known to be slow have more. Without a token every call
    /// fails before it is sent.
    package init(
        token: FlyToken?, machinesURL: String = Self.machinesURL,
        platformURL: String = Self.platformURL, http: HTTPClient,
        retries: RetryPolicy = Self.retries, patience: Duration = .seconds(60)
    ) {
        self.token = token
        machines = FlyTransport(
            base: Self.base(machinesURL, without: "/v1") + "/v1",
            authorization: token?.machinesHeader, http: http, retries: retries,
            patience: patience)
        let platformURL = Self.base(platformURL)
        platform = FlyTransport(
            base: platformURL, authorization: token?.machinesHeader, http: http, retries: retries,
            patience: patience)
        graphQL = FlyTransport(
            base: platformURL, authorization: token?.platformHeader, http: http, retries: retries,
            patience: patience)
    }

    /// A base URL without slashes at its end, and without a part that calls begin with.
    private static func base(_ url: String, without part: String = "") -> String {
        func bare(_ url: some StringProtocol) -> String {
            String(url.reversed().drop { $0 == "/" }.reversed())
        }
        let url = bare(url)
        return !part.isEmpty && url.hasSuffix(part) ? bare(url.dropLast(part.count)) : url
    }

    // MARK: - Organizations

    /// The slug of the organization that the token is for, where it is for one.
    package func organization() async throws -> String? {
        if token?.tellsOrganization == true {
            let slugs = Set(try await currentOrganizations().map(\.slug))
            if slugs.count == 1 { return slugs.first }
        }
        let slugs = try await organizations().map(\.slug)
        return slugs.count == 1 ? slugs.first : nil
    }

    /// The organizations that the token itself names, with the apps it is restricted to. Works for
    /// macaroons only; others are ``FlyFailure/Cause/unauthorised``.
    package func currentOrganizations() async throws -> [FlyOrganization] {
        try await machines.json(.init(method: "GET", path: "/tokens/current", effect: .reads)) {
            $0.list("tokens")?.compactMap(FlyOrganization.init)
        }
    }

    // MARK: - Apps

    /// Whose an app of that name is.
    package func standing(of app: String) async throws -> FlyStanding {
        do {
            try await machines.send(.init(method: "GET", path: path(app), effect: .reads))
            return .ours
        } catch let failure as FlyFailure where failure.cause == .notFound {
            return .free
        } catch let failure as FlyFailure where failure.cause == .forbidden {
            return .elsewhere
        }
    }

    /// An app of ours.
    package func app(_ app: String) async throws -> FlyApp {
        try await machines.json(
            .init(method: "GET", path: path(app), effect: .reads), FlyApp.init)
    }

    /// The apps of an organization.
    package func apps(of organization: String) async throws -> [FlyApp] {
        var apps: [FlyApp] = []
        var cursor: String?
        repeat {
            let query = [("org_slug", organization)] + (cursor.map { [("cursor", $0)] } ?? [])
            let page = try await machines.json(
                .init(method: "GET", path: "/apps", query: query, effect: .reads)
            ) { answer in
                answer.list("apps").map {
                    (apps: $0.compactMap(FlyApp.init), next: answer.nextCursor)
                }
            }
            apps += page.apps
            cursor = page.next
        } while cursor != nil
        return apps
    }

    /// Makes an app. The same key makes the same app, however often it is sent; where a server does
    /// not know of keys, a repetition says that the name is taken.
    package func createApp(
        _ app: String, organization: String, idempotencyKey: String
    ) async throws {
        try await machines.send(
            .init(
                method: "POST", path: "/apps",
                body: [
                    "name": .string(app), "org_slug": .string(organization),
                    "idempotency_key": .string(idempotencyKey),
                ], effect: .converges))
    }

    /// Deletes an app with its machines and addresses; returns before they are gone.
    package func deleteApp(_ app: String) async throws {
        try await machines.send(
            .init(
                method: "DELETE", path: path(app), query: [("force", "true")],
                effect: .converges))
    }

    // MARK: - Paths

    /// The path of an app, or of something in it.
    func path(_ app: String, _ rest: String = "") -> String { "/apps/\(escaped(app))\(rest)" }

    /// The path of a machine, or of something of it.
    func path(_ app: String, machine: String, _ rest: String = "") -> String {
        path(app, "/machines/\(escaped(machine))\(rest)")
    }
}

extension JSONValue {
    /// Where the next page of a list begins; `nil` after the last one.
    var nextCursor: String? {
        field("next_cursor")?.word.flatMap { $0.isEmpty ? nil : $0 }
    }
}
