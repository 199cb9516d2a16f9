import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("Provider local: crashes and attempts", .serialized)
struct LocalRecoveryTests {
    @Test("R-4: the same key finds the same machine, another key makes another in its place")
    func allocate() async throws {
        let fixture = try LocalFixture()
        let attempt = TestAttempt(key: fixture.key(1))
        let spec = MachineSpec(
            app: fixture.app,
            owner: fixture.owner,
            regions: ["local"],
            resources: .default,
            expiresAt: nil
        )
        let proposal = try await fixture.provider.propose(spec)
        let first = try await fixture.provider.allocate(spec, replacing: nil, attempt: attempt)
        #expect(attempt.names == ["machine pv-\(fixture.key(1))"])
        #expect(first.url == proposal.url)
        #expect(try await fixture.state(first) == .created)
        let again = try await fixture.provider.allocate(
            spec,
            replacing: nil,
            attempt: TestAttempt(key: fixture.key(1), isResumed: true)
        )
        #expect(again == first)
        let second = try await fixture.provider.allocate(
            spec,
            replacing: first,
            attempt: TestAttempt(key: fixture.key(2))
        )
        #expect(second.name == "pv-" + fixture.key(2))
        #expect(second.port == first.port)
        #expect(try await fixture.provider.inspect(first) == nil)
        try await fixture.provider.deallocate(first)
        #expect(try await fixture.state(second) == .created)
        try await fixture.provider.deallocate(second)
        try await fixture.provider.deallocate(second)
        #expect(try await fixture.provider.inspect(second) == nil)
    }

    @Test(
        "R-33: a machine of another lineage is not touched unasked, one of another source never",
        arguments: [(true, false), (false, false), (false, true)])
    func foreign(isSameSource: Bool, adopts: Bool) async throws {
        let fixture = try LocalFixture()
        let machine = try await fixture.allocate()
        var owner = Ownership(lineage: "other", source: fixture.owner.source)
        if !isSameSource { owner.source = String(repeating: "0", count: 64) }
        let rejection = await #expect(throws: Rejection.self) {
            _ = try await fixture.provider.allocate(
                MachineSpec(
                    app: fixture.app, owner: owner, regions: ["local"], resources: .default,
                    expiresAt: nil),
                replacing: nil, attempt: TestAttempt(key: fixture.key(9), adopts: adopts))
        }
        let code = isSameSource ? ErrorCode.recordedElsewhere : .foreignObject
        #expect(rejection?.failure.code == code)
        #expect(rejection?.failure.kind.exitCode == 7)
        #expect(try await fixture.provider.objects(of: owner, named: []).isEmpty)
        #expect(try await fixture.state(machine) == .created)
    }

    @Test("R-33: a machine that is taken over stays where it is; what ran for the other is ended")
    func adopted() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python()], start: "python3 app.py")
        let (machine, _) = try await fixture.up(release)
        let owner = Ownership(lineage: "other-" + fixture.app, source: fixture.owner.source)
        let spec = MachineSpec(
            app: fixture.app, owner: owner, regions: ["local"], resources: .default,
            expiresAt: nil)
        let proposal = try await fixture.provider.propose(spec)
        #expect(proposal.url == machine.url && proposal.remarks.count == 1)
        for isResumed in [false, true] {
            let attempt = TestAttempt(
                key: fixture.key(9), isResumed: isResumed, adopts: !isResumed)
            let adopted = try await fixture.provider.allocate(
                spec, replacing: nil, attempt: attempt)
            #expect(adopted == machine)
            #expect(isResumed || attempt.names == ["machine \(machine.name)"])
        }
        #expect(fixture.processes.isEmpty, "by the other's mark they would be found no more")
        #expect(try await fixture.provider.objects(of: fixture.owner, named: []).isEmpty)
        #expect(
            try await fixture.provider.objects(of: owner, named: []).map(\.name)
                == [machine.name])
        try await fixture.provider.deallocate(machine)
    }

    @Test("a taken port leads to the next one, which is remarked")
    func takenPort() async throws {
        let fixture = try LocalFixture()
        let loop = EventLoop()
        let derived = try #require(AppName(fixture.app)).localPort()
        let taken = try Listener.tcp(.loopback(port: derived), on: loop)
        let spec = MachineSpec(
            app: fixture.app,
            owner: fixture.owner,
            regions: ["local"],
            resources: .default,
            expiresAt: nil
        )
        let proposal = try await fixture.provider.propose(spec)
        #expect(proposal.remarks.count == 1)
        let machine = try await fixture.provider.allocate(
            spec,
            replacing: nil,
            attempt: TestAttempt(key: fixture.key(1))
        )
        #expect(machine.port != derived)
        #expect(machine.url == proposal.url)
        taken.close()
    }

    @Test("a port that was taken before the boot is a refusal that names it")
    func portTakenLater() async throws {
        let fixture = try LocalFixture()
        let machine = try await fixture.allocate()
        let taken = try Listener.tcp(
            .loopback(port: try #require(machine.port)),
            on: EventLoop()
        )
        let release = try await fixture.release(["x": "x"], start: "true")
        do {
            try await fixture.boot(release, on: machine)
            Issue.record("it must be refused")
        } catch let rejection as Rejection {
            #expect(rejection.failure.code == .noFreePort)
        }
        taken.close()
    }

    @Test(
        "a boot whose command was killed is adopted by the next run, while it goes on and when it is over"
    )
    func adoption() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python("os.getpid()")],
            start: "exec python3 app.py",
            build: "echo once >> ../builds; while [ ! -e ../go ]; do sleep 0.02; done"
        )
        let machine = try await fixture.allocate()
        try await fixture.configure(machine)
        // A command that is killed leaves a supervisor which nobody follows; so does one that is
        // waiting for it here while another run comes.
        let first = Task { try await fixture.boot(release, on: machine) }
        #expect(await holds { fixture.file("builds") == "once\n" })
        let second = Task { try await fixture.boot(release, on: machine) }
        try Folder.open(fixture.path + "/.preview/" + fixture.app).write("go", [])
        let receipts = try await (first.value, second.value)
        #expect(receipts.0 == receipts.1)
        let third = try await fixture.boot(release, on: machine)
        #expect(third == receipts.0)
        #expect(fixture.file("builds") == "once\n")
        #expect(fixture.processes.count == 2, "one supervisor and one app")
        let other = try await fixture.boot(release, on: machine, key: 4)
        #expect(other.proof.commit == release.commit)
        #expect(fixture.file("builds") == "once\nonce\n")
        #expect(fixture.processes.count == 2)
    }

    @Test("R-16: a cancelled boot returns soon and leaves nothing")
    func cancellation() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(["x": "x"], start: "true", build: "sleep 100")
        let machine = try await fixture.allocate()
        let boot = Task { try await fixture.boot(release, on: machine) }
        #expect(
            await holds {
                fixture.reporter.events.contains { $0.message == "[3/5] build" }
            }
        )
        let begin = ContinuousClock.now
        boot.cancel()
        await #expect(throws: CancellationError.self) { try await boot.value }
        #expect(ContinuousClock.now - begin < .seconds(5))
        #expect(await holds { fixture.processes.isEmpty })
        #expect(try await fixture.state(machine) == .crashed)
    }

    @Test("a supervisor that is killed in the middle of a boot is told, and the next run boots")
    func killedWhileBooting() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python()],
            start: "exec python3 app.py",
            build: "[ -e ../again ] || { touch ../again; sleep 100; }"
        )
        let machine = try await fixture.allocate()
        let boot = Task { try await fixture.boot(release, on: machine) }
        #expect(await holds { fixture.file("again") != nil })
        for process in fixture.processes
        where KernelFile.text("/proc/\(process.pid)/cmdline")?.contains("__supervise") == true {
            process.kill()
        }
        do {
            _ = try await boot.value
            Issue.record("it must fail")
        } catch let failure as Failure {
            #expect(failure.code == .supervisorLost)
        }
        #expect(try await fixture.state(machine) == .lost)
        let receipt = try await fixture.boot(release, on: machine)
        #expect(receipt.proof.status == 200)
        #expect(fixture.processes.count == 2)
    }

    @Test("what carries the owner's marks is found and can be removed, recorded or not")
    func objects() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python()],
            start: "exec python3 app.py"
        )
        let (machine, _) = try await fixture.up(release)
        let found = try await fixture.provider.objects(of: fixture.owner, named: [])
        #expect(found.map(\.kind) == [.machine, .process, .process])
        #expect(found.first?.name == machine.name)
        for object in found.reversed() { try await fixture.provider.remove(object) }
        #expect(try await fixture.provider.objects(of: fixture.owner, named: []).isEmpty)
        #expect(fixture.processes.isEmpty)
    }

    @Test("the supervisor lives on without its parent, in a session of its own")
    func outlives() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python()],
            start: "exec python3 app.py"
        )
        try await fixture.up(release)
        let supervisor = try #require(fixture.processes.min { $0.pid < $1.pid })
        let fields = try #require(KernelFile.text("/proc/\(supervisor.pid)/stat"))
            .split(separator: ")").last?.split(separator: " ")
        #expect(fields?[3] == Substring(String(supervisor.pid)), "its session is its own")
        let descriptors = try Folder.open("/proc/\(supervisor.pid)/fd", ownedBy: .any)
        for name in ["0", "1", "2"] {
            #expect(try descriptors.linkTarget(name) == "/dev/null")
        }
    }

    @Test("a supervisor whose folder was removed by hand ends")
    func folderRemoved() async throws {
        let fixture = try LocalFixture(pace: LocalFixture.quickPace(second: 50))
        let release = try await fixture.release(
            ["app.py": TestApps.python()],
            start: "exec python3 app.py"
        ) {
            $0.timeouts.start = 400
            $0.timeouts.clone = 400
            $0.health.timeout = 400
        }
        try await fixture.up(release, idleTimeout: nil)
        #expect(fixture.processes.count == 2)
        try Folder.open(fixture.path).removeTree(".preview")
        #expect(await holds { fixture.processes.isEmpty })
    }

    @Test("what is written down about a machine and cannot be read is told, not taken for nothing")
    func damaged() async throws {
        let fixture = try LocalFixture()
        let machine = try await fixture.allocate()
        let path = fixture.path + "/.preview/" + fixture.app + "/supervisor"
        try Folder.open(path).write("machine.json", Array("{".utf8))
        await #expect(throws: Failure.self) { try await fixture.allocate() }
        #expect(fixture.file("supervisor/machine.json") == "{")
        #expect(try await fixture.provider.inspect(machine) == nil)
    }

    @Test(
        "R-4: the command is killed at any moment; one more run makes one machine, one supervisor, one app",
        arguments: [15, 60, 120, 180, 240, 320, 420, 600]
    )
    func commandKilled(milliseconds: Int) async throws {
        let fixture = try LocalFixture()
        let (folder, _) = try await fixture.commit([
            "app.py": TestApps.python(),
            "preview.yaml": """
            repo: .
            provider: local
            run: { start: "sleep 0.1; exec python3 app.py" }
            """,
        ])
        func run(_ arguments: String...) throws -> Command {
            Command(
                try LocalFixture.executable,
                arguments,
                environment: LocalFixture.environment,
                directory: folder
            )
        }
        let first = try run("apply", "--yes").start(.ownSession)
        await BlockingThread.pause(.milliseconds(milliseconds))
        first.kill()
        #expect(await first.waitForEnd(until: .now + .seconds(5)))
        let second = try await run("apply", "--yes").run(timeout: .seconds(60))
        #expect(second.ending.isSuccess, "\(second.errorText)")
        let previews = try Folder.open(folder + "/.preview")
        let apps = try previews.entries().filter { $0.kind == .folder }.map(\.name)
        let app = try #require(apps.first)
        #expect(apps.count == 1)
        let document = try #require(
            KernelFile.text(previews.path + "/\(app)/supervisor/machine.json")
        )
        let name = try #require(try JSONReader.read(document)["name"]?.string)
        let processes = ProcessIdentity.all(withVariables: ["PREVIEW_MACHINE": name])
        #expect(processes.count == 2, "one supervisor and one app")
        let port = try #require(try JSONReader.read(document)["port"]?.int)
        let answer = try await HTTPClient(userAgent: "test").send(
            HTTPRequest("GET", "http://127.0.0.1:\(port)/")
        )
        #expect(answer.status == 200)
        let destroyed = try await run("destroy", "--yes").run(timeout: .seconds(60))
        #expect(destroyed.ending.isSuccess, "\(destroyed.errorText)")
        #expect(ProcessIdentity.all(withVariables: ["PREVIEW_MACHINE": name]).isEmpty)
    }

    @Test("exec runs beside the app, with its variables, in its folder")
    func execute() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["web/app.py": TestApps.python()],
            start: "exec python3 app.py"
        ) { $0.path = "web" }
        let (machine, _) = try await fixture.up(release, environment: ["A": "1"])
        let status = try await fixture.provider.execute(
            ["sh", "-c", "echo $A $KEY $PREVIEW > out; exit 3"],
            on: machine,
            secrets: ["KEY": "k"]
        )
        #expect(status == 3)
        #expect(fixture.file("checkout/web/out") == "1 k true\n")
        await #expect(throws: Failure.self) {
            try await fixture.provider.execute(["no-such-program"], on: machine, secrets: [:])
        }
    }
}
