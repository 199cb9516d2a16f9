/// What a Node project runs to build, to start and to develop (rules section 4.3).
struct NodeScripts {
    let package: NodePackage
    let manager: NodePackageManager
    let framework: Framework?
    /// The framework's commands as its version and configuration have them.
    let facts: NodeFacts
    let runsOnBun: Bool

    /// A shell line and what speaks for it.
    struct Line: Hashable {
        var command: String
        var file: String
        var reason: String
    }

    private var folder: Folder { package.folder }
    private var names: [String] { package.scripts.map(\.name) }

    private func script(_ name: String) -> Line {
        Line(
            command: manager.run(name),
            file: package.file,
            reason: "script \(name)"
        )
    }

    // MARK: - Build

    /// The script `build`, else a script that runs the framework's build, else that build itself.
    var build: Line? {
        if let text = package.script("build"), !Self.isPlatform(text) { return script("build") }
        if let binary = facts.build?.split(separator: " ").first.map(String.init) {
            for (name, text) in package.scripts
            where name.hasSuffix(":build") || name.hasPrefix("build:") {
                if ScriptLine(text).runs(binary) { return script(name) }
            }
        }
        if let command = facts.build {
            return Line(
                command: executable(command),
                file: package.file,
                reason: "how \(framework?.name ?? "the framework") is built"
            )
        }
        return compiled
    }

    /// A compiler's output that `main` points into, without a script to make it.
    private var compiled: Line? {
        guard framework.map(\.isRuntime) ?? true, package.depends(on: "typescript"),
            let file = folder.file("tsconfig.json"),
            let output = folder.json("tsconfig.json")?["compilerOptions"]?["outDir"]?.string,
            let main = package.json["main"]?.string,
            let inside = RelativePath.resolve(output, from: ""), !inside.isEmpty,
            RelativePath.resolve(main, from: "")?.hasPrefix(inside + "/") ?? false
        else { return nil }
        return Line(
            command: manager.execute("tsc"),
            file: file,
            reason: "main lies in outDir \(output)"
        )
    }

    private static func isPlatform(_ text: String) -> Bool {
        ["netlify build", "vercel build", "netlify dev", "vercel dev"].contains(
            where: text.contains
        )
    }

    // MARK: - Start

    /// The text of a script after `npm run other` was followed, at most four times.
    private func resolved(_ name: String) -> ScriptLine? {
        guard var text = package.script(name) else { return nil }
        for _ in 0..<4 {
            guard let next = ScriptLine(text).handsOver(to: names), let other = package.script(next)
            else { break }
            text = other
        }
        return ScriptLine(text)
    }

    /// Whether a script only serves while one works.
    private func isDevelopment(_ name: String) -> Bool {
        guard let text = package.script(name) else { return false }
        if Self.isPlatform(text) { return true }
        guard let line = resolved(name) else { return false }
        return line.isDevelopmentServer || (framework?.isStatic ?? false) && runsDevelopment(line)
    }

    /// The script `start`, when it is more than a development server.
    private var startScript: Line? {
        guard package.script("start") != nil, !isDevelopment("start") else { return nil }
        return script("start")
    }

    /// Whether the script `start` makes a server of what otherwise would be static files.
    var hasRealStart: Bool { startScript != nil }

    /// The script `start`, else `main`, else an index file, else the framework's own start, else
    /// the usual entries.
    func start(builds: Bool) -> Line? {
        if facts.isStatic { return facts.ignoresStartScript ? nil : startScript }
        if let startScript { return startScript }
        if framework?.isStatic ?? false, facts.start == nil { return nil }
        if package.looksLikeLibrary, framework == nil { return nil }
        return mainFile(builds: builds) ?? entry(["index"]) ?? ownStart ?? commonEntry
    }

    private func mainFile(builds: Bool) -> Line? {
        guard let main = package.json["main"]?.string, !main.isEmpty,
            let path = RelativePath.resolve(main, from: "")
        else { return nil }
        let isMade = builds && ["dist/", "build/", "lib/", "out/"].contains(where: path.hasPrefix)
        let candidates = [path, path + ".js", RelativePath.join(path, "index.js"), path + ".cjs"]
        guard let file = candidates.first(where: folder.has) ?? (isMade ? path : nil) else {
            return nil
        }
        return program(main, file: folder.file(file) ?? package.file, reason: "main is \(main)")
    }

    /// A program file by what can run it: TypeScript needs Bun or a loader.
    private func program(_ name: String, file: String, reason: String) -> Line? {
        let isTypeScript = [".ts", ".mts", ".cts", ".tsx"].contains(where: name.hasSuffix)
        if runsOnBun { return Line(command: "bun \(name)", file: file, reason: reason) }
        guard isTypeScript else { return Line(command: "node \(name)", file: file, reason: reason) }
        guard let loader = ["tsx", "ts-node"].first(where: package.depends) else { return nil }
        return Line(command: manager.execute("\(loader) \(name)"), file: file, reason: reason)
    }

    private func entry(_ stems: [String]) -> Line? {
        for stem in stems {
            for ending in ["js", "mjs", "cjs", "ts", "tsx", "mts"] {
                guard let file = folder.file("\(stem).\(ending)"),
                    let line = program("\(stem).\(ending)", file: file, reason: "the entry file")
                else { continue }
                return line
            }
        }
        return nil
    }

    private var commonEntry: Line? {
        entry(["server", "app", "src/index", "src/server", "dist/index"])
            ?? entry(["main", "src/main", "src/app"])
    }

    /// A script that runs the framework's own start, such as `preview`, else that start itself.
    private var ownStart: Line? {
        guard let command = facts.start, !command.contains("<") else { return nil }
        if ["vite preview"].contains(command),
            let name = names.first(where: { name in
                package.script(name).map { ScriptLine($0).runs("vite", "preview") } ?? false
            })
        {
            return script(name)
        }
        return Line(
            command: executable(command),
            file: facts.startFile ?? package.file,
            reason: "how \(framework?.name ?? "the framework") is started"
        )
    }

    /// Runs binaries of packages by the package manager; programs of the machine as they are.
    private func executable(_ command: String) -> String {
        command.split(separator: "&&").map { part in
            let line = Versions.trimmed(part)
            let first = line.split(separator: " ").first.map(String.init) ?? ""
            let isProgram = ["node", "bun", "npx", "meteor", "npm", "deno"].contains(first)
            return isProgram ? line : manager.execute(line)
        }.joined(separator: " && ")
    }

    // MARK: - Development

    private static let developmentNames = ["dev", "serve", "develop", "start", "run", "web"]

    /// A script that runs the framework's development server, else one of the usual names, else
    /// that server itself.
    var dev: Line? {
        let byName = { (name: String) in Self.order(of: name) }
        let usable = package.scripts.filter { script in
            package.script(script.name) != nil && !Self.isPlatform(script.text)
        }
        let running = usable.filter { resolved($0.name).map(runsDevelopment) ?? false }
            .filter { !["build", "test", "lint"].contains($0.name) }
            .min { byName($0.name) < byName($1.name) }
        if let running { return script(running.name) }
        if let named = usable.filter({ isDevelopmentName($0.name) })
            .min(by: { byName($0.name) < byName($1.name) })
        {
            return script(named.name)
        }
        guard let command = facts.dev else { return nil }
        return Line(
            command: executable(command),
            file: package.file,
            reason: "the development server of \(framework?.name ?? "the framework")"
        )
    }

    private static func order(of name: String) -> Int {
        if let index = developmentNames.firstIndex(of: name) { return index }
        return name.hasSuffix(":dev") ? 10 : name.hasPrefix("dev:") ? 11 : 12
    }

    /// `start` and `serve` name development only when they run it.
    private func isDevelopmentName(_ name: String) -> Bool {
        switch name {
        case "dev", "develop", "web": true
        case "start": isDevelopment("start")
        case "serve":
            isDevelopment("serve")
                || !(framework?.isStatic ?? false)
                    && !(package.script("serve").map(NodeStaticServer.isServer) ?? false)
        default: name.hasSuffix(":dev") && isDevelopment(name)
        }
    }

    /// Whether a line runs the framework's development server.
    private func runsDevelopment(_ line: ScriptLine) -> Bool {
        guard let command = facts.dev ?? framework?.dev else { return false }
        let words = command.split(separator: " ").map(String.init)
        guard let binary = words.first, !["npm", "node", "bun"].contains(binary) else {
            return false
        }
        let known = line.commands.contains { $0[0] == binary && ScriptLine.isDevelopment($0) }
        if known { return true }
        // With an option, as in `nest start --watch`, the verb alone says nothing.
        guard words.count > 1, !words.contains(where: { $0.hasPrefix("-") }) else { return false }
        let isAlsoBuild = [framework?.build, framework?.start].contains {
            $0?.hasPrefix("\(binary) \(words[1])") ?? false
        }
        return !isAlsoBuild && line.runs(binary, words[1])
    }
}

/// Servers of files that scripts of static sites name.
enum NodeStaticServer {
    private static let programs: Set<String> = [
        "serve", "http-server", "live-server", "lite-server", "sirv", "light-server",
    ]

    /// Whether a script only serves files.
    static func isServer(_ text: String) -> Bool {
        ScriptLine(text).commands.allSatisfy { programs.contains($0[0]) }
    }

    /// The folder that a script serves: `.` when it names none; `nil` when it is no such script.
    static func folder(_ text: String) -> String? {
        guard let command = ScriptLine(text).commands.last, programs.contains(command[0]),
            isServer(text)
        else { return nil }
        var words = command.dropFirst()
        while let first = words.first {
            let takesValue = ["-p", "--port", "-l", "--listen", "-c", "-a"].contains(first)
            guard first.hasPrefix("-") else { return first }
            words = words.dropFirst(takesValue ? 2 : 1)
        }
        return "."
    }
}
