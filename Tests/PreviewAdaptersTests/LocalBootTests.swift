import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("Provider local: boot")
struct LocalBootTests {
    @Test("D50-D55: a Python app is cloned, started and proven, phase by phase")
    func bootsPython() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python("os.environ['GREETING']")], start: "python3 app.py")
        let (machine, receipt) = try await fixture.up(release, environment: ["GREETING": "hello"])
        #expect(receipt.phases.map(\.name) == BootPhase.allCases)
        #expect(receipt.phases.filter(\.skipped).map(\.name) == [.install, .build])
        #expect(receipt.proof.commit == release.commit)
        #expect(receipt.proof.status == 200)
        #expect(try await fixture.text(machine) == "hello")
        #expect(try await fixture.state(machine) == .running)
        #expect(machine.url == "http://\(fixture.app).localhost:\(try #require(machine.port))")
        let begun = fixture.reporter.events.filter { $0.kind == .phaseBegin }.map(\.message)
        #expect(begun == ["[1/5] clone", "[2/5] install", "[3/5] build", "[4/5] start", "[5/5] probe"])
        try await fixture.provider.deallocate(machine)
        #expect(fixture.processes.isEmpty)
        #expect(try await fixture.provider.inspect(machine) == nil)
        #expect(fixture.file("supervisor/machine.json") == nil)
        #expect(fixture.file("logs/app.log") != nil)
    }
}

@Suite("Provider local: commands and environment")
struct LocalCommandTests {
    @Test("D51, D52: install and build run in the path, with their output live and in the log")
    func installsAndBuilds() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["apps/web/app.py": TestApps.python("open('built').read()")],
            start: "python3 app.py", install: "echo installing >&2; echo one > installed",
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
            "FLY_API_TOKEN": "f", "GITHUB_TOKEN": "g", "PREVIEW_SERVE_TOKEN": "s", "LANG": "C.UTF-8",
        ])
        let release = try await fixture.release(
            ["app.py": TestApps.python("'\\n'.join(sorted(k + '=' + v for k, v in os.environ.items()))")],
            start: "python3 app.py")
        let (machine, _) = try await fixture.up(
            release, environment: ["HOST": "localhost", "A": "1"], secrets: ["KEY": "s3cret-value"])
        let variables = Set(
            try await fixture.text(machine).split(separator: "\n").map(String.init))
        #expect(variables.isSuperset(of: ["PREVIEW=true", "HOST=localhost", "A=1", "LANG=C.UTF-8"]))
        #expect(variables.contains("KEY=s3cret-value"))
        let names = Set(variables.map { String($0.prefix { $0 != "=" }) })
        #expect(names.isDisjoint(with: ["FLY_API_TOKEN", "GITHUB_TOKEN", "PREVIEW_SERVE_TOKEN"]))
        #expect(names.isSuperset(of: ["PATH", "HOME", "PORT"]))
    }

    @Test("D35: NODE_ENV=production keeps development dependencies in the install, and rules the rest")
    func developmentDependencies() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python()], start: "python3 app.py",
            install: "echo install ${NODE_ENV-none} $NPM_CONFIG_INCLUDE",
            build: "echo build $NODE_ENV")
        try await fixture.up(release, environment: ["NODE_ENV": "production"])
        #expect(fixture.reporter.output(.install) == ["install none dev"])
        #expect(fixture.reporter.output(.build) == ["build production"])
    }

    @Test("a Python project gets a virtual environment, which the next boot uses again")
    func virtualEnvironment() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python("sys.prefix + ' ' + os.environ['VIRTUAL_ENV']")],
            start: "python app.py", runtime: "python")
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
            ["dist/index.html": "<h1>hi</h1>", "dist/a/index.html": "a"], start: nil,
            staticRoot: "dist")
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

    @Test("a secret that the app prints is replaced in events and logs, also when it comes in pieces")
    func redaction() async throws {
        let fixture = try LocalFixture()
        let script = """
            printf 'x canary-'; sleep 0.1; echo 'value-123 y'
            printf '\\033[31mred\\033[0m Y2FuYXJ5LXZhbHVlLTEyMw==\\n'
            exec python3 app.py
            """
        let release = try await fixture.release(
            ["app.py": TestApps.python(), "run.sh": script], start: "sh run.sh")
        try await fixture.up(release, secrets: ["KEY": "canary-value-123"])
        let lines = fixture.reporter.output(.start)
        #expect(lines.first == "x *** y")
        #expect(lines.dropFirst().first?.hasPrefix("red ***") == true)
        #expect(await holds { fixture.file("logs/app.log")?.contains("x *** y") == true })
        for file in ["logs/app.log", "supervisor/boot.jsonl", "supervisor/status.json",
            "supervisor/release.json", "supervisor/settings.json"]
        {
            let text = try #require(fixture.file(file))
            #expect(!text.contains("canary") && !text.contains("Y2FuYXJ5"), "\(file)")
        }
    }

    @Test("R-12: the app has the descriptors 0, 1 and 2 and no others")
    func descriptors() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python()],
            start: "ls -l /proc/self/fd | awk '{print $9}' | tr '\\n' ' '; echo; exec python3 app.py")
        try await fixture.up(release)
        // `ls` itself has the folder it lists open.
        #expect(fixture.reporter.output(.start).first?.split(separator: " ") == ["0", "1", "2", "3"])
    }
}

@Suite("Provider local: apps that do not come up")
struct LocalZooTests {
    private func failure(
        _ fixture: LocalFixture, start: String, files: [String: String] = ["x": "x"],
        install: String? = nil, build: String? = nil, change: (inout Release) -> Void = { _ in }
    ) async throws -> Failure {
        try await fixture.failure(
            of: try await fixture.release(
                files, start: start, install: install, build: build, change: change))
    }

    @Test("it exits at once")
    func exits() async throws {
        let fixture = try LocalFixture()
        let failure = try await failure(
            fixture, start: "echo \"Error: Cannot find module 'express'\" >&2; exit 1")
        #expect(failure.code == .appEnded)
        #expect(failure.message.hasPrefix("the app ended with status 1 after 0."))
        #expect(failure.fix == "add `express` to the dependencies in package.json, commit and push")
        #expect(failure.evidence.contains(.init("last lines", "Error: Cannot find module 'express'")))
        #expect(fixture.file("supervisor/status.json")?.contains("\"crashed\"") == true)
        #expect(fixture.file("logs/app.log")?.contains("Cannot find module") == true)
        #expect(fixture.file("checkout/x") == "x")
    }

    @Test("install fails")
    func installFails() async throws {
        let failure = try await failure(
            try LocalFixture(), start: "true", install: "echo boom >&2; exit 3")
        #expect(failure.code == .installFailed)
        #expect(failure.message == "the install command ended with status 3")
        #expect(failure.evidence.contains(.init("last lines", "boom")))
    }

    @Test("build fails, and what it started in the background is ended")
    func buildFails() async throws {
        let failure = try await failure(
            try LocalFixture(), start: "true", build: "setsid sleep 100 & exit 2")
        #expect(failure.code == .buildFailed)
    }

    @Test("build takes too long")
    func buildTimesOut() async throws {
        let failure = try await failure(try LocalFixture(), start: "true", build: "sleep 50") {
            $0.timeouts.build = 1
        }
        #expect(failure.code == .buildTimeout)
        #expect(failure.kind == .timedOut)
    }

    @Test("it never listens")
    func neverListens() async throws {
        let failure = try await failure(
            try LocalFixture(), start: "echo started; exec sleep 60"
        ) { $0.timeouts.start = 1 }
        #expect(failure.code == .neverListened)
        #expect(failure.kind == .timedOut)
        #expect(failure.evidence == [.init("sockets", "none"), .init("last lines", "started")])
    }

    @Test("Q11: it listens on another port")
    func wrongPort() async throws {
        let port = try Listener.freePort()
        let failure = try await failure(
            try LocalFixture(), start: "PORT=\(port) exec python3 app.py",
            files: ["app.py": TestApps.python()]
        ) { $0.timeouts.start = 4 }
        #expect(failure.code == .wrongPort)
        #expect(failure.evidence.contains(.init("sockets", "127.0.0.1 port \(port)")))
    }

    @Test("it listens on the port that its kind is expected on")
    func expectedPort() async throws {
        let port = try Listener.freePort()
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python()], start: "PORT=\(port) exec python3 app.py"
        ) { $0.port = port }
        let (machine, receipt) = try await fixture.up(release)
        #expect(try await fixture.text(machine) == "ok")
        #expect(receipt.notes.contains { $0.hasPrefix("the app ignores PORT") })
    }

    @Test("R-45: it listens on loopback only: reached, with a warning")
    func loopback() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python()], start: "exec python3 app.py")
        let (_, receipt) = try await fixture.up(release)
        #expect(receipt.notes.contains { $0.hasPrefix("the app listens on 127.0.0.1 only") })
    }

    @Test("it listens on all addresses of IPv6")
    func listensOnIPv6() async throws {
        let fixture = try LocalFixture()
        let app = TestApps.python(
            before: "import socket; http.server.ThreadingHTTPServer.address_family = socket.AF_INET6"
        ).replacing("'127.0.0.1'", with: "'::'")
        let release = try await fixture.release(["app.py": app], start: "exec python3 app.py")
        let (machine, receipt) = try await fixture.up(release)
        #expect(try await fixture.text(machine) == "ok")
        #expect(!receipt.notes.contains { $0.contains("only") })
    }

    @Test("S16: it answers 500")
    func serverError() async throws {
        let fixture = try LocalFixture()
        let app = TestApps.python().replacing("send_response(200)", with: "send_response(500)")
        let failure = try await failure(
            fixture, start: "exec python3 app.py", files: ["app.py": app]
        ) { $0.health.timeout = 2 }
        #expect(failure.code == .serverError)
        #expect(failure.message == "the app answers with status 500")
    }

    @Test("S16: 404 is up")
    func notFoundIsUp() async throws {
        let fixture = try LocalFixture()
        let app = TestApps.python().replacing("send_response(200)", with: "send_response(404)")
        let release = try await fixture.release(["app.py": app], start: "exec python3 app.py")
        let (_, receipt) = try await fixture.up(release)
        #expect(receipt.proof.status == 404)
    }

    @Test("it answers HEAD badly and GET well")
    func headFails() async throws {
        let fixture = try LocalFixture()
        let app = TestApps.python().replacing(
            "self.send_response(200)",
            with: "self.send_response(501 if self.command == 'HEAD' else 200)")
        let release = try await fixture.release(["app.py": app], start: "exec python3 app.py")
        let (_, receipt) = try await fixture.up(release)
        #expect(receipt.proof.status == 200)
    }

    @Test("it warms up with 503 first")
    func warmsUp() async throws {
        let fixture = try LocalFixture()
        let app = TestApps.python(before: "count = []").replacing(
            "self.send_response(200)",
            with: "count.append(1); self.send_response(503 if len(count) < 5 else 200)")
        let release = try await fixture.release(["app.py": app], start: "exec python3 app.py")
        let (_, receipt) = try await fixture.up(release)
        #expect(receipt.proof.status == 200)
    }

    @Test("it redirects for ever")
    func redirects() async throws {
        let app = TestApps.python().replacing("self.end_headers()", with: "self.send_header("
            + "'Location', '/again'); self.end_headers()")
            .replacing("send_response(200)", with: "send_response(302)")
        let failure = try await failure(
            try LocalFixture(), start: "exec python3 app.py", files: ["app.py": app])
        #expect(failure.code == .redirectLoop)
    }

    @Test("a redirect to elsewhere is a good answer, and elsewhere is not asked")
    func redirectsElsewhere() async throws {
        let fixture = try LocalFixture()
        let app = TestApps.python().replacing("self.end_headers()", with: "self.send_header("
            + "'Location', 'https://login.invalid/'); self.end_headers()")
            .replacing("send_response(200)", with: "send_response(302)")
        let release = try await fixture.release(["app.py": app], start: "exec python3 app.py")
        let (_, receipt) = try await fixture.up(release)
        #expect(receipt.proof.status == 302)
    }

    @Test("it listens and never answers")
    func noAnswer() async throws {
        let app = TestApps.python("time.sleep(60)")
        let failure = try await failure(
            try LocalFixture(), start: "exec python3 app.py", files: ["app.py": app]
        ) { $0.health.timeout = 1 }
        #expect(failure.code == .noAnswer)
        #expect(failure.kind == .timedOut)
    }

    @Test("it answers slowly, but in time")
    func slowAnswer() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python("time.sleep(1)")], start: "exec python3 app.py")
        let (_, receipt) = try await fixture.up(release)
        #expect(receipt.proof.status == 200)
    }

    @Test("it crashes after the first answer")
    func crashesAfterAnswer() async throws {
        let app = TestApps.python().replacing(
            "if self.command == 'GET'",
            with: "threading.Timer(0.02, lambda: os._exit(7)).start()\n        if self.command == 'GET'"
        ).replacing("do_HEAD", with: "pass; do_HEAD")
        let failure = try await failure(
            try LocalFixture(), start: "exec python3 app.py", files: ["app.py": app])
        #expect(failure.code == .endedAfterAnswer)
    }

    @Test("the start command names a program that is not there")
    func commandNotFound() async throws {
        let failure = try await failure(try LocalFixture(), start: "no-such-program --port $PORT")
        #expect(failure.code == .commandNotFound)
        #expect(failure.fix?.contains("`no-such-program`") == true)
    }

    @Test("there is nothing to start")
    func nothingToStart() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(["x": "x"], start: nil)
        #expect(try await fixture.failure(of: release).code == .startCommandMissing)
    }

    @Test("it forks into the background")
    func background() async throws {
        let failure = try await failure(
            try LocalFixture(), start: "setsid sleep 60 > /dev/null 2>&1 & exit 0")
        #expect(failure.code == .wentToBackground)
    }

    @Test("it ignores TERM")
    func ignoresTerm() async throws {
        let failure = try await failure(
            try LocalFixture(), start: "trap '' TERM; while :; do sleep 1; done"
        ) { $0.timeouts.start = 1 }
        #expect(failure.code == .neverListened)
    }

    @Test("the build checks out another commit")
    func wrongCommit() async throws {
        let failure = try await failure(
            try LocalFixture(), start: "true",
            build: "git -c user.name=t -c user.email=t@t commit -q --allow-empty -m other")
        #expect(failure.code == .wrongCommit)
    }

    @Test("the commit has no such folder")
    func pathNotFound() async throws {
        let failure = try await failure(try LocalFixture(), start: "true") { $0.path = "apps/none" }
        #expect(failure.code == .pathNotFound)
    }

    @Test("a megabyte without a line end does no harm")
    func longLine() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python()],
            start: "head -c 1000000 /dev/zero | tr '\\0' x; exec python3 app.py")
        try await fixture.up(release)
        let lines = fixture.reporter.output(.start)
        #expect(lines.reduce(0) { $0 + $1.utf8.count } >= 1_000_000)
        #expect(lines.allSatisfy { $0.utf8.count <= 16 << 10 })
    }
}
