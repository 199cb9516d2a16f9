/// A folder as a project: the language that wins, what platform files say of it, and the
/// applications below it (rules sections 1 and 3).
struct Project {
    let folder: Folder

    init(_ folder: Folder) {
        self.folder = folder
    }

    /// Everything that is known, applications of a monorepo included.
    func describe() -> Detection {
        var draft = recognized() ?? Draft(folder)
        let workspaces = Workspaces(folder: folder)
        let declared = workspaces.declared()
        let apps = WorkspaceApps(root: folder)
        if !declared.members.isEmpty {
            draft.detection.apps = apps.describe(declared.members, isDeclared: true)
            for sign in declared.signs { draft.note(.apps, sign.file, sign.reason) }
            MonorepoRoot(folder: folder, apps: draft.detection.apps).adapt(&draft)
        } else if declared.signs.isEmpty {
            let isProject = hasManifest
            let places = workspaces.scanned(isBesideProject: isProject)
            draft.detection.apps = apps.describe(places, isDeclared: false)
            forgetWeakSite(&draft, isProject: isProject)
            for app in draft.detection.apps {
                draft.note(.apps, app.evidence.first?.file, "a project of its own")
            }
        }
        complete(&draft)
        draft.detection.lookedFor = draft.detection.projectType == nil ? Self.lookedFor : []
        return draft.detection
    }

    /// A member of a monorepo, without applications of its own.
    func draftForMember() -> Draft? {
        guard var draft = recognized() else { return nil }
        complete(&draft)
        return draft
    }

    private static var lookedFor: [String] {
        Language.all.map(\.files)
            + [
                "hugo.toml, _config.yml, mkdocs.yml", "Staticfile, public, index.html", "start.sh",
                "Dockerfile, Containerfile", "compose.yaml", "Procfile",
            ]
    }

    private var hasManifest: Bool { Language.all.contains { $0.matches(folder) } }

    /// `docs` and the like say little where there are projects in other folders.
    private func forgetWeakSite(_ draft: inout Draft, isProject: Bool) {
        guard !isProject, draft.detection.projectType == "static", !draft.detection.apps.isEmpty,
            !folder.has("Staticfile"), !folder.has("index.html")
        else { return }
        let apps = draft.detection.apps
        draft.detection = Detection()
        draft.detection.apps = apps
        draft.detection.kind = .container
    }

    // MARK: - The language

    /// The project of the folder itself; `nil` when nothing is recognised.
    private func recognized() -> Draft? {
        let matching = Language.all.filter { $0.matches(folder) }
        guard let first = matching.first else { return withoutLanguage() }
        let node = Node(folder)
        if let site = Sites.generator(folder), winsOver(first, node, site.0) {
            return Sites.describe(folder, site.0, site.1)
        }
        if let node, !first.isAfterNode, !first.hasEntry(folder), startsSomething(node) {
            return beside(node.describe(), first)
        }
        if let node, let other = matching.first(where: \.isAfterNode), !startsSomething(node),
            matching.allSatisfy({ $0.isAfterNode || $0.files == "package.json" }),
            !folder.has("CMakeLists.txt"), !folder.has("meson.build")
        {
            return other.describe(folder)
        }
        if first.isAfterNode == false, first.files != "package.json", let node {
            return first.describe(folder).map { AssetPipeline(node: node).join($0) }
        }
        return first.describe(folder)
    }

    private func startsSomething(_ node: Node) -> Bool {
        node.choice != nil || node.package.script("start") != nil || NxProject(folder) != nil
    }

    /// A generator's configuration wins over tools and libraries, not over a program.
    private func winsOver(_ language: Language, _ node: Node?, _ site: Framework) -> Bool {
        if language.files == "package.json", let node {
            guard let chosen = node.choice?.framework else {
                return node.package.script("start") == nil || site.id == "hugo" || site.id == "zola"
            }
            return chosen.rank > site.rank && chosen.category == "build-tool"
        }
        // These decide on generators of their own language themselves.
        if ["ruby", "python"].contains(site.language) && Self.owns(language, site) { return false }
        return !language.hasEntry(folder)
    }

    private static func owns(_ language: Language, _ site: Framework) -> Bool {
        site.language == "ruby" && language.files == "Gemfile"
            || site.language == "python" && language.files.hasPrefix("requirements.txt")
    }

    /// A JavaScript project beside the manifest of a language without a program.
    private func beside(_ draft: Draft, _ language: Language) -> Draft {
        var draft = draft
        if language.files == "deno.json", Deno.runs(folder) {
            draft.setRuntime("deno", Versions(folder: folder).file(".deno-version", ".dvmrc"))
        }
        return draft
    }

    // MARK: - Without a language

    private func withoutLanguage() -> Draft? {
        if let nx = NxProject(folder), !folder.isRoot { return nx.describe() }
        if let (entry, sign) = Sites.generator(folder) {
            return Sites.describe(folder, entry, sign)
        }
        let sites = Sites(folder: folder)
        if let (place, sign) = Sites.root(folder) { return sites.files(place, sign) }
        if let name = ["start.sh", "run.sh"].first(where: folder.has) { return sites.shell(name) }
        let containers = Containers(folder: folder)
        if let file = Containers.file(folder) { return containers.container(file) }
        if let file = folder.first(of: Containers.composeFiles) { return containers.compose(file) }
        if folder.has("Makefile"), Native.hasSources(folder) {
            return Native(folder: folder).make()
        }
        return fallback("nix") ?? fallback("procfile")
    }

    private func fallback(_ id: String) -> Draft? {
        guard let entry = folder.survey.catalogue[id], let sign = entry.fileSign(in: folder) else {
            return nil
        }
        var draft = Draft(folder)
        draft.adopt(entry, sign: sign)
        draft.detection.framework = nil
        draft.set(\.build, entry.build, sign.file, "how \(entry.name) builds")
        draft.detection.kind = id == "procfile" ? .app : .unknown
        return draft
    }

    // MARK: - What goes for every language

    private func complete(_ draft: inout Draft) {
        PlatformFiles(folder: folder).apply(to: &draft)
        Surroundings(folder: folder).apply(to: &draft)
    }
}

/// The `package.json` of a backend: it builds what the backend serves (rules section 3).
struct AssetPipeline {
    let node: Node

    /// Puts its install and build before those of the backend.
    func join(_ draft: Draft) -> Draft {
        var draft = draft
        let tools = node.describe().detection
        draft.detection.scripts = tools.scripts
        let file = node.package.file
        let hasBuild = tools.scripts.contains("build") && tools.commands.build != nil
        // Their own asset tools run what package.json installs, without a script for it.
        guard hasBuild || ["ruby", "php"].contains(draft.detection.language) else { return draft }
        if let install = tools.commands.install, let own = draft.detection.commands.install {
            draft.set(\.install, "\(own) && \(install)", file, "package.json has tools to install")
        } else if let install = tools.commands.install {
            draft.set(\.install, install, file, "package.json has tools to install")
        }
        guard hasBuild, let build = tools.commands.build else { return draft }
        let own = draft.detection.commands.build
        draft.set(
            \.build,
            own.map { "\(build) && \($0)" } ?? build,
            file,
            "script build makes the assets"
        )
        return draft
    }
}

/// The root of a monorepo, whose own scripts stand as they are (rules section 7.3).
struct MonorepoRoot {
    let folder: Folder
    let apps: [Detection]

    func adapt(_ draft: inout Draft) {
        guard let node = Node(folder), draft.detection.language?.hasSuffix("script") ?? false else {
            return
        }
        let package = node.package
        if draft.detection.kind == .unknown || draft.detection.kind == .library {
            draft.detection.kind = .container
        }
        guard package.script("build") == nil, node.choice == nil else { return }
        if let turbo = folder.first(of: ["turbo.json", "turbo.jsonc"]) {
            draft.set(
                \.build,
                node.manager.execute("turbo run build"),
                turbo,
                "turbo.json is there"
            )
        }
        guard folder.has("nx.json"), apps.count == 1, let app = apps.first, let path = app.path
        else {
            return
        }
        let inside = folder.isRoot ? path : String(path.dropFirst(folder.path.count + 1))
        let name = NxProject(folder.folder(inside))?.name ?? RelativePath.name(of: path)
        draft.set(
            \.build,
            node.manager.execute("nx build \(name)"),
            folder.file("nx.json"),
            "the only application of Nx"
        )
        guard app.projectType == "next", package.script("start") == nil else { return }
        draft.set(
            \.start,
            "cd \(inside) && \(node.manager.execute("next start"))",
            folder.file("nx.json"),
            "the only application of Nx"
        )
    }
}
