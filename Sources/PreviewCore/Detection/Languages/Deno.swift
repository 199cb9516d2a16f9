/// Deno projects (rules section 8).
struct Deno {
    let folder: Folder
    private let configuration: String?
    private let json: JSONValue?

    private static let configurations = ["deno.json", "deno.jsonc"]
    private static let entries = [
        "main.ts", "main.js", "main.mjs", "main.mts", "server.ts", "index.ts", "app.ts", "mod.ts",
        "src/main.ts", "src/index.ts",
    ]

    init(_ folder: Folder) {
        self.folder = folder
        configuration = folder.first(of: Self.configurations)
        json = Self.configurations.lazy.compactMap { folder.json($0) }.first
    }

    static func matches(_ folder: Folder) -> Bool {
        folder.first(of: configurations) != nil
            || NodePackage.read(folder) == nil && isImplied(folder)
    }

    /// Without configuration, by what an entry file imports.
    private static func isImplied(_ folder: Folder) -> Bool {
        entries.contains { name in
            folder.source(name)?.matches(
                #"https:\/\/deno\.land\/|["'](?:jsr|npm):|\bDeno\.serve\b"#
            )
                ?? false
        }
    }

    /// Beside a `package.json` with a framework, the framework wins.
    static func hasEntry(_ folder: Folder) -> Bool { Node(folder)?.choice == nil }

    /// Whether the tasks of a configuration beside a framework call Deno.
    static func runs(_ folder: Folder) -> Bool {
        let project = Deno(folder)
        return (project.json?["tasks"]?.object?.members ?? []).contains {
            ($0.value.string ?? "").hasPrefix("deno ")
        }
    }

    func describe() -> Draft {
        var draft = Draft(folder)
        let file = configuration ?? folder.first(of: Self.entries)
        if let file, let entry = folder.survey.catalogue[isFresh ? "deno-fresh" : "deno"] {
            draft.adopt(
                entry,
                sign: .init(file: file, reason: "\(RelativePath.name(of: file)) is there")
            )
        }
        draft.detection.language = "deno"
        draft.detection.packageManager = "deno"
        draft.note(.packageManager, file, "Deno fetches what is imported")
        let versions = Versions(folder: folder)
        draft.setRuntime("deno", versions.file(".deno-version", ".dvmrc") ?? versions.tool("deno"))
        draft.detection.scripts = NodePackage.read(folder)?.scripts.map(\.name) ?? []
        describeCommands(&draft)
        return draft
    }

    private var isFresh: Bool {
        let texts = ["deno.json", "deno.jsonc", "import_map.json"].compactMap(folder.text)
        return texts.contains { $0.contains("$fresh") || $0.contains("@fresh/core") }
    }

    private func task(_ name: String) -> String? {
        let task = json?["tasks"]?[name]
        return (task?.string ?? task?["command"]?.string) == nil ? nil : "deno task \(name)"
    }

    private func describeCommands(_ draft: inout Draft) {
        let entry =
            Self.entries.first(where: folder.has)
            ?? folder.fileNames.first { name in
                [".ts", ".js", ".mts", ".mjs"].contains(where: name.hasSuffix)
                    && !name.contains(".config.") && !name.contains("_test.") && name != "dev.ts"
            }
        let file = entry.flatMap(folder.file)
        let build = task("build") ?? entry.map { "deno cache \($0)" }
        draft.set(
            \.build,
            build,
            task("build") == nil ? file : configuration,
            "how Deno prepares it"
        )
        let start = task("start") ?? entry.map { "deno run --allow-all \($0)" }
        draft.set(\.start, start, task("start") == nil ? file : configuration, "how Deno runs it")
        draft.set(\.dev, task("dev"), configuration, "task dev")
        if let entry, let source = folder.source(entry), let port = Ports.inScript(source) {
            draft.setPort(port, file, "listens on \(port)")
        }
        let isLibrary =
            json?["exports"] != nil && json?["name"] != nil && task("start") == nil
            && !(entry.flatMap { folder.source($0) }?.matches(#"Deno\.serve"#) ?? false)
        draft.detection.kind =
            isLibrary ? .library : draft.detection.commands.start == nil ? .unknown : .app
    }
}
