import PreviewCore
import PreviewSystem

/// Tokens and what they are good for, the provider, the clocks, and the server.
struct AccessChecks: Sendable {
    let patient: Patient

    private static let serverPort = 4747

    // MARK: - Tokens

    /// What GitHub's token may do (BEHAVIOURS S17).
    func gitHub() async throws -> [Finding] {
        guard let token = Tokens(patient.surroundings).gitHub else {
            return [
                .skipped("neither GITHUB_TOKEN nor GH_TOKEN is set; public repositories need none")
            ]
        }
        let kind = TokenKind.gitHub(token.value)
        let words = "\(token.variable) holds \(kind.words), \(kind.masked), for \(token.host)"
        guard let api = try patient.surroundings.gitHubAPI() else {
            return [
                .skipped("\(words), whose API is not known: set GITHUB_API_URL")
            ]
        }
        let standing: GitHubStanding
        do throws(GitHubTrouble) {
            standing = try await api.standing()
        } catch {
            throw api.failure(of: error) ?? CancellationError() as any Error
        }
        var facts = [words]
        if let scopes = standing.scopes {
            facts.append("scopes \(scopes.isEmpty ? "none" : scopes.joined(separator: " "))")
        }
        if let end = standing.end { facts.append("until \(end)") }
        if let (left, limit) = standing.remaining {
            facts.append("\(left) of \(limit) requests left in this hour")
        }
        let finding = Finding.ok(facts.joined(separator: "; "))
        guard let scopes = standing.scopes, !scopes.contains("repo") else { return [finding] }
        return [
            finding,
            .warning(
                "without the scope `repo` it reads public repositories only",
                code: .repositoryPermission,
                fix: "for private ones make a token with `repo`, or a fine-grained one"),
        ]
    }

    /// What Fly.io's token is good for.
    func fly() async throws -> [Finding] {
        let access = patient.fly
        guard let variable = access.tokenVariable,
            let text = patient.surroundings.value(variable)
        else {
            if patient.provider == .fly { throw FlyFailure.tokenMissing() }
            return [.skipped("no FLY_API_TOKEN is set; provider local needs none")]
        }
        let kind = TokenKind.fly(text)
        let isMacaroon = access.token?.tellsOrganization == true
        let organizations =
            try await isMacaroon
            ? access.client.currentOrganizations() : access.client.organizations()
        let slugs = organizations.map(\.slug).joined(separator: ", ")
        let apps = organizations.flatMap(\.apps)
        let scope = apps.isEmpty ? "" : ", for \(apps.count == 1 ? "one app" : "some apps") only"
        var findings = [
            Finding.ok(
                "\(variable) holds \(kind.words), \(kind.masked), for \(slugs)\(scope); Fly.io does "
                    + "not tell when it ends, `fly tokens list` does")
        ]
        if !apps.isEmpty {
            findings.append(
                .warning(
                    "a token for single apps makes no new one", code: .providerRefused,
                    fix: "make one for the organization: `fly tokens create org`"))
        }
        if let wanted = access.organization, !organizations.contains(where: { $0.slug == wanted }) {
            findings.append(
                .failed(
                    Failure(
                        .providerRefused, .authentication,
                        "the token is not for the organization \(wanted) that FLY_ORG names",
                        evidence: [.init("it is for", slugs)],
                        fix: "set FLY_ORG to one of those, or use a token of \(wanted)")))
        }
        return findings
    }

    // MARK: - Provider and clocks

    /// Whether the provider answers.
    func provider() async throws -> [Finding] {
        switch patient.provider {
        case .local: return [.ok("local is this machine, \(patient.surroundings.host)")]
        case .fly:
            guard patient.fly.token != nil else { return [.skipped("not asked without a token")] }
            // Needs no token, so that a wrong one is told apart from a network that is down.
            let regions = try await patient.fly.client.regions()
            return [.ok("\(patient.fly.machinesURL) answers with \(regions.count) regions")]
        }
    }

    /// Whether this machine's clock is that of the others.
    func clock() async throws -> [Finding] {
        var findings: [Finding] = []
        if patient.provider == .fly, patient.fly.token != nil {
            let time = try await Needs.check("provider") { try await patient.fly.client.time() }
            findings += Self.compare(time, "fly")
        }
        // What keeps the store from being asked is told by its check.
        if let records = try? patient.records.get(),
            let standing = try? await patient.storeStanding.value
        {
            findings += Self.compare(standing.time, records.place)
        }
        guard findings.isEmpty else { return findings }
        return [.skipped("no other clock could be asked: what there is uses this machine's")]
    }

    private static func compare(_ time: Timestamp?, _ name: String) -> [Finding] {
        guard let time else { return [] }
        return [ClockDifference(own: Clocks.now(), other: time, of: name).finding]
    }

    // MARK: - Server

    /// Whether `preview serve` could begin, and who may use it.
    func server() async throws -> [Finding] {
        let isSet = patient.surroundings.value("PREVIEW_SERVE_TOKEN") != nil
        let data = try await Needs.check("store") { try patient.records.get() }.data
        let count = try TokenFile(data: data).tokens().count
        let tokens =
            (count == 1 ? "1 token is" : "\(count) tokens are") + " made"
            + (isSet ? ", and PREVIEW_SERVE_TOKEN is set" : "")
        return [.ok(tokens + (count == 0 && !isSet ? ": serve prints one of its own" : ""))]
            + [await port()]
    }

    private func port() async -> Finding {
        let port = Self.serverPort
        if Listener.isFree(port: port) { return .ok("port \(port) is free") }
        guard await isOurs(port) else {
            return .warning(
                "port \(port) is used by another program", code: .cannotListen,
                fix: "choose another one: `preview serve --port \(port + 1)`")
        }
        return .ok("a server of preview runs at port \(port)")
    }

    /// Whether what listens describes itself as `preview serve`.
    private func isOurs(_ port: Int) async -> Bool {
        let request = HTTPRequest(
            "GET", "http://127.0.0.1:\(port)/openapi.json", timeout: .seconds(5))
        // Whatever it is that does not answer so, it is no server of ours.
        guard let response = try? await HTTPClient(userAgent: "preview").send(request),
            let document = try? JSONReader.read(response.body)
        else { return false }
        return document["info"]?["title"]?.string == "preview serve"
    }
}
