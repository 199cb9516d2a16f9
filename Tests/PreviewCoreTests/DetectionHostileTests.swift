import PreviewCore
import Testing

@Suite("Detection of hostile repositories")
struct DetectionHostileTests {
    private func detect(_ files: [String: String], links: Set<String> = []) -> Detection {
        Detector.detect(
            RepositorySnapshot(files: files.mapValues { Array($0.utf8) }, links: links)
        )
    }

    @Test("a file of 200 MB is seen, not read, and told")
    func largeManifest() {
        let snapshot = RepositorySnapshot(paths: ["package.json", "index.js"]) { path in
            path == "package.json" ? .init(Array("{\"name\":".utf8), isWhole: false) : .init([])
        }
        let detection = Detector.detect(snapshot)
        #expect(detection.projectType == "node")
        #expect(detection.warnings.contains("package.json is larger than 1 MiB; it was not read"))
    }

    @Test("the head of a large lock file is enough to compare names")
    func largeLock() {
        let head = #"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"a": "1"}}, "node"#
        let snapshot = RepositorySnapshot(paths: ["package.json", "package-lock.json"]) { path in
            path == "package.json"
                ? .init(Array(#"{"private": true, "dependencies": {"a": "1", "b": "1"}}"#.utf8))
                : .init(Array(head.utf8), isWhole: false)
        }
        #expect(Detector.detect(snapshot).commands.install == "npm install")
    }

    @Test("errors are told with file and place, and the rest is looked at")
    func syntaxErrors() {
        let detection = detect([
            "package.json": #"{"scripts": {"start": "node a.js"}}"#,
            "vercel.json": "{\n  \"a\" 1\n}", "netlify.toml": "[build]\ncommand = = 1\n",
            "render.yaml": "a: b\n c: d\n",
        ])
        #expect(detection.commands.start == "npm run start")
        #expect(detection.warnings.contains { $0.hasPrefix("vercel.json:2:7: ") })
        #expect(detection.warnings.contains { $0.hasPrefix("netlify.toml:2:") })
        #expect(detection.warnings.contains { $0.hasPrefix("render.yaml:2:") })
    }

    @Test("a YAML file that grows without limit is refused")
    func aliasBomb() {
        var text = "a: &a [x,x,x,x,x,x,x,x,x]\n"
        for (name, previous) in zip("bcdefghi", "abcdefgh") {
            text +=
                "\(name): &\(name) ["
                + Array(repeating: "*\(previous)", count: 9).joined(separator: ",") + "]\n"
        }
        let detection = detect(["pnpm-workspace.yaml": text, "package.json": "{}"])
        #expect(detection.packageManager == "pnpm")
        #expect(detection.warnings.contains { $0.hasPrefix("pnpm-workspace.yaml:") })
    }

    @Test("deep nesting is an error of the file, in every format")
    func deepNesting() {
        let open = String(repeating: "[", count: 50_000)
        let detection = detect([
            "package.json": open, "pnpm-workspace.yaml": open, "fly.toml": "a = \(open)",
            "deno.jsonc": open,
        ])
        for name in ["package.json", "pnpm-workspace.yaml", "fly.toml"] {
            #expect(detection.warnings.contains { $0.hasPrefix("\(name):") }, "\(name)")
        }
    }

    @Test("invalid UTF-8 is replaced and told")
    func invalidText() {
        let bytes =
            Array(#"{"name": ""#.utf8) + [0xFF, 0xC3]
            + Array(#"", "scripts": {"start": "x"}}"#.utf8)
        let detection = Detector.detect(RepositorySnapshot(files: ["package.json": bytes]))
        #expect(detection.commands.start == "npm run start")
        #expect(detection.warnings.contains { $0.contains("not valid UTF-8") })
    }

    @Test("a link is followed inside the repository only")
    func links() {
        let inside = detect(
            [
                "package.json": "config/real/package.json",
                "config/real/package.json": #"{"scripts": {"start": "x"}}"#,
            ],
            links: ["package.json"]
        )
        #expect(inside.commands.start == "npm run start")
        for target in ["/etc/passwd", "../secret/package.json", "package.json", "gone.json"] {
            let outside = detect(
                ["package.json": target, "index.html": ""],
                links: ["package.json"]
            )
            #expect(outside.projectType == "static", "\(target)")
        }
    }

    @Test("a file kept in Git LFS counts as unreadable")
    func largeFileStorage() {
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
        let detection = detect(["package.json": pointer, "index.js": ""])
        #expect(detection.projectType == "node")
        #expect(detection.warnings.contains { $0.contains("Git LFS") })
    }

    @Test("submodules are told, not looked into")
    func submodules() {
        let snapshot = RepositorySnapshot(files: ["index.html": []], submodules: ["vendor/lib"])
        #expect(
            Detector.detect(snapshot).warnings == ["submodules are not looked into: vendor/lib"]
        )
    }

    @Test("Q5: names match without case, and of two spellings the usual one wins")
    func caseOnlyDifferences() {
        let detection = detect(["dockerfile": "EXPOSE 1000", "Dockerfile": "EXPOSE 2000"])
        #expect(detection.port == 2000)
        #expect(detect(["PROCFILE": "web: ./a"]).commands.start == "./a")
    }

    @Test("what tools made or fetched is not looked into")
    func skipped() {
        let detection = detect([
            "node_modules/next/package.json": "{}", "vendor/a/go.mod": "module a",
            "target/x/Cargo.toml": "", ".venv/lib/requirements.txt": "",
            "a/b/c/d/e/f/g/h/package.json": "{}",
        ])
        #expect(detection.projectType == nil)
        #expect(detection.apps.isEmpty)
        #expect(detection.fileCount == 5)
    }

    @Test("40,000 paths are looked at with little reading")
    func manyPaths() {
        let paths = (0..<40_000).lazy.map { "packages/p\($0 / 500)/src/module/file\($0).ts" }
        let manifests = (0..<80).map { "packages/p\($0)/package.json" }
        let snapshot = RepositorySnapshot(
            paths: [Array(paths), manifests, ["package.json"]].joined()
        ) { path in
            .init(
                Array(path == "package.json" ? #"{"workspaces": ["packages/*"]}"#.utf8 : "{}".utf8)
            )
        }
        let (detection, reads) = Detector.measured(snapshot)
        #expect(detection.projectType == "node")
        #expect(detection.fileCount == 40_081)
        #expect(reads.count <= 2_000)
    }

    @Test("patterns of the catalogue are all valid")
    func catalogue() {
        let everything = [
            "requirements.txt", "pyproject.toml", "Pipfile", "Gemfile", "Gemfile.lock", "go.mod",
            "composer.json", "mix.exs", "shard.yml", "pom.xml", "build.gradle", "build.gradle.kts",
            "Package.swift", "pubspec.yaml", "config.toml", "config.yaml", "config.json",
            "config/application.rb", "deno.json", "deno.jsonc", "a.csproj", "a.fsproj",
            "Cargo.toml",
        ]
        for name in everything {
            let detection = detect([name: "x = 1\n"])
            #expect(detection.json.object != nil, "\(name)")
        }
    }
}
