import PreviewCore

/// A machine's config in the form that the API echoes (reference, section 6), with what the
/// simulator needs to know of it.
struct MachineConfig: Sendable {
    /// A port range that the proxy serves, and where it goes.
    struct Service: Sendable {
        var internalPort: Int
        /// The public ports.
        var ports: [ClosedRange<Int>]
        var autostop: Autostop
        var autostart: Bool
        var minimumRunning: Int
        var softLimit: Int
        var checks: [Check]
    }

    enum Autostop: String, Sendable {
        case off, stop, suspend
    }

    struct Check: Sendable {
        var name: String
        var isHTTP: Bool
        var port: Int
        var path: String
        var method: String
        var interval: Duration
        var grace: Duration
        var timeout: Duration
        /// Whether a failure takes the machine out of routing.
        var gatesRouting: Bool
    }

    struct File: Sendable {
        enum Content: Sendable {
            case bytes([UInt8])
            case secret(String)
            case imageConfig(String)
        }

        var path: String
        var content: Content
        var mode: Int
    }

    enum RestartPolicy: String {
        case no, always
        case onFailure = "on-failure"
        case spotPrice = "spot-price"
    }

    enum RootPersistence: String {
        case never, restart, always
    }

    /// The normalized document.
    private(set) var json: JSONValue

    /// Checks a config and brings it into the form in which the API echoes it.
    init(_ sent: JSONValue) throws(APIError) {
        json = try Self.normalized(sent)
    }

    var image: String { json["image"]?.string ?? "" }
    var environment: [String: String] { json["env"]?.stringMap ?? [:] }
    var isAutoDestroyed: Bool { json["auto_destroy"]?.bool ?? false }
    var schedule: String? { json.given("schedule")?.string }
    var volume: String? { json["mounts"]?.array?.first?["volume"]?.string }

    var metadata: [String: String] {
        get { json["metadata"]?.stringMap ?? [:] }
        set {
            guard var object = json.object else { return }
            object["metadata"] = newValue.isEmpty ? nil : .map(newValue)
            json = .object(object)
        }
    }

    var memoryMB: Int { json["guest"]?["memory_mb"]?.int ?? 256 }
    var cpuKind: String { json["guest"]?["cpu_kind"]?.string ?? "shared" }
    var cpus: Int { json["guest"]?["cpus"]?.int ?? 1 }

    /// Why it cannot be suspended, or nil if it can (reference, sections 4.6 and 10).
    var suspendObstacle: String? {
        if memoryMB > 2048 { return "machines with more than 2GB of memory cannot be suspended" }
        if (json["init"]?["swap_size_mb"]?.int ?? 0) > 0 {
            return "machines with swap cannot be suspended"
        }
        if schedule != nil { return "scheduled machines cannot be suspended" }
        if json["guest"]?.given("gpu_kind") != nil {
            return "machines with GPUs cannot be suspended"
        }
        return nil
    }

    var restartPolicy: RestartPolicy {
        json["restart"]?["policy"]?.string.flatMap(RestartPolicy.init) ?? .onFailure
    }
    var maximumRetries: Int { json["restart"]?["max_retries"]?.int ?? 10 }

    var rootPersistence: RootPersistence {
        json["rootfs"]?["persist"]?.string.flatMap(RootPersistence.init) ?? .never
    }

    var stopSignal: String { json["stop_config"]?["signal"]?.string ?? "SIGINT" }
    var stopTimeout: Duration {
        json["stop_config"]?.given("timeout").flatMap {
            GoDuration.read($0, numbersIn: .nanoseconds(1))
        } ?? .seconds(5)
    }

    /// The command line that replaces the image's; empty where the image's own runs.
    var command: [String] { Self.command(of: json) }

    /// The command line of a normalized config.
    static func command(of config: JSONValue) -> [String] {
        let start = config["init"]
        if let exec = start?.given("exec")?.stringArray { return exec }
        return (start?.given("entrypoint")?.stringArray ?? [])
            + (start?.given("cmd")?.stringArray ?? [])
    }

    var files: [File] {
        (json["files"]?.array ?? []).compactMap { file in
            guard let path = file["guest_path"]?.string else { return nil }
            let content: File.Content
            if let value = file.given("raw_value")?.string {
                content = .bytes(Base64.decode(value) ?? [])
            } else if let secret = file.given("secret_name")?.string {
                content = .secret(secret)
            } else {
                content = .imageConfig(file["image_config"]?.string ?? "")
            }
            return File(path: path, content: content, mode: file["mode"]?.int ?? 0o644)
        }
    }

    var services: [Service] {
        (json["services"]?.array ?? []).map { service in
            let stop = service["autostop"]
            let port = service["internal_port"]?.int ?? 0
            return Service(
                internalPort: port,
                ports: (service["ports"]?.array ?? []).compactMap(Self.range),
                autostop: stop?.bool == true
                    ? .stop : stop?.string.flatMap(Autostop.init) ?? .off,
                autostart: service["autostart"]?.bool ?? true,
                minimumRunning: service["min_machines_running"]?.int ?? 0,
                softLimit: service["concurrency"]?["soft_limit"]?.int ?? 20,
                checks: (service["checks"]?.array ?? []).enumerated().map { index, check in
                    let kind = check["type"]?.string ?? "tcp"
                    let name = "servicecheck-\(index < 10 ? "0" : "")\(index)-\(kind)-\(port)"
                    return Check(check, name: name, port: port, gatesRouting: true)
                })
        }
    }

    /// All health checks: the machine's own and those of its services.
    var checks: [Check] {
        let own = (json["checks"]?.object?.members ?? []).map { member in
            Check(
                member.value, name: member.name, port: 8080,
                gatesRouting: member.value["kind"]?.string == "readiness")
        }
        return own + services.flatMap(\.checks)
    }

    /// The service behind a public port.
    func service(onPort port: Int) -> Service? {
        services.first { $0.ports.contains { $0.contains(port) } }
    }

    private static func range(_ port: JSONValue) -> ClosedRange<Int>? {
        if let single = port.given("port")?.int { return single...single }
        guard let start = port["start_port"]?.int, let end = port["end_port"]?.int, start <= end
        else { return nil }
        return start...end
    }
}

extension MachineConfig.Check {
    fileprivate init(_ json: JSONValue, name: String, port: Int, gatesRouting: Bool) {
        func duration(_ name: String, _ standard: Duration) -> Duration {
            json.given(name).flatMap { GoDuration.read($0, numbersIn: .nanoseconds(1)) } ?? standard
        }
        self.name = name
        self.port = json.given("port")?.int ?? port
        self.gatesRouting = gatesRouting
        isHTTP = json["type"]?.string == "http"
        path = json.given("path")?.string ?? "/"
        method = json.given("method")?.string ?? "GET"
        interval = max(duration("interval", .seconds(15)), .milliseconds(100))
        grace = duration("grace_period", .zero)
        timeout = duration("timeout", .seconds(10))
    }
}
