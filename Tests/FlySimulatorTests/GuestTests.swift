import FlySimulator
import PreviewCore
import PreviewSystem
import Testing

@Suite("What runs in a machine (reference, sections 4.11, 4.12, 7 and 11)")
struct GuestTests {
    /// A platform that keeps what was booted.
    private func makeRecorder(
        _ script: GuestScript = GuestScript(),
        _ change: (inout SimulatorConfiguration) -> Void = { _ in }
    ) -> (Platform, Locked<[GuestBoot]>) {
        let boots = Locked<[GuestBoot]>([])
        let platform = Platform { configuration in
            configuration.guests = .scripted { boot in
                boots.withLock { $0.append(boot) }
                return script
            }
            change(&configuration)
        }
        return (platform, boots)
    }

    private func setSecret(_ value: String, on platform: Platform) async -> Int {
        let answer = await platform.send(
            "POST", "/v1/apps/shop/secrets", ["values": ["KEY": .string(value)]])
        return answer.value?["version"]?.int ?? 0
    }

    @Test("11: the environment: the config's, the secrets', the platform's; no PORT")
    func environment() async throws {
        let (platform, boots) = makeRecorder()
        await platform.makeApp()
        _ = await platform.send("POST", "/v1/apps/shop/ip_assignments", ["type": "v6"])
        _ = await setSecret("s", on: platform)
        await platform.pass(.seconds(5))
        let machine = try await platform.makeStarted(
            ["image": "node:22", "env": ["A": "1", "KEY": "plain"]])
        let environment = boots.withLock { $0.first?.environment } ?? [:]
        let value = await machine.value
        #expect(
            environment.keys.sorted() == [
                "A", "FLY_ALLOC_ID", "FLY_APP_NAME", "FLY_IMAGE_REF", "FLY_MACHINE_ID",
                "FLY_MACHINE_VERSION", "FLY_PRIVATE_IP", "FLY_PROCESS_GROUP", "FLY_PUBLIC_IP",
                "FLY_REGION", "FLY_VM_MEMORY_MB", "KEY", "PRIMARY_REGION",
            ])
        #expect(environment["KEY"] == "s" && environment["A"] == "1")
        #expect(environment["FLY_MACHINE_ID"] == machine.id)
        #expect(environment["FLY_MACHINE_VERSION"] == value["version"]?.string)
        #expect(environment["FLY_VM_MEMORY_MB"] == "256")
        #expect(environment["FLY_PUBLIC_IP"]?.hasPrefix("2a09:") == true)
    }

    @Test("7: secrets are those of the boot; a running machine keeps its own")
    func secretsAtBoot() async throws {
        let (platform, boots) = makeRecorder()
        await platform.makeApp()
        _ = await setSecret("old", on: platform)
        let machine = try await platform.makeStarted()
        _ = await setSecret("new", on: platform)
        await platform.pass(.seconds(5))
        #expect(boots.withLock { $0.map { $0.environment["KEY"] } } == ["old"])
        #expect(await machine.send("POST", "/restart").status == 200)
        await platform.pass(.seconds(5))
        #expect(boots.withLock { $0.map { $0.environment["KEY"] } } == ["old", "new"])
    }

    @Test("7: without min_secrets_version a boot may race an old copy, with it never")
    func secretsRace() async throws {
        for asksForVersion in [false, true] {
            let (platform, boots) = makeRecorder {
                $0.delays.secrets = .seconds(10)
            }
            await platform.makeApp()
            _ = await setSecret("old", on: platform)
            await platform.pass(.seconds(10))
            let version = await setSecret("new", on: platform)
            let body: JSONValue = asksForVersion ? ["min_secrets_version": .int(version)] : [:]
            _ = try await platform.makeMachine(body: body)
            await platform.pass(.seconds(4))
            let seen = boots.withLock { $0.first?.environment["KEY"] }
            #expect(seen == (asksForVersion ? "new" : "old"))
        }
    }

    @Test("4.2: skip_secrets keeps them out")
    func skipSecrets() async throws {
        let (platform, boots) = makeRecorder()
        await platform.makeApp()
        _ = await setSecret("s", on: platform)
        await platform.pass(.seconds(5))
        _ = try await platform.makeMachine(body: ["skip_secrets": true])
        await platform.pass(.seconds(4))
        #expect(boots.withLock { $0.first?.environment["KEY"] } == .some(nil))
    }

    @Test("6.3: files by value and by secret, whose value is itself Base64")
    func files() async throws {
        let (platform, boots) = makeRecorder()
        await platform.makeApp()
        _ = await setSecret("c2VjcmV0", on: platform)
        await platform.pass(.seconds(5))
        _ = try await platform.makeStarted([
            "image": "a",
            "files": [
                ["guest_path": "/a", "raw_value": "ZWNobw==", "mode": 493],
                ["guest_path": "/b", "secret_name": "KEY"],
            ],
        ])
        let files = boots.withLock { $0.first?.files } ?? []
        #expect(files.map { String(decoding: $0.content, as: UTF8.self) } == ["echo", "secret"])
        #expect(files.map(\.mode) == [0o755, 0o644])
    }

    @Test(
        "11: which boots find the root filesystem as they left it",
        arguments: [
            ("never", [true, true, true, true]), ("restart", [true, false, true, true]),
            ("always", [true, false, false, false]),
        ])
    func rootFilesystem(persist: String, fresh: [Bool]) async throws {
        let (platform, boots) = makeRecorder()
        let config: JSONValue = ["image": "a", "rootfs": ["persist": .string(persist)]]
        let machine = try await platform.makeStarted(config)
        #expect(await machine.send("POST", "/restart").status == 200)
        await platform.pass(.seconds(5))
        #expect(await machine.send("POST", "/stop").status == 200)
        await platform.pass(.seconds(5))
        #expect(await machine.send("POST", "/start").status == 200)
        await platform.pass(.seconds(5))
        #expect(await machine.send("POST", "", ["config": config]).status == 200)
        await platform.pass(.seconds(5))
        #expect(boots.withLock { $0.map(\.isRootFresh) } == fresh)
        #expect(boots.withLock { $0.map(\.number) } == [1, 2, 3, 4])
    }

    @Test(
        "6: what the restart policy makes of an exit",
        arguments: [
            ("no", 0, "stopped"), ("no", 1, "stopped"), ("on-failure", 0, "stopped"),
            ("on-failure", 1, "restarting"), ("always", 0, "restarting"),
        ])
    func restartPolicy(policy: String, code: Int, state: String) async throws {
        let platform = Platform()
        let machine = try await platform.makeStarted(
            ["image": "a", "restart": ["policy": .string(policy)]])
        await platform.world.endGuest(ofMachine: machine.id, code: code)
        #expect(await machine.state == state)
        let exit = await machine.value["events"]?.array?.first { $0["type"] == "exit" }?["request"]
        #expect(exit?["exit_event"]?["exit_code"]?.int == code)
        #expect(exit?["exit_event"]?["requested_stop"] == false)
        #expect(exit?["exit_event"]?["restarting"]?.bool == (state == "restarting"))
    }

    @Test("6: a crash loop ends after its retries within five minutes")
    func crashLoop() async throws {
        var script = GuestScript()
        script.end = .init(after: .seconds(1), code: 137, isOutOfMemory: true)
        let (platform, boots) = makeRecorder(script)
        let machine = try await platform.makeMachine(
            ["image": "a", "restart": ["policy": "on-failure", "max_retries": 3]])
        await platform.pass(.seconds(30))
        #expect(await machine.state == "stopped")
        #expect(boots.withLock { $0.count } == 4)
        let exits = await machine.value["events"]?.array?.filter { $0["type"] == "exit" } ?? []
        #expect(exits.compactMap { $0["request"]?["restart_count"]?.int } == [3, 3, 2, 1])
        #expect(exits.first?["request"]?["exit_event"]?["oom_killed"] == true)
    }

    @Test("6: auto_destroy takes the machine away on its exit")
    func autoDestroy() async throws {
        let platform = Platform()
        let machine = try await platform.makeStarted(
            ["image": "a", "auto_destroy": true, "restart": ["policy": "no"]])
        await platform.world.endGuest(ofMachine: machine.id, code: 1)
        #expect(await machine.state == "destroying")
        await platform.pass(.seconds(5))
        #expect(await machine.state == "destroyed")
    }

    @Test("4.12: exec answers exit code and output, also of a failure")
    func exec() async throws {
        let platform = Platform()
        let machine = try await platform.makeStarted()
        await platform.world.setExecResult(
            ExecResult(code: 3, output: "out", errorOutput: "err"), ofMachine: machine.id)
        let answer = await machine.send("POST", "/exec", ["command": ["sh", "-c", "exit 3"]])
        #expect(answer.status == 200)
        #expect(
            answer.value == [
                "exit_code": 3, "exit_signal": 0, "stdout": "out", "stderr": "err",
            ])
        #expect(await machine.send("POST", "/exec", ["cmd": "ls -l"]).status == 200)
    }

    @Test("4.12: a time limit above 60 seconds and a missing command are 400")
    func badExec() async throws {
        let machine = try await Platform().makeStarted()
        let slow = await machine.send("POST", "/exec", ["command": ["true"], "timeout": 61])
        #expect(slow.status == 400)
        #expect(slow.errorText == "timeout must not exceed 60 seconds")
        #expect(await machine.send("POST", "/exec", [:]).status == 400)
        #expect(await machine.send("POST", "/exec", ["command": []]).status == 400)
    }

    @Test("4.12: a long command is not run, although the answer is 200")
    func longExec() async throws {
        let machine = try await Platform().makeStarted()
        let long = String(repeating: "x", count: 17_000)
        let answer = await machine.send("POST", "/exec", ["command": ["echo", .string(long)]])
        #expect(answer.status == 200 && answer.value?["exit_code"] == 0)
        #expect(answer.value?["stderr"]?.string?.contains("Rejection([PayloadTooLarge") == true)
    }

    @Test("4.11: ps shows whether the app listens")
    func processes() async throws {
        var script = GuestScript()
        script.listensAfter = .seconds(10)
        let platform = Platform(guest: script)
        let machine = try await platform.makeStarted([
            "image": "a", "init": ["exec": ["node", "app.js"]],
            "services": [["protocol": "tcp", "internal_port": 8080]],
        ])
        func sockets() async -> JSONValue? {
            await machine.send("GET", "/ps").value?.array?.first?["listen_sockets"]
        }
        #expect(await sockets() == [])
        await platform.pass(.seconds(10))
        #expect(await sockets() == [["proto": "tcp", "address": "0.0.0.0:8080"]])
        #expect(await machine.send("GET", "/ps?sort_by=colour").status == 400)
    }

    @Test("4.1 and 6.5: no check has a result at first; failures count after the grace period")
    func checks() async throws {
        var script = GuestScript()
        script.listensAfter = .seconds(40)
        let platform = Platform(guest: script)
        let machine = try await platform.makeMachine([
            "image": "a",
            "services": [
                [
                    "protocol": "tcp", "internal_port": 8080,
                    "checks": [
                        [
                            "type": "http", "path": "/", "interval": "10s",
                            "grace_period": "25s",
                        ]
                    ],
                ]
            ],
        ])
        func status() async -> JSONValue? {
            await machine.value["checks"]?.array?.first?["status"]
        }
        await platform.pass(.seconds(4))
        #expect(await status() == nil)
        await platform.pass(.seconds(20))
        #expect(await status() == nil)
        await platform.pass(.seconds(10))
        #expect(await status() == "critical")
        await platform.pass(.seconds(20))
        #expect(await status() == "passing")
        #expect(
            await machine.value["checks"]?.array?.first?["name"] == "servicecheck-00-http-8080")
    }
}
