/// What the files of hosting platforms say; their commands win over scripts and frameworks (rules
/// section 19).
struct PlatformFiles {
    let folder: Folder

    /// What one file says.
    struct Overrides {
        let file: String
        var install: String?
        var build: String?
        var start: String?
        var dev: String?
        var outputDirectory: String?
        var port: Int?

        init(_ file: String) {
            self.file = file
        }
    }

    /// Replaces what the files say otherwise; of several files the first that says it.
    func apply(to draft: inout Draft) {
        let procfile = Procfile(folder).overrides
        for overrides in (all + [procfile].compactMap { $0 }).reversed() {
            apply(overrides, to: &draft)
        }
        applyProcfileForDevelopment(&draft)
    }

    private func apply(_ overrides: Overrides, to draft: inout Draft) {
        let name = RelativePath.name(of: overrides.file)
        for (command, line) in [
            (\Detection.Commands.install, overrides.install), (\.build, overrides.build),
            (\.start, overrides.start), (\.dev, overrides.dev),
        ] {
            guard let line = Self.usable(line) else { continue }
            draft.set(command, line, overrides.file, "\(name) says so")
        }
        if let output = overrides.outputDirectory, draft.detection.projectType != nil {
            draft.setOutput(output, overrides.file, "\(name) says so")
        }
        if let port = overrides.port { draft.setPort(port, overrides.file, "\(name) says \(port)") }
        if overrides.start != nil { draft.detection.isStatic = false }
    }

    /// What runs the platform's own tool, or nothing, is no command here.
    private static func usable(_ line: String?) -> String? {
        guard let line = line.map({ Versions.trimmed($0) }), !line.isEmpty, !line.hasPrefix("#"),
            !["netlify ", "vercel "].contains(where: line.hasPrefix)
        else { return nil }
        return line
    }

    /// Explicit platform files, those that say most about starting first.
    private var all: [Overrides] {
        [
            railway, railpack, nixpacks, render, digitalOcean, appRunner, heroku, appEngine, fly,
            vercel,
            netlify,
        ].compactMap { $0 }
    }

    // MARK: - Railway and its builders

    private var railway: Overrides? {
        for (name, value) in [
            ("railway.json", folder.json("railway.json")),
            ("railway.toml", folder.toml("railway.toml")),
        ] {
            guard let file = folder.file(name), let value else { continue }
            var overrides = Overrides(file)
            overrides.build = value["build"]?["buildCommand"]?.string
            overrides.start = value["deploy"]?["startCommand"]?.string
            return overrides
        }
        return nil
    }

    private var railpack: Overrides? {
        guard let file = folder.file("railpack.json"), let value = folder.json("railpack.json")
        else {
            return nil
        }
        var overrides = Overrides(file)
        overrides.start = value["deploy"]?["startCommand"]?.string
        overrides.install = Self.joined(value["steps"]?["install"]?["commands"])
        overrides.build = Self.joined(value["steps"]?["build"]?["commands"])
        return overrides
    }

    private var nixpacks: Overrides? {
        guard let file = folder.file("nixpacks.toml"), let value = folder.toml("nixpacks.toml")
        else {
            return nil
        }
        var overrides = Overrides(file)
        overrides.start = value["start"]?["cmd"]?.string
        overrides.install = Self.joined(value["phases"]?["install"]?["cmds"])
        overrides.build = Self.joined(value["phases"]?["build"]?["cmds"])
        return overrides
    }

    /// A list of commands as one line; `nil` when it only adds to what is there, which `...` says.
    private static func joined(_ value: JSONValue?) -> String? {
        let lines = (value?.array ?? []).compactMap { $0.string ?? $0["cmd"]?.string }
        guard !lines.isEmpty, !lines.contains("...") else { return nil }
        return lines.joined(separator: " && ")
    }

    // MARK: - Files with a list of services

    private var render: Overrides? {
        guard let file = folder.file("render.yaml"),
            let services = folder.yaml("render.yaml")?["services"]?.array,
            let service = services.first(where: {
                isHere($0["rootDir"]) && $0["type"]?.string == "web"
            })
        else { return nil }
        var overrides = Overrides(file)
        let runtime = service["runtime"]?.string ?? service["env"]?.string
        guard runtime != "docker", runtime != "image" else { return nil }
        overrides.build = service["buildCommand"]?.string
        overrides.start = service["startCommand"]?.string
        overrides.outputDirectory = service["staticPublishPath"]?.string
        return overrides
    }

    private var digitalOcean: Overrides? {
        guard let file = folder.file(".do/app.yaml"), let value = folder.yaml(".do/app.yaml") else {
            return nil
        }
        var overrides = Overrides(file)
        let service = value["services"]?.array?.first { isHere($0["source_dir"]) }
        let site = value["static_sites"]?.array?.first { isHere($0["source_dir"]) }
        overrides.build = service?["build_command"]?.string ?? site?["build_command"]?.string
        overrides.start = service?["run_command"]?.string
        overrides.port = Ports.valid(service?["http_port"])
        overrides.outputDirectory = site?["output_dir"]?.string
        return overrides
    }

    /// Whether a service is built in this folder.
    private func isHere(_ place: JSONValue?) -> Bool {
        guard let text = place?.string else { return true }
        let path = RelativePath.resolve(
            text.hasPrefix("/") ? String(text.dropFirst()) : text,
            from: ""
        )
        return path == "" || path == folder.path && folder.isRoot
    }

    // MARK: - Files with one service

    private var appRunner: Overrides? {
        guard let file = folder.file("apprunner.yaml"), let value = folder.yaml("apprunner.yaml")
        else {
            return nil
        }
        var overrides = Overrides(file)
        overrides.build = Self.joined(value["build"]?["commands"]?["build"])
        overrides.start = value["run"]?["command"]?.string
        overrides.port = Ports.valid(value["run"]?["network"]?["port"])
        return overrides
    }

    private var heroku: Overrides? {
        guard let file = folder.file("heroku.yml"),
            let run = folder.yaml("heroku.yml")?["run"]?["web"]
        else { return nil }
        var overrides = Overrides(file)
        overrides.start = run.string ?? Self.joined(run["command"])
        return overrides
    }

    private var appEngine: Overrides? {
        guard let file = folder.file("app.yaml"), let value = folder.yaml("app.yaml"),
            value["runtime"] != nil
        else { return nil }
        var overrides = Overrides(file)
        overrides.start = value["entrypoint"]?.string ?? value["entrypoint"]?["shell"]?.string
        return overrides
    }

    private var fly: Overrides? {
        guard let file = folder.file("fly.toml"), let value = folder.toml("fly.toml") else {
            return nil
        }
        var overrides = Overrides(file)
        overrides.port =
            Ports.valid(value["http_service"]?["internal_port"])
            ?? Ports.valid(value["services"]?.array?.first?["internal_port"])
            ?? Ports.valid(value["services"]?["internal_port"])
        let processes = value["processes"]
        overrides.start = processes?["app"]?.string ?? processes?["web"]?.string
        return overrides
    }

    private var vercel: Overrides? {
        guard let file = folder.file("vercel.json"), let value = folder.json("vercel.json") else {
            return nil
        }
        var overrides = Overrides(file)
        overrides.install = value["installCommand"]?.string
        overrides.build = value["buildCommand"]?.string
        overrides.dev = value["devCommand"]?.string
        overrides.outputDirectory = value["outputDirectory"]?.string
        return overrides
    }

    private var netlify: Overrides? {
        guard let file = folder.file("netlify.toml"), let value = folder.toml("netlify.toml") else {
            return nil
        }
        let build = value["build"]
        let base = build?["base"]?.string.flatMap { RelativePath.resolve($0, from: "") } ?? ""
        guard base.isEmpty else { return nil }
        var overrides = Overrides(file)
        overrides.build = build?["command"]?.string
        overrides.outputDirectory = build?["publish"]?.string
        overrides.dev = value["dev"]?["command"]?.string
        overrides.port =
            Ports.valid(value["dev"]?["targetPort"]) ?? Ports.valid(value["dev"]?["port"])
        return overrides
    }

    // MARK: - Development

    /// `Procfile.dev` runs several programs at once, for which backends bring a script.
    private func applyProcfileForDevelopment(_ draft: inout Draft) {
        guard let file = folder.file("Procfile.dev"),
            draft.detection.scripts.isEmpty
                || !(draft.detection.language?.hasSuffix("script") ?? false)
        else { return }
        let script = folder.file("bin/dev")
        draft.set(
            \.dev,
            script == nil ? "foreman start -f Procfile.dev" : "bin/dev",
            script ?? file,
            "Procfile.dev is there"
        )
    }
}

/// The programs of a `Procfile`.
struct Procfile {
    private let file: String?
    private let processes: [(name: String, command: String)]

    init(_ folder: Folder) {
        file = folder.file("Procfile")
        processes = (folder.text("Procfile") ?? "").split(separator: "\n").compactMap { line in
            let text = Versions.trimmed(line)
            guard !text.hasPrefix("#"), let colon = text.firstIndex(of: ":") else { return nil }
            let command = Versions.trimmed(text[text.index(after: colon)...])
            return command.isEmpty ? nil : (Versions.trimmed(text[..<colon]), command)
        }
    }

    /// The command `web`, else `worker`, else the first that is no release command.
    var overrides: PlatformFiles.Overrides? {
        guard let file else { return nil }
        let chosen =
            processes.first { $0.name == "web" } ?? processes.first { $0.name == "worker" }
            ?? processes.first { $0.name != "release" }
        guard let chosen else { return nil }
        var overrides = PlatformFiles.Overrides(file)
        overrides.start = chosen.command
        return overrides
    }
}
