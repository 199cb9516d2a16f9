import FlySimulator
import FoundationEssentials
import PreviewCore
import PreviewSystem
import Testing

/// Machines that are really executed, in folders of their own.
@Suite("Executed machines (reference, sections 6.2, 6.3 and 11)")
struct ExecutionTests {
    @Test("the script of `files` runs by `init.exec`: environment, folder, home, output, exit code")
    func script() async throws {
        let world = try Executed()
        try await world.boot(
            """
            echo "app=$FLY_APP_NAME id=$FLY_MACHINE_ID key=$KEY port=[$PORT]"
            test "$(pwd)" = "$(dirname "$HOME")" && echo folder
            test -x "$(pwd)/fly/boot.sh" && echo executable
            echo to-stderr >&2
            exit 3
            """, secrets: ["KEY": "s3cret"])
        try await world.until("stopped")
        let log = try await world.log()
        #expect(log.contains("app=shop id=\(world.id) key=s3cret port=[]"))
        for line in ["folder", "executable", "to-stderr"] { #expect(log.contains(line)) }
        #expect(log.contains { $0.hasSuffix("Main child exited normally with code: 3") })
        let exit = await world.exitEvent()
        #expect(exit?["exit_code"] == 3 && exit?["requested_stop"] == false)
        await world.end()
    }

    @Test("a command that is not there ends with 127, as the platform's init does")
    func noCommand() async throws {
        let world = try Executed()
        try await world.boot("", exec: ["/no/such/program"])
        try await world.until("stopped")
        #expect(await world.exitEvent()?["exit_code"] == 127)
        await world.end()
    }

    @Test("stop sends the signal of the config; the machine ends when its main process does")
    func stop() async throws {
        let world = try Executed()
        try await world.boot(
            """
            trap 'echo caught; exit 0' TERM
            echo ready
            while :; do sleep 0.05; done
            """, config: ["stop_config": ["signal": "SIGTERM", "timeout": "30s"]])
        try await world.untilLogged("ready")
        #expect(await world.call("POST", "/stop").status == 200)
        try await world.until("stopped")
        #expect(try await world.log().contains("caught"))
        #expect(await world.exitEvent()?["requested_stop"] == true)
        await world.end()
    }

    @Test("who does not heed the signal is ended by force, with all it has started")
    func force() async throws {
        let world = try Executed()
        try await world.boot(
            """
            trap '' INT TERM
            setsid sleep 600 &
            echo child $!
            while :; do sleep 0.05; done
            """)
        let line = try await world.untilLogged("child ")
        let child = try #require(line.split(separator: " ").last.flatMap { Int32($0) })
        let process = try #require(ProcessIdentity(pid: child))
        #expect(await world.call("POST", "/stop", ["timeout": "100ms"]).status == 200)
        try await world.until("stopped")
        #expect(!process.isAlive)
        let exit = await world.exitEvent()
        #expect(exit?["guest_signal"] == 9 && exit?["exit_code"] == 137)
        await world.end()
    }

    @Test(
        "a stop and start finds the image's root filesystem again, `always` keeps it",
        arguments: [false, true])
    func rootFilesystem(isKept: Bool) async throws {
        let world = try Executed()
        let persist: JSONValue = isKept ? "always" : "never"
        try await world.boot(
            """
            test -f mark && echo kept || echo fresh
            touch mark; mkdir -p deep/er; touch deep/er/file
            echo booted
            exec sleep 600
            """, config: ["rootfs": ["persist": persist]])
        try await world.untilLogged("booted")
        #expect(await world.call("POST", "/stop").status == 200)
        try await world.until("stopped")
        try await world.start()
        try await world.untilLogged("booted", count: 2)
        let seen = try await world.log().filter { $0 == "kept" || $0 == "fresh" }
        #expect(seen == ["fresh", isKept ? "kept" : "fresh"])
        await world.end()
    }

    @Test("on-failure starts it again after a crash, and gives up after its retries")
    func restarts() async throws {
        let world = try Executed()
        try await world.boot(
            "echo crashing; exit 7",
            config: ["restart": ["policy": "on-failure", "max_retries": 2]])
        try await world.until("stopped")
        #expect(try await world.log().count { $0 == "crashing" } == 3)
        await world.end()
    }

    @Test("exec runs in the machine; ps shows its processes and sockets; both see its port")
    func lookIn() async throws {
        let world = try Executed()
        try await world.boot(
            "exec python3 -u -m http.server $PORT --bind 0.0.0.0",
            config: world.serving(8080))
        try await world.untilListening(8080)
        let exec = await world.call(
            "POST", "/exec",
            ["command": ["sh", "-c", "cat; ls fly; exit 4"], "stdin": "typed\n", "timeout": 20])
        #expect(exec.value?["stdout"] == "typed\nboot.sh\n" && exec.value?["exit_code"] == 4)
        let process = await world.call("GET", "/ps").value?.array?.first
        #expect(process?["directory"] == "/")
        #expect(process?["listen_sockets"] == [["proto": "tcp", "address": "0.0.0.0:8080"]])
        let missing = await world.call("POST", "/exec", ["command": ["no-such-program"]])
        #expect(missing.value?["exit_code"] == 127)
        await world.end()
    }

    @Test("an exec that takes too long is 408")
    func slowExec() async throws {
        let world = try Executed()
        try await world.boot("exec sleep 600")
        try await world.until("started")
        let answer = await world.call(
            "POST", "/exec", ["command": ["sleep", "600"], "timeout": 1])
        #expect(answer.status == 408)
        await world.end()
    }

    @Test("suspending stops time for its processes, starting lets it go on")
    func suspend() async throws {
        let world = try Executed()
        try await world.boot("echo ready; while :; do echo tick; sleep 0.02; done")
        try await world.untilLogged("tick", count: 2)
        #expect(await world.call("POST", "/suspend").status == 200)
        try await world.until("suspended")
        let count = try await world.log().count { $0 == "tick" }
        try await world.start()
        try await world.untilLogged("tick", count: count + 3)
        #expect(try await world.log().count { $0 == "ready" } == 1)
        await world.end()
    }

    @Test("through the proxy: a port of its own each, all addresses only, and awake on request")
    func proxied() async throws {
        let executed = try Executed()
        var configuration = executed.configuration
        configuration.delays.connectPatience = .seconds(0.5)
        let simulator = try await FlySimulator.start(configuration)
        let client = HTTPClient(userAgent: "tests")
        let scripts = [
            "one": "echo 1 > who; exec python3 -u -m http.server $PORT --bind 0.0.0.0",
            "two": "echo 2 > who; exec python3 -u -m http.server $PORT --bind 0.0.0.0",
            "local": "exec python3 -u -m http.server $PORT --bind 127.0.0.1",
        ]
        for (app, script) in scripts {
            try await Executed(simulator.world, app: app).boot(
                script, config: executed.serving(8080), isPublic: true)
        }
        @Sendable func get(_ app: String) async throws(HTTPFailure) -> HTTPResponse {
            let base = simulator.appURLTemplate.replacing("{app}", with: app)
            return try await client.send(HTTPRequest("GET", "\(base)/who"))
        }
        for (app, body) in [("one", "1\n"), ("two", "2\n")] {
            try await executed.eventually {
                // Until its name resolves there is no connection.
                (try? await get(app))?.body == Array(body.utf8)
            }
        }
        let local = Executed(simulator.world, app: "local")
        try await executed.eventually { (try? await get("local"))?.status == 502 }
        #expect(try await local.log().contains { $0.hasPrefix("[PC01]") })
        let one = Executed(simulator.world, app: "one")
        #expect(await one.call("POST", "/stop").status == 200)
        try await one.until("stopped")
        #expect(try await get("one").body == Array("1\n".utf8))
        await simulator.stop()
        await executed.end()
    }

    @Test("real health checks: passing once it answers")
    func checks() async throws {
        let world = try Executed()
        var config = world.serving(8080)
        config["checks"] = [
            "up": ["type": "http", "port": 8080, "path": "/", "interval": "100ms"]
        ]
        try await world.boot(
            "exec python3 -u -m http.server $PORT --bind 0.0.0.0", config: config)
        try await world.eventually {
            await world.value()["checks"]?.array?.first?["status"] == "passing"
        }
        await world.end()
    }
}

/// An app with one executed machine.
final class Executed: Sendable {
    let world: FlyWorld
    let configuration: SimulatorConfiguration
    private let folder: String?
    private let app: String
    private let machine = Locked("")

    var id: String { machine.withLock { $0 } }

    /// The app, and its machine, in a world that somebody else ends.
    init(_ world: FlyWorld, app: String) {
        self.world = world
        self.app = app
        configuration = SimulatorConfiguration()
        folder = nil
    }

    /// The app `shop` in a world of its own.
    init() throws {
        app = "shop"
        let suffix = Digest.hexadecimal(Moment.randomBytes(6))
        let folder = FileManager.default.temporaryDirectory.path + "/flysim-tests-\(suffix)"
        self.folder = folder
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true)
        var configuration = SimulatorConfiguration(
            guests: .executed(
                .init(
                    folder: Host.resolved(folder) ?? folder,
                    searchPath: Host.environment["PATH"] ?? "/usr/bin:/bin")),
            seed: Moment.randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) })
        configuration.rateLimits = .none
        configuration.visibility = .immediate
        configuration.delays = configuration.delays.scaled(by: 0.01)
        self.configuration = configuration
        world = FlyWorld(configuration, clock: .running())
    }

    /// Ends the machine and removes its folder.
    func end() async {
        await world.end()
        guard let folder else { return }
        // Whatever is left is in the system's folder for such things.
        try? FileManager.default.removeItem(atPath: folder)
    }

    func serving(_ port: Int) -> [String: JSONValue] {
        [
            "env": ["PORT": .string(String(port))],
            "services": [
                [
                    "protocol": "tcp", "internal_port": .int(port), "autostop": "off",
                    "ports": [["port": 443, "handlers": ["tls", "http"]]],
                ]
            ],
        ]
    }

    private func send(
        _ method: String, _ target: String, _ json: JSONValue = [:],
        surface: APIRequest.Surface = .machines
    ) async -> APIAnswer {
        await world.answer(
            APIRequest(method, target, surface: surface, headers: Site.headers, json: json))
    }

    func call(_ method: String, _ rest: String, _ json: JSONValue = [:]) async -> APIAnswer {
        if id.isEmpty {
            let list = await send("GET", "/v1/apps/\(app)/machines").value?.array
            machine.withLock { $0 = list?.first?["id"]?.string ?? "" }
        }
        return await send(method, "/v1/apps/\(app)/machines/\(id)\(rest)", json)
    }

    func value() async -> JSONValue { await call("GET", "").value ?? .null }

    /// Makes the machine with a script at `/fly/boot.sh`, which runs it unless `exec` says else.
    func boot(
        _ script: String, exec: [String] = ["/bin/sh", "/fly/boot.sh"],
        config changes: [String: JSONValue] = [:], secrets: [String: String] = [:],
        isPublic: Bool = false
    ) async throws {
        _ = await send("POST", "/v1/apps", ["name": .string(app), "org_slug": "personal"])
        if isPublic {
            _ = await send("POST", "/v1/apps/\(app)/ip_assignments", ["type": "shared_v4"])
        }
        let values = JSONObject(secrets.map { .init(name: $0.key, value: .string($0.value)) })
        let set = await send("POST", "/v1/apps/\(app)/secrets", ["values": .object(values)])
        var config = JSONObject([.init(name: "image", value: "debian:12")])
        config["init"] = ["exec": .array(exec.map(JSONValue.string))]
        config["restart"] = ["policy": "no"]
        config["files"] = [
            [
                "guest_path": "/fly/boot.sh", "mode": 493,
                "raw_value": .string(Data(script.utf8).base64EncodedString()),
            ]
        ]
        for (name, value) in changes { config[name] = value }
        let answer = await send(
            "POST", "/v1/apps/\(app)/machines",
            [
                "name": "web", "config": .object(config),
                "min_secrets_version": set.value?["version"] ?? 0,
            ])
        let made = try #require(
            answer.value?["id"]?.string, "\(String(decoding: answer.body, as: UTF8.self))")
        machine.withLock { $0 = made }
    }

    /// Starts it, as soon as the platform lets it.
    func start() async throws {
        try await eventually { await self.call("POST", "/start").status == 200 }
    }

    func until(_ state: String) async throws {
        try await eventually { await self.value()["state"]?.string == state }
    }

    func log() async throws -> [String] {
        var (lines, cursor) = ([String](), "1")
        while true {
            let page = await send(
                "GET", "/api/v1/apps/\(app)/logs?next_token=\(cursor)", surface: .platform)
            let entries = page.value?["data"]?.array ?? []
            lines += entries.compactMap { $0["attributes"]?["message"]?.string }
            guard !entries.isEmpty else { return lines }
            cursor = try #require(page.value?["meta"]?["next_token"]?.string)
        }
    }

    @discardableResult
    func untilLogged(_ start: String, count: Int = 1) async throws -> String {
        let found = Locked("")
        try await eventually {
            // A failing read shows in what is found, which is nothing.
            let lines = (try? await self.log())?.filter { $0.hasPrefix(start) } ?? []
            found.withLock { $0 = lines.last ?? "" }
            return lines.count >= count
        }
        return found.withLock { $0 }
    }

    func untilListening(_ port: Int) async throws {
        try await eventually {
            let sockets = await self.call("GET", "/ps").value?.array?.first?["listen_sockets"]
            return sockets?.array?.first?["address"]?.string?.hasSuffix(":\(port)") == true
        }
    }

    func exitEvent() async -> JSONValue? {
        await value()["events"]?.array?.first { $0["type"] == "exit" }?["request"]?["exit_event"]
    }

    /// Asks again and again until it is so, for at most a minute.
    func eventually(_ isSo: @Sendable () async -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while await !isSo() {
            try #require(ContinuousClock.now < deadline, "it never came")
            try await Task.sleep(for: .milliseconds(10))
        }
    }
}
