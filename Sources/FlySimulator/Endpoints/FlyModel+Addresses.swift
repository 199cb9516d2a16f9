import PreviewCore

extension FlyModel {
    private static let addressTypes = [
        "shared_v4", "v4", "v6", "private_v6", "egress_v4", "egress_v6", "egress_pair",
    ]

    /// `GET /v1/apps/{app}/ip_assignments` (reference, section 3).
    func listAddresses(_ call: Call) throws(APIError) -> Reply {
        .now(.json(200, ["ips": .array(try app(of: call).addresses.map(json))]))
    }

    /// `POST /v1/apps/{app}/ip_assignments`.
    mutating func assignAddress(_ call: Call) throws(APIError) -> Reply {
        let app = try app(of: call)
        let network = call.body.given("network")?.string.flatMap { $0.isEmpty ? nil : $0 }
        let address = try assign(
            call.body.given("type")?.string ?? "", region: call.body.given("region")?.string,
            serviceName: call.body.given("service_name")?.string, network: network, to: app)
        return .now(.json(200, json(address)))
    }

    mutating func assign(
        _ type: String, region: String?, serviceName: String?, network: String?, to app: App
    ) throws(APIError) -> App.Address {
        guard Self.addressTypes.contains(type) else { throw .invalid("invalid ip address type") }
        if let network,
            !apps.values.contains(where: {
                $0.organization == app.organization && $0.network == network
            })
        {
            throw .invalid("network not found")
        }
        if type == "shared_v4" || type == "v6",
            let first = app.addresses.first(where: { $0.type == type })
        {
            switch configuration.choices.secondAddress {
            case .same: return first
            case .refused: throw APIError(409, "app already has an address of type \(type)")
            case .another: break
            }
        }
        let isFlycast = type == "private_v6"
        let address = App.Address(
            ip: makeIP(type), type: type,
            region: region.flatMap { $0.isEmpty ? nil : $0 } ?? "global",
            serviceName: serviceName ?? "",
            network: isFlycast
                ? [
                    "name": .string(network ?? app.network),
                    "org_slug": .string(app.organization),
                ] : .null,
            second: type == "egress_pair" ? makeIP("egress_v6") : nil, createdAt: now)
        apps[app.name]?.addresses.append(address)
        if address.isPublic, app.addressedAt == nil { apps[app.name]?.addressedAt = now }
        counts.addresses += 1
        return address
    }

    /// `DELETE /v1/apps/{app}/ip_assignments/{ip}`.
    mutating func releaseAddress(_ call: Call) throws(APIError) -> Reply {
        let ip = call.parameters["ip"] ?? ""
        let app = try app(of: call)
        guard let index = app.addresses.firstIndex(where: { $0.ip == ip || $0.second == ip }) else {
            throw APIError(404, "ip address not found")
        }
        apps[app.name]?.addresses.remove(at: index)
        if apps[app.name]?.hasPublicAddress == false { apps[app.name]?.addressedAt = nil }
        return .now(APIAnswer(204))
    }

    private func json(_ address: App.Address) -> JSONValue {
        let pair = address.second.map {
            JSONValue.object([("v4", .string(address.ip)), ("v6", .string($0))])
        }
        return .object([
            ("ip", pair == nil ? .string(address.ip) : .null), ("type", .string(address.type)),
            ("region", .string(address.region)), ("service_name", .string(address.serviceName)),
            ("shared", .bool(address.type == "shared_v4")), ("egress", .bool(address.isEgress)),
            ("network", address.network), ("created_at", .string(address.createdAt.text)),
            ("ip_pair", pair),
        ])
    }

    /// Addresses from the platform's own ranges, as far as they are known; Flycast ones begin with
    /// `fdaa:`.
    private mutating func makeIP(_ type: String) -> String {
        func byte() -> Int { Int(ids.next() % 254) + 1 }
        switch type {
        case "shared_v4": return "66.241.\(124 + Int(ids.next() % 2)).\(byte())"
        case "v4", "egress_v4", "egress_pair": return "137.66.\(byte()).\(byte())"
        case "private_v6": return "fdaa:0:\(ids.hexadecimal(4)):0:1::\(ids.hexadecimal(2))"
        default: return "2a09:8280:1::\(ids.hexadecimal(2)):\(ids.hexadecimal(4)):0"
        }
    }
}
