import PreviewCore

/// The `config` of a machine of Fly (fly/machines-api section 6) through the steps: made in step 2,
/// given its settings in step 3 and its release in step 4. Pure.
///
/// An update replaces the whole config, so each change starts from what the platform has, and what
/// others have put there stays.
struct MachineConfiguration: Hashable, Sendable {
    /// The object as it is sent.
    private(set) var json: JSONObject

    /// As the platform echoes it.
    init(_ json: JSONObject) {
        self.json = json
    }

    /// Step 2: the size and the image, and nothing to run yet.
    init(_ spec: MachineSpec, marks: MachineMarks) {
        json = JSONObject()
        json["image"] = .string(BaseImage.choose(for: spec.platform))
        setGuest(spec.resources)
        // Until step 4 there is nothing that could run; a start by anybody does no harm.
        json["init"] = ["exec": ["/bin/sh", "-c", "exit 0"]]
        json["restart"] = ["policy": "no"]
        mark(marks)
    }

    // MARK: - Steps

    /// Step 3: environment, size, services and what ends the machine.
    mutating func configure(_ settings: Settings, marks: MachineMarks) {
        setGuest(settings.resources)
        let before = Set(self.marks?.variables ?? [])
        var environment = self.environment.filter { !before.contains($0.key) }
        environment.merge(settings.environment) { $1 }
        for name in BootScript.lifecycleNames { environment[name] = nil }
        environment.merge(
            BootScript.variables(
                for: settings.lifecycle, expiresAt: settings.expiresAt,
                checkInterval: Self.checkInterval)
        ) { $1 }
        self.environment = environment
        setServices(
            port: Self.port(settings.port, environment: settings.environment),
            startsOnRequest: settings.lifecycle.autoStart)
        json["restart"] = ["policy": "on-failure", "max_retries": 3]
        json["stop_config"] = [
            "signal": "SIGTERM", "timeout": .string("\(BootScript.stopTimeout)s"),
        ]
        // What is cloned, installed and built is kept; the boot script knows what it is of.
        json["rootfs"] = ["persist": "always"]
        var marks = marks
        marks.variables = Array(settings.environment.keys)
        mark(marks)
    }

    /// Step 4: the image, the boot script and what it is told.
    mutating func boot(_ release: Release, marks: MachineMarks) {
        json["image"] = .string(BaseImage.choose(for: release.platform))
        let own = Set(marks.variables)
        let settings = self.environment.filter { own.contains($0.key) }
        let lifecycle = self.environment.filter { BootScript.lifecycleNames.contains($0.key) }
        let port = Self.port(release.port, environment: settings)
        environment =
            release.previewVariables
            .merging(["PORT": String(port), "HOST": "0.0.0.0"]) { $1 }
            .merging(settings) { $1 }
            .merging(lifecycle) { $1 }
            .merging(
                BootScript.variables(
                    for: release, key: marks.attempt, staysAfterFailure: true)
            ) { $1 }
        let startsOnRequest = json["services"]?.array?.first?["autostart"]?.bool ?? true
        setServices(port: port, startsOnRequest: startsOnRequest)
        json["files"] = .array(BootScript.files)
        json["init"] = ["exec": .array(BootScript.command.map(JSONValue.string))]
        mark(marks)
    }

    // MARK: - Parts

    /// The variables of the machine.
    var environment: [String: String] {
        get {
            (json["env"]?.object?.members ?? []).reduce(into: [:]) {
                $0[$1.name] = $1.value.string
            }
        }
        set { json["env"] = Self.object(newValue) }
    }

    /// The metadata, ours and others'.
    var metadata: [String: String] {
        (json["metadata"]?.object?.members ?? []).reduce(into: [:]) {
            $0[$1.name] = $1.value.string
        }
    }

    /// Our marks, if it carries any.
    var marks: MachineMarks? { MachineMarks(metadata) }

    /// The port that requests are led to, if there are services.
    var port: Int? { json["services"]?.array?.first?["internal_port"]?.int }

    /// How big the machine is.
    var resources: Config.Resources? {
        guard let guest = json["guest"], let cpus = guest["cpus"]?.int,
            let memory = guest["memory_mb"]?.int
        else { return nil }
        let kind = MachineSize.Kind(rawValue: guest["cpu_kind"]?.string ?? "shared")
        let size = kind.flatMap { MachineSize($0, cpus: cpus) }
        return Config.Resources(size: size?.name ?? "", cpu: cpus, memory: memory)
    }

    /// The port that the app is told, which `env` may set.
    static func port(_ port: Int?, environment: [String: String]) -> Int {
        environment["PORT"].flatMap { Int($0) } ?? port ?? 8080
    }

    /// Seconds between two checks of the proxy.
    private static let checkInterval = 15

    private mutating func setGuest(_ resources: Config.Resources) {
        let kind = MachineSize(name: resources.size)?.kind ?? .shared
        // What else the guest has, such as kernel arguments, is not ours to remove.
        var guest = json["guest"]?.object ?? JSONObject()
        guest["cpu_kind"] = .string(kind.rawValue)
        guest["cpus"] = .int(resources.cpu)
        guest["memory_mb"] = .int(resources.memory)
        json["guest"] = .object(guest)
    }

    /// HTTPS for the world, and a check that keeps requests away until somebody listens. The proxy
    /// never stops the machine: a build has no traffic, and `idle_timeout` is the boot script's
    /// (fly/machines-api section 10).
    private mutating func setServices(port: Int, startsOnRequest: Bool) {
        let service: JSONValue = [
            "protocol": "tcp", "internal_port": .int(port),
            "ports": [
                ["port": 80, "handlers": ["http"], "force_https": true],
                ["port": 443, "handlers": ["tls", "http"]],
            ],
            "autostop": "off", "autostart": .bool(startsOnRequest), "min_machines_running": 0,
            "concurrency": ["type": "connections", "soft_limit": 200],
            "checks": [
                [
                    "type": "tcp", "interval": .string("\(Self.checkInterval)s"),
                    "timeout": "5s", "grace_period": "5s",
                ]
            ],
        ]
        json["services"] = [service]
    }

    /// Writes the marks over the metadata, with the digests of the config as it is now.
    private mutating func mark(_ marks: MachineMarks) {
        var marks = marks
        marks.parts = fingerprint
        marks.config = Digest.hex(JSONWriter.canonical(Self.object(marks.parts)))
        json["metadata"] = Self.object(metadata.merging(marks.metadata) { $1 })
    }

    private static func object(_ values: [String: String]) -> JSONValue {
        .object(
            JSONObject(
                values.sorted { $0.key < $1.key }
                    .map { .init(name: $0.key, value: .string($0.value)) }))
    }
}

// MARK: - Drift

extension MachineConfiguration {
    /// Whether a machine with that config would be another one after an update to this.
    func differs(from other: JSONObject) -> Bool {
        let other = MachineConfiguration(other)
        var (ours, theirs) = (marks, other.marks)
        // Who wrote it does not matter, but what.
        ours?.attempt = ""
        theirs?.attempt = ""
        return ours != theirs || resources != other.resources
            || other.fingerprint != fingerprint
    }

    /// What somebody changed since the config was marked, in words.
    var changedParts: [String] {
        guard let marks else { return [] }
        let now = fingerprint
        return marks.parts.filter { now[$0.key] != $0.value }.keys.sorted()
    }

    /// A short digest of each part that is ours, the same for our spelling and for the echo of it:
    /// the platform adds fields, drops empty ones and turns words into booleans.
    private var fingerprint: [String: String] {
        let parts: [String: JSONValue] = [
            "image": json["image"] ?? .null,
            "env": Self.object(environment),
            "services": .array((json["services"]?.array ?? []).map(Self.meaning)),
            "restart": ["policy": json["restart"]?["policy"] ?? .null],
            "init": json["init"]?["exec"] ?? .null,
        ]
        return parts.mapValues { String(Digest.hex(JSONWriter.canonical($0)).prefix(8)) }
    }

    private static func meaning(of service: JSONValue) -> JSONValue {
        [
            "protocol": service["protocol"] ?? "tcp",
            "internal_port": service["internal_port"] ?? .null,
            "ports": .array(
                (service["ports"]?.array ?? []).map { port in
                    [
                        "port": port["port"] ?? .null, "handlers": port["handlers"] ?? [],
                        "force_https": .bool(port["force_https"]?.bool ?? false),
                    ]
                }),
            "autostop": .string(autostop(service["autostop"])),
            "autostart": .bool(service["autostart"]?.bool ?? true),
        ]
    }

    private static func autostop(_ value: JSONValue?) -> String {
        switch value {
        case .bool(let stops)?: stops ? "stop" : "off"
        case .string(let word)?: word
        default: "off"
        }
    }
}
