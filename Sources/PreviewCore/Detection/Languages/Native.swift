/// Languages that are compiled to a program by one tool: Swift, Dart, Crystal, Zig, Haskell, C and
/// C++, COBOL (rules section 17).
struct Native {
    let folder: Folder

    private func start(
        _ id: String,
        manifest: String?,
        language: String,
        manager: String?,
        runtime: String?,
        version: VersionPin? = nil
    ) -> Draft {
        var draft = Draft(folder)
        guard let entry = folder.survey.catalogue[id], let manifest else { return draft }
        draft.adopt(
            entry,
            sign: .init(file: manifest, reason: "\(RelativePath.name(of: manifest)) is there")
        )
        draft.detection.language = language
        draft.detection.packageManager = manager
        if manager != nil {
            draft.note(.packageManager, manifest, "\(RelativePath.name(of: manifest)) is there")
        }
        if let runtime { draft.setRuntime(runtime, version) }
        draft.detection.kind = .app
        return draft
    }

    // MARK: - Swift

    /// A Swift package.
    func swift() -> Draft {
        let source = folder.source("Package.swift")
        let code = source?.withoutComments
        let id =
            code?.matches(#"vapor\/vapor(?:\.git)?""#) ?? false
            ? "vapor"
            : code?.matches("hummingbird-project|/hummingbird") ?? false ? "hummingbird" : "swift"
        let file = folder.file("Package.swift")
        var draft = start(
            id,
            manifest: file,
            language: "swift",
            manager: "swiftpm",
            runtime: "swift",
            version: swiftVersion(source, file)
        )
        draft.set(\.install, "swift package resolve", file, "fetches the packages")
        let target =
            code?.first(#"\.executableTarget\(\s*name:\s*"([^"]+)""#)
            ?? code?.first(#"\.executable\(\s*name:\s*"([^"]+)""#)
            ?? ["Run", "App"].first { folder.has("Sources/\($0)/main.swift") }
        guard let target else {
            draft.set(\.build, "swift build -c release", file, "how Swift builds")
            draft.detection.kind = id == "swift" ? .library : .app
            return draft
        }
        draft.set(\.build, "swift build -c release", file, "how Swift builds")
        let options =
            switch id {
            case "vapor": " serve --env production --hostname 0.0.0.0 --port $PORT"
            default: ""
            }
        draft.set(\.start, ".build/release/\(target)\(options)", file, "the target \(target)")
        draft.set(\.dev, "swift run", file, "how Swift runs it")
        if id == "swift" { draft.detection.kind = .commandLineTool }
        return draft
    }

    private func swiftVersion(_ source: SourceText?, _ file: String?) -> VersionPin? {
        if let pin = Versions(folder: folder).file(".swift-version") { return pin }
        guard let file, let text = source?.first(#"swift-tools-version:\s*([\d.]+)"#) else {
            return nil
        }
        return VersionPin(text, source: "Package.swift", file: file)
    }

    // MARK: - Dart

    /// A Dart package, or a site made with Flutter.
    func dart() -> Draft {
        let manifest = folder.yaml("pubspec.yaml")
        let file = folder.file("pubspec.yaml")
        let isFlutter = manifest?["dependencies"]?["flutter"] != nil
        let text = manifest?["environment"]?["sdk"]?.string
        let pin =
            Versions(folder: folder).tool("dart")
            ?? file.flatMap { file in
                text.map { VersionPin(Versions.floor($0), source: "pubspec.yaml", file: file) }
            }
        var draft = start(
            isFlutter ? "flutter" : "dart",
            manifest: file,
            language: "dart",
            manager: "pub",
            runtime: "dart",
            version: pin
        )
        if isFlutter {
            draft.set(\.install, "flutter pub get", file, "fetches the packages")
            draft.set(\.build, "flutter build web", file, "how Flutter builds a site")
            draft.set(\.dev, "flutter run -d web-server", file, "Flutter's own server")
            return draft
        }
        draft.set(\.install, "dart pub get", file, "fetches the packages")
        let names = [manifest?["name"]?.string, "server", "main"].compactMap { $0 }
        guard
            let name = names.first(where: { folder.has("bin/\($0).dart") })
                ?? folder.folder("bin").fileNames.first(where: { $0.hasSuffix(".dart") })
                .map({ String($0.dropLast(5)) }) ?? names.first
        else { return draft }
        guard folder.hasFolder("bin") || !folder.hasFolder("lib") else {
            draft.detection.kind = .library
            return draft
        }
        draft.set(\.build, "dart compile exe bin/\(name).dart", file, "how Dart compiles")
        draft.set(\.start, "./bin/\(name).exe", file, "what the build makes")
        draft.set(\.dev, "dart run", file, "how Dart runs it")
        return draft
    }

    // MARK: - Crystal

    /// A Crystal shard.
    func crystal() -> Draft {
        let manifest = folder.yaml("shard.yml")
        let file = folder.file("shard.yml")
        let id = ["lucky", "kemal"].first { manifest?["dependencies"]?[$0] != nil } ?? "crystal"
        let versions = Versions(folder: folder)
        let text = manifest?["crystal"]?.string
        let pin =
            versions.file(".crystal-version") ?? versions.tool("crystal")
            ?? file.flatMap { file in
                text.map { VersionPin(Versions.floor($0), source: "shard.yml", file: file) }
            }
        var draft = start(
            id,
            manifest: file,
            language: "crystal",
            manager: "shards",
            runtime: "crystal",
            version: pin
        )
        let entry = folder.survey.catalogue[id]
        draft.set(\.install, "shards install", file, "fetches the shards")
        draft.set(\.build, entry?.build, file, "how shards builds")
        let name = manifest?["name"]?.string
        let target = manifest?["targets"]?.object?.names.first
        guard let program = target ?? name else { return draft }
        guard target != nil || id != "crystal" else {
            draft.set(\.build, nil, nil, "")
            draft.detection.kind = .library
            return draft
        }
        draft.set(
            \.start,
            id == "lucky" ? "./bin/start" : "./bin/\(program)",
            file,
            "the first target"
        )
        let main = manifest?["targets"]?[program]?["main"]?.string ?? "src/\(program).cr"
        draft.set(
            \.dev,
            id == "lucky" ? "lucky dev" : "crystal run \(main)",
            file,
            "how Crystal runs it"
        )
        return draft
    }

    // MARK: - Zig, Haskell, COBOL

    /// A Zig project.
    func zig() -> Draft {
        let file = folder.file("build.zig")
        let versions = Versions(folder: folder)
        var draft = start(
            "zig",
            manifest: file,
            language: "zig",
            manager: "zig",
            runtime: "zig",
            version: versions.file(".zig-version") ?? versions.tool("zig")
        )
        draft.set(\.build, "zig build -Doptimize=ReleaseSafe", file, "how Zig builds")
        draft.set(\.dev, "zig build run", file, "how Zig runs it")
        let code = folder.source("build.zig")?.withoutComments
        guard
            let name = code?.first(#"addExecutable\((?:[^;]*?)\.name\s*=\s*"([^"]+)""#)
                ?? code?.first(#"addExecutable\(\s*"([^"]+)""#)
        else {
            draft.detection.kind = .library
            return draft
        }
        draft.set(\.start, "./zig-out/bin/\(name)", file, "the executable \(name)")
        return draft
    }

    /// A Haskell package built with Stack.
    func haskell() -> Draft {
        let cabal = folder.files(endingIn: ".cabal").first
        let file = folder.first(of: ["stack.yaml", "package.yaml"]) ?? cabal
        let usesStack = folder.has("stack.yaml") || folder.has("package.yaml")
        var draft = start(
            "haskell",
            manifest: file,
            language: "haskell",
            manager: usesStack ? "stack" : "cabal",
            runtime: "haskell"
        )
        draft.set(\.build, usesStack ? "stack build" : "cabal build", file, "how it is built")
        let named = folder.yaml("package.yaml")?["executables"]?.object?.names.first
        let listed = cabal.flatMap { folder.survey.text($0) }.flatMap {
            SourceText($0, patterns: folder.survey.patterns)
                .first(#"(?mi)^executable\s+([\w-]+)"#)
        }
        guard let program = named ?? listed else {
            draft.detection.kind = .library
            return draft
        }
        draft.set(
            \.start,
            usesStack ? "stack exec \(program)" : "cabal run \(program)",
            file,
            "the executable \(program)"
        )
        return draft
    }

    /// A COBOL program.
    func cobol() -> Draft {
        let names = folder.files(endingIn: ".cbl") + folder.folder("src").files(endingIn: ".cbl")
        let file =
            names.first { RelativePath.name(of: $0).lowercased() == "index.cbl" } ?? names.first
        var draft = start(
            "cobol",
            manifest: file,
            language: "cobol",
            manager: nil,
            runtime: "cobol"
        )
        guard let file else { return draft }
        let name = String(RelativePath.name(of: file).dropLast(4))
        let inside = folder.isRoot ? file : String(file.dropFirst(folder.path.count + 1))
        draft.set(\.build, "cobc -x -o \(name) \(inside)", file, "how GnuCOBOL compiles")
        draft.set(\.start, "./\(name)", file, "what the build makes")
        return draft
    }

    // MARK: - C and C++

    /// A C or C++ project built with CMake or Meson.
    func cpp() -> Draft {
        if let file = folder.file("CMakeLists.txt") {
            let text = folder.source("CMakeLists.txt")?.withoutHashLines
            let name = text?.first(#"(?i)add_executable\s*\(\s*"?([\w.-]+)"#)
            let project = text?.first(#"(?i)project\s*\(\s*"?([\w.-]+)"#)
            return native(
                "cpp-cmake",
                file,
                program: name ?? project,
                isLibrary: name == nil && text?.matches(#"(?i)add_library\s*\("#) ?? false,
                build: "cmake -B build -GNinja && cmake --build build"
            )
        }
        let file = folder.file("meson.build")
        let text = folder.source("meson.build")?.withoutHashLines
        let name = text?.first(#"\bexecutable\s*\(\s*'([^']+)'"#)
        let project = text?.first(#"\bproject\s*\(\s*'([^']+)'"#)
        return native(
            "cpp-meson",
            file,
            program: name ?? project,
            isLibrary: name == nil && text?.matches(#"\blibrary\s*\("#) ?? false,
            build: "meson setup build && meson compile -C build"
        )
    }

    private func native(
        _ id: String,
        _ file: String?,
        program: String?,
        isLibrary: Bool,
        build: String
    ) -> Draft {
        var draft = start(id, manifest: file, language: "cpp", manager: nil, runtime: nil)
        draft.set(\.build, build, file, "how it is built")
        guard let program, !program.hasPrefix("$"), !isLibrary else {
            draft.detection.kind = .library
            return draft
        }
        draft.set(\.start, "./build/\(program)", file, "the executable \(program)")
        return draft
    }

    /// C sources with a Makefile and nothing else.
    func make() -> Draft {
        let file = folder.file("Makefile")
        var draft = start("make", manifest: file, language: "c", manager: nil, runtime: nil)
        draft.set(\.build, "make", file, "how it is built")
        draft.detection.kind = .unknown
        return draft
    }

    static func hasSources(_ folder: Folder) -> Bool {
        [folder, folder.folder("src")].contains { place in
            !place.files(endingIn: ".c", ".cpp", ".cc", ".cxx").isEmpty
        }
    }
}
