import PreviewCore

extension FlyModel {
    /// Answers a request, in the order of the reference (section 14): unknown route, token, rate,
    /// body, rights, and only then what was asked.
    mutating func answer(_ request: APIRequest) -> Reply {
        counts.requests += 1
        guard let (route, parameters) = Route.find(request) else {
            return .now(identified(.notRouted))
        }
        do {
            let credential = route.access == .open ? nil : try authenticate(request)
            try countAgainstLimit(route, parameters, request, credential)
            let call = Call(
                request: request, parameters: parameters, credential: credential,
                body: try Self.document(request))
            try admit(call, to: route)
            let reply = try route.run(&self, call)
            guard case .now(let answer) = reply else { return reply }
            return .now(identified(answer))
        } catch {
            let error = error as? APIError ?? APIError(500, "unknown: internal error")
            return .now(identified(error.answer))
        }
    }

    /// Adds the ids that every answer carries (reference, section 1.4).
    mutating func identified(_ answer: APIAnswer) -> APIAnswer {
        var answer = answer
        let id = "\(ids.ulid(at: now))-\(configuration.edgeRegion)"
        answer.headers += [
            ("fly-request-id", id), ("fly-trace-id", ids.hexadecimal(32)),
            ("fly-span-id", ids.hexadecimal(16)),
        ]
        return answer
    }

    private static func document(_ request: APIRequest) throws(APIError) -> JSONValue {
        guard request.body.contains(where: { $0 > 0x20 }) else { return .object(JSONObject()) }
        var options = JSONReader.Options.strict
        options.allowsDuplicates = true
        do {
            return try JSONReader.read(request.body, options: options)
        } catch {
            throw .invalid("invalid json: \(error.message)")
        }
    }

    /// Who sends the request (reference, section 1.2).
    ///
    /// `FlyV1` takes macaroons only, any number of them joined by commas; `Bearer` one token of
    /// either kind. GraphQL takes both kinds mixed. One known token is enough: the others of a
    /// list are discharges.
    private func authenticate(_ request: APIRequest) throws(APIError) -> Credential {
        let header = request.headers["authorization"] ?? ""
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.count == 2 else { throw .tokenInvalid }
        let scheme = parts[0].lowercased()
        let tokens = parts[1].split(separator: ",").map(\.trimmingSpaces)
        let kinds = Set(tokens.map(Credential.kind(of:)))
        let mayMix = request.path == "/graphql"
        switch scheme {
        case "flyv1": guard mayMix || kinds == [.macaroon] else { throw .tokenInvalid }
        case "bearer": guard tokens.count == 1 || mayMix else { throw .tokenInvalid }
        default: throw .tokenInvalid
        }
        guard let credential = tokens.lazy.compactMap({ credentials[$0] }).first else {
            throw .tokenInvalid
        }
        return credential
    }

    /// Takes a token out of the bucket of this action and what it is done to: the machine, else the
    /// app, else the organization of whoever asks.
    private mutating func countAgainstLimit(
        _ route: Route, _ parameters: [String: String], _ request: APIRequest,
        _ credential: Credential?
    ) throws(APIError) {
        guard let limit = configuration.rateLimits.limit(for: route.action) else { return }
        let organization = credential?.organizations.first ?? ""
        let identifier =
            route.action == .deleteApp
            ? organization : parameters["machine"] ?? parameters["app"] ?? organization
        let key = BucketKey(action: route.action, identifier: identifier)
        var bucket = buckets[key] ?? TokenBucket(limit, at: now)
        let isLet = bucket.take(limit, at: now)
        buckets[key] = bucket
        guard isLet else { throw .rateLimited }
    }

    private mutating func admit(_ call: Call, to route: Route) throws(APIError) {
        switch route.access {
        case .open, .token: return
        case .app: try admitToApp(call)
        case .machine:
            try admitToApp(call)
            guard var machine = machines[call.machine], machine.app == call.app else {
                throw .machineUnknown
            }
            if call.request.method == "GET", !hasAffinity(call) {
                let isSeen = machine.sight.isSeen(at: now)
                machines[call.machine] = machine
                guard isSeen else { throw .machineUnknown }
            }
        }
    }

    /// 404 for an app that nobody has, 403 for one that the caller may not touch (reference,
    /// section 2.1).
    private mutating func admitToApp(_ call: Call) throws(APIError) {
        guard var app = apps[call.app], app.goneAt == nil else { throw .appUnknown }
        guard let credential = call.credential, mayUse(app, credential) else {
            throw .unauthorized
        }
        guard call.request.method == "GET", !hasAffinity(call) else { return }
        let isSeen = app.sight.isSeen(at: now)
        apps[call.app] = app
        guard isSeen else { throw visibility.appStatus == 401 ? .tokenInvalid : .appUnknown }
    }

    func mayUse(_ app: App, _ credential: Credential) -> Bool {
        credential.organizations.contains(app.organization)
            && credential.apps?.contains(app.name) != false
    }

    /// The organization that a request names by its slug or real slug.
    func organization(_ slug: String?, for call: Call) throws(APIError) -> Organization {
        guard let credential = call.credential else { throw .tokenInvalid }
        guard let slug, !slug.isEmpty else { throw .invalid("org_slug is required") }
        let owned = credential.organizations.compactMap { organizations[$0] }
        guard let found = owned.first(where: { $0.slug == slug || $0.rawSlug == slug }) else {
            throw .unauthorized
        }
        return found
    }

    // MARK: - Affinity

    static let affinityCookie = "fly_flaps_affinity"

    /// Whether the request comes to the node that knows the newest of the app (reference,
    /// section 1.3).
    func hasAffinity(_ call: Call) -> Bool {
        guard let app = apps[call.app], let cookies = call.request.headers["cookie"] else {
            return false
        }
        return cookies.split(separator: ";").contains {
            $0.trimmingSpaces == "\(Self.affinityCookie)=\(app.id)"
        }
    }

    /// The cookie that sends later calls to the node that made an object.
    func withAffinity(_ answer: APIAnswer, to app: App) -> APIAnswer {
        var answer = answer
        answer.headers.append(
            ("Set-Cookie", "\(Self.affinityCookie)=\(app.id); Path=/v1/apps/\(app.name); HttpOnly"))
        return answer
    }
}
