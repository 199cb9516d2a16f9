import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("Provider local: boot", .serialized)
struct LocalBootTests {
    @Test("D50-D55: a Python app is cloned, started and proven, phase by phase")
    func bootsPython() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python("os.environ['GREETING']")],
            start: "python3 app.py"
        )
        let (machine, receipt) = try await fixture.up(release, environment: ["GREETING": "hello"])
        #expect(receipt.phases.map(\.name) == BootPhase.allCases)
        #expect(receipt.phases.filter(\.skipped).map(\.name) == [.install, .build])
        #expect(receipt.proof.commit == release.commit)
        #expect(receipt.proof.status == 200)
        #expect(try await fixture.text(machine) == "hello")
        #expect(try await fixture.state(machine) == .running)
        #expect(machine.url == "http://\(fixture.app).localhost:\(try #require(machine.port))")
        let begun = fixture.reporter.events.filter { $0.kind == .phaseBegin }.map(\.message)
        #expect(
            begun == ["[1/5] clone", "[2/5] install", "[3/5] build", "[4/5] start", "[5/5] probe"]
        )
        try await fixture.provider.deallocate(machine)
        #expect(fixture.processes.isEmpty)
        #expect(try await fixture.provider.inspect(machine) == nil)
        #expect(fixture.file("supervisor/machine.json") == nil)
        #expect(fixture.file("logs/app.log") != nil)
    }
}

@Suite("Provider local: commands and environment", .serialized)
struct LocalCommandTests {
    @Test("D51, D52: install and build run in the path, with their output live and in the log")
    func installsAndBuilds() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["apps/web/app.py": TestApps.python("open('built').read()")],
            start: "python3 app.py",
            install: "echo installing >&2; echo one > installed",
            build: "echo building; cp installed built"
        ) { $0.path = "apps/web" }
        let (machine, receipt) = try await fixture.up(release)
        #expect(receipt.phases.allSatisfy { !$0.skipped })
        #expect(try await fixture.text(machine) == "one\n")
        #expect(fixture.reporter.output(.install) == ["installing"])
        #expect(fixture.reporter.output(.build) == ["building"])
        let log = try #require(fixture.file("logs/setup.log"))
        #expect(log.contains(" stderr installing\n") && log.contains(" stdout building\n"))
    }

    @Test("U4: the app sees its variables, and nothing that belongs to this program")
    func environment() async throws {
        let fixture = try LocalFixture(environment: [
            "FLY_API_TOKEN": "f", "GITHUB_TOKEN": "g", "PREVIEW_SERVE_TOKEN": "s",
            "LANG": "C.UTF-8",
        ])
        let release = try await fixture.release(
            [
                "app.py": TestApps.python(
                    "'\\n'.join(sorted(k + '=' + v for k, v in os.environ.items()))"
                )
            ],
            start: "python3 app.py"
        )
        let (machine, _) = try await fixture.up(
            release,
            environment: ["HOST": "localhost", "A": "1"],
            secrets: ["KEY": "s3cret-value"]
        )
        let variables = Set(
            try await fixture.text(machine).split(separator: "\n").map(String.init)
        )
        #expect(
            variables.isSuperset(of: ["PREVIEW=true", "HOST=localhost", "A=1", "LANG=C.UTF-8"])
        )
        #expect(variables.contains("KEY=s3cret-value"))
        let names = Set(variables.map { String($0.prefix { $0 != "=" }) })
        #expect(names.isDisjoint(with: ["FLY_API_TOKEN", "GITHUB_TOKEN", "PREVIEW_SERVE_TOKEN"]))
        #expect(names.isSuperset(of: ["PATH", "HOME", "PORT"]))
    }

    @Test(
        "D35: NODE_ENV=production keeps development dependencies in the install, and rules the rest"
    )
    func developmentDependencies() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python()],
            start: "python3 app.py",
            install: "echo install ${NODE_ENV-none} $NPM_CONFIG_INCLUDE",
            build: "echo build $NODE_ENV"
        )
        try await fixture.up(release, environment: ["NODE_ENV": "production"])
        #expect(fixture.reporter.output(.install) == ["install none dev"])
        #expect(fixture.reporter.output(.build) == ["build production"])
    }

    @Test("a Python project gets a virtual environment, which the next boot uses again")
    func virtualEnvironment() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python("sys.prefix + ' ' + os.environ['VIRTUAL_ENV']")],
            start: "python app.py",
            runtime: "python"
        )
        let (machine, receipt) = try await fixture.up(release)
        let folder = fixture.path + "/.preview/\(fixture.app)/checkout/.venv"
        #expect(try await fixture.text(machine) == "\(folder) \(folder)")
        #expect(receipt.phases.first { $0.name == .install }?.skipped == false)
        let again = try await fixture.boot(release, on: machine, key: 4)
        #expect(again.phases.first { $0.name == .install }?.skipped == true)
    }

    @Test("a static site is served by this program")
    func staticSite() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["dist/index.html": "<h1>hi</h1>", "dist/a/index.html": "a"],
            start: nil,
            staticRoot: "dist"
        )
        let (machine, receipt) = try await fixture.up(release)
        #expect(try await fixture.text(machine) == "<h1>hi</h1>")
        #expect(try await fixture.text(machine, "/a/") == "a")
        #expect(receipt.notes.filter { !$0.contains("limits") }.isEmpty)
    }

    @Test("a plain folder is copied, and refused when it is no longer what was planned")
    func plainFolder() async throws {
        let fixture = try LocalFixture()
        let folder = try Folder.open(fixture.path).makeFolder("plain")
        try folder.write("app.py", Array(TestApps.python("'plain'").utf8))
        let digest = try await PlainFolder(folder.path).digest()
        let release = try await fixture.release(["x": "x"], start: "python3 app.py") {
            $0.fetchURL = folder.path
            $0.commit = digest
        }
        let (machine, receipt) = try await fixture.up(release)
        #expect(receipt.proof.commit == digest)
        #expect(try await fixture.text(machine) == "plain")
        try folder.write("app.py", Array("changed".utf8))
        await #expect(throws: Rejection.self) {
            try await fixture.boot(release, on: machine, key: 4)
        }
    }

    @Test(
        "a secret that the app prints is replaced in events and logs, also when it comes in pieces"
    )
    func redaction() async throws {
        let fixture = try LocalFixture()
        let script = """
            printf 'x canary-'; sleep 0.1; echo 'value-123 y'
            printf '\\033[31mred\\033[0m Y2FuYXJ5LXZhbHVlLTEyMw==\\n'
            exec python3 app.py
            """
        let release = try await fixture.release(
            ["app.py": TestApps.python(), "run.sh": script],
            start: "sh run.sh"
        )
        try await fixture.up(release, secrets: ["KEY": "canary-value-123"])
        let lines = fixture.reporter.output(.start)
        #expect(lines.first == "x *** y")
        #expect(lines.dropFirst().first?.hasPrefix("red ***") == true)
        #expect(await holds { fixture.file("logs/app.log")?.contains("x *** y") == true })
        for file in [
            "logs/app.log", "supervisor/boot.jsonl", "supervisor/status.json",
            "supervisor/release.json", "supervisor/settings.json",
        ] {
            let text = try #require(fixture.file(file))
            #expect(!text.contains("canary") && !text.contains("Y2FuYXJ5"), "\(file)")
        }
    }

    @Test("R-12: the app has the descriptors 0, 1 and 2 and no others")
    func descriptors() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python()],
            start:
                "ls -l /proc/self/fd | awk '{print $9}' | tr '\\n' ' '; echo; exec python3 app.py"
        )
        try await fixture.up(release)
        // `ls` itself has the folder it lists open.
        #expect(
            fixture.reporter.output(.start).first?.split(separator: " ") == ["0", "1", "2", "3"]
        )
    }
}
