/// What surrounds a project of any language: containers, variables, services, and weak hints (rules
/// sections 19 and 22).
struct Surroundings {
    let folder: Folder

    func apply(to draft: inout Draft) {
        noteFiles(&draft)
        hintPort(&draft)
        runByMake(&draft)
        draft.detection.requiredVariables = requiredVariables
        draft.detection.services = Services(folder: folder, draft: draft).names
    }

    /// Files that say how something is run without deciding anything.
    private func noteFiles(_ draft: inout Draft) {
        if draft.detection.projectType != "container", let file = Containers.file(folder) {
            draft.note(nil, file, "a container file is there; it does not decide beside a project")
        }
        let others = [
            (Containers.composeFiles, "a compose file is there"),
            (["app.json"], "app.json is there"),
            (
                [
                    "captain-definition", "project.toml", "Caddyfile", "ecosystem.config.js",
                    "environment.yml",
                    "flake.nix", "Makefile", "justfile", "Taskfile.yml",
                ], "is there"
            ),
        ]
        for (names, reason) in others {
            for name in names {
                guard let file = folder.file(name) else { continue }
                draft.note(nil, file, reason == "is there" ? "\(name) is there" : reason)
            }
        }
    }

    /// A port that only a file of variables or of a development container names.
    private func hintPort(_ draft: inout Draft) {
        guard draft.detection.port == nil, draft.detection.projectType != nil,
            draft.detection.kind == .app, !draft.detection.isStatic
        else { return }
        for name in [".env.example", ".env.sample", ".env"] {
            guard let file = folder.file(name), let source = folder.source(name),
                let port = Ports.valid(source.first(#"(?m)^\s*PORT\s*=\s*["']?(\d{2,5})\b"#))
            else { continue }
            return draft.setPort(port, file, "PORT is \(port) there")
        }
        for name in [".devcontainer/devcontainer.json", ".devcontainer.json"] {
            guard let file = folder.file(name),
                let port = Ports.valid(folder.json(name)?["forwardPorts"]?.array?.first)
            else { continue }
            return draft.setPort(port, file, "forwardPorts names \(port)")
        }
    }

    /// `make run`, when nothing else starts a project.
    private func runByMake(_ draft: inout Draft) {
        guard draft.detection.projectType != nil, draft.detection.commands.start == nil,
            !draft.detection.isStatic, draft.detection.projectType != "make",
            ![.library, .container].contains(draft.detection.kind),
            let file = folder.file("Makefile"),
            folder.source("Makefile")?.matches(#"(?m)^run\s*:"#) ?? false
        else { return }
        let isStaticFramework =
            draft.detection.projectType
            .flatMap { folder.survey.catalogue[$0]?.isStatic } ?? false
        guard !isStaticFramework else { return }
        draft.set(\.start, "make run", file, "the target run")
    }

    /// Names in the example of the variables, in file order.
    private var requiredVariables: [String] {
        for name in [".env.example", ".env.sample", ".env.template", ".env.dist"] {
            guard let text = folder.text(name) else { continue }
            var result: [String] = []
            for line in text.split(separator: "\n") {
                var word = Versions.trimmed(line)
                if word.hasPrefix("export ") { word = String(word.dropFirst(7)) }
                guard let equals = word.firstIndex(of: "="), !word.hasPrefix("#") else { continue }
                let variable = Versions.trimmed(word[..<equals])
                let isName =
                    variable.first.map { $0.isLetter || $0 == "_" } ?? false
                    && variable.allSatisfy {
                        $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_")
                    }
                if isName, !result.contains(variable) { result.append(variable) }
            }
            return result
        }
        return []
    }
}

/// Databases and the like that a project speaks of (rules section 22).
struct Services {
    let folder: Folder
    let draft: Draft

    private static let packages:
        [(service: String, node: [String], python: [String], gems: [String])] = [
            (
                "postgres", ["pg", "postgres"],
                ["psycopg", "psycopg2", "psycopg2-binary", "asyncpg"], ["pg"]
            ),
            ("mysql", ["mysql2", "mysql"], ["mysqlclient", "pymysql"], ["mysql2", "trilogy"]),
            (
                "redis", ["redis", "ioredis", "bull", "bullmq"], ["redis", "celery"],
                ["redis", "sidekiq"]
            ),
            ("mongodb", ["mongoose", "mongodb"], ["pymongo", "motor"], ["mongoid"]),
            ("sqlite", ["better-sqlite3", "sqlite3"], [], ["sqlite3"]),
            ("browser", ["puppeteer", "playwright"], ["playwright", "selenium"], []),
        ]

    /// Sorted names.
    var names: [String] {
        var result = Set(composed + prisma)
        if let package = NodePackage.read(folder) {
            for entry in Self.packages where package.depends(onAny: entry.node) {
                result.insert(entry.service)
            }
        }
        switch draft.detection.language {
        case "python":
            let dependencies = PythonDependencies(folder)
            for entry in Self.packages where entry.python.contains(where: dependencies.contains) {
                result.insert(entry.service)
            }
        case "ruby":
            let source = folder.source("Gemfile")?.withoutHashLines
            let gems = source?.all(#"(?m)^\s*gem[ (]+['"]([^'"]+)['"]"#) ?? []
            for entry in Self.packages where entry.gems.contains(where: gems.contains) {
                result.insert(entry.service)
            }
        case "elixir":
            if folder.source("mix.exs")?.contains(":postgrex") ?? false {
                result.insert("postgres")
            }
        default: break
        }
        return result.sorted()
    }

    /// Images of compose files.
    private var composed: [String] {
        let known = [
            ("postgres", "postgres"), ("postgis", "postgres"), ("mysql", "mysql"),
            ("mariadb", "mysql"), ("redis", "redis"), ("valkey", "redis"), ("mongo", "mongodb"),
        ]
        for name in Containers.composeFiles {
            guard let services = folder.yaml(name)?["services"]?.object?.members else { continue }
            return services.compactMap { service in
                guard let image = service.value["image"]?.string else { return nil }
                return known.first { RelativePath.name(of: image).hasPrefix($0.0) }?.1
            }
        }
        return []
    }

    private var prisma: [String] {
        guard
            let provider = folder.source("prisma/schema.prisma")?
                .first(#"datasource\s+\w+\s*\{[^}]*?provider\s*=\s*"(\w+)""#)
        else { return [] }
        let known = [
            "postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite", "mongodb": "mongodb",
        ]
        return known[provider].map { [$0] } ?? []
    }
}
