/// Which files detection may read, decided by their names alone, so that a source that has to fetch
/// them can fetch them all at once.
enum WantedFiles {
    /// Files that are chosen at most, those nearest to the root first.
    static let maximumCount = 2_000

    /// The files of a repository that detection may read, nearest to the root first.
    static func select(from paths: PathTable) -> [String] {
        var chosen: [(depth: Int, path: String)] = []
        var modules = GoModules(paths)
        for index in 0..<paths.count where mayBeWanted(paths, index) {
            let path = paths[index]
            if isWanted(path) || modules.hasSource(path) {
                chosen.append((path.utf8.count { $0 == UInt8(ascii: "/") }, path))
            }
        }
        chosen.sort { ($0.depth, $0.path) < ($1.depth, $1.path) }
        return chosen.prefix(maximumCount).map(\.path)
    }

    /// A quick look at the name alone, which leaves few paths of a large repository.
    private static func mayBeWanted(_ paths: PathTable, _ index: Int) -> Bool {
        let name = paths.withBytes(index) { path -> String in
            let slash = path.lastIndex(of: UInt8(ascii: "/"))
            return String(decoding: path[(slash.map { $0 + 1 } ?? 0)...], as: UTF8.self)
        }.lowercased()
        if manifests.contains(name) || name.hasPrefix("dockerfile.") { return true }
        guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return false }
        let ending = String(name[name.utf8.index(after: dot)...])
        guard scriptEndings.contains(ending) else { return otherEndings.contains(ending) }
        let stem = String(name[..<dot])
        return entries.contains(stem) || stem.hasSuffix(".config") || stem == "config"
    }

    /// Endings of files that are wanted under some names or in some folders only.
    private static let otherEndings: Set<String> = [
        "txt", "in", "py", "go", "rs", "rb", "toml", "yml", "yaml", "json", "csproj", "fsproj",
        "vbproj", "sln", "slnx", "cabal",
    ]

    /// Whether the rules may look into a file of that name and place.
    private static func isWanted(_ path: String) -> Bool {
        guard !path.hasSuffix("/") else { return false }
        let name = RelativePath.name(of: path).lowercased()
        if manifests.contains(name) || isConfiguration(name) { return true }
        let folder = RelativePath.folder(of: path)
        return isSource(name, folder: folder)
            || isInKnownFolder(name, folder: folder.lowercased())
    }

    private static let manifests: Set<String> = [
        // JavaScript
        "package.json", "package.json5", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock",
        "pnpm-workspace.yaml", "lerna.json", "rush.json", "nx.json", "workspace.json",
        "project.json", "turbo.json", "turbo.jsonc", "tsconfig.json", ".nvmrc", ".node-version",
        ".yvmrc", "angular.json", ".angular-cli.json", "app.json", "deno.json", "deno.jsonc",
        ".eleventy.js", ".umirc.ts", ".umirc.js", "quasar.conf.js", "siteconfig.js",
        "ecosystem.config.js", "import_map.json", ".bun-version", ".deno-version", ".dvmrc",
        // Python
        "requirements.txt", "requirements.in", "pyproject.toml", "pipfile", "setup.py", "setup.cfg",
        "runtime.txt", ".python-version", ".python-versions", "manage.py", "settings.py",
        // Ruby
        "gemfile", "gemfile.lock", ".ruby-version", "application.rb",
        // Go, Rust
        "go.mod", "go.work", ".go-version", "cargo.toml", "rust-toolchain", "rust-toolchain.toml",
        ".rust-version",
        // PHP
        "composer.json", ".php-version",
        // JVM
        "pom.xml", "pom.atom", "pom.clj", "pom.groovy", "pom.rb", "pom.scala", "pom.yaml",
        "pom.yml", "build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts",
        "libs.versions.toml", "gradle-wrapper.properties", "system.properties", ".java-version",
        ".sdkmanrc", ".jdk-version", "application.properties", "application.yml",
        "application.yaml", "application.conf", "build.sbt", "plugins.sbt", "project.clj",
        "deps.edn", "build.clj",
        // BEAM
        "mix.exs", ".elixir-version", ".exenv-version", ".erlang-version", "gleam.toml",
        "rebar.config",
        // .NET
        "global.json", "launchsettings.json",
        // Others
        "package.swift", ".swift-version", "pubspec.yaml", "shard.yml", "build.zig", "stack.yaml",
        "package.yaml", "cmakelists.txt", "meson.build", ".crystal-version", ".zig-version",
        // Sites
        "staticfile", "_config.yml", "_config.yaml", "_config.toml", "hugo.toml", "hugo.yaml",
        "hugo.json", "config.toml", "config.yaml", "config.json", "mkdocs.yml", "mkdocs.yaml",
        "book.toml", "config.rb",
        // Containers and platforms
        "dockerfile", "containerfile", "docker-compose.yml", "docker-compose.yaml", "compose.yml",
        "compose.yaml", "devcontainer.json", ".devcontainer.json", "procfile", "procfile.dev",
        "fly.toml", "render.yaml", "railway.json", "railway.toml", "railpack.json",
        "nixpacks.toml", "vercel.json", "netlify.toml", "app.yaml", "heroku.yml",
        "apprunner.yaml", "project.toml", "captain-definition", "schema.prisma",
        // Tools
        "mise.toml", ".mise.toml", ".tool-versions", "makefile", "justfile", "taskfile.yml",
        // Variables
        ".env.example", ".env.sample", ".env.template", ".env.dist", ".env",
        // Shell
        "start.sh", "run.sh",
    ]

    private static let configured: Set<String> = [
        "next", "vite", "astro", "react-router", "remix", "svelte", "nuxt", "vue", "webpack",
        "eleventy", "rsbuild", "rspack", "gridsome", "stencil", "quasar", "app", "docusaurus",
        "rollup", "snowpack", "umi", "waku", "observablehq", "gatsby", "nitro", "rolldown",
    ]

    private static let scriptEndings: Set<String> = [
        "js", "mjs", "cjs", "ts", "mts", "cts", "jsx", "tsx",
    ]

    /// `next.config.mjs` and the like, project files of .NET, `mise.local.toml`.
    private static func isConfiguration(_ name: String) -> Bool {
        let parts = name.split(separator: ".").map(String.init)
        guard parts.count >= 2, let ending = parts.last else { return false }
        if parts.count == 3, parts[1] == "config", scriptEndings.contains(ending) {
            return configured.contains(parts[0])
        }
        if ["csproj", "fsproj", "vbproj", "sln", "slnx", "cabal"].contains(ending) { return true }
        return parts.first == "mise" && ending == "toml"
            || name.hasPrefix("requirements") && (ending == "txt" || ending == "in")
            || name.hasPrefix("dockerfile.")
    }

    /// Files whose meaning depends on the folder.
    private static func isInKnownFolder(_ name: String, folder: String) -> Bool {
        let last = RelativePath.name(of: folder)
        return switch last {
        case "requirements": name.hasSuffix(".txt") || name.hasSuffix(".in")
        case "settings": name.hasSuffix(".py")
        case "mise", ".mise", "_default": name == "config.toml" || name.hasPrefix("hugo.")
        case ".moon": name == "workspace.yml"
        case ".cargo": name == "config.toml"
        case ".vitepress", ".vuepress": name.hasPrefix("config.")
        default: false
        }
    }

    private static let entries: Set<String> = ["index", "app", "server", "main"]
    private static let pythonEntries: Set<String> = [
        "main", "app", "start", "bot", "hello", "server", "wsgi", "asgi", "application", "run",
        "__init__",
    ]
    /// Folders in which an entry file may lie, beside the root and the applications of a monorepo.
    private static let sourceFolders: Set<String> = [
        "src", "server", "api", "app", "backend", "bin", "cmd", "web", "lib",
    ]

    /// Source files that may be the entry of a program.
    private static func isSource(_ name: String, folder: String) -> Bool {
        guard let dot = name.lastIndex(of: ".") else { return false }
        let (stem, ending) = (String(name[..<dot]), String(name[name.index(after: dot)...]))
        let depth = folder.isEmpty ? 0 : folder.utf8.count { $0 == UInt8(ascii: "/") } + 1
        let last = RelativePath.name(of: folder).lowercased()
        let isNear = depth <= 1 || depth <= 3 && sourceFolders.contains(last)
        switch ending {
        case "py": return pythonEntries.contains(stem) && depth <= 3
        case "go": return stem == "main" && depth <= 4 || depth == 0 && !stem.hasSuffix("_test")
        case "rs": return stem == "main" && last == "src"
        case "rb": return ["app", "main", "server"].contains(stem) && depth <= 2
        case _ where scriptEndings.contains(ending):
            guard entries.contains(stem) else { return false }
            return isNear || depth == 2
        default: return false
        }
    }
}

/// Which Go files may be the program of a module: those beside `go.mod`, and those of its commands.
private struct GoModules {
    private let paths: PathTable
    /// The folder asked about last: paths come in order, so most of them share it.
    private var folder = ""
    private var isModule = false

    init(_ paths: PathTable) {
        self.paths = paths
    }

    mutating func hasSource(_ path: String) -> Bool {
        guard path.hasSuffix(".go"), !path.hasSuffix("_test.go") else { return false }
        let place = RelativePath.folder(of: path)
        if place != folder {
            folder = place
            let parent = RelativePath.folder(of: place)
            let isCommand = RelativePath.name(of: parent) == "cmd"
            let module = isCommand ? RelativePath.folder(of: parent) : place
            isModule = paths.file(RelativePath.join(module, "go.mod")) != nil
        }
        return isModule
    }
}
