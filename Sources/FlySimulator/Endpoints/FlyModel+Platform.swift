import PreviewCore

extension FlyModel {
    /// `GET /v1/platform/regions` (reference, section 9): the live API writes its keys with capitals.
    func listRegions(_ call: Call) throws(APIError) -> Reply {
        .now(
            .json(
                200,
                [
                    "Nearest": .string(configuration.edgeRegion),
                    "Regions": .array(Region.all.map(\.json)),
                ]))
    }

    /// `POST /v1/platform/placements`: a dry run.
    func getPlacements(_ call: Call) throws(APIError) -> Reply {
        let owner = try organization(call.body.given("org_slug")?.string, for: call)
        let expression =
            call.body.given("region")?.string.flatMap { $0.isEmpty ? nil : $0 }
            ?? "\(configuration.edgeRegion),any"
        guard let regions = Region.expand(expression) else {
            throw .invalid("invalid region: \(expression)")
        }
        let free = regions.filter {
            !capacity.fullRegions.contains($0) && capacity.fullHosts[$0] == nil
        }
        let count = call.body.given("count")?.int ?? 0
        guard count >= 0 else { throw .invalid("invalid count") }
        let limit = owner.machineLimit ?? 50
        if count > 0, free.isEmpty { throw .regionFull }
        // The first region takes them all; without a count each says what the organization may have.
        let placed = count == 0 ? free.map { ($0, limit) } : free.prefix(1).map { ($0, count) }
        return .now(
            .json(
                200,
                [
                    "Regions": .array(
                        placed.map { region, count in
                            [
                                "Region": .string(region), "Count": .int(count),
                                "Concurrency": .int(1),
                            ]
                        })
                ]))
    }

    /// `GET /v1/tokens/current` (reference, section 2.6), for macaroons only.
    func getCurrentToken(_ call: Call) throws(APIError) -> Reply {
        guard let credential = call.credential, credential.kind == .macaroon else {
            throw .tokenInvalid
        }
        let tokens = credential.organizations.map { slug -> JSONValue in
            .object([
                ("token_id", .string(String(Digest.hex(Array(credential.text.utf8)).prefix(32)))),
                ("user", .null), ("organization", .string(organizations[slug]?.name ?? slug)),
                ("org_slug", .string(slug)),
                ("apps", credential.apps.map { .strings($0.sorted()) } ?? .array([])),
                ("restricted_to_machine", ""), ("source_machine_id", ""),
            ])
        }
        return .now(.json(200, ["tokens": .array(tokens)]))
    }

    /// `GET /v1/orgs/{org}/machines` (reference, section 2.6): a snapshot that lags behind.
    mutating func listOrganizationMachines(_ call: Call) throws(APIError) -> Reply {
        let owner = try organization(call.parameters["organization"], for: call)
        let request = call.request
        let known = now + (.zero - delays.organizationListing)
        let states = request.queryList("state")
        let region = request.queryValue("region")
        var updatedAfter: Instant?
        if let text = request.queryValue("updated_after"), !text.isEmpty {
            guard let time = Instant(text) else { throw .invalid("invalid updated_after") }
            updatedAfter = time
        }
        let listed = machines.values.filter { machine in
            let isGone = machine.destroyedAt.map { $0 <= known } ?? false
            return apps[machine.app]?.organization == owner.slug && machine.createdAt <= known
                && call.credential?.apps?.contains(machine.app) != false
                && (!isGone || request.queryFlag("include_deleted"))
                && (states.isEmpty || states.contains(machine.state.rawValue))
                && (region == nil || region == machine.region)
                && (updatedAfter.map { machine.updatedAt > $0 } ?? true)
        }.sorted { ($0.updatedAt, $0.order) < ($1.updatedAt, $1.order) }
        let hasLimit = request.queryValue("limit") != nil
        let (page, next) = try page(of: listed, for: call, maximum: 1000) {
            "\($0.updatedAt.nanoseconds)-\($0.order)"
        }
        let isSummary = request.queryFlag("summary")
        return .now(
            .json(
                200,
                .object([
                    ("machines", .array(page.map { overview($0, isSummary: isSummary) })),
                    ("next_cursor", hasLimit ? next.map(JSONValue.string) : nil),
                    ("last_machine_id", page.last.map { .string($0.id) }),
                    ("last_updated_at", page.last.map { .string($0.updatedAt.text) }),
                    ("error_regions", .array([])),
                ])))
    }

    private func overview(_ machine: Machine, isSummary: Bool) -> JSONValue {
        let config: JSONValue = [
            "image": .string(machine.config.image),
            "guest": machine.config.json["guest"] ?? .null,
            "metadata": .map(machine.config.metadata),
        ]
        return .object([
            ("id", .string(machine.id)), ("name", .string(machine.name)),
            ("app_name", .string(machine.app)), ("state", .string(machine.state.rawValue)),
            ("region", .string(machine.region)), ("version", .string(machine.current.id)),
            ("instance_id", .string(machine.current.id)),
            ("private_ip", .string(machine.privateIP)),
            ("created_at", .string(machine.createdAt.text)),
            ("updated_at", .string(machine.updatedAt.text)),
            ("config", isSummary ? nil : config),
        ])
    }

    /// `GET https://api.fly.io/api/v1/apps/{app}/logs` (reference, section 8.1). An unknown app
    /// answers 401, and so do macaroons mixed with other tokens.
    mutating func readLogs(_ call: Call) throws(APIError) -> Reply {
        guard let app = apps[call.app], app.goneAt == nil, let credential = call.credential,
            mayUse(app, credential)
        else { throw APIError(401, "unauthorized") }
        let sent = call.request.queryValue("next_token") ?? ""
        guard sent.isEmpty || Int64(sent) != nil else { throw .invalid("invalid next_token") }
        let region = call.request.queryValue("region").flatMap { $0.isEmpty ? nil : $0 }
        let instance = call.request.queryValue("instance").flatMap { $0.isEmpty ? nil : $0 }
        let page = app.log.page(after: Int64(sent), now: now) { entry in
            (region == nil || entry.region == region)
                && (instance == nil || entry.machine == instance)
        }
        let next = page.last.map { String($0.time.nanoseconds) } ?? sent
        return .now(
            .json(
                200,
                [
                    "data": .array(page.map(\.json)), "meta": ["next_token": .string(next)],
                ]))
    }
}
