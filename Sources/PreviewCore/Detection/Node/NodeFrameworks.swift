/// Which framework a Node project uses (rules section 5): the lowest rank whose signs hold.
struct NodeFrameworks {
    let package: NodePackage
    /// The manifest of the workspace root, whose dependencies are hoisted; `nil` for the root.
    let hoisted: NodePackage?

    /// A framework and the sign by which it was recognised.
    struct Choice {
        let framework: Framework
        let sign: Framework.Sign
    }

    private var folder: Folder { package.folder }

    /// Libraries whose mere presence among the dependencies says little: many tools bring them.
    private static let servers: Set<String> = ["express", "fastify", "koa", "hono", "h3", "elysia"]
    /// What only builds libraries as often as it builds sites.
    private static let bundlers: Set<String> = ["webpack", "rollup", "parcel", "vite"]

    /// The best match; `nil` for plain Node.
    func choose() -> Choice? {
        let candidates = folder.survey.catalogue.frameworks(of: "javascript", "typescript")
            .filter { !$0.isRuntime }
        for framework in candidates {
            guard let sign = sign(of: framework), isReal(framework) else { continue }
            return Choice(framework: framework, sign: sign)
        }
        return nil
    }

    /// Own dependencies, then configuration files, then hoisted dependencies that a script names.
    private func sign(of framework: Framework) -> Framework.Sign? {
        guard !framework.excludedBy.contains(where: package.depends) else { return nil }
        let dependency = framework.dependencies.first(where: package.depends)
        let fileSign = framework.fileSign(in: folder)
        if framework.id == "sanity" {
            guard let fileSign, dependency != nil || hoists(framework) else { return nil }
            return fileSign
        }
        if let dependency,
            !isWorkspaceRoot || namingScript(framework) != nil || fileSign != nil
                || Self.servers.contains(framework.id)
        {
            return .init(file: package.file, reason: "dependency \(dependency)")
        }
        if let fileSign, !Self.isWeak(fileSign, for: framework) { return fileSign }
        guard hoists(framework), let script = namingScript(framework) else { return nil }
        return .init(file: package.file, reason: "script \(script) runs \(framework.name)")
    }

    /// The root of a workspace keeps dependencies for its members.
    private var isWorkspaceRoot: Bool {
        package.hasWorkspaces
            || ["pnpm-workspace.yaml", "nx.json", "lerna.json", "rush.json"].contains(
                where: folder.has
            )
    }

    private func hoists(_ framework: Framework) -> Bool {
        guard let hoisted else { return false }
        return framework.dependencies.contains(where: hoisted.depends)
            && !framework.excludedBy.contains(where: hoisted.depends)
    }

    /// The script that runs one of the framework's own commands.
    private func namingScript(_ framework: Framework) -> String? {
        let binaries = [framework.build, framework.dev].compactMap {
            $0?.split(separator: " ").first.map(String.init)
        }
        return package.scripts.first { script in
            let line = ScriptLine(script.text)
            return binaries.contains { !["npm", "node", "bun"].contains($0) && line.runs($0) }
        }?.name
    }

    /// Names that other tools use as well, which do not decide alone (rules section 3).
    private static func isWeak(_ sign: Framework.Sign, for framework: Framework) -> Bool {
        let name = RelativePath.name(of: sign.file).lowercased()
        return [
            "ace", "gulpfile.js", "gruntfile.js", "keystone.ts", "rollup.config.js",
            "rollup.config.mjs", "sanity.json",
        ].contains(name) && framework.id != "gulp" && framework.id != "grunt"
    }

    /// Whether a framework that is there is also what the project is.
    private func isReal(_ framework: Framework) -> Bool {
        switch framework.id {
        case _ where Self.servers.contains(framework.id): isServer(framework)
        case "vite": isViteSite
        case "webpack": isWebpackSite
        case "rollup": !package.looksLikeLibrary && runs("rollup") && hasPage
        case "parcel": package.scripts.contains { parcelSite($0.text) } || hasPage
        case "storybook": !package.looksLikeLibrary
        case "gulp", "grunt": !package.looksLikeLibrary
        case "tanstack-router", "solid", "svelte": !package.looksLikeLibrary
        case "meteor": true
        default: true
        }
    }

    /// A server library counts with an import in an entry file; the import may be absent when it is
    /// the only one and nothing of the front end is there.
    private func isServer(_ framework: Framework) -> Bool {
        if imports(framework.dependencies) { return true }
        let present = Self.servers.filter { id in
            folder.survey.catalogue[id]?.dependencies.contains(where: package.depends) ?? false
        }
        guard present.count == 1, !package.looksLikeLibrary, !isWorkspaceRoot else { return false }
        return !NodeFrameworks.hasFrontEnd(package)
    }

    /// Whether the package builds something for the browser.
    private static func hasFrontEnd(_ package: NodePackage) -> Bool {
        package.depends(onAny: ["vite", "react-scripts", "parcel", "@rsbuild/core", "snowpack"])
            || package.scripts.contains {
                ["vite", "parcel"].contains(where: ScriptLine($0.text).runs)
            }
    }

    private func imports(_ modules: [String]) -> Bool {
        let sources = NodeEntry.candidates(of: package).compactMap { folder.source($0) }
        return sources.contains { source in
            modules.contains { module in
                let name = module.replacing("/", with: "\\/")
                return source.matches(
                    "(?:from|import|require\\()\\s*['\"]\(name)(?:\\/[\\w-]+)*['\"]"
                )
            }
        }
    }

    private var hasPage: Bool {
        ["index.html", "public/index.html", "src/index.html"].contains(where: folder.has)
    }

    private func runs(_ binary: String, _ verb: String? = nil) -> Bool {
        package.scripts.contains { script in
            let line = ScriptLine(script.text)
            return verb.map { line.runs(binary, $0) } ?? line.runs(binary)
        }
    }

    /// Vite is also what tests are run with: a site has a configuration, a page, or a build script.
    private var isViteSite: Bool {
        folder.scriptFile("vite.config") != nil || runs("vite", "build") || runs("vp", "build")
            || folder.has("index.html") || (package.scripts.isEmpty && !package.looksLikeLibrary)
    }

    private var isWebpackSite: Bool {
        guard !package.looksLikeLibrary else { return false }
        return package.depends(onAny: ["webpack-dev-server", "html-webpack-plugin"])
            || runs("webpack", "serve") || runs("webpack-dev-server") || hasPage
    }

    /// Parcel builds a site when it is given a page.
    private func parcelSite(_ script: String) -> Bool {
        let line = ScriptLine(script)
        return line.runs("parcel") && !package.looksLikeLibrary
    }
}

/// The files in which a Node program may begin.
enum NodeEntry {
    private static let stems = ["index", "server", "app", "main"]
    private static let endings = ["js", "cjs", "mjs", "ts", "cts", "mts", "tsx"]

    /// Names relative to the package: what its `main` and its scripts name, then the usual ones.
    static func candidates(of package: NodePackage) -> [String] {
        var result: [String] = []
        for name in ["start", "dev", "serve"] {
            guard let text = package.scripts.first(where: { $0.name == name })?.text else {
                continue
            }
            for word in ScriptLine(text).commands.joined() where isScript(word) {
                result.append(word)
            }
        }
        if let main = package.json["main"]?.string { result.append(main) }
        for folder in ["", "src/"] {
            for stem in stems {
                result += endings.map { "\(folder)\(stem).\($0)" }
            }
        }
        return result.compactMap { RelativePath.resolve($0, from: "") }
    }

    private static func isScript(_ word: String) -> Bool {
        endings.contains { word.hasSuffix(".\($0)") }
    }
}

extension Folder {
    /// A configuration file by its stem, whatever kind of script it is.
    func scriptFile(_ stem: String) -> String? {
        first(of: ["js", "ts", "mjs", "mts", "cjs", "cts"].map { "\(stem).\($0)" })
    }

    /// Its text without comments.
    func configuration(_ stem: String) -> (file: String, source: SourceText)? {
        guard let file = scriptFile(stem), let text = survey.text(file) else { return nil }
        return (file, SourceText(text, patterns: survey.patterns).withoutComments)
    }
}
