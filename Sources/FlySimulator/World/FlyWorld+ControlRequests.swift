import PreviewCore

/// The control endpoints under `/_sim`, for tests and people outside this process.
extension FlyWorld {
    /// Answers a request to a control endpoint, or nil if there is no such endpoint.
    func control(_ method: String, _ path: String, _ body: [UInt8]) -> APIAnswer? {
        // Nothing sent reads as nothing asked for.
        let json = (try? JSONReader.read(body, options: .lenient)) ?? .object(JSONObject())
        switch (method, path) {
        case ("GET", "/_sim/state"): return .json(200, state)
        case ("GET", "/_sim/requests"): return .json(200, .array(requests.map(\.json)))
        case ("DELETE", "/_sim/requests"): forgetRequests()
        case ("GET", "/_sim/faults"):
            return .json(200, .array(faults.rules.map { $0.fault.json(met: $0.met) }))
        case ("POST", "/_sim/faults"):
            guard let fault = Fault(json: json) else { return Self.refused("no such fault") }
            add(fault)
        case ("DELETE", "/_sim/faults"): removeFaults()
        case ("POST", "/_sim/reset"): reset()
        case ("POST", "/_sim/clock"):
            guard
                let step = json["advance"].flatMap({
                    GoDuration.read($0, numbersIn: .seconds(1))
                })
            else { return Self.refused("advance must be a duration") }
            advance(by: step)
        default: return setUp(method, path, json)
        }
        return .ok
    }

    private func setUp(_ method: String, _ path: String, _ json: JSONValue) -> APIAnswer? {
        guard method == "POST" else { return nil }
        switch path {
        case "/_sim/apps":
            guard let name = json["name"]?.string, let owner = json["organization"]?.string else {
                return Self.refused("name and organization are required")
            }
            plantApp(name, organization: owner)
        case "/_sim/machines":
            guard let app = json["app"]?.string, let name = json["name"]?.string,
                let id = plantMachine(
                    inApp: app, name: name, config: json["config"] ?? ["image": "nginx:latest"],
                    region: json["region"]?.string ?? "iad")
            else { return Self.refused("app and name are required, and a valid config") }
            return .json(200, ["id": .string(id)])
        case "/_sim/lag": setLag(json)
        case "/_sim/capacity": setCapacity(json)
        case "/_sim/images":
            setMissingImages(Set(json["missing"]?.stringArray ?? []))
            for (image, digest) in json["digests"]?.stringMap ?? [:] {
                setDigest(digest, ofImage: image)
            }
        case "/_sim/end":
            endGuest(
                ofMachine: json["machine"]?.string ?? "", code: json["code"]?.int ?? 0,
                isOutOfMemory: json["out_of_memory"]?.bool ?? false)
        case "/_sim/tokens":
            guard let token = json["token"]?.string else {
                return Self.refused("token is required")
            }
            guard let owner = json.given("organization")?.string else {
                revoke(token)
                break
            }
            add(
                Credential(
                    token, organization: owner, apps: json.given("apps")?.stringArray.map(Set.init))
            )
        default: return nil
        }
        return .ok
    }

    private func setLag(_ json: JSONValue) {
        var visibility = model.visibility
        if let reads = json.given("missed_reads")?.int { visibility.missedReads = reads }
        if let seconds = json.given("seconds")?.int { visibility.duration = .seconds(seconds) }
        if let status = json.given("app_status")?.int { visibility.appStatus = status }
        setVisibility(visibility)
        if let count = json.given("empty_listings")?.int { emptyListings(count) }
    }

    private func setCapacity(_ json: JSONValue) {
        setCapacity(
            fullRegions: Set(json["full_regions"]?.stringArray ?? []),
            fullHosts: json["full_hosts"]?.stringMap ?? [:])
        setFullVolumes(Set(json["full_volumes"]?.stringArray ?? []))
        for member in json["machine_limits"]?.object?.members ?? [] {
            setMachineLimit(member.value.int, ofOrganization: member.name)
        }
    }

    private static func refused(_ text: String) -> APIAnswer {
        .json(400, ["error": .string(text)])
    }
}
