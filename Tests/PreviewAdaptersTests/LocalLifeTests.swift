import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("Provider local: the life of an app", .serialized)
struct LocalLifeTests {
    @Test("D38: it sleeps when nobody comes, and the next connection wakes it")
    func sleepsAndWakes() async throws {
        let fixture = try LocalFixture(pace: LocalFixture.quickPace(second: 300))
        let release = try await fixture.release(
            ["app.py": TestApps.python("os.getpid()")],
            start: "exec python3 app.py"
        )
        let (machine, _) = try await fixture.up(release, idleTimeout: 2)
        let first = try await fixture.text(machine)
        #expect(try await holds { try await fixture.state(machine) == .idle })
        #expect(fixture.processes.count == 1, "only the supervisor is left")
        let second = try await fixture.text(machine)
        #expect(first != second)
        #expect(try await fixture.state(machine) == .running)
    }

    @Test("an open connection keeps it awake, and so does a slow download")
    func connectionKeepsAwake() async throws {
        let fixture = try LocalFixture(pace: LocalFixture.quickPace(second: 100))
        let release = try await fixture.release(
            ["app.py": TestApps.python("time.sleep(1) or 'slow'")],
            start: "exec python3 app.py"
        )
        let (machine, _) = try await fixture.up(release, idleTimeout: 4)
        #expect(try await fixture.text(machine) == "slow")
        let restarts = try await fixture.provider.inspect(machine)?.restarts
        #expect(restarts == 0)
        #expect(try await holds { try await fixture.state(machine) == .idle })
    }

    @Test("without auto-start it stops for good when nobody comes, and start starts it")
    func stopsWithoutAutoStart() async throws {
        let fixture = try LocalFixture(pace: LocalFixture.quickPace(second: 100))
        let release = try await fixture.release(
            ["app.py": TestApps.python()],
            start: "exec python3 app.py",
            install: "echo once >> log"
        )
        let machine = try await fixture.allocate()
        try await fixture.configure(machine, idleTimeout: 3, autoStart: false)
        try await fixture.boot(release, on: machine)
        #expect(await holds { fixture.processes.isEmpty })
        #expect(try await fixture.state(machine) == .stopped)
        try await fixture.configure(machine, idleTimeout: nil)
        try await fixture.provider.start(machine, secrets: [:])
        #expect(try await fixture.text(machine) == "ok")
        #expect(fixture.file("checkout/log") == "once\n", "start installs nothing")
    }

    @Test("it is started again when it ends, later each time, and given up at the limit")
    func restarts() async throws {
        let fixture = try LocalFixture()
        let app = TestApps.python().replacing(
            "def do_GET(self):",
            with: "def do_GET(self):\n        if self.path == '/die': os._exit(9)"
        )
        let release = try await fixture.release(["app.py": app], start: "exec python3 app.py")
        let (machine, _) = try await fixture.up(release)
        for count in 1...3 {
            _ = try? await fixture.get(machine, "/die")
            #expect(
                try await holds {
                    let status = try await fixture.provider.inspect(machine)
                    return status?.restarts == count && status?.state == .running
                }
            )
        }
        #expect(try await fixture.text(machine) == "ok")
        _ = try? await fixture.get(machine, "/die")
        #expect(try await holds { try await fixture.state(machine) == .crashed })
        #expect(await holds { fixture.processes.isEmpty })
        let detail = try await fixture.provider.inspect(machine)?.detail
        #expect(detail?.hasPrefix("the app ended with status 9") == true)
        let log = try #require(fixture.file("logs/app.log"))
        #expect(log.contains("supervisor the app ended with status 9"))
        #expect(log.contains("(3 of 3)") && log.contains("giving up after 3 restarts"))
    }

    @Test("stop ends what ignores TERM and what has left the group, and is no loss")
    func stopEndsEverything() async throws {
        let fixture = try LocalFixture()
        let app = TestApps.python(
            before: """
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                os.system('setsid sh -c "trap true TERM; while :; do sleep 1; done" &')
                """
        )
        let release = try await fixture.release(["app.py": app], start: "exec python3 app.py")
        let (machine, _) = try await fixture.up(release)
        #expect(fixture.processes.count >= 3)
        try await fixture.provider.stop(machine)
        #expect(fixture.processes.isEmpty)
        #expect(try await fixture.state(machine) == .stopped)
        try await fixture.provider.stop(machine)
        try await fixture.provider.start(machine, secrets: [:])
        #expect(try await fixture.text(machine) == "ok")
    }

    @Test("restart stops the app and starts another")
    func restart() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python("os.getpid()")],
            start: "exec python3 app.py"
        )
        let (machine, _) = try await fixture.up(release)
        let first = try await fixture.text(machine)
        try await fixture.provider.restart(machine, secrets: [:])
        #expect(try await fixture.text(machine) != first)
        try await fixture.provider.stop(machine)
        try await fixture.provider.restart(machine, secrets: [:])
        #expect(try await fixture.state(machine) == .running)
    }

    @Test("R-43: after kill -9 of the supervisor the machine is lost, and nothing of it lingers")
    func supervisorKilled() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python(before: "os.system('setsid sleep 300 &')")],
            start: "python3 app.py; true"
        )
        let (machine, _) = try await fixture.up(release)
        let supervisor = try #require(
            fixture.processes.first { process in
                KernelFile.text("/proc/\(process.pid)/cmdline")?.contains("__supervise") == true
            }
        )
        supervisor.kill()
        #expect(try await holds { try await fixture.state(machine) == .lost })
        try await fixture.provider.start(machine, secrets: [:])
        #expect(try await fixture.text(machine) == "ok")
        let count = fixture.processes.count { process in
            KernelFile.text("/proc/\(process.pid)/cmdline")?.contains("sleep") == true
        }
        #expect(count == 1, "the one of the new app")
        try await fixture.provider.deallocate(machine)
        #expect(fixture.processes.isEmpty)
    }

    @Test("the new life cycle counts at once")
    func reload() async throws {
        let fixture = try LocalFixture(pace: LocalFixture.quickPace(second: 100))
        let release = try await fixture.release(
            ["app.py": TestApps.python()],
            start: "exec python3 app.py"
        )
        let (machine, _) = try await fixture.up(release, idleTimeout: nil)
        #expect(try await fixture.provider.inspect(machine)?.idleStopAt == nil)
        try await fixture.configure(machine, idleTimeout: 3600)
        #expect(try await holds { try await fixture.provider.inspect(machine)?.idleStopAt != nil })
        try await fixture.configure(machine, idleTimeout: 2)
        #expect(try await holds { try await fixture.state(machine) == .idle })
    }

    @Test("limits are set where there are control groups, and remarked where not")
    func limits() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python("open('/proc/self/cgroup').read()")],
            start: "exec python3 app.py"
        )
        let (machine, receipt) = try await fixture.up(release)
        let groups = try await fixture.text(machine)
        let isLimited = !receipt.notes.contains { $0.hasPrefix("limits are not enforced") }
        #expect(isLimited == groups.contains("preview-\(machine.name)"))
        try await fixture.provider.stop(machine)
        let path = "/sys/fs/cgroup/unified/preview-\(machine.name)"
        #expect(!KernelFile.exists(path))
    }

    @Test("an app that takes more memory than it may is ended, and told so")
    func memoryLimit() async throws {
        let fixture = try LocalFixture()
        let machine = try await fixture.allocate()
        let receipt = try await fixture.configure(machine, memory: 64)
        let release = try await fixture.release(
            ["app.py": "x = bytearray(300 << 20)\nimport time\ntime.sleep(30)"],
            start: "exec python3 app.py"
        ) { $0.timeouts.start = 5 }
        guard receipt.notes.isEmpty else { return }
        do {
            try await fixture.boot(release, on: machine)
            Issue.record("it must not come up")
        } catch let rejection as Rejection {
            #expect(rejection.failure.fix?.contains("resources: { memory") == true)
        }
    }

    @Test("logs are followed, over a restart of the reader and a new file")
    func logs() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python()],
            start: "echo first; echo second >&2; exec python3 -u app.py"
        )
        let (machine, _) = try await fixture.up(release)
        let lines = Locked<[LogLine]>([])
        let stream = fixture.provider.logs(machine, tail: 100, follow: true)
        let reader = Task {
            for try await line in stream { lines.withLock { $0.append(line) } }
        }
        #expect(await holds { lines.withLock { $0.contains { $0.text == "first" } } })
        _ = try await fixture.get(machine, "/followed")
        #expect(await holds { lines.withLock { $0.contains { $0.text == "GET /followed" } } })
        #expect(lines.withLock { $0.first { $0.text == "second" }?.stream } == "stderr")
        reader.cancel()
        var last: [LogLine] = []
        for try await line in fixture.provider.logs(machine, tail: 1, follow: false) {
            last.append(line)
        }
        #expect(last.map(\.text) == ["GET /followed"])
    }
}
