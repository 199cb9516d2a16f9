import PreviewCore

extension MachineConfig {
    /// The sizes a machine can have (reference, section 6.1).
    private enum Size {
        static let cpus = [
            "shared": [1, 2, 4, 6, 8], "performance": [1, 2, 4, 6, 8, 10, 12, 14, 16],
        ]
        static let memoryPerCPU = ["shared": 256...2048, "performance": 2048...8192]
        static let memoryStep = ["shared": 256, "performance": 2048]

        /// The guest of a preset such as `shared-cpu-1x` or `performance-2x`.
        static func guest(of preset: String) -> JSONValue? {
            for (kind, prefix) in [("shared", "shared-cpu-"), ("performance", "performance-")] {
                guard preset.hasPrefix(prefix), preset.hasSuffix("x"),
                    let count = Int(preset.dropFirst(prefix.count).dropLast()),
                    cpus[kind]?.contains(count) == true, let memory = memoryPerCPU[kind]
                else { continue }
                return [
                    "cpu_kind": .string(kind), "cpus": .int(count),
                    "memory_mb": .int(memory.lowerBound * count),
                ]
            }
            return nil
        }
    }

    /// Checks the whole config and adds what the server adds (reference, section 6): `init`, `dns`,
    /// `restart` and `guest`, Booleans for `autostop`, durations as Go prints them.
    static func normalized(_ sent: JSONValue) throws(APIError) -> JSONValue {
        guard var config = sent.object else { throw .invalid("invalid config: must be an object") }
        guard let image = sent.given("image")?.string, !image.isEmpty else {
            throw .invalid("invalid config: image is required")
        }
        for name in config.names where config[name]?.isNull == true { config[name] = nil }
        try checkMaps(sent)
        try checkFiles(sent)
        config["guest"] = try guest(sent)
        config["size"] = nil
        config["init"] = try start(sent)
        if sent.given("dns") == nil { config["dns"] = .object(JSONObject()) }
        config["restart"] = try restart(sent)
        config["stop_config"] = try stop(sent)
        if let services = sent.given("services") {
            config["services"] = try normalizedServices(services)
        }
        if let checks = sent.given("checks") { config["checks"] = try namedChecks(checks) }
        try checkRest(sent)
        return .object(config)
    }

    private static func checkMaps(_ config: JSONValue) throws(APIError) {
        for name in ["env", "metadata"] {
            if let map = config.given(name), map.stringMap == nil {
                throw .invalid("invalid config: \(name) must be an object of strings")
            }
        }
    }

    private static func checkFiles(_ config: JSONValue) throws(APIError) {
        guard let files = config.given("files") else { return }
        guard let files = files.array else {
            throw .invalid("invalid config: files must be an array")
        }
        for file in files {
            let path = file["guest_path"]?.string ?? ""
            guard path.hasPrefix("/"), !path.split(separator: "/").contains("..") else {
                throw .invalid("invalid config: files: guest_path must be an absolute path")
            }
            let sources = ["raw_value", "secret_name", "image_config"].filter {
                file.given($0) != nil
            }
            guard sources.count == 1 else {
                throw .invalid(
                    "invalid config: files: \(path) needs exactly one of raw_value, secret_name "
                        + "and image_config")
            }
            if let value = file.given("raw_value"), Base64.decode(value.string ?? "?") == nil {
                throw .invalid("invalid config: files: raw_value of \(path) is no valid base64")
            }
            if let mode = file.given("mode"), !(0...0o7777).contains(mode.int ?? -1) {
                throw .invalid("invalid config: files: mode of \(path) must be permission bits")
            }
        }
    }

    private static func guest(_ config: JSONValue) throws(APIError) -> JSONValue {
        if let size = config.given("size") {
            guard config.given("guest") == nil else {
                throw .invalid("invalid config: size and guest exclude each other")
            }
            guard let guest = Size.guest(of: size.string ?? "") else {
                throw .invalid("invalid config: unknown size \(size.string ?? "")")
            }
            return guest
        }
        var guest = config.given("guest")?.object ?? JSONObject()
        let kind = guest["cpu_kind"]?.string ?? "shared"
        let cpus = guest["cpus"]?.int ?? 1
        guard let counts = Size.cpus[kind], let perCPU = Size.memoryPerCPU[kind],
            let step = Size.memoryStep[kind]
        else { throw .invalid("invalid config.guest.cpu_kind: \(kind)") }
        guard counts.contains(cpus) else {
            throw .invalid("invalid config.guest.cpus: \(cpus) is no valid count for \(kind)")
        }
        let memory = guest["memory_mb"]?.int ?? perCPU.lowerBound * cpus
        guard (perCPU.lowerBound * cpus...perCPU.upperBound * cpus).contains(memory) else {
            throw .invalid(
                "invalid config.guest.memory_mb: must be from \(perCPU.lowerBound * cpus) to "
                    + "\(perCPU.upperBound * cpus) MiB for \(cpus) \(kind) CPUs")
        }
        guard memory % step == 0 else {
            throw .invalid("invalid config.guest.memory_mb: must be a multiple of \(step) MiB")
        }
        guest["cpu_kind"] = .string(kind)
        guest["cpus"] = .int(cpus)
        guest["memory_mb"] = .int(memory)
        return .object(guest)
    }

    private static func start(_ config: JSONValue) throws(APIError) -> JSONValue {
        guard let start = config.given("init") else { return .object(JSONObject()) }
        for name in ["exec", "entrypoint", "cmd", "kernel_args"] {
            if let list = start.given(name), list.stringArray == nil {
                throw .invalid("invalid config.init.\(name): must be an array of strings")
            }
        }
        return start
    }

    private static func restart(_ config: JSONValue) throws(APIError) -> JSONValue {
        var restart = config.given("restart")?.object ?? JSONObject()
        let policy = restart["policy"]?.string ?? "on-failure"
        guard let known = RestartPolicy(rawValue: policy), known != .spotPrice else {
            throw .invalid("invalid config.restart.policy: \(policy)")
        }
        restart["policy"] = .string(policy)
        if known == .onFailure, restart["max_retries"] == nil { restart["max_retries"] = 10 }
        return .object(restart)
    }

    private static func stop(_ config: JSONValue) throws(APIError) -> JSONValue? {
        guard var stop = config.given("stop_config")?.object else { return nil }
        if let signal = stop["signal"]?.string, Signal.stopping[signal] == nil {
            throw .invalid("invalid config.stop_config.signal: \(signal)")
        }
        try formatDurations(["timeout"], of: &stop, in: "stop_config")
        return .object(stop)
    }

    private static func checkRest(_ config: JSONValue) throws(APIError) {
        if let mounts = config.given("mounts")?.array, mounts.count > 1 {
            throw .invalid("invalid config.mounts: a machine can have one volume at most")
        }
        if let persist = config["rootfs"]?.given("persist"),
            RootPersistence(rawValue: persist.string ?? "") == nil
        {
            throw .invalid("invalid config.rootfs.persist: must be never, restart or always")
        }
        if let schedule = config.given("schedule"),
            !["hourly", "daily", "weekly", "monthly"].contains(schedule.string ?? "")
        {
            throw .invalid("invalid config.schedule: must be hourly, daily, weekly or monthly")
        }
    }

    /// Rewrites durations in the form in which Go prints them; numbers are nanoseconds.
    static func formatDurations(
        _ names: [String], of object: inout JSONObject, in place: String
    ) throws(APIError) {
        for name in names {
            guard let value = object[name], !value.isNull else { continue }
            guard let duration = GoDuration.read(value, numbersIn: .nanoseconds(1)) else {
                throw .invalid("invalid config.\(place).\(name): no duration")
            }
            object[name] = .string(GoDuration.text(duration))
        }
    }
}
