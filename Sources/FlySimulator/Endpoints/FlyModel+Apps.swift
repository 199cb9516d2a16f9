import PreviewCore

extension FlyModel {
    private static let adjectives = ["quiet", "misty", "bold", "green", "late", "dry", "aged"]
    private static let nouns = ["river", "moon", "leaf", "pond", "brook", "field", "haze"]

    /// `POST /v1/apps` (reference, section 2.1).
    mutating func createApp(_ call: Call) throws(APIError) -> Reply {
        guard call.credential?.apps == nil else { throw .unauthorized }
        let slug = call.body.given("org_slug")?.string
        let owner = try organization(slug, for: call)
        // Both names of the field are in use: fly-go and the specifications, and the prose.
        let sentName = (call.body.given("name") ?? call.body.given("app_name"))?.string
        let key = call.body.given("idempotency_key")?.string
        if let key,
            let first = apps.values.first(where: {
                $0.idempotencyKey == key && $0.organization == owner.slug && $0.deletedAt == nil
            })
        {
            guard sentName == nil || sentName == first.name else {
                throw APIError(422, "idempotency key was used with another name")
            }
            return .now(creationAnswer(first, call))
        }
        let name = sentName.flatMap { $0.isEmpty ? nil : $0 } ?? generatedAppName()
        guard Self.isAppName(name) else { throw .nameMalformed }
        guard apps[name] == nil else { throw .nameTaken }
        let owned = apps.values.count { $0.organization == owner.slug && $0.goneAt == nil }
        if let limit = owner.appLimit, owned >= limit {
            throw APIError(
                422, "Your organization has reached its app limit. Please contact billing@fly.io")
        }
        let app = addApp(
            name, organization: owner.slug, network: call.body.given("network")?.string,
            idempotencyKey: key)
        return .now(creationAnswer(app, call))
    }

    private func creationAnswer(_ app: App, _ call: Call) -> APIAnswer {
        let isWhole =
            configuration.choices.createAnswersWholeApp || call.request.queryFlag("wait")
        let answer = APIAnswer.json(
            201,
            isWhole
                ? json(app)
                : ["id": .string(app.id), "created_at": .int(app.createdAt.unixMilliseconds)])
        return withAffinity(answer, to: app)
    }

    /// Makes an app without asking whether it may be.
    @discardableResult
    mutating func addApp(
        _ name: String, organization: String, network: String? = nil, idempotencyKey: String? = nil
    ) -> App {
        let app = App(
            id: ids.token(16), number: nextNumber, name: name, organization: organization,
            network: network ?? "default", idempotencyKey: idempotencyKey, createdAt: now,
            secrets: SecretVault(salt: ids.token(16)), sight: Sight(visibility, at: now))
        nextNumber += 1
        apps[name] = app
        counts.apps += 1
        return app
    }

    private mutating func generatedAppName() -> String {
        let parts = [Self.adjectives, Self.nouns].map { $0[Int(ids.next() % UInt64($0.count))] }
        return (parts + [ids.token(4)]).joined(separator: "-")
    }

    /// Under 63 characters of lower-case letters, digits and dashes; the rule for the ends is not
    /// documented, but the name must do for DNS.
    private static func isAppName(_ name: String) -> Bool {
        let letters = Array(name.utf8)
        return (1...62).contains(letters.count)
            && letters.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
            }
            && (0x61...0x7A).contains(letters[0]) && letters.last != 0x2D
    }

    /// `GET /v1/apps/{app}` (reference, section 2.2).
    func getApp(_ call: Call) throws(APIError) -> Reply {
        .now(.json(200, json(try app(of: call))))
    }

    /// `GET /v1/apps?org_slug=` (reference, section 2.3).
    mutating func listApps(_ call: Call) throws(APIError) -> Reply {
        let owner = try organization(call.request.queryValue("org_slug"), for: call)
        var listed: [App] = []
        for var app in apps.values
        where app.organization == owner.slug && app.goneAt == nil
            && call.credential?.apps?.contains(app.name) != false
        {
            if app.sight.isSeen(at: now) { listed.append(app) }
            apps[app.name] = app
        }
        listed.sort { $0.name < $1.name }
        let (page, next) = try page(of: listed, for: call, maximum: 5000, key: \.name)
        return .now(
            .json(
                200,
                .object([
                    ("total_apps", .int(listed.count)), ("apps", .array(page.map(json))),
                    ("next_cursor", next.map(JSONValue.string)),
                ])))
    }

    func json(_ app: App) -> JSONValue {
        let owner = organizations[app.organization]
        let live = machines(ofApp: app.name).filter(\.isLive)
        let isIdle = live.isEmpty && app.addresses.isEmpty && !app.hadMachines
        let status = isIdle ? "pending" : live.isEmpty && app.hadMachines ? "suspended" : "deployed"
        return .object([
            ("id", .string(app.id)), ("internal_numeric_id", .int(app.number)),
            ("name", .string(app.name)), ("status", .string(status)),
            ("network", .string(app.network)), ("machine_count", .int(live.count)),
            ("volume_count", .int(app.volumes.count { !$0.isDestroyed })),
            (
                "organization",
                .object([
                    ("name", .string(owner?.name ?? app.organization)),
                    ("slug", .string(app.organization)), ("internal_numeric_id", .int(1)),
                ])
            ),
        ])
    }

    /// `DELETE /v1/apps/{app}` (reference, section 2.4). A running machine needs `force=true`, as
    /// the prose says.
    mutating func deleteApp(_ call: Call) throws(APIError) -> Reply {
        let app = try app(of: call)
        guard app.deletedAt == nil else { return .now(APIAnswer(202)) }
        let own = machines(ofApp: app.name).filter(\.isLive)
        let isRunning = own.contains { [.starting, .started, .stopping].contains($0.state) }
        guard !isRunning || call.request.queryFlag("force") else {
            throw .precondition("app has running machines, stop them first or use force")
        }
        for machine in own { beginDestruction(of: machine, source: .user) }
        apps[app.name]?.deletedAt = now
        schedule(.appGone(app.name), after: delays.appDeletion)
        return .now(APIAnswer(202))
    }

    /// The app can no longer be seen, then its name becomes free. Comes twice for each app.
    mutating func finishDeletion(ofApp name: String) {
        guard let app = apps[name] else { return }
        if app.goneAt != nil {
            apps[name] = nil
            return
        }
        for machine in machines(ofApp: name) {
            effects.append(.discard(machine: machine.id))
            machines[machine.id] = nil
        }
        revision += 1
        apps[name]?.goneAt = now
        apps[name]?.addresses = []
        apps[name]?.volumes = []
        schedule(.appGone(name), after: delays.nameRelease)
    }

    /// `POST /v1/apps/{app}/deploy_token` (reference, section 2.5).
    mutating func createDeployToken(_ call: Call) throws(APIError) -> Reply {
        let app = try app(of: call)
        guard call.credential?.apps == nil else { throw .unauthorized }
        if let expiry = call.body.given("expiry"),
            GoDuration.read(expiry, numbersIn: .nanoseconds(1)) == nil
        {
            throw .invalid("invalid expiry")
        }
        let text = "fm2_" + ids.token(48)
        credentials[text] = Credential(
            text, organization: app.organization, apps: [app.name],
            owner: "\(ids.hexadecimal(12))@tokens.fly.io")
        return .now(.json(200, ["token": .string("FlyV1 \(text)")]))
    }

    /// The app a call is about; it was found to exist when the call was let in.
    func app(of call: Call) throws(APIError) -> App {
        guard let app = apps[call.app] else { throw .appUnknown }
        return app
    }
}
