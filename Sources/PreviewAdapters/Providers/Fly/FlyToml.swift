package import PreviewCore

/// `fly.toml`, the file of Fly's own tool, for a preview (BEHAVIOURS P5). Pure.
///
/// Keys and values are those of Fly's configuration reference as of 2026-08. What the file cannot
/// say stands in it as comments: secrets, and how the image is made.
package struct FlyToml {
    private let app: String
    private let config: Config
    private let detected: DetectedRepository
    private let commands: RunCommands

    /// `app`: the name that is in use, or would be.
    package init(app: String, config: Config, detected: DetectedRepository) {
        self.app = app
        self.config = config
        self.detected = detected
        commands = RunCommands(detected: detected, run: config.run, provider: .fly)
    }

    /// The whole file.
    package var text: String {
        let sections = [
            head, build, environment, processes, service, machine, secrets,
        ]
        return sections.filter { !$0.isEmpty }.map { $0.joined(separator: "\n") + "\n" }
            .joined(separator: "\n")
    }

    /// The port that the app listens on; `env` may set it.
    private var port: Int {
        config.environment["PORT"].flatMap { Int($0) } ?? commands.port ?? 8080
    }

    private var dockerfile: String? {
        detected.evidence.map(\.file).first { $0.split(separator: "/").last == "Dockerfile" }
    }

    private var head: [String] {
        var lines = ["# Written by `preview export fly.toml` for Fly's own tool: `fly deploy`."]
        if !config.path.isEmpty { lines.append("# It belongs into \(shown(config.path)).") }
        return lines + [
            "app = \(quoted(app))", "primary_region = \(quoted(config.regions.first ?? "dfw"))",
        ]
    }

    private var build: [String] {
        if let dockerfile { return ["[build]", "dockerfile = \(quoted(dockerfile))"] }
        return ["# Fly's tool builds from a Dockerfile, and none was seen. One for this app:"]
            + recipe.map { "#   \(shown($0))" }
    }

    /// A Dockerfile that does what the boot does.
    private var recipe: [String] {
        let commandsToRun = [commands.install, commands.build].compactMap(\.self)
            .filter { !$0.isEmpty }
        if commands.start == nil, let root = commands.staticRoot, commandsToRun.isEmpty {
            return ["FROM \(BaseImage.forSites)", "COPY \(root) /srv"] + [fileServer("/srv")]
        }
        let image = BaseImage.choose(
            for: Platform(
                runtime: detected.runtime?.name ?? "unknown", version: detected.runtime?.version,
                image: config.run.image))
        let lines =
            ["FROM \(image)", "WORKDIR /app", "COPY . ."] + commandsToRun.map { "RUN \($0)" }
        guard commands.start == nil, let root = commands.staticRoot else { return lines }
        return lines
            + ["FROM \(BaseImage.forSites)", "COPY --from=0 /app/\(root) /srv", fileServer("/srv")]
    }

    private func fileServer(_ folder: String) -> String {
        "CMD caddy file-server --root \(folder) --listen :\(port)"
    }

    private var environment: [String] {
        var variables = ["HOST": "0.0.0.0", "PORT": String(port)]
        variables.merge(detected.environment) { $1 }
        variables.merge(config.environment) { $1 }
        return ["[env]"]
            + variables.sorted { $0.key < $1.key }.map { "\(key($0.key)) = \(quoted($0.value))" }
    }

    private var processes: [String] {
        // The Dockerfile says how it starts, unless `run:` does.
        guard let start = commands.start, dockerfile == nil || config.run.start != nil else {
            return []
        }
        return ["[processes]", "app = \(quoted(Self.words(of: start)))"]
    }

    private var service: [String] {
        let stops = config.lifecycle.idleTimeout != nil
        var lines = [
            "[http_service]", "internal_port = \(port)", "force_https = true",
            "auto_stop_machines = \(quoted(stops ? "stop" : "off"))",
            "auto_start_machines = \(config.lifecycle.autoStart)",
            "min_machines_running = \(stops ? 0 : 1)",
        ]
        if !processes.isEmpty { lines.append("processes = [\"app\"]") }
        return lines + [
            "", "[[http_service.checks]]", "method = \"GET\"",
            "path = \(quoted(config.health.path))", "interval = \"15s\"", "timeout = \"10s\"",
            "grace_period = \(quoted("\(config.timeouts.start)s"))",
        ]
    }

    private var machine: [String] {
        [
            "[[vm]]", "size = \(quoted(config.resources.size))",
            "memory = \(quoted("\(config.resources.memory)mb"))",
        ]
    }

    private var secrets: [String] {
        guard !config.secrets.isEmpty else { return [] }
        let names = config.secrets.map { "\(shown($0.name))=…" }.joined(separator: " ")
        return ["# Secrets are never written here. Set them once:", "#   fly secrets set \(names)"]
    }

    /// A command as Fly takes it: split into words and run without a shell.
    private static func words(of line: String) -> String {
        let isPlain = !line.contains { "|&;<>()$`*?[]{}~#\\\n".contains($0) }
        // A variable before the program is the shell's doing as well.
        let setsVariable = line.prefix { $0 != " " }.contains("=")
        guard !isPlain || setsVariable else { return line }
        return "sh -c '" + line.replacing("'", with: #"'\''"#) + "'"
    }

    /// A text in a comment, where a line break would end it.
    private func shown(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { Self.isControl($0) ? " " : $0 }))
    }

    /// A basic string of TOML 1.0.
    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case _ where Self.isControl(scalar):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// Control characters of ASCII, which a file of TOML must not hold, and those beyond it, which a
    /// terminal would obey.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
    }

    private func key(_ name: String) -> String {
        let isBare = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return isBare && !name.isEmpty ? name : quoted(name)
    }
}
