/// The members of a repository that holds several projects (rules section 7.1).
struct Workspaces {
    let folder: Folder

    /// Members and how they were found.
    struct Found {
        /// Relative to the folder.
        var members: [String] = []
        /// The files that name them.
        var signs: [Framework.Sign] = []
    }

    private static let nodeManifests = ["package.json", "package.json5", "project.json"]

    /// What the files of workspaces name; empty when there is none.
    func declared() -> Found {
        var found = Found()
        if let file = folder.file("redwood.toml") {
            // Both of its workspaces belong to one application.
            found.signs.append(.init(file: file, reason: "RedwoodJS is one application"))
            return found
        }
        node(&found)
        nx(&found)
        explicit(&found)
        others(&found)
        return found
    }

    private func add(
        _ members: [String],
        _ file: String,
        _ reason: String,
        to found: inout Found
    ) {
        found.signs.append(.init(file: file, reason: reason))
        for member in members where !found.members.contains(member) { found.members.append(member) }
    }

    private func expand(_ globs: [String]) -> [String] {
        WorkspaceGlobs.expand(globs, in: folder, manifests: Self.nodeManifests)
    }

    private func texts(_ value: JSONValue?) -> [String] {
        (value?.array ?? []).compactMap(\.string)
    }

    // MARK: - JavaScript

    /// The file of pnpm wins over `workspaces`.
    private func node(_ found: inout Found) {
        let package = NodePackage.read(folder)
        if let file = folder.file("pnpm-workspace.yaml") {
            let globs = texts(folder.yaml("pnpm-workspace.yaml")?["packages"])
            if !globs.isEmpty { return add(expand(globs), file, "a workspace of pnpm", to: &found) }
        }
        if let package, package.hasWorkspaces {
            return add(expand(package.workspaces), package.file, "workspaces", to: &found)
        }
        if let file = folder.file("lerna.json"), let lerna = folder.json("lerna.json") {
            guard lerna["useWorkspaces"]?.bool != true else { return }
            let globs = texts(lerna["packages"])
            add(
                expand(globs.isEmpty ? ["packages/*"] : globs),
                file,
                "a workspace of Lerna",
                to: &found
            )
        }
    }

    private func nx(_ found: inout Found) {
        guard let file = folder.file("nx.json") ?? folder.file("workspace.json") else { return }
        let layout = folder.json("nx.json")?["workspaceLayout"]
        let places = [
            layout?["appsDir"]?.string ?? "apps", layout?["libsDir"]?.string ?? "libs", "packages",
        ]
        let globs = places.flatMap { ["\($0)/*", "\($0)/*/*"] }
        let projects = WorkspaceGlobs.expand(globs, in: folder, manifests: ["project.json"])
        add(projects, file, "a workspace of Nx", to: &found)
        guard let old = folder.file("workspace.json"),
            let entries = folder.json("workspace.json")?["projects"]?.object?.members
        else { return }
        let paths = entries.compactMap { $0.value.string ?? $0.value["root"]?.string }
            .compactMap { RelativePath.resolve($0, from: "") }
        add(paths.filter(folder.hasFolder), old, "projects of Nx", to: &found)
    }

    /// Tools that list every project.
    private func explicit(_ found: inout Found) {
        if let file = folder.file("rush.json") {
            let projects = folder.json("rush.json")?["projects"]?.array ?? []
            let paths = projects.compactMap { $0["projectFolder"]?.string }
                .compactMap { RelativePath.resolve($0, from: "") }
            add(
                paths.filter { folder.has("\($0)/package.json") },
                file,
                "projects of Rush",
                to: &found
            )
        }
        if let file = folder.file(".moon/workspace.yml") {
            let projects = folder.yaml(".moon/workspace.yml")?["projects"]
            let named = projects?["sources"]?.object ?? projects?.object
            let globs =
                texts(projects) + texts(projects?["globs"])
                + (named?.members ?? []).compactMap(\.value.string)
            add(expand(globs), file, "projects of moon", to: &found)
        }
    }

    // MARK: - Other languages

    private func others(_ found: inout Found) {
        if let file = folder.file("Cargo.toml") {
            let members = Rust.members(folder)
            if !members.isEmpty { add(members, file, "a workspace of Cargo", to: &found) }
        }
        if let file = folder.file("go.work") {
            let members = Go.workspaceMembers(folder).filter { !$0.isEmpty }
            add(members.filter(folder.hasFolder), file, "a workspace of Go", to: &found)
        }
        if let file = folder.file("pyproject.toml"),
            let workspace = folder.toml("pyproject.toml")?["tool"]?["uv"]?["workspace"]
        {
            let globs = texts(workspace["members"]) + texts(workspace["exclude"]).map { "!" + $0 }
            let members = WorkspaceGlobs.expand(globs, in: folder, manifests: ["pyproject.toml"])
            add(members, file, "a workspace of uv", to: &found)
        }
        jvm(&found)
        let projects = DotNet.members(folder).map(RelativePath.folder).filter { !$0.isEmpty }
        if let file = folder.files(endingIn: ".sln", ".slnx").first, !projects.isEmpty {
            add(projects, file, "projects of the solution", to: &found)
        }
    }

    private func jvm(_ found: inout Found) {
        if let file = folder.first(of: ["settings.gradle", "settings.gradle.kts"]) {
            let modules = JVMBuild.gradleModules(folder)
                .filter { folder.folder($0).first(of: JVMBuild.gradleFiles) != nil }
            // The one module that `gradle init` makes is the project itself.
            if modules.count > 1 { add(modules, file, "modules of Gradle", to: &found) }
        }
        if let file = folder.file("pom.xml"), let source = folder.source("pom.xml") {
            let list = source.first(#"<modules>([\s\S]*?)<\/modules>"#) ?? ""
            let modules = SourceText(list, patterns: folder.survey.patterns)
                .all(#"<module>\s*([^<\s]+)\s*<"#)
                .compactMap { RelativePath.resolve($0, from: "") }
                .filter { folder.has("\($0)/pom.xml") }
            if !modules.isEmpty { add(modules, file, "modules of Maven", to: &found) }
        }
    }

    // MARK: - Without a workspace

    /// Manifests by which a project in a sub folder shows.
    private static let manifests = [
        "package.json", "go.mod", "requirements.txt", "pyproject.toml", "Pipfile", "manage.py",
        "Cargo.toml", "Gemfile", "composer.json", "pom.xml", "build.gradle", "build.gradle.kts",
        "mix.exs", "deno.json", "deno.jsonc", "gleam.toml", "Package.swift", "pubspec.yaml",
        "shard.yml",
    ]
    /// Sub folders in which an application may lie beside one at the root (Q4).
    private static let usual: Set<String> = [
        "src", "frontend", "backend", "client", "server", "api", "app", "web", "apps", "packages",
        "services", "sites", "site", "ui",
    ]
    private static let ignored: Set<String> = [
        "test", "tests", "e2e", "examples", "example", "docs", "fixtures", "scripts", "tools",
        "__tests__", "spec", "benchmarks", "android", "ios", "templates", "infra", "cypress",
    ]

    /// Folders with a manifest at most three levels down; below one, no further ones. Beside a
    /// project at the root, only folders with the usual names are looked into.
    func scanned(isBesideProject: Bool) -> [String] {
        let own = isBesideProject ? partsOfRoot : []
        var result: [String] = []
        var level = [""]
        for depth in 1...3 {
            var next: [String] = []
            for place in level {
                for name in folder.folder(place).folderNames where isCandidate(name) {
                    if isBesideProject, depth == 1, !Self.usual.contains(name.lowercased()) {
                        continue
                    }
                    let path = RelativePath.join(place, name)
                    guard !own.contains(path) else { continue }
                    if isProject(path) { result.append(path) } else { next.append(path) }
                }
            }
            level = Array(next.prefix(400))
            if isBesideProject, depth == 2 { break }
        }
        result += composed.filter { !result.contains($0) && !own.contains($0) }
        return Array(result.prefix(100))
    }

    /// Folders that a compose file builds services from (rules section 19).
    private var composed: [String] {
        guard let name = Containers.composeFiles.first(where: folder.has) else { return [] }
        let services = folder.yaml(name)?["services"]?.object?.members ?? []
        return services.compactMap { service in
            let build = service.value["build"]
            guard let written = build?.string ?? build?["context"]?.string,
                let path = RelativePath.resolve(written, from: ""), !path.isEmpty,
                isProject(path) || Containers.file(folder.folder(path)) != nil
            else { return nil }
            return path
        }
    }

    /// Folders that hold parts of the project at the root: the one module that `gradle init` makes,
    /// and `manage.py` where the root says what is installed for it.
    private var partsOfRoot: Set<String> {
        let django = folder.folderNames.filter { name in
            Python.matches(folder)
                && folder.folder(name).first(of: Self.manifests) == folder.file("\(name)/manage.py")
        }
        return Set(JVMBuild.gradleModules(folder) + django)
    }

    private func isCandidate(_ name: String) -> Bool {
        !name.hasPrefix(".") && !Self.ignored.contains(name.lowercased())
    }

    private func isProject(_ path: String) -> Bool {
        let inside = folder.folder(path)
        return inside.first(of: Self.manifests) != nil
            || !inside.files(endingIn: ".csproj", ".fsproj").isEmpty
    }
}
