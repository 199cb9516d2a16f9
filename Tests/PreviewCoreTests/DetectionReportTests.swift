import PreviewCore
import Testing

@Suite("Detection report")
struct DetectionReportTests {
    private func report(_ files: [String: String]) -> String {
        let snapshot = RepositorySnapshot(files: files.mapValues { Array($0.utf8) })
        return DetectionReport.lines(Detector.detect(snapshot)).joined(separator: "\n")
    }

    @Test("every value stands with what speaks for it, and how to overrule it")
    func values() {
        let text = report([
            "package.json": #"""
            {"private": true, "scripts": {"build": "vite build", "dev": "vite"},
             "devDependencies": {"vite": "5"}}
            """#,
            "index.html": "", "pnpm-lock.yaml": "lockfileVersion: '9.0'\n",
            ".env.example": "API_KEY=\nexport OTHER=1\n# NOT=\n",
        ])
        #expect(text.hasPrefix("Vite (vite), served as files"))
        #expect(text.contains("package.json: dependency vite"))
        #expect(text.contains("pnpm-lock.yaml: the lock file of pnpm"))
        #expect(text.contains("  run:\n    install: pnpm install --frozen-lockfile"))
        #expect(text.contains("  variables it names\n    API_KEY\n    OTHER"))
    }

    @Test("D12, Q3: an unknown project says what was looked for and what to write")
    func unknown() {
        let text = report(["README.md": "hello"])
        #expect(text.hasPrefix("unknown\n"))
        #expect(text.contains("package.json"))
        #expect(text.contains("  run:\n    install: …\n    start: …\n    port: …"))
    }

    @Test(
        "a library and a command-line tool are called so",
        arguments: [
            (["Cargo.toml": "[package]\nname = \"a\"\n", "src/lib.rs": ""], "a library"),
            (["go.mod": "module a\n", "a.go": "package a\n"], "a library"),
            (
                ["package.json": #"{"name": "a", "exports": "./a.js", "version": "1.0.0"}"#],
                "a library"
            ),
            (
                ["package.json": #"{"name": "a", "bin": "cli.js"}"#, "cli.js": ""],
                "a command-line tool"
            ),
            (
                [
                    "pyproject.toml": "[project]\nname = \"a\"\n[project.scripts]\na = \"a:main\"\n"
                ], "a command-line tool"
            ),
        ] as [([String: String], String)]
    )
    func kinds(files: [String: String], words: String) {
        #expect(report(files).contains(words))
    }
}
