import PreviewCore

extension MachineConfig {
    /// Services as the API echoes them: `autostop` is `false`, `true` or `"suspend"`, and
    /// `force_instance_key` is always there (reference, section 6.4).
    static func normalizedServices(_ services: JSONValue) throws(APIError) -> JSONValue {
        guard let services = services.array else {
            throw .invalid("invalid config.services: must be an array")
        }
        var result: [JSONValue] = []
        for service in services { result.append(try normalizedService(service)) }
        return .array(result)
    }

    private static func normalizedService(_ sent: JSONValue) throws(APIError) -> JSONValue {
        guard var service = sent.object else {
            throw .invalid("invalid config.services: must be objects")
        }
        guard ["tcp", "udp"].contains(sent["protocol"]?.string ?? "") else {
            throw .invalid("invalid config.services.protocol: must be tcp or udp")
        }
        guard (1...65535).contains(sent["internal_port"]?.int ?? 0) else {
            throw .invalid("invalid config.services.internal_port: must be a port")
        }
        try checkPorts(sent)
        service["autostop"] = try autostop(sent)
        if let limits = sent.given("concurrency")?.object {
            guard ["connections", "requests", nil].contains(limits["type"]?.string) else {
                throw .invalid(
                    "invalid config.services.concurrency.type: must be connections or requests")
            }
            var limits = limits
            if limits["type"] == nil { limits["type"] = "connections" }
            service["concurrency"] = .object(limits)
        }
        if let checks = sent.given("checks")?.array {
            var result: [JSONValue] = []
            for check in checks { result.append(try normalizedCheck(check, in: "services.checks")) }
            service["checks"] = .array(result)
        }
        if service["force_instance_key"] == nil { service["force_instance_key"] = .null }
        return .object(service)
    }

    private static func checkPorts(_ service: JSONValue) throws(APIError) {
        for port in service.given("ports")?.array ?? [] {
            let numbers = ["port", "start_port", "end_port"].compactMap { port.given($0) }
            guard !numbers.isEmpty,
                numbers.allSatisfy({ (1...65535).contains($0.int ?? 0) })
            else { throw .invalid("invalid config.services.ports: a port is missing") }
            let handlers = port.given("handlers")?.stringArray ?? []
            for handler in handlers
            where !["http", "tls", "proxy_proto", "pg_tls", "edge_http"].contains(handler) {
                throw .invalid("invalid config.services.ports.handlers: \(handler)")
            }
            if let tls = handlers.firstIndex(of: "tls"), let http = handlers.firstIndex(of: "http"),
                http < tls
            {
                throw .invalid("invalid config.services.ports.handlers: tls must come before http")
            }
        }
    }

    private static func autostop(_ service: JSONValue) throws(APIError) -> JSONValue? {
        guard let sent = service.given("autostop") else { return nil }
        if let flag = sent.bool { return .bool(flag) }
        switch Autostop(rawValue: sent.string ?? "") {
        case .off: return false
        case .stop: return true
        case .suspend: return "suspend"
        case nil: throw .invalid("invalid config.services.autostop: must be off, stop or suspend")
        }
    }

    /// The machine's own checks, by name.
    static func namedChecks(_ checks: JSONValue) throws(APIError) -> JSONValue {
        guard let checks = checks.object else {
            throw .invalid("invalid config.checks: must be an object")
        }
        var result = JSONObject()
        for member in checks.members {
            let kind = member.value.given("kind")?.string
            guard ["informational", "readiness", nil].contains(kind) else {
                throw .invalid("invalid config.checks.kind: must be informational or readiness")
            }
            guard member.value.given("port")?.int != nil else {
                throw .invalid("invalid config.checks.\(member.name).port: is required")
            }
            result[member.name] = try normalizedCheck(member.value, in: "checks")
        }
        return .object(result)
    }

    private static func normalizedCheck(
        _ sent: JSONValue, in place: String
    ) throws(APIError) -> JSONValue {
        guard var check = sent.object else {
            throw .invalid("invalid config.\(place): must be objects")
        }
        guard ["http", "tcp"].contains(sent["type"]?.string ?? "") else {
            throw .invalid("invalid config.\(place).type: must be http or tcp")
        }
        try formatDurations(["interval", "timeout", "grace_period"], of: &check, in: place)
        return .object(check)
    }
}
