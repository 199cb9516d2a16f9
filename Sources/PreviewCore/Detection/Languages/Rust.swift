/// Rust projects (rules section 12).
struct Rust {
    let folder: Folder
    private let manifest: JSONValue

    static let files = ["Cargo.toml"]

    init(_ folder: Folder) {
        self.folder = folder
        manifest = folder.toml("Cargo.toml") ?? .object(JSONObject())
    }

    static func matches(_ folder: Folder) -> Bool { folder.has("Cargo.toml") }

    /// Whether the folder itself is a program, not a library or a workspace.
    static func hasEntry(_ folder: Folder) -> Bool { !Rust(folder).binaries.isEmpty }

    private var name: String? { manifest["package"]?["name"]?.string }

    /// The programs of this package, in the order of the rules.
    var binaries: [String] {
        guard let name else { return [] }
        var result: [String] = []
        func add(_ binary: String) {
            if !result.contains(binary) { result.append(binary) }
        }
        let declared = (manifest["bin"]?.array ?? []).compactMap { $0["name"]?.string }
        let ownsMain = (manifest["bin"]?.array ?? []).contains {
            $0["path"]?.string == "src/main.rs"
        }
        if folder.has("src/main.rs"), !ownsMain { add(name) }
        declared.forEach(add)
        let inside = folder.folder("src/bin")
        inside.fileNames.filter { $0.hasSuffix(".rs") }.forEach { add(String($0.dropLast(3))) }
        inside.folderNames.filter { inside.has("\($0)/main.rs") }.forEach(add)
        return result
    }

    /// The program that runs: the default, the one named like the package, the first.
    private var binary: String? {
        let all = binaries
        if let chosen = manifest["package"]?["default-run"]?.string, all.contains(chosen) {
            return chosen
        }
        return all.first { $0 == name } ?? all.first
    }

    // MARK: - Workspaces

    /// The members of a workspace, default ones first, without the excluded ones.
    static func members(_ folder: Folder) -> [String] {
        guard let workspace = folder.toml("Cargo.toml")?["workspace"] else { return [] }
        let globs = ["default-members", "members"].flatMap { workspace[$0]?.array ?? [] }
            .compactMap(\.string)
        let excluded = (workspace["exclude"]?.array ?? []).compactMap(\.string).map { "!" + $0 }
        return WorkspaceGlobs.expand(globs + excluded, in: folder, manifests: ["Cargo.toml"])
    }

    /// The first member that is a program.
    private var member: (path: String, package: Rust)? {
        for path in Self.members(folder) {
            let package = Rust(folder.folder(path))
            if !package.binaries.isEmpty { return (path, package) }
        }
        return nil
    }

    // MARK: - Description

    /// Frameworks that the catalogue has no entry for, by their crate.
    private static let otherFrameworks = [
        ("poem", "Poem"), ("salvo", "Salvo"), ("tide", "Tide"), ("dioxus", "Dioxus"),
        ("yew", "Yew"),
        ("gotham", "Gotham"), ("loco-rs", "Loco"),
    ]

    func describe() -> Draft {
        var draft = Draft(folder)
        let member = name == nil || binaries.isEmpty ? self.member : nil
        let package = member?.package ?? self
        identify(&draft, package)
        draft.detection.language = "rust"
        draft.detection.packageManager = "cargo"
        draft.note(.packageManager, folder.file("Cargo.toml"), "Cargo.toml is there")
        draft.setRuntime("rust", version)
        if draft.detection.isStatic {
            describeSite(&draft)
        } else {
            describeProgram(&draft, package, member: member?.path)
        }
        return draft
    }

    private func crates(_ package: Rust) -> Set<String> {
        let tables = [
            package.manifest["dependencies"], manifest["workspace"]?["dependencies"],
            manifest["dependencies"],
        ]
        return Set(tables.flatMap { $0?.object?.names ?? [] })
    }

    private func identify(_ draft: inout Draft, _ package: Rust) {
        let crates = crates(package)
        let file = package.folder.file("Cargo.toml") ?? folder.file("Cargo.toml")
        for entry in folder.survey.catalogue.frameworks(of: "rust") where !entry.isRuntime {
            if entry.id == "trunk", let sign = entry.fileSign(in: folder) {
                return draft.adopt(entry, sign: sign)
            }
            guard entry.category != "ssg", entry.id != "trunk", crates.contains(entry.id),
                !(entry.id == "leptos" && folder.has("Trunk.toml")), let file
            else { continue }
            return draft.adopt(entry, sign: .init(file: file, reason: "dependency \(entry.id)"))
        }
        guard let entry = folder.survey.catalogue["rust"], let file else { return }
        draft.adopt(entry, sign: .init(file: file, reason: "Cargo.toml is there"))
        draft.detection.framework = Self.otherFrameworks.first { crates.contains($0.0) }?.1
    }

    private func describeSite(_ draft: inout Draft) {
        let entry = draft.detection.projectType.flatMap { folder.survey.catalogue[$0] }
        let file = folder.file("Trunk.toml")
        draft.set(\.build, entry?.build, file, "how Trunk builds")
        draft.set(\.dev, entry?.dev, file, "the server of Trunk")
        let output = folder.toml("Trunk.toml")?["build"]?["dist"]?.string
        if let output { draft.setOutput(output, file, "read from there") }
        draft.detection.kind = .app
    }

    private func describeProgram(_ draft: inout Draft, _ package: Rust, member: String?) {
        guard let binary = package.binary else {
            draft.detection.kind = .library
            draft.forgetPort()
            return
        }
        let file = package.folder.file("src/main.rs") ?? package.folder.file("Cargo.toml")
        let isLeptos = draft.detection.projectType == "leptos"
        let option = member == nil ? "" : " --package \(package.name ?? binary)"
        draft.set(
            \.build,
            isLeptos ? "cargo leptos build --release" : "cargo build --release\(option)",
            folder.file("Cargo.toml"),
            "how Cargo builds"
        )
        draft.set(\.start, "./target/release/\(binary)", file, "the program \(binary)")
        let choice =
            package.binaries.count > 1 && package.manifest["package"]?["default-run"] == nil
        draft.set(
            \.dev,
            isLeptos
                ? "cargo leptos watch"
                : "cargo run\(option)" + (choice ? " --bin \(binary)" : ""),
            folder.file("Cargo.toml"),
            "how Cargo runs"
        )
        if let source = package.folder.source("src/main.rs"),
            let port = Ports.inAddress(source) ?? Ports.inRust(source)
        {
            draft.setPort(port, file, "listens on \(port)")
        }
        let crates = crates(package)
        let isTool =
            draft.detection.projectType == "rust" && draft.detection.framework == nil
            && ["clap", "structopt", "argh", "pico-args"].contains(where: crates.contains)
        draft.detection.kind = isTool ? .commandLineTool : .app
        if draft.detection.projectType == "rocket" {
            draft.detection.environment["ROCKET_ADDRESS"] = "0.0.0.0"
        }
    }

    // MARK: - Version

    private var version: VersionPin? {
        if let file = folder.file("rust-toolchain.toml"),
            let text = folder.toml("rust-toolchain.toml")?["toolchain"]?["channel"]?.string
        {
            return VersionPin(text, source: "rust-toolchain.toml", file: file)
        }
        if let file = folder.file("rust-toolchain"), let text = folder.text("rust-toolchain") {
            let channel = SourceText(text, patterns: folder.survey.patterns)
                .first(#"channel\s*=\s*"([^"]+)""#)
            if let line = channel ?? Versions.firstLine(text), !line.hasPrefix("[") {
                return VersionPin(line, source: "rust-toolchain", file: file)
            }
        }
        let package = manifest["package"] ?? manifest["workspace"]?["package"]
        let file = folder.file("Cargo.toml") ?? "Cargo.toml"
        if let text = package?["rust-version"]?.string
            ?? manifest["workspace"]?["package"]?["rust-version"]?.string
        {
            return VersionPin(text, source: "Cargo.toml rust-version", file: file)
        }
        let versions = Versions(folder: folder)
        if let pin = versions.file(".rust-version") ?? versions.tool("rust") { return pin }
        let floors = ["2018": "1.55", "2021": "1.84", "2024": "1.85.1"]
        guard let edition = package?["edition"]?.string, let floor = floors[edition] else {
            return nil
        }
        return VersionPin(floor, source: "Cargo.toml edition", file: file)
    }
}
