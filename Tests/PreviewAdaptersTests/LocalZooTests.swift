import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("Provider local: apps that do not come up", .serialized)
struct LocalZooTests {
    private func failure(
        _ fixture: LocalFixture,
        start: String,
        files: [String: String] = ["x": "x"],
        install: String? = nil,
        build: String? = nil,
        change: (inout Release) -> Void = { _ in }
    ) async throws -> Failure {
        try await fixture.failure(
            of: try await fixture.release(
                files,
                start: start,
                install: install,
                build: build,
                change: change
            )
        )
    }

    @Test("it exits at once")
    func exits() async throws {
        let fixture = try LocalFixture()
        let failure = try await failure(
            fixture,
            start: "echo \"Error: Cannot find module 'express'\" >&2; exit 1"
        )
        #expect(failure.code == .appEnded)
        #expect(failure.message.hasPrefix("the app ended with status 1 after 0."))
        #expect(failure.fix == "add `express` to the dependencies in package.json, commit and push")
        #expect(
            failure.evidence.contains(.init("last lines", "Error: Cannot find module 'express'"))
        )
        #expect(fixture.file("supervisor/status.json")?.contains("\"crashed\"") == true)
        #expect(fixture.file("logs/app.log")?.contains("Cannot find module") == true)
        #expect(fixture.file("checkout/x") == "x")
    }

    @Test("install fails")
    func installFails() async throws {
        let failure = try await failure(
            try LocalFixture(),
            start: "true",
            install: "echo boom >&2; exit 3"
        )
        #expect(failure.code == .installFailed)
        #expect(failure.message == "the install command ended with status 3")
        #expect(failure.evidence.contains(.init("last lines", "boom")))
    }

    @Test("build fails, and what it started in the background is ended")
    func buildFails() async throws {
        let failure = try await failure(
            try LocalFixture(),
            start: "true",
            build: "setsid sleep 100 & exit 2"
        )
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
            try LocalFixture(),
            start: "echo started; exec sleep 60"
        ) { $0.timeouts.start = 1 }
        #expect(failure.code == .neverListened)
        #expect(failure.kind == .timedOut)
        #expect(failure.evidence == [.init("sockets", "none"), .init("last lines", "started")])
    }

    @Test("Q11: it listens on another port")
    func wrongPort() async throws {
        let port = try Listener.freePort()
        let failure = try await failure(
            try LocalFixture(),
            start: "PORT=\(port) exec python3 app.py",
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
            ["app.py": TestApps.python()],
            start: "PORT=\(port) exec python3 app.py"
        ) { $0.port = port }
        let (machine, receipt) = try await fixture.up(release)
        #expect(try await fixture.text(machine) == "ok")
        #expect(receipt.notes.contains { $0.hasPrefix("the app ignores PORT") })
    }

    @Test("R-45: it listens on loopback only: reached, with a warning")
    func loopback() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python()],
            start: "exec python3 app.py"
        )
        let (_, receipt) = try await fixture.up(release)
        #expect(receipt.notes.contains { $0.hasPrefix("the app listens on 127.0.0.1 only") })
    }

    @Test("it listens on all addresses of IPv6")
    func listensOnIPv6() async throws {
        let fixture = try LocalFixture()
        let app = TestApps.python(
            before:
                "import socket; http.server.ThreadingHTTPServer.address_family = socket.AF_INET6"
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
            fixture,
            start: "exec python3 app.py",
            files: ["app.py": app]
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
            with: "self.send_response(501 if self.command == 'HEAD' else 200)"
        )
        let release = try await fixture.release(["app.py": app], start: "exec python3 app.py")
        let (_, receipt) = try await fixture.up(release)
        #expect(receipt.proof.status == 200)
    }

    @Test("its front page is a stream of events that never ends")
    func neverEnds() async throws {
        let fixture = try LocalFixture()
        let app = TestApps.python()
            .replacing("200", with: "501 if self.command == 'HEAD' else 200")
            .replacing("'Content-Length', str(len(data))", with: "'X-Accel-Buffering', 'no'")
            .replacing(
                "if self.command == 'GET': self.wfile.write(data)",
                with: "while self.command == 'GET': self.wfile.write(data); time.sleep(0.05)")
        let release = try await fixture.release(["app.py": app], start: "exec python3 app.py") {
            $0.health.timeout = 10
        }
        let (_, receipt) = try await fixture.up(release)
        #expect(receipt.proof.status == 200)
    }

    @Test("it warms up with 503 first")
    func warmsUp() async throws {
        let fixture = try LocalFixture()
        let app = TestApps.python(before: "count = []").replacing(
            "self.send_response(200)",
            with: "count.append(1); self.send_response(503 if len(count) < 5 else 200)"
        )
        let release = try await fixture.release(["app.py": app], start: "exec python3 app.py")
        let (_, receipt) = try await fixture.up(release)
        #expect(receipt.proof.status == 200)
    }

    @Test("it redirects for ever")
    func redirects() async throws {
        let app = TestApps.python().replacing(
            "self.end_headers()",
            with: "self.send_header("
                + "'Location', '/again'); self.end_headers()"
        )
        .replacing("send_response(200)", with: "send_response(302)")
        let failure = try await failure(
            try LocalFixture(),
            start: "exec python3 app.py",
            files: ["app.py": app]
        )
        #expect(failure.code == .redirectLoop)
    }

    @Test("a redirect to elsewhere is a good answer, and elsewhere is not asked")
    func redirectsElsewhere() async throws {
        let fixture = try LocalFixture()
        let app = TestApps.python().replacing(
            "self.end_headers()",
            with: "self.send_header("
                + "'Location', 'https://login.invalid/'); self.end_headers()"
        )
        .replacing("send_response(200)", with: "send_response(302)")
        let release = try await fixture.release(["app.py": app], start: "exec python3 app.py")
        let (_, receipt) = try await fixture.up(release)
        #expect(receipt.proof.status == 302)
    }

    @Test("it listens and never answers")
    func noAnswer() async throws {
        let app = TestApps.python("time.sleep(60)")
        let failure = try await failure(
            try LocalFixture(),
            start: "exec python3 app.py",
            files: ["app.py": app]
        ) { $0.health.timeout = 1 }
        #expect(failure.code == .noAnswer)
        #expect(failure.kind == .timedOut)
    }

    @Test("it answers slowly, but in time")
    func slowAnswer() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python("time.sleep(1)")],
            start: "exec python3 app.py"
        )
        let (_, receipt) = try await fixture.up(release)
        #expect(receipt.proof.status == 200)
    }

    @Test("it crashes after the first answer")
    func crashesAfterAnswer() async throws {
        let app = TestApps.python().replacing(
            "if self.command == 'GET'",
            with:
                "threading.Timer(0.02, lambda: os._exit(7)).start()\n        if self.command == 'GET'"
        ).replacing("do_HEAD", with: "pass; do_HEAD")
        let failure = try await failure(
            try LocalFixture(),
            start: "exec python3 app.py",
            files: ["app.py": app]
        )
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
            try LocalFixture(),
            start: "setsid sleep 60 > /dev/null 2>&1 & exit 0"
        )
        #expect(failure.code == .wentToBackground)
    }

    @Test("it ignores TERM")
    func ignoresTerm() async throws {
        let failure = try await failure(
            try LocalFixture(),
            start: "trap '' TERM; while :; do sleep 1; done"
        ) { $0.timeouts.start = 1 }
        #expect(failure.code == .neverListened)
    }

    @Test("the build checks out another commit")
    func wrongCommit() async throws {
        let failure = try await failure(
            try LocalFixture(),
            start: "true",
            build: "git -c user.name=t -c user.email=t@t commit -q --allow-empty -m other"
        )
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
            start: "head -c 1000000 /dev/zero | tr '\\0' x; exec python3 app.py"
        )
        try await fixture.up(release)
        let lines = fixture.reporter.output(.start)
        #expect(lines.reduce(0) { $0 + $1.utf8.count } >= 1_000_000)
        #expect(lines.allSatisfy { $0.utf8.count <= 16 << 10 })
    }
}
