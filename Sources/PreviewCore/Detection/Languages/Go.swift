/// Go projects (rules section 11).
struct Go {
    let folder: Folder
    private let module: String?
    /// Modules that `go.mod` requires itself.
    private let required: [String]

    static let files = ["go.mod", "go.work", "main.go"]

    init(_ folder: Folder) {
        self.folder = folder
        let text = folder.text("go.mod") ?? ""
        module = text.split(separator: "\n").first { $0.hasPrefix("module ") }
            .map { Versions.trimmed($0.dropFirst(7)) }
        required = Self.requirements(text)
    }

    private static func requirements(_ text: String) -> [String] {
        var result: [String] = []
        var isBlock = false
        for line in text.split(separator: "\n") {
            var words = line.split(whereSeparator: \.isWhitespace)
            if words.first == ")" { isBlock = false }
            if words.first == "require" {
                words.removeFirst()
                if words.first == "(" { isBlock = true }
            } else if !isBlock {
                continue
            }
            guard words.count >= 2, !line.contains("// indirect") else { continue }
            result.append(String(words[0]))
        }
        return result
    }

    static func matches(_ folder: Folder) -> Bool { folder.first(of: files) != nil }

    /// Whether there is a program, not only a library or the modules of a Hugo site.
    static func hasEntry(_ folder: Folder) -> Bool {
        let project = Go(folder)
        return project.program != nil || !project.workspacePrograms.isEmpty
    }

    /// Frameworks that the catalogue has no entry for, by their module.
    private static let otherFrameworks = [
        ("github.com/gorilla/mux", "gorilla/mux"), ("github.com/beego/beego", "Beego"),
        ("github.com/astaxie/beego", "Beego"), ("github.com/kataras/iris", "Iris"),
        ("github.com/gobuffalo/buffalo", "Buffalo"), ("github.com/revel/revel", "Revel"),
        ("github.com/cloudwego/hertz", "Hertz"),
    ]
    private static let commandLines = ["github.com/spf13/cobra", "github.com/urfave/cli"]

    /// Where `package main` is: `""` for the folder itself, else a folder below it.
    private var program: String? {
        if isMain(in: "") { return "" }
        let commands = folder.folder("cmd").folderNames.filter { isMain(in: "cmd/\($0)") }
        if !commands.isEmpty {
            let own = module.map(RelativePath.name)
            let preferred = [own, "server", "api", "web"].compactMap { $0 }
            let chosen = preferred.first(where: commands.contains) ?? commands[0]
            return "cmd/\(chosen)"
        }
        if isMain(in: "cmd") { return "cmd" }
        let usual = ["server", "api", "app", "web", "backend", "src"]
        return usual.first { folder.has("\($0)/main.go") && isMain(in: $0) }
    }

    private func isMain(in place: String) -> Bool {
        let inside = folder.folder(place)
        let names = inside.fileNames.filter { $0.hasSuffix(".go") && !$0.hasSuffix("_test.go") }
        let ordered = names.filter { $0 == "main.go" } + names.filter { $0 != "main.go" }.prefix(20)
        return ordered.contains { name in
            guard let source = inside.source(name) else { return name == "main.go" }
            // An empty main.go is one that is about to be written.
            return source.matches(#"(?m)^package main\b"#)
                || name == "main.go" && source.text.isEmpty
        }
    }

    /// Members of `go.work` with a program.
    var workspacePrograms: [String] {
        Self.workspaceMembers(folder).filter { folder.has("\($0)/main.go") }
    }

    /// The folders that `go.work` uses, in its order.
    static func workspaceMembers(_ folder: Folder) -> [String] {
        var result: [String] = []
        var isBlock = false
        for line in (folder.text("go.work") ?? "").split(separator: "\n") {
            var words = line.split(whereSeparator: \.isWhitespace)
            if words.first == ")" { isBlock = false }
            if words.first == "use" {
                words.removeFirst()
                if words.first == "(" { isBlock = true }
            } else if !isBlock {
                continue
            }
            guard let word = words.first, word != "(", word != ")", !word.hasPrefix("//"),
                let path = RelativePath.resolve(String(word.filter { $0 != "\"" }), from: "")
            else { continue }
            result.append(path)
        }
        return result
    }

    func describe() -> Draft {
        var draft = Draft(folder)
        identify(&draft)
        draft.detection.language = "go"
        draft.setRuntime("go", version)
        let manifest = folder.first(of: ["go.mod", "go.work"])
        if let manifest {
            draft.detection.packageManager = "go"
            draft.note(.packageManager, manifest, "\(RelativePath.name(of: manifest)) is there")
            draft.set(\.install, "go mod download", manifest, "fetches the modules")
        }
        let place = program ?? workspacePrograms.first
        guard let place else {
            draft.detection.kind = .library
            draft.forgetPort()
            return draft
        }
        describeCommands(&draft, place)
        return draft
    }

    private func identify(_ draft: inout Draft) {
        let catalogue = folder.survey.catalogue
        for entry in catalogue.frameworks(of: "go")
        where !entry.isRuntime && !entry.contents.isEmpty {
            guard entry.category == "backend" else { continue }
            let found = required.first { name in
                entry.contents.contains { name == $0.pattern || name.hasPrefix($0.pattern + "/") }
            }
            guard let found, let file = folder.file("go.mod") else { continue }
            return draft.adopt(entry, sign: .init(file: file, reason: "requires \(found)"))
        }
        guard let entry = catalogue["go"], let file = folder.first(of: Self.files) else { return }
        draft.adopt(
            entry,
            sign: .init(file: file, reason: "\(RelativePath.name(of: file)) is there")
        )
        draft.detection.framework =
            Self.otherFrameworks.first { module, _ in
                required.contains { $0 == module || $0.hasPrefix(module + "/") }
            }?.1
    }

    private func describeCommands(_ draft: inout Draft, _ place: String) {
        let inside = folder.folder(place)
        let file = inside.file("main.go") ?? inside.files(endingIn: ".go").first
        let isLone = !folder.has("go.mod") && !folder.has("go.work")
        let target =
            isLone && place.isEmpty
            ? RelativePath.name(of: file ?? "main.go") : (place.isEmpty ? "." : "./\(place)")
        draft.set(\.build, "go build -o app \(target)", file, "package main is in it")
        draft.set(\.start, "./app", file, "what the build makes")
        if let air = folder.file(".air.toml") {
            draft.set(\.dev, "air", air, ".air.toml is there")
        } else {
            draft.set(\.dev, "go run \(target)", file, "package main is in it")
        }
        let source = inside.source("main.go")
        if let source, let port = Ports.inAddress(source) ?? Ports.inGoVariable(source) {
            draft.setPort(port, file, "listens on \(port)")
        }
        let isCommandLine = Self.commandLines.contains { name in
            required.contains { $0 == name || $0.hasPrefix(name + "/") }
        }
        let serves = source?.matches(#""net/http""#) ?? false
        draft.detection.kind = .app
        guard isCommandLine, !serves, draft.detection.projectType == "go" else { return }
        draft.detection.kind = .commandLineTool
        draft.forgetPort()
    }

    private var version: VersionPin? {
        let versions = Versions(folder: folder)
        if let pin = versions.tool("go", "golang") ?? versions.file(".go-version") { return pin }
        for name in ["go.mod", "go.work"] {
            guard let file = folder.file(name), let source = folder.source(name) else { continue }
            let text =
                source.first(#"(?m)^toolchain\s+go([\d.]+\w*)"#)
                ?? source.first(#"(?m)^go\s+([\d.]+\w*)"#)
            if let text { return VersionPin(text, source: name, file: file) }
        }
        return nil
    }
}

extension Ports {
    /// The default of `PORT` in a Go program, or a variable that holds an address.
    static func inGoVariable(_ source: SourceText) -> Int? {
        let text = source.withoutComments
        return valid(
            text.first(#"(?i)\bport\s*:?=\s*"?:?(\d{2,5})"?\b"#)
                ?? text.first(#"(?i)\baddr\w*\s*:?=\s*"[\w.]*:(\d{2,5})""#)
                ?? text.first(#"flag\.(?:String|Int)\(\s*"[^"]*"\s*,\s*"?[\w.]*:?(\d{4,5})\b"#)
        )
    }
}
