import PreviewCore
import Testing

@Suite("What preview doctor judges")
struct DiagnosisTests {
    private static let now = Timestamp(seconds: 1_800_000_000)

    @Test(
        "clocks are the same up to five seconds, worth a remark up to five minutes, then a failure",
        arguments: [
            (0, Finding.Outcome.ok), (5, .ok), (-5, .ok), (6, .warning), (-6, .warning),
            (300, .warning), (-300, .warning), (301, .failed), (-301, .failed),
        ])
    func clocks(ahead: Int, outcome: Finding.Outcome) {
        let finding = ClockDifference(own: Self.now + ahead, other: Self.now, of: "fly").finding
        #expect(finding.outcome == outcome)
        guard outcome != .ok else { return }
        #expect(finding.code == .clocksDiffer && finding.fix != nil)
        #expect(finding.detail.contains(ahead > 0 ? "ahead of" : "behind"))
    }

    @Test(
        "a disk is judged by its bytes and by its files",
        arguments: [
            (2 << 30, nil, Finding.Outcome.ok), (2 << 30, 50_000, .ok),
            (1 << 30, nil, .ok), ((1 << 30) - 1, nil, .warning), (64 << 20, nil, .warning),
            ((64 << 20) - 1, nil, .failed), (0, nil, .failed), (2 << 30, 49_999, .warning),
            (2 << 30, 999, .failed),
        ] as [(Int64, Int64?, Finding.Outcome)])
    func disk(bytes: Int64, files: Int64?, outcome: Finding.Outcome) {
        let room = DiskRoom(
            purpose: "state folder", folder: "/srv", freeBytes: bytes, freeFiles: files)
        #expect(room.finding.outcome == outcome, "\(room.finding)")
        #expect(room.finding.code == (outcome == .ok ? nil : .diskAlmostFull))
    }

    @Test("an amount of room is told in a unit that people read")
    func amounts() {
        func text(_ bytes: Int64) -> String {
            DiskRoom(purpose: "p", folder: "/", freeBytes: bytes, freeFiles: nil).finding.detail
        }
        #expect(text(70 << 30).hasPrefix("70 GB free"))
        #expect(text((3 << 30) / 2).hasPrefix("1.5 GB free"))
        #expect(text(100 << 20).hasPrefix("only 100 MB free"))
        #expect(text(3 << 10).hasPrefix("only 3 kB free"))
    }

    @Test(
        "the programs of a command are those that a shell would start and no dependency brings",
        arguments: [
            ("npm ci", ["node", "npm"]), ("npm ci && npm run build", ["node", "npm"]),
            ("NODE_ENV=production exec node server.js", ["node"]),
            ("python3 -m venv .venv && .venv/bin/pip install -r requirements.txt", ["python3"]),
            ("gunicorn app:app", []), ("exec /usr/bin/python3 app.py", []),
            ("(cd web; yarn build) || make all", ["node", "yarn", "make"]),
            ("go build -o app . && ./app", ["go"]), ("cat a | php run.php", ["php"]),
            ("echo npm", []), ("", []),
        ])
    func programs(line: String, names: [String]) {
        #expect(RequiredTool.all(in: [line], runtime: nil).map(\.name) == names)
    }

    @Test("the version that a project asks for is asked of the program of its runtime only")
    func wanted() {
        let runtime = Detection.Runtime(name: "python", version: "3.12", source: ".python-version")
        let tools = RequiredTool.all(in: ["python3 -m venv v", "npm ci"], runtime: runtime)
        #expect(tools.map(\.name) == ["python3", "node", "npm"])
        #expect(tools.map(\.wanted) == ["3.12", nil, nil])
    }

    @Test(
        "a version is read out of whatever a program prints",
        arguments: [
            ("git version 2.39.5", "2.39.5"), ("v18.19.0\n", "18.19.0"),
            ("go version go1.22.1 linux/amd64", "1.22.1"), ("openjdk version \"17.0.2\"", "17.0.2"),
            ("no version", nil), ("build 7", nil),
        ])
    func versions(text: String, version: String?) {
        #expect(ToolVersion.first(in: text) == version)
    }

    @Test(
        "a version is older where it is below the lowest of a range",
        arguments: [
            ("2.30.2", "2.31", true), ("2.31.0", "2.31", false), ("2.39.5", "2.31", false),
            ("16.20.0", ">=18", true), ("18.19.0", "^18.2", false), ("20.1.0", "<20", false),
            ("3.9.1", "3.12", true), ("1.0", "latest", false),
        ])
    func older(version: String, range: String, isOlder: Bool) {
        #expect(ToolVersion.isOlder(version, than: range) == isOlder)
    }

    @Test(
        "of a token its kind is shown, and no character that is not the same in all",
        arguments: [
            ("ghp_c4n4ryc4n4ry", "classic", "ghp_***"),
            ("github_pat_c4n4ry", "fine-grained", "github_pat_***"),
            ("ghs_c4n4ry", "action", "ghs_***"), ("c4n4ryc4n4ry", "older", "***"),
        ])
    func gitHubTokens(token: String, word: String, masked: String) {
        let kind = TokenKind.gitHub(token)
        #expect(kind.words.contains(word) && kind.masked == masked)
    }

    @Test(
        "the same of Fly.io, in any of the forms that people have",
        arguments: [
            ("fm2_c4n4ry", "macaroon", "fm2_***"),
            ("FlyV1 fm1r_c4n4ry,fm2_x", "macaroon", "fm1r_***"),
            ("Bearer fo1_c4n4ry", "personal", "fo1_***"), ("c4n4ry", "older", "***"),
            ("", "older", "***"),
        ])
    func flyTokens(token: String, word: String, masked: String) {
        let kind = TokenKind.fly(token)
        #expect(kind.words.contains(word) && kind.masked == masked)
    }

    @Test("whatever fails has a code and something to do about it")
    func failures() {
        let bare = Finding.failed(Failure(.stateDamaged, "damaged"))
        #expect(bare.outcome == .failed && bare.code == .stateDamaged)
        #expect(bare.fix == "see `preview explain PV0501`")
        let retry = Finding.failed(Failure(.locked, "locked", retry: "preview apply"))
        #expect(retry.fix == "run `preview apply`")
        let result = CheckResult(name: "lock", findings: [retry], seconds: 0.25)
        #expect(result.json.map { $0["documentation"]?.string } == ["preview explain PV0504"])
    }
}

@Suite("What a report shows")
struct ReportMaskTests {
    @Test("of a configuration keys are shown, and values only where they can be no secret")
    func configuration() throws {
        let root = try #require(
            try YAMLReader.read(
                Array(
                    """
                    version: 1
                    repo: acme/shop
                    enviroment: { KEY: c4n4ry-slip }
                    env:
                      A: c4n4ry-env
                      B: { C: c4n4ry-deep }
                    secrets:
                      - DATABASE_URL
                      - API_KEY=c4n4ry-item
                      - { name: KEY, from: "env:OTHER" }
                      - { name: KEY, from: c4n4ry-from }
                    run: { start: npm start, other: c4n4ry-other }
                    region: [dfw, iad]
                    state: { store: postgres, url: "postgres://u:c4n4ry-url@h/d" }
                    """.utf8)))
        let shown = ReportMask.masked(configuration: root)
        #expect(!JSONWriter.pretty(shown).contains("c4n4ry"), "\(JSONWriter.pretty(shown))")
        #expect(shown["repo"]?.string == "acme/shop")
        #expect(shown["env"]?["A"]?.string == "***" && shown["enviroment"]?["KEY"]?.string == "***")
        #expect(shown["run"]?["start"]?.string == "npm start")
        #expect(shown["region"]?.array?.compactMap(\.string) == ["dfw", "iad"])
        #expect(shown["secrets"]?.array?.first?.string == "DATABASE_URL")
        #expect(shown["secrets"]?.array?[2]["from"]?.string == "env:OTHER")
        #expect(shown["state"]?["store"]?.string == "postgres")
        #expect(ReportMask.environmentValues(in: root) == ["c4n4ry-env", "c4n4ry-deep"])
    }

    @Test("of a record the environment, the salt and the digests go, and their names stay")
    func record() throws {
        let document = try JSONReader.read(
            """
            {"salt":"aa","steps":{"settings":{"applied":{"input":{"environment":{"A":"c4n4ry"},
            "secrets":{"joint":"scrypt:1","digests":{"K":"scrypt:2"},"names":["K"]}}}}}}
            """)
        let shown = ReportMask.masked(record: document)
        let input = shown["steps"]?["settings"]?["applied"]?["input"]
        #expect(shown["salt"]?.string == "***")
        #expect(input?["environment"]?["A"]?.string == "***")
        #expect(input?["secrets"]?["digests"]?["K"]?.string == "***")
        #expect(input?["secrets"]?["joint"]?.string == "***")
        #expect(input?["secrets"]?["names"]?.array?.compactMap(\.string) == ["K"])
    }
}
