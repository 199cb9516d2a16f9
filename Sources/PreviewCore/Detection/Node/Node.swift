/// Projects with a `package.json` (rules sections 4 to 6).
struct Node {
    let folder: Folder
    let package: NodePackage
    let manager: NodePackageManager
    let choice: NodeFrameworks.Choice?
    private let hoisted: NodePackage?
    private let runsOnBun: Bool
    private let rules: NodePackageManagerRules

    /// A project by the manifest of its folder, or by what stands for one.
    init(_ folder: Folder, package: NodePackage) {
        self.folder = folder
        self.package = package
        rules = NodePackageManagerRules(folder: folder, package: package)
        manager = rules.find()
        hoisted = Self.workspaceRoot(of: folder)
        choice = NodeFrameworks(package: package, hoisted: hoisted).choose()
        runsOnBun = NodeRuntime.isBun(package, manager, choice?.framework)
    }

    /// The project of a folder that has a manifest.
    init?(_ folder: Folder) {
        guard let package = NodePackage.read(folder) else { return nil }
        self.init(folder, package: package)
    }

    /// The nearest manifest around a folder that gathers workspaces.
    private static func workspaceRoot(of folder: Folder) -> NodePackage? {
        for place in folder.ancestors {
            guard let package = NodePackage.read(place) else { continue }
            let gathers =
                package.hasWorkspaces
                || ["pnpm-workspace.yaml", "nx.json", "lerna.json"].contains(where: place.has)
            if gathers { return package }
        }
        return nil
    }

    /// Everything that is known of the project.
    func describe() -> Draft {
        var draft = Draft(folder)
        let facts = NodeFacts(choice?.framework, of: package)
        let scripts = NodeScripts(
            package: package,
            manager: manager,
            framework: choice?.framework,
            facts: facts,
            runsOnBun: runsOnBun
        )
        identify(&draft)
        draft.detection.scripts = package.scripts.map(\.name)
        describeTools(&draft)
        describeCommands(&draft, scripts, facts)
        describeOutput(&draft, scripts, facts)
        describePort(&draft, facts)
        draft.detection.kind = kind(draft.detection)
        serveFilesIfNothingStarts(&draft)
        warn(&draft, scripts)
        return draft
    }

    // MARK: - What it is

    private func identify(_ draft: inout Draft) {
        if let choice {
            draft.adopt(choice.framework, sign: choice.sign)
            if choice.framework.id == "vite" { draft.detection.framework = viteName }
        } else if let runtime = folder.survey.catalogue[runsOnBun ? "bun" : "node"] {
            draft.adopt(runtime, sign: .init(file: package.file, reason: "package.json is there"))
            draft.forgetPort()
        }
        draft.detection.language = language(&draft)
    }

    private var viteName: String {
        let libraries = [
            ("react", "React"), ("vue", "Vue"), ("svelte", "Svelte"), ("preact", "Preact"),
            ("solid-js", "Solid"), ("lit", "Lit"),
        ]
        guard let found = libraries.first(where: { package.depends(on: $0.0) }) else {
            return "Vite"
        }
        return "Vite (\(found.1))"
    }

    /// TypeScript with the compiler among the dependencies and its configuration, or with an entry
    /// file in it.
    private func language(_ draft: inout Draft) -> String {
        let hasCompiler =
            package.depends(on: "typescript") || hoisted?.depends(on: "typescript") ?? false
        let configuration = folder.file("tsconfig.json")
        if hasCompiler, let configuration {
            draft.note(.language, configuration, "tsconfig.json, and typescript is a dependency")
            return "typescript"
        }
        let entry = entries.first(where: folder.has)
        if let entry, [".ts", ".tsx", ".mts", ".cts"].contains(where: entry.hasSuffix) {
            draft.note(.language, folder.file(entry), "the entry file is TypeScript")
            return "typescript"
        }
        guard entry == nil, choice?.framework.language == "typescript" else { return "javascript" }
        return "typescript"
    }

    private var entries: [String] {
        NodeEntry.candidates(of: package)
            + ["src/main.tsx", "src/index.tsx", "src/main.jsx", "src/index.jsx"]
    }

    private func kind(_ detection: Detection) -> Detection.Kind {
        if let choice {
            let isLibrary = choice.framework.id == "vite" && buildsLibrary
            return isLibrary ? .library : .app
        }
        if package.looksLikeLibrary { return .library }
        if package.installsCommand, package.script("start") == nil { return .commandLineTool }
        if package.hasWorkspaces, detection.commands.start == nil { return .container }
        return detection.commands.start == nil && detection.commands.dev == nil ? .unknown : .app
    }

    /// Vite's library mode.
    private var buildsLibrary: Bool {
        folder.configuration("vite.config")?.source.matches(#"\blib\s*:\s*\{"#) ?? false
    }

    // MARK: - What it needs

    private func describeTools(_ draft: inout Draft) {
        draft.detection.packageManager = manager.name.rawValue
        draft.detection.packageManagerVersion = manager.version
        draft.note(.packageManager, manager.sign.file, manager.sign.reason)
        let runtime = NodeRuntime(package: package, manager: manager)
        if runsOnBun {
            draft.setRuntime("bun", runtime.bun())
        } else {
            draft.setRuntime("node", runtime.node())
        }
    }

    private func describeCommands(
        _ draft: inout Draft,
        _ scripts: NodeScripts,
        _ facts: NodeFacts
    ) {
        let missing = missingFromLock
        draft.set(
            \.install,
            manager.install(isInSync: missing.isEmpty),
            manager.lock ?? package.file,
            manager.lock == nil ? "no lock file" : "the lock file of \(manager.name.rawValue)"
        )
        let build = scripts.build
        draft.set(\.build, build?.command, build?.file, build?.reason ?? "")
        let start = scripts.start(builds: build != nil)
        draft.set(\.start, start?.command, start?.file, start?.reason ?? "")
        let dev = scripts.dev
        draft.set(\.dev, dev?.command, dev?.file, dev?.reason ?? "")
        draft.detection.isStatic = facts.isStatic && start == nil
        if choice?.framework.id == "electron" {
            draft.warn("an Electron program has a window of its own; there is nothing to preview")
        }
    }

    private var missingFromLock: [String] {
        guard manager.name == .npm, let lock = manager.lock else { return [] }
        // The lock of a workspace speaks of its root only.
        guard RelativePath.folder(of: lock) == folder.path else { return [] }
        return NodeLock.missing(from: lock, of: package)
    }

    private func describeOutput(_ draft: inout Draft, _ scripts: NodeScripts, _ facts: NodeFacts) {
        guard let choice, let output = facts.outputDirectory, !output.contains("<") else {
            draft.setOutput(nil, nil, "")
            return
        }
        let reason =
            facts.outputFile == nil
            ? "where \(choice.framework.name) builds to" : "read from there"
        draft.setOutput(output, facts.outputFile ?? choice.sign.file, reason)
    }

    // MARK: - Where it listens

    private func describePort(_ draft: inout Draft, _ facts: NodeFacts) {
        if let port = facts.port, port != choice?.framework.port || facts.portFile != nil {
            draft.setPort(
                port,
                facts.portFile ?? package.file,
                "\(port) by version or configuration"
            )
        }
        if let (port, name) = portInScripts {
            draft.setPort(port, package.file, "script \(name) says \(port)")
        } else if facts.portFile == nil, !facts.isStatic, let (port, file) = portInEntry {
            draft.setPort(port, file, "listens on \(port)")
        }
    }

    private var portInScripts: (Int, String)? {
        for name in ["start", "dev", "serve", "develop"] {
            guard let text = package.script(name), !isOther(name) else { continue }
            if let port = Ports.inCommand(text, patterns: folder.survey.patterns) {
                return (port, name)
            }
        }
        return nil
    }

    /// The `serve` of a server program may be something else altogether.
    private func isOther(_ name: String) -> Bool {
        name == "serve" && package.script("dev") != nil
    }

    private var portInEntry: (Int, String)? {
        guard !["meta", "ssg", "frontend", "build-tool"].contains(choice?.framework.category) else {
            return nil
        }
        for name in entries {
            guard let file = folder.file(name), let source = folder.source(name) else { continue }
            if let port = Ports.inScript(source) { return (port, file) }
        }
        return nil
    }

    // MARK: - Honesty

    /// A page without a program: the files themselves are what can be previewed.
    private func serveFilesIfNothingStarts(_ draft: inout Draft) {
        guard choice == nil, draft.detection.kind != .library else { return }
        if let (name, place) = servedFolder {
            becomeStatic(&draft, folder: place, script: name)
        } else if draft.detection.commands.start == nil, draft.detection.commands.dev == nil,
            let page = folder.first(of: ["index.html", "public/index.html"])
        {
            draft.detection.isStatic = true
            draft.detection.kind = .app
            let place = RelativePath.folder(of: page) == folder.path ? "." : "public"
            draft.setOutput(place, page, "a page, and nothing that starts")
        }
    }

    /// The folder that a script of a plain project serves, if a page is there (rules section 18).
    private var servedFolder: (script: String, folder: String)? {
        for name in ["start", "serve", "dev"] {
            guard let text = package.script(name), let place = NodeStaticServer.folder(text),
                let inside = RelativePath.resolve(place, from: "")
            else { continue }
            if folder.has(RelativePath.join(inside, "index.html")) { return (name, place) }
        }
        return nil
    }

    private func becomeStatic(_ draft: inout Draft, folder place: String, script: String) {
        guard let site = folder.survey.catalogue["static"] else { return }
        draft.detection.evidence.removeAll { $0.field == .projectType || $0.field == .port }
        draft.detection.language = nil
        draft.adopt(
            site,
            sign: .init(file: package.file, reason: "script \(script) serves files")
        )
        draft.set(\.start, nil, nil, "")
        draft.setOutput(place, package.file, "what script \(script) serves")
        draft.detection.kind = .app
    }

    private func warn(_ draft: inout Draft, _ scripts: NodeScripts) {
        let locks = rules.conflictingLocks.map(RelativePath.name)
        if locks.count > 1 {
            let names = locks.joined(separator: ", ")
            draft.warn("several lock files (\(names)); \(manager.name.rawValue) is used")
        } else if manager.lock == nil {
            let other = locks.first.map { ", and \($0) belongs to another package manager" } ?? ""
            draft.warn(
                "no lock file of \(manager.name.rawValue)\(other); "
                    + "versions may differ at every install"
            )
        }
        let missing = missingFromLock
        if !missing.isEmpty {
            draft.warn(
                "package-lock.json does not know \(missing.prefix(5).joined(separator: ", ")); "
                    + "`npm ci` would fail, so `npm install` is used"
            )
        }
        if package.script("start") != nil, !scripts.hasRealStart {
            draft.warn("script start is a development server; it is not used to start")
        }
    }
}
