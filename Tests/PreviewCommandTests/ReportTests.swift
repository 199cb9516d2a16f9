import PreviewCore
import PreviewSystem
import Testing

@Suite("preview report")
struct ReportTests {
    private static let canaries = [
        "c4n4ry-environment", "c4n4ry-dotenv", "c4n4ry-unnamed", "c4n4ry-yaml", "c4n4ry-address",
        "c4n4ry-printed", "c4n4ry-token",
    ]

    /// An app with a secret of every kind, one that it prints and that nobody can know of included.
    private func makeProject(in box: Sandbox) throws -> [String: String] {
        try box.makeApp(
            """
            env: { SETTING: c4n4ry-yaml, SHORT: x7 }
            secrets: [API_KEY, DOT_KEY]

            """)
        try box.write(".env", "DOT_KEY=c4n4ry-dotenv\nOTHER=c4n4ry-unnamed\n", mode: 0o600)
        try box.write(
            "app.py",
            box.text("app.py").replacing(
                "print(\"app begins\"",
                with: "print('c4n4ry-' + 'printed', flush=True)\nprint(\"app begins\""))
        return [
            "API_KEY": "c4n4ry-environment", "GITHUB_TOKEN": "ghp_c4n4ry-token",
            "GITHUB_API_URL": "http://127.0.0.1:9",
            "FLY_API_BASE_URL": "https://user:c4n4ry-address@fly.example",
        ]
    }

    @Test("it holds what helps, and no secret, no value of env, nothing that was printed")
    func canary() async throws {
        try await Sandbox.use { box in
            let variables = try makeProject(in: box)
            let apply = try await box.preview("apply", "--yes", "-q", with: variables)
            #expect(apply.code == 0, "\(apply)")
            #expect(
                box.files(below: box.records).contains {
                    box.bytes($0).end(of: Array("c4n4ry-printed".utf8)) != nil
                }, "the app has printed it")
            try box.write(
                "app.py", box.text("app.py").replacing("serve_forever()", with: "close()"))
            let failed = try await box.preview("apply", "--yes", with: variables)
            #expect(failed.code == 1 && failed.errors.contains("c4n4ry-printed"), "\(failed)")
            let outcome = try await box.preview("report", "--out", "../r.txt", with: variables)
            #expect(outcome.code == 0 && outcome.lines == [box.project + "/../r.txt"], "\(outcome)")
            for name in ["program", "doctor", "preview.yaml", "record", "runs", "events"] {
                #expect(outcome.errors.contains("  \(name)"), "said before: \(outcome)")
            }
            let text = box.text("../r.txt")
            for canary in Self.canaries {
                #expect(!text.contains(canary) && !outcome.errors.contains(canary), "\(canary)")
            }
            #expect(!text.contains("x7"), "short values are hidden by their place")
            for words in [
                "== doctor", "\"version\"", "\"SETTING\": \"***\"", "\"DOT_KEY\"",
                "\"outcome\": \"\(failed.errorCode ?? "")\"", "Executing Step 4",
                "\"salt\": \"***\"", "the app ended", "\"store\": \"file\"", "Linux",
            ] {
                #expect(text.contains(words), "\(words)")
            }
        }
    }

    @Test("credentials in an address, a file that is not valid, and no file at all")
    func hostile() async throws {
        try await Sandbox.use { box in
            let none = try await box.preview("report", "--out", "-")
            #expect(none.code == 0 && none.output.contains("PV0101"), "\(none)")
            try box.write(
                "preview.yaml",
                """
                version: 1
                repo: http://user:c4n4ry-address@127.0.0.1:9/acme/shop.git
                provider: local
                enviroment: { KEY: c4n4ry-yaml }
                env: { LIST: [c4n4ry-deep] }

                """)
            let broken = try await box.preview("report", "--out", "-")
            #expect(broken.code == 0 && broken.output.contains("PV0104"), "\(broken)")
            #expect(!broken.output.contains("c4n4ry"), "\(broken)")
            #expect(broken.output.contains("\"enviroment\""), "the slip is seen")
            try box.write("preview.yaml", "repo: .\nenv: { A: c4n4ry-open\nB: [\n")
            let torn = try await box.preview("report", "--out", "-")
            #expect(torn.code == 0 && !torn.output.contains("c4n4ry"), "\(torn)")
        }
    }

    @Test(
        "the file is named after the time; --json tells where it is; a folder that is not there fails"
    )
    func file() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let outcome = try await box.preview("report", "--json", "--events", "1")
            let path = try #require(try outcome.json()["file"]?.string)
            #expect(path.contains(/\/preview-report-[0-9]{8}T[0-9]{6}Z\.txt$/), "\(outcome)")
            #expect(box.text(path).contains("the last 1 events"))
            let nowhere = try await box.preview("report", "--out", "no/such/file.txt")
            #expect(nowhere.code == 1 && nowhere.errorCode == "PV0506", "\(nowhere)")
            #expect(try await box.preview("report", "--events", "-1").code == 64)
        }
    }
}
