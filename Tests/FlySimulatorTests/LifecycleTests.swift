import FlySimulator
import PreviewCore
import Testing

/// What the reference calls legal in a state.
struct Legality: CustomTestStringConvertible, Sendable {
    var call: String
    var state: String
    var status: Int
    var testDescription: String { "\(call) in \(state): \(status)" }

    /// The table of section 5.3, with this simulator's choice where the reference is unsure.
    static let table: [Legality] = [
        ("start", "starting started stopped suspended failed", 200),
        ("start", "created stopping replacing destroying", 412), ("start", "destroyed", 404),
        ("stop", "created starting started stopping stopped suspended failed", 200),
        ("stop", "replacing", 412), ("stop", "destroyed", 404),
        ("suspend", "started suspended", 200),
        ("suspend", "created starting stopping stopped replacing failed", 412),
        ("suspend", "destroyed", 404),
        ("update", "created starting started stopping stopped suspended failed", 200),
        ("update", "replacing", 409), ("update", "destroyed", 404),
        ("delete", "created stopped suspended failed destroying", 200),
        ("delete", "starting started stopping replacing", 412), ("delete", "destroyed", 404),
        (
            "delete?force=true",
            "created starting started stopping stopped suspended replacing failed", 200
        ),
        ("delete?kill=true", "started", 200),
        ("exec", "started", 200),
        ("exec", "created starting stopping stopped suspended replacing failed", 412),
        ("exec", "destroyed", 404),
        ("lease", "created starting started stopping stopped suspended replacing failed", 201),
        ("metadata", "created starting started stopping stopped suspended replacing failed", 204),
        ("cordon", "created starting started stopping stopped suspended replacing failed", 200),
        ("restart", "started", 200), ("restart", "created stopped suspended", 412),
        ("signal", "started", 200), ("signal", "stopped", 412),
    ].flatMap { call, states, status in
        states.split(separator: " ").map {
            Legality(call: call, state: String($0), status: status)
        }
    }
}

@Suite("States and calls (reference, sections 4.5 to 4.7 and 5)")
struct LifecycleTests {
    private let platform = Platform()

    private func make(_ state: String, on platform: Platform) async throws -> TestMachine {
        // In `created` it rests: otherwise it is on its way already.
        let body: JSONValue = state == "created" ? ["skip_launch": true] : [:]
        let machine = try await platform.makeMachine(body: body)
        try await machine.bring(to: state)
        return machine
    }

    @Test("5.3: the table of what is legal where", arguments: Legality.table)
    func legality(row: Legality) async throws {
        let machine = try await make(row.state, on: platform)
        // The moment after a stop in which a start is refused has a test of its own.
        if row.state == "stopped" { await platform.pass(.seconds(5)) }
        let answer =
            switch row.call {
            case "update": await machine.send("POST", "", ["config": Platform.config])
            case "delete": await machine.send("DELETE")
            case "exec": await machine.send("POST", "/exec", ["command": ["true"]])
            case "lease": await machine.send("POST", "/lease", ["ttl": 10])
            case "metadata": await machine.send("POST", "/metadata/k", ["value": "v"])
            case "signal": await machine.send("POST", "/signal", ["signal": "SIGUSR1"])
            case let call where call.hasPrefix("delete"):
                await machine.send("DELETE", String(call.dropFirst("delete".count)))
            default: await machine.send("POST", "/\(row.call)")
            }
        #expect(answer.status == row.status, "\(answer.errorText)")
    }

    @Test("5.2: created, then starting, then started")
    func launch() async throws {
        let machine = try await platform.makeMachine()
        #expect(await machine.state == "created")
        await platform.pass(.seconds(1.5))
        #expect(await machine.state == "starting")
        await platform.pass(.seconds(0.8))
        #expect(await machine.state == "started")
    }

    @Test("4.6: after skip_launch, start is 412 for 9 seconds, then goes")
    func createWindow() async throws {
        let machine = try await platform.makeMachine(body: ["skip_launch": true])
        for _ in 0..<3 {
            let answer = await machine.send("POST", "/start")
            #expect(answer.status == 412)
            #expect(
                answer.errorText
                    == "failed_precondition: unable to start machine from current state: 'created'")
            await platform.pass(.seconds(3))
        }
        let answer = await machine.send("POST", "/start")
        #expect(
            answer.value == ["previous_state": "created", "migrated": false, "new_host": ""])
        #expect(await machine.state == "starting")
    }

    @Test("5.2: the resting state after skip_launch may be `stopped` as well")
    func restsStopped() async throws {
        let platform = Platform { $0.choices.rest = .stopped }
        let machine = try await platform.makeMachine(body: ["skip_launch": true])
        #expect(await machine.state == "created")
        await platform.pass(.seconds(9))
        #expect(await machine.state == "stopped")
        #expect(await machine.send("POST", "/start").status == 200)
    }

    @Test("4.6: right after a stop, start is 412 although the state reads stopped")
    func stillActive() async throws {
        let machine = try await make("stopping", on: platform)
        await platform.pass(.seconds(0.5))
        #expect(await machine.state == "stopped")
        let answer = await machine.send("POST", "/start")
        #expect(answer.status == 412)
        #expect(
            answer.errorText == "failed_precondition: machine still active, refusing to start")
        await platform.pass(.seconds(1.5))
        #expect(await machine.send("POST", "/start").value?["previous_state"] == "stopped")
    }

    @Test("4.5: an update of a running machine: new version, replacing, started again")
    func update() async throws {
        let machine = try await platform.makeStarted()
        let answer = await machine.send("POST", "", ["config": ["image": "node:24"]])
        let version = answer.value?["version"]?.string
        #expect(version != machine.version)
        #expect(answer.value?["id"]?.string == machine.id)
        #expect(await machine.state == "replacing")
        let start = await machine.send("POST", "/start")
        #expect(start.status == 412)
        #expect(
            start.errorText == "failed_precondition: machine getting replaced, refusing to start")
        await platform.pass(.seconds(4))
        #expect(await machine.state == "started")
        #expect(await machine.value["version"]?.string == version)
    }

    @Test("4.5: an update with skip_launch stops a running machine; start is 412 for 3.5 seconds")
    func updateWindow() async throws {
        let machine = try await platform.makeStarted()
        let answer = await machine.send(
            "POST", "", ["config": Platform.config, "skip_launch": true])
        #expect(answer.status == 200)
        await platform.pass(.seconds(2))
        #expect(await machine.state == "created")
        #expect(await machine.send("POST", "/start").status == 412)
        await platform.pass(.seconds(2))
        #expect(await machine.send("POST", "/start").status == 200)
    }

    @Test("4.5: a stopped or failed machine starts with an update, a scheduled one does not")
    func updateAtRest() async throws {
        for state in ["stopped", "failed", "suspended"] {
            let platform = Platform()
            let machine = try await make(state, on: platform)
            #expect(await machine.send("POST", "", ["config": Platform.config]).status == 200)
            await platform.pass(.seconds(8))
            #expect(await machine.state == "started", "\(state)")
        }
        let machine = try await make("stopped", on: platform)
        let config: JSONValue = ["image": "node:22", "schedule": "daily"]
        #expect(await machine.send("POST", "", ["config": config]).status == 200)
        await platform.pass(.seconds(8))
        #expect(await machine.state == "created")
    }

    @Test("4.5: a stale current_version is 409 and changes nothing; name and region are ignored")
    func currentVersion() async throws {
        let machine = try await platform.makeStarted()
        let stale = await machine.send(
            "POST", "", ["config": Platform.config, "current_version": "01J"])
        #expect(stale.status == 409)
        #expect(await machine.value["version"]?.string == machine.version)
        let fresh = await machine.send(
            "POST", "",
            [
                "config": Platform.config, "current_version": .string(machine.version),
                "name": "other", "region": "syd",
            ])
        #expect(fresh.status == 200)
        #expect(fresh.value?["name"] == "web" && fresh.value?["region"] == "iad")
    }

    @Test("4.5: the whole config is replaced, and metadata left out is gone")
    func wholeConfig() async throws {
        let machine = try await platform.makeMachine(
            ["image": "a", "env": ["A": "1"], "metadata": ["k": "v"]])
        await platform.pass(.seconds(4))
        #expect(await machine.send("POST", "", ["config": ["image": "a"]]).status == 200)
        let config = await machine.value["config"]
        #expect(config?["env"] == nil && config?["metadata"] == nil)
    }

    @Test("4.5: a tag is looked up again only when the reference changed")
    func digest() async throws {
        let machine = try await platform.makeStarted()
        let before = await machine.value["image_ref"]?["digest"]
        await platform.world.setDigest("sha256:new", ofImage: "node:22")
        _ = await machine.send("POST", "", ["config": ["image": "node:22"]])
        #expect(await machine.value["image_ref"]?["digest"] == before)
        await platform.pass(.seconds(5))
        _ = await machine.send("POST", "", ["config": ["image": "docker.io/library/node:22"]])
        await platform.pass(.seconds(5))
        _ = await machine.send("POST", "", ["config": ["image": "node:22"]])
        #expect(await machine.value["image_ref"]?["digest"] == "sha256:new")
    }

    @Test("4.5: a bigger guest that the host has no room for is 409, the old version stays")
    func hostFull() async throws {
        let machine = try await platform.makeStarted()
        await platform.world.setCapacity(fullRegions: [], fullHosts: ["iad": "memory"])
        let answer = await machine.send(
            "POST", "", ["config": ["image": "node:22", "guest": ["memory_mb": 1024]]])
        #expect(answer.status == 409)
        #expect(
            answer.errorText
                == "aborted: could not reserve resource for machine: insufficient memory available "
                + "to fulfill request on the current host")
        #expect(await machine.value["version"]?.string == machine.version)
        #expect(await machine.state == "started")
    }

    @Test("4.6: a host without room refuses to start with 409", arguments: ["memory", "governor"])
    func startWithoutRoom(lack: String) async throws {
        let machine = try await make("stopped", on: platform)
        await platform.pass(.seconds(5))
        await platform.world.setCapacity(fullRegions: [], fullHosts: ["iad": lack])
        let answer = await machine.send("POST", "/start")
        #expect(answer.status == 409)
        #expect(answer.errorText.contains(lack))
    }

    @Test("4.6: a stop that is not heeded ends by force when its time is over")
    func stubborn() async throws {
        var script = GuestScript()
        script.stopTakes = .seconds(100)
        let platform = Platform(guest: script)
        let machine = try await platform.makeStarted()
        #expect(await machine.send("POST", "/stop", ["timeout": "10s"]).status == 200)
        await platform.pass(.seconds(9.9))
        #expect(await machine.state == "stopping")
        await platform.pass(.seconds(0.2))
        #expect(await machine.state == "stopped")
        let exit = await machine.value["events"]?.array?.first { $0["type"] == "exit" }
        #expect(exit?["request"]?["exit_event"]?["exit_code"] == 137)
        #expect(exit?["request"]?["exit_event"]?["requested_stop"] == true)
    }

    @Test(
        "4.6: a signal or a time to stop in that makes no sense is 400",
        arguments: [["signal": "SIGWINCH"], ["signal": 9], ["timeout": "soon"]] as [JSONValue])
    func badStop(body: JSONValue) async throws {
        let machine = try await platform.makeStarted()
        #expect(await machine.send("POST", "/stop", body).status == 400)
        #expect(await machine.state == "started")
    }

    @Test("4.6: restart goes through restarting, with its query")
    func restart() async throws {
        let machine = try await platform.makeStarted()
        #expect(await machine.send("POST", "/restart?timeout=3&signal=SIGTERM").status == 200)
        #expect(await machine.state == "restarting")
        await platform.pass(.seconds(3))
        #expect(await machine.state == "started")
        #expect(await machine.value["version"]?.string == machine.version)
        #expect(await machine.send("POST", "/restart?signal=NONE").status == 400)
    }

    @Test("4.6: signals by name, and by number as fly-go sends KILL")
    func signals() async throws {
        let machine = try await platform.makeStarted(
            ["image": "a", "restart": ["policy": "no"]])
        #expect(await machine.send("POST", "/signal", ["signal": "SIGFOO"]).status == 400)
        #expect(await machine.send("POST", "/signal", ["signal": "SIGUSR1"]).status == 200)
        #expect(await machine.state == "started")
        #expect(await machine.send("POST", "/signal", ["signal": 9]).status == 200)
        #expect(await machine.state == "stopped")
    }

    @Test(
        "4.6: not everything can be suspended",
        arguments: [
            #"{"image":"a","guest":{"cpus":2,"memory_mb":4096}}"#,
            #"{"image":"a","init":{"swap_size_mb":512}}"#, #"{"image":"a","schedule":"hourly"}"#,
        ])
    func ineligible(json: String) async throws {
        let machine = try await platform.makeStarted(try JSONReader.read(json))
        #expect(await machine.send("POST", "/suspend").status == 412)
        #expect(await machine.state == "started")
    }

    @Test("5.2: suspending, suspended, and started again without a boot")
    func suspend() async throws {
        let machine = try await platform.makeStarted()
        let boots = await platform.world.counters.boots
        #expect(await machine.send("POST", "/suspend").status == 200)
        #expect(await machine.state == "suspending")
        await platform.pass(.seconds(1))
        #expect(await machine.state == "suspended")
        #expect(await machine.send("POST", "/start").value?["previous_state"] == "suspended")
        await platform.pass(.seconds(1))
        #expect(await machine.state == "started")
        #expect(await platform.world.counters.boots == boots)
    }

    @Test("4.6: stopping a suspended machine loses the snapshot")
    func stopSuspended() async throws {
        let machine = try await make("suspended", on: platform)
        #expect(await machine.send("POST", "/stop").status == 200)
        await platform.pass(.seconds(3))
        #expect(await machine.state == "stopped")
        let boots = await platform.world.counters.boots
        #expect(await machine.send("POST", "/start").status == 200)
        await platform.pass(.seconds(3))
        #expect(await platform.world.counters.boots == boots + 1)
    }

    @Test("4.7: deletion without force is refused while it runs, with the text")
    func deleteRunning() async throws {
        let machine = try await platform.makeStarted()
        let answer = await machine.send("DELETE")
        #expect(answer.status == 412)
        #expect(
            answer.errorText
                == "failed_precondition: unable to destroy machine, not currently stopped, "
                + "suspended, failed or created")
        #expect(await machine.send("DELETE", "?force=true").value == ["ok": true])
        #expect(await machine.state == "destroying")
    }
}
