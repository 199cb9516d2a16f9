/// Which members of a workspace are applications, and what is special about them there (rules
/// sections 7.2 and 7.3).
struct WorkspaceApps {
    /// The folder of the workspace.
    let root: Folder

    /// The members that are applications, sorted by path; declared ones are built from the root of
    /// their workspace.
    func describe(_ members: [String], isDeclared: Bool) -> [Detection] {
        members.sorted().compactMap { member in
            let folder = root.folder(member)
            guard !Self.isSupport(folder), var draft = Project(folder).draftForMember(),
                isApp(folder, draft.detection)
            else { return nil }
            if isDeclared { adaptCommands(&draft, folder) }
            var detection = draft.detection
            detection.path = folder.path
            return detection
        }
    }

    /// Packages that only support others, by their name.
    private static func isSupport(_ folder: Folder) -> Bool {
        let name = folder.name.lowercased()
        let parts = [
            "eslint-config", "eslint-plugin", "tsconfig", "typescript-config", "prettier-config",
            "config-eslint", "config-typescript",
        ]
        let packageName = NodePackage.read(folder)?.name?.lowercased() ?? ""
        return parts.contains { name.contains($0) || packageName.hasSuffix($0) }
            || name == "config" || name.hasSuffix("-e2e") || name == "e2e"
            || packageName.hasSuffix("-e2e")
    }

    // MARK: - What is an application

    /// Folders whose projects are applications if anything can be run in them.
    private static let doubtful: Set<String> = [
        "apps", "services", "sites", "web", "api", "server", "client", "frontend", "backend", "app",
    ]

    private func isApp(_ folder: Folder, _ detection: Detection) -> Bool {
        switch folder.json("project.json")?["projectType"]?.string {
        case "application": return true
        case "library": return false
        default: break
        }
        if Containers.file(folder) != nil || folder.has("Procfile") { return true }
        if ["java", "kotlin"].contains(detection.language) { return JVM.isProgram(folder) }
        guard let package = NodePackage.read(folder), detection.runtime?.name != "python" else {
            return detection.kind == .app || detection.kind == .commandLineTool
        }
        if ["ruby", "php", "go", "rust", "java", "kotlin", "elixir"].contains(detection.language) {
            return detection.kind == .app
        }
        return isNodeApp(package, detection, folder)
    }

    private func isNodeApp(_ package: NodePackage, _ detection: Detection, _ folder: Folder) -> Bool
    {
        if package.depends(onAny: ["cypress", "@playwright/test"]), detection.framework == nil,
            package.script("start") == nil
        {
            return false
        }
        let entry = detection.projectType.flatMap { root.survey.catalogue[$0] }
        if let entry, !entry.isRuntime {
            if entry.id == "storybook" || detection.kind == .library { return false }
            guard entry.category == "build-tool" || ["svelte", "solid"].contains(entry.id) else {
                return true
            }
            return !isComponentLibrary(package, folder)
        }
        if ["start", "dev", "serve"].contains(where: { runsProgram(package.script($0)) }) {
            return true
        }
        let places = folder.path.split(separator: "/").map { $0.lowercased() }
        guard places.contains(where: Self.doubtful.contains) else { return false }
        return detection.commands.start != nil || package.script("build") != nil
    }

    /// Components for others: built as a library, with the framework left to the user.
    private func isComponentLibrary(_ package: NodePackage, _ folder: Folder) -> Bool {
        if package.looksLikeLibrary { return true }
        let peers = package.json["peerDependencies"]?.object?.names ?? []
        let exports = ["exports", "module", "types"].contains { package.json[$0] != nil }
        return exports && !folder.has("index.html") || !peers.isEmpty && !folder.has("index.html")
    }

    private static let builders: Set<String> = [
        "tsc", "tsup", "rollup", "unbuild", "esbuild", "babel", "microbundle", "swc", "storybook",
        "tailwindcss", "tsdown", "ncc", "bunchee", "start-storybook", "jest", "vitest", "eslint",
    ]

    /// Whether a script starts something, rather than building a library again and again.
    private func runsProgram(_ text: String?) -> Bool {
        guard let text else { return false }
        let line = ScriptLine(text)
        return line.commands.contains { command in
            let isViteWatch = command[0] == "vite" && command.contains("build")
            return !Self.builders.contains(command[0]) && !isViteWatch
                && !["rm", "rimraf", "cp", "mkdir", "del", "echo", "cd"].contains(command[0])
        }
    }

    // MARK: - Commands

    /// A build has to build what the member depends on in the workspace, too.
    private func adaptCommands(_ draft: inout Draft, _ folder: Folder) {
        guard let package = NodePackage.read(folder), let name = package.name,
            draft.detection.commands.build?.hasSuffix(" run build") ?? false
        else { return }
        let manager = NodePackageManagerRules(folder: folder, package: package).find()
        let file = package.file
        if let turbo = root.first(of: ["turbo.json", "turbo.jsonc"]) {
            draft.set(
                \.build,
                manager.execute("turbo run build --filter=\(name)"),
                turbo,
                "Turborepo builds what it depends on first"
            )
        } else if manager.name == .pnpm, root.has("pnpm-workspace.yaml") {
            draft.set(
                \.build,
                "pnpm --filter \(name)... run build",
                file,
                "pnpm builds what it depends on first"
            )
        }
    }
}
