import PreviewCore

extension FlyModel {
    /// `GET /v1/apps/{app}/machines` (reference, section 4.3).
    mutating func listMachines(_ call: Call) throws(APIError) -> Reply {
        if emptyListings > 0 {
            emptyListings -= 1
            return .now(.json(200, .array([])))
        }
        let request = call.request
        let states = request.queryList("state")
        let metadata = request.query.filter { $0.name.hasPrefix("metadata.") }
            .map { (key: String($0.name.dropFirst("metadata.".count)), value: $0.value) }
        let region = request.queryValue("region")
        var listed: [Machine] = []
        for var machine in machines(ofApp: call.app) {
            let isSeen = hasAffinity(call) || machine.sight.isSeen(at: now)
            machines[machine.id] = machine
            let state = machine.shownState(at: now, echo: delays.destroyEcho)
            guard isSeen, machine.isLive || request.queryFlag("include_deleted"),
                states.isEmpty || states.contains(state.rawValue),
                region == nil || region == machine.region,
                metadata.allSatisfy({ machine.config.metadata[$0.key] == $0.value })
            else { continue }
            listed.append(machine)
        }
        let (page, next) = try page(of: listed, for: call, maximum: 1000, key: \.order)
        let isSummary = request.queryFlag("summary")
        let withLeases = request.queryFlag("include_leases")
        var answer = APIAnswer.json(
            200, .array(page.map { json($0, isSummary: isSummary, withLease: withLeases) }))
        if let next { answer.headers.append(("fly-next-cursor", next)) }
        return .now(answer)
    }

    /// `GET /v1/apps/{app}/machines/{id}` (reference, section 4.4).
    func getMachine(_ call: Call) throws(APIError) -> Reply {
        let machine = try machine(of: call)
        let withLease = call.request.queryFlag("include_leases")
        guard let id = call.request.queryValue("version"), id != machine.current.id else {
            return .now(.json(200, json(machine, withLease: withLease)))
        }
        guard let old = machine.versions.first(where: { $0.id == id }) else {
            throw APIError(404, "machine version not found")
        }
        return .now(.json(200, json(machine, showing: old, withLease: withLease)))
    }

    /// The machine a call is about; it was found to exist when the call was let in.
    func machine(of call: Call) throws(APIError) -> Machine {
        guard let machine = machines[call.machine] else { throw .machineUnknown }
        return machine
    }

    /// A machine as the API shows it (reference, section 4.1).
    func json(
        _ machine: Machine, showing old: Machine.Version? = nil, isSummary: Bool = false,
        withLease: Bool = false
    ) -> JSONValue {
        let version = old ?? machine.current
        let state =
            old == nil ? machine.shownState(at: now, echo: delays.destroyEcho) : .replaced
        let head: [(String, JSONValue?)] = [
            ("id", .string(machine.id)), ("name", .string(machine.name)),
            ("state", .string(state.rawValue)), ("region", .string(machine.region)),
            ("image_ref", version.image.json), ("instance_id", .string(version.id)),
            ("version", .string(version.id)), ("private_ip", .string(machine.privateIP)),
            ("created_at", .string(machine.createdAt.text)),
            ("updated_at", .string(machine.updatedAt.text)),
            ("cordoned", .bool(machine.isCordoned)),
        ]
        let details: [(String, JSONValue?)] = [
            ("config", version.config.json),
            ("events", .array(machine.events.suffix(20).reversed().map(\.json))),
            ("checks", checks(of: machine)),
            ("host_status", "ok"), ("host_features", .array([])),
        ]
        let lease = withLease ? machine.lease(at: now).map(strippedJSON) : nil
        return .object(head + (isSummary ? [] : details) + [("lease", lease)])
    }

    /// Absent as long as no check has run.
    private func checks(of machine: Machine) -> JSONValue? {
        guard !machine.checks.isEmpty else { return nil }
        return .array(
            machine.checks.values.sorted { $0.name < $1.name }.map { check in
                [
                    "name": .string(check.name), "status": .string(check.status),
                    "output": .string(check.output), "updated_at": .string(check.updatedAt.text),
                ]
            })
    }

    /// `GET .../events` (reference, section 4.11).
    func listEvents(_ call: Call) throws(APIError) -> Reply {
        let machine = try machine(of: call)
        let limit: Int
        if let sent = call.request.queryValue("limit") {
            guard let number = Int(sent), number > 0 else { throw .invalid("invalid limit") }
            limit = min(number, 50)
        } else {
            limit = 20
        }
        return .now(.json(200, .array(machine.events.suffix(limit).reversed().map(\.json))))
    }

    /// `GET .../versions`, newest first.
    func listVersions(_ call: Call) throws(APIError) -> Reply {
        let versions = try machine(of: call).versions.reversed().map { version -> JSONValue in
            ["version": .string(version.id), "user_config": version.sent]
        }
        return .now(.json(200, .array(versions)))
    }

    /// `GET .../memory`: nothing is ever reclaimed.
    func getMemory(_ call: Call) throws(APIError) -> Reply {
        let memory = try machine(of: call).config.memoryMB
        return .now(.json(200, ["limit_mb": .int(memory), "available_mb": .int(memory)]))
    }
}
