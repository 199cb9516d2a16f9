/// Which program runs a Node project, and in which version (rules sections 4.4 and 8).
struct NodeRuntime {
    let package: NodePackage
    let manager: NodePackageManager

    private var folder: Folder { package.folder }
    private var versions: Versions { Versions(folder: folder) }

    /// Bun installs and no script says `node`, or the framework is Bun's own.
    static func isBun(
        _ package: NodePackage,
        _ manager: NodePackageManager,
        _ framework: Framework?
    )
        -> Bool
    {
        if framework?.id == "elysia" { return true }
        guard manager.name == .bun else { return false }
        return !package.scripts.contains { script in
            ScriptLine(script.text).commands.contains { $0.contains("node") }
        }
    }

    /// The pin of Node: mise and asdf, `engines`, `.nvmrc`, `.node-version`, volta, `devEngines`.
    func node() -> VersionPin? {
        let managed = versions.tool("node", "nodejs")
        if let managed, managed.version != nil { return managed }
        var open = managed
        for place in [folder] + folder.ancestors {
            let manifest = place.path == folder.path ? package : NodePackage.read(place)
            for pin in [
                engine(of: manifest), file(".nvmrc", in: place),
                file(".node-version", in: place), volta(of: manifest), devEngine(of: manifest),
            ] {
                guard let pin else { continue }
                if pin.version != nil { return pin }
                open = open ?? pin
            }
        }
        return open
    }

    private func engine(of package: NodePackage?) -> VersionPin? {
        guard let package, let text = package.json["engines"]?["node"]?.string else { return nil }
        return VersionPin(
            Versions.range(text),
            source: "package.json engines",
            file: package.file
        )
    }

    private func volta(of package: NodePackage?) -> VersionPin? {
        guard let package, let text = package.json["volta"]?["node"]?.string else { return nil }
        return VersionPin(Versions.range(text), source: "package.json volta", file: package.file)
    }

    private func devEngine(of package: NodePackage?) -> VersionPin? {
        let value = package?.json["devEngines"]?["runtime"]
        let entry = value?.array?.first ?? value
        guard let package, entry?["name"]?.string ?? "node" == "node",
            let text = entry?["version"]?.string
        else { return nil }
        return VersionPin(
            Versions.range(text),
            source: "package.json devEngines",
            file: package.file
        )
    }

    private static let codenames: [String: String] = [
        "argon": "4", "boron": "6", "carbon": "8", "dubnium": "10", "erbium": "12",
        "fermium": "14", "gallium": "16", "hydrogen": "18", "iron": "20", "jod": "22",
        "krypton": "24",
    ]

    /// A file of nvm or a like tool: a version, a release line by name, or rubbish, which is told.
    private func file(_ name: String, in place: Folder) -> VersionPin? {
        guard let path = place.file(name), let text = folder.survey.text(path),
            let line = Versions.firstLine(text)
        else { return nil }
        var word = Versions.cleaned(line).lowercased()
        if word.hasPrefix("node-") || word.hasPrefix("node@") { word = String(word.dropFirst(5)) }
        if word.hasPrefix("v") { word.removeFirst() }
        if word.hasPrefix("lts/") || word.hasPrefix("lts-") {
            let codename = String(word.dropFirst(4))
            if codename == "*" || codename == "latest" {
                return VersionPin(nil, source: name, file: path)
            }
            word = Self.codenames[codename] ?? codename
        }
        if ["node", "stable", "latest", "lts", "current", "*"].contains(word) {
            return VersionPin(nil, source: name, file: path)
        }
        guard let first = word.first, first.isNumber || "^~>=<".contains(first) else {
            folder.survey.warn("\(path): `\(line)` is no version of Node; ignored")
            return nil
        }
        return VersionPin(Versions.range(word), source: name, file: path)
    }

    /// The pin of Bun: mise and asdf, `.bun-version`, `engines`, `packageManager`.
    func bun() -> VersionPin? {
        if let pin = versions.tool("bun") ?? versions.file(".bun-version") { return pin }
        if let text = package.json["engines"]?["bun"]?.string {
            return VersionPin(
                Versions.range(text),
                source: "package.json engines",
                file: package.file
            )
        }
        guard manager.name == .bun, let version = manager.version else { return nil }
        return VersionPin(version, source: "package.json packageManager", file: manager.sign.file)
    }
}
