/// Who installs the packages of a Node project, and how (rules sections 4.1 and 4.2).
struct NodePackageManager: Hashable {
    enum Name: String, CaseIterable {
        case npm, pnpm, yarn, bun
    }

    var name: Name
    /// As pinned, for corepack.
    var version: String?
    /// Whether it is yarn 2 or later.
    var isBerry = false
    /// The lock file of this package manager, here or in a folder around this one.
    var lock: String?
    /// What decided.
    var sign: Framework.Sign

    /// `npm run build`.
    func run(_ script: String) -> String { "\(name.rawValue) run \(script)" }

    /// A binary of an installed package.
    func execute(_ command: String) -> String {
        switch name {
        case .npm: "npx \(command)"
        case .pnpm: "pnpm exec \(command)"
        case .yarn: "yarn \(command)"
        case .bun: "bunx \(command)"
        }
    }

    /// The install that reproduces what the lock file says. `npm ci` fails when the lock does not
    /// know every dependency.
    func install(isInSync: Bool) -> String {
        guard lock != nil else { return "\(name.rawValue) install" }
        return switch name {
        case .npm: isInSync ? "npm ci" : "npm install"
        case .pnpm: "pnpm install --frozen-lockfile"
        case .yarn: isBerry ? "yarn install --immutable" : "yarn install --frozen-lockfile"
        case .bun: "bun install --frozen-lockfile"
        }
    }
}

/// Finds the package manager of a folder.
struct NodePackageManagerRules {
    let folder: Folder
    let package: NodePackage?

    private static let locks: [(name: NodePackageManager.Name, files: [String])] = [
        (.pnpm, ["pnpm-lock.yaml"]), (.bun, ["bun.lock", "bun.lockb"]),
        (.yarn, ["yarn.lock", ".yarnrc.yml"]),
        (.npm, ["package-lock.json", "npm-shrinkwrap.json"]),
    ]

    /// The first of the rules that applies; npm when none does.
    func find() -> NodePackageManager {
        let fallback = Framework.Sign(
            file: package?.file ?? folder.path,
            reason: "npm, since nothing names another"
        )
        let found =
            declared(in: folder, package) ?? locked(in: folder) ?? hinted
            ?? engines ?? inherited ?? NodePackageManager(name: .npm, sign: fallback)
        return completed(found)
    }

    /// `packageManager`, then `devEngines`.
    private func declared(in place: Folder, _ package: NodePackage?) -> NodePackageManager? {
        guard let package else { return nil }
        if let text = package.json["packageManager"]?.string {
            let parts = text.split(separator: "@", maxSplits: 1).map(String.init)
            if let name = parts.first.flatMap(NodePackageManager.Name.init) {
                let version = parts.count > 1 ? parts[1].split(separator: "+").first : nil
                return NodePackageManager(
                    name: name,
                    version: version.map(String.init),
                    sign: .init(file: package.file, reason: "packageManager is \(text)")
                )
            }
            folder.survey.warn("\(package.file): packageManager `\(text)` is not known; ignored")
        }
        let engine = package.json["devEngines"]?["packageManager"]
        let entry = engine?.array?.first ?? engine
        guard let name = entry?["name"]?.string.flatMap(NodePackageManager.Name.init) else {
            return nil
        }
        return NodePackageManager(
            name: name,
            version: entry?["version"]?.string.flatMap(Versions.range),
            sign: .init(file: package.file, reason: "devEngines names \(name.rawValue)")
        )
    }

    private func locked(in place: Folder) -> NodePackageManager? {
        for (name, files) in Self.locks {
            guard let file = place.first(of: files) else { continue }
            return NodePackageManager(
                name: name,
                sign: .init(file: file, reason: "\(RelativePath.name(of: file)) is there")
            )
        }
        return nil
    }

    /// Files that belong to one package manager without locking anything.
    private var hinted: NodePackageManager? {
        if let file = folder.file("pnpm-workspace.yaml") {
            return NodePackageManager(
                name: .pnpm,
                sign: .init(file: file, reason: "pnpm-workspace.yaml is there")
            )
        }
        if let package, package.depends(on: "@redwoodjs/core") || folder.has("redwood.toml") {
            return NodePackageManager(
                name: .yarn,
                sign: .init(file: package.file, reason: "RedwoodJS uses yarn")
            )
        }
        if let file = folder.file("lerna.json"),
            let name = folder.json("lerna.json")?["npmClient"]?.string
                .flatMap(NodePackageManager.Name.init)
        {
            return NodePackageManager(
                name: name,
                sign: .init(file: file, reason: "npmClient is \(name.rawValue)")
            )
        }
        if let file = folder.file("bunfig.toml") {
            return NodePackageManager(
                name: .bun,
                sign: .init(file: file, reason: "bunfig.toml is there")
            )
        }
        return rush
    }

    private var rush: NodePackageManager? {
        guard let file = folder.file("rush.json"), let json = folder.json("rush.json") else {
            return nil
        }
        for name in [NodePackageManager.Name.pnpm, .yarn, .npm] {
            guard let version = json["\(name.rawValue)Version"]?.string else { continue }
            return NodePackageManager(
                name: name,
                version: version,
                sign: .init(file: file, reason: "\(name.rawValue)Version is \(version)")
            )
        }
        return nil
    }

    private var engines: NodePackageManager? {
        guard let package, let engines = package.json["engines"] else { return nil }
        for name in [NodePackageManager.Name.pnpm, .bun, .yarn] {
            // "please-use-npm" is a refusal, not a version.
            guard let range = engines[name.rawValue]?.string,
                range == "*" || range == "latest" || range.contains(where: \.isNumber)
            else { continue }
            return NodePackageManager(
                name: name,
                sign: .init(file: package.file, reason: "engines names \(name.rawValue)")
            )
        }
        return nil
    }

    /// What a folder around this one declares or locks, up to the root of the repository.
    private var inherited: NodePackageManager? {
        for place in folder.ancestors {
            let rules = NodePackageManagerRules(folder: place, package: NodePackage.read(place))
            if let found = rules.declared(in: place, rules.package) ?? rules.locked(in: place)
                ?? rules.hinted
            {
                return found
            }
        }
        return nil
    }

    /// Adds the lock file of the chosen package manager and, for yarn, its generation.
    private func completed(_ found: NodePackageManager) -> NodePackageManager {
        var manager = found
        let files = Self.locks.first { $0.name == found.name }?.files ?? []
        let lockFiles = files.filter { $0 != ".yarnrc.yml" }
        let places = [folder] + folder.ancestors
        manager.lock = places.lazy.compactMap { $0.first(of: lockFiles) }.first
        guard manager.name == .yarn else { return manager }
        if let version = manager.version {
            manager.isBerry = Versions.numbers(version).first != 1
        } else {
            let isBerryLock =
                manager.lock
                .flatMap { folder.survey.text($0, headIsEnough: true) }?
                .prefix(2_000).contains("__metadata:") ?? false
            manager.isBerry = isBerryLock || places.contains { $0.has(".yarnrc.yml") }
        }
        return manager
    }

    /// Lock files of more than one package manager, here.
    var conflictingLocks: [String] {
        Self.locks.compactMap { folder.first(of: $0.files.filter { $0 != ".yarnrc.yml" }) }
    }
}

/// Whether `package-lock.json` knows the dependencies of `package.json`: `npm ci` fails otherwise.
struct NodeLock {
    /// Dependencies that the lock does not have; empty also when the lock cannot be understood.
    static func missing(from lock: String, of package: NodePackage) -> [String] {
        guard let text = package.folder.survey.text(lock, headIsEnough: true),
            let locked = rootDependencies(text) ?? oldDependencies(text)
        else { return [] }
        let optional = package.json["optionalDependencies"]?.object?.names ?? []
        return (package.dependencies.union(optional)).filter { !locked.contains($0) }.sorted()
    }

    /// The names in the entry `packages[""]`, which stands first, so that the head of a large lock
    /// is enough.
    private static func rootDependencies(_ text: String) -> Set<String>? {
        guard let packages = text.firstRange(of: "\"packages\""),
            let entry = text[packages.upperBound...].firstRange(of: "\"\""),
            let object = balancedObject(text[entry.upperBound...])
        else { return nil }
        // A head that was cut in the middle of this entry is not understood, which is no mistake.
        guard let root = try? JSONReader.read(object, options: .lenient) else { return nil }
        let groups = [
            "dependencies", "devDependencies", "optionalDependencies", "peerDependencies",
        ]
        return Set(groups.flatMap { root[$0]?.object?.names ?? [] })
    }

    /// Version 1 lists all packages by name.
    private static func oldDependencies(_ text: String) -> Set<String>? {
        guard !text.contains("\"packages\"") else { return nil }
        // The head of a large file of this kind is no document; then nothing is known.
        let lock = try? JSONReader.read(text, options: .lenient)
        return lock?["dependencies"]?.object.map { Set($0.names) }
    }

    /// The object that begins behind a colon, up to its closing brace.
    private static func balancedObject(_ text: Substring) -> String? {
        guard let open = text.firstIndex(of: "{") else { return nil }
        var depth = 0
        var isQuoted = false
        var isEscaped = false
        for index in text.utf8.indices[open...] {
            switch text.utf8[index] {
            case _ where isEscaped: isEscaped = false
            case UInt8(ascii: "\\") where isQuoted: isEscaped = true
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: "{") where !isQuoted: depth += 1
            case UInt8(ascii: "}") where !isQuoted:
                depth -= 1
                if depth == 0 { return String(text[open...index]) }
            default: break
            }
        }
        return nil
    }
}
