import FlySimulator
import PreviewCore
import PreviewSystem
import Testing

/// The public side, over HTTP, with scripted guests; the clock runs, the delays are short.
@Suite("Fly Proxy (reference, section 10)")
struct ProxyTests {
    private static let service: JSONValue = [
        "protocol": "tcp", "internal_port": 8080, "autostart": true, "autostop": "off",
        "ports": [
            ["port": 80, "handlers": ["http"]], ["port": 443, "handlers": ["tls", "http"]],
        ],
    ]

    private let client = HTTPClient(userAgent: "tests")

    private func makeConfig(_ changes: [String: JSONValue] = [:]) -> JSONValue {
        var service = Self.service.object ?? JSONObject()
        for (name, value) in changes { service[name] = value }
        return ["image": "a", "services": [.object(service)]]
    }

    /// A published app `shop` with one started machine.
    private func start(
        _ script: GuestScript = GuestScript(), config: JSONValue? = nil
    ) async throws -> Site {
        let site = try await Site.start(script)
        try await site.publish(config ?? makeConfig())
        return site
    }

    private func get(_ site: Site) async throws(HTTPFailure) -> HTTPResponse {
        try await client.send(HTTPRequest("GET", site.url))
    }

    @Test("a started machine answers, by host or by path, behind the proxy's headers")
    func answers() async throws {
        var script = GuestScript()
        script.response = .init(status: 201, headers: ["X-Commit": "abc"], body: "hello")
        let site = try await start(script)
        let response = try await get(site)
        #expect(response.status == 201 && response.body == Array("hello".utf8))
        #expect(response.header("x-commit") == "abc")
        #expect(response.header("via") == "1.1 fly.io")
        let path = site.simulator.appPathTemplate.replacing("{app}", with: "shop")
        #expect(try await client.send(HTTPRequest("GET", path)).status == 201)
        await site.simulator.stop()
    }

    @Test("an app without an address, or without being, does not resolve: no connection")
    func unresolved() async throws {
        let site = try await Site.start(GuestScript())
        try await site.publish(makeConfig(), withAddress: false)
        await #expect(throws: HTTPFailure.self) { try await get(site) }
        await site.simulator.stop()
    }

    @Test("a stopped machine is started by a request, which is held until it answers")
    func autostart() async throws {
        let site = try await start()
        try await site.stopMachine()
        #expect(try await get(site).status == 200)
        #expect(try await site.state() == "started")
        let sources = await site.world.state["apps"]?.array?.first?["machines"]?.array?.first?[
            "events"]
        #expect(sources?.array?.contains { $0["source"] == "proxy" } == true)
        await site.simulator.stop()
    }

    @Test("not with autostart off: 503 at once")
    func noAutostart() async throws {
        let site = try await start(config: makeConfig(["autostart": false]))
        try await site.stopMachine()
        #expect(try await get(site).status == 503)
        #expect(try await site.state() == "stopped")
        await site.simulator.stop()
    }

    @Test("a leased machine is not started: 503, and the proxy's log says why")
    func leased() async throws {
        let site = try await start()
        try await site.stopMachine()
        _ = await site.send("POST", "/lease", ["ttl": 60])
        #expect(try await get(site).status == 503)
        let log = await site.world.answer(
            APIRequest(
                "GET", "/api/v1/apps/shop/logs", surface: .platform, headers: Site.headers))
        let text = String(decoding: log.body, as: UTF8.self)
        #expect(text.contains("PM07") && text.contains("lease currently held"))
        await site.simulator.stop()
    }

    @Test("4.9: the proxy leases a machine for as long as it starts it")
    func proxyLease() async throws {
        let site = try await start()
        try await site.stopMachine()
        await site.world.advance(by: .seconds(1))
        async let response = get(site)
        try await site.untilWaiting()
        let refused = await site.send("POST", "/stop")
        #expect(refused.status == 409 && refused.errorText.contains("@tokens.fly.io"))
        #expect(try await response.status == 200)
        await site.world.advance(by: .seconds(1))
        #expect(await site.send("POST", "/stop").status == 200)
        await site.simulator.stop()
    }

    @Test("a cordoned machine gets no requests")
    func cordoned() async throws {
        let site = try await start()
        _ = await site.send("POST", "/cordon")
        #expect(try await get(site).status == 503)
        _ = await site.send("POST", "/uncordon")
        #expect(try await get(site).status == 200)
        await site.simulator.stop()
    }

    @Test("a machine that does not listen is 502 after a while, with PC01 in the log")
    func refused() async throws {
        var script = GuestScript()
        script.listensAfter = nil
        let site = try await start(script)
        async let response = get(site)
        try await site.untilWaiting()
        await site.world.advance(by: .seconds(5))
        #expect(try await response.status == 502)
        await site.simulator.stop()
    }

    @Test("a failing service check takes the machine out of routing")
    func unhealthy() async throws {
        var script = GuestScript()
        script.response = .init(status: 500)
        let check: JSONValue = ["type": "http", "path": "/", "interval": "10s"]
        let site = try await start(script, config: makeConfig(["checks": [check]]))
        #expect(try await get(site).status == 500)
        await site.world.advance(by: .seconds(11))
        #expect(try await get(site).status == 503)
        await site.simulator.stop()
    }

    @Test(
        "an idle machine is stopped or suspended at the next pass, one with autostop off is not",
        arguments: [("off", "started"), ("stop", "stopped"), ("suspend", "suspended")])
    func autostop(setting: String, state: String) async throws {
        let platform = Platform()
        let machine = try await platform.makeMachine(
            makeConfig(["autostop": .string(setting)]))
        await platform.pass(.seconds(179))
        #expect(await machine.state == "started")
        await platform.pass(.seconds(3))
        #expect(await machine.state == state)
    }

    @Test("autostop stops a machine in the middle of its first boot: builds are no traffic")
    func autostopDuringBoot() async throws {
        var script = GuestScript()
        script.listensAfter = .seconds(600)
        let platform = Platform(guest: script)
        let machine = try await platform.makeMachine(makeConfig(["autostop": "stop"]))
        await platform.pass(.seconds(185))
        #expect(await machine.state == "stopped")
    }

    @Test("of several machines in a region one is stopped a pass; min_machines_running stays")
    func autostopOneByOne() async throws {
        let platform = Platform()
        var machines: [TestMachine] = []
        for name in ["a", "b", "c"] {
            machines.append(
                try await platform.makeMachine(
                    makeConfig(["autostop": "stop", "min_machines_running": 1]), name: name))
        }
        var running: [Int] = []
        for _ in 0..<4 {
            var count = 0
            for machine in machines where await machine.state == "started" { count += 1 }
            running.append(count)
            await platform.pass(.seconds(185))
        }
        #expect(running == [0, 2, 1, 1])
    }

    @Test("suspend falls back to stop where it is not possible")
    func suspendFallsBack() async throws {
        let platform = Platform()
        var config = makeConfig(["autostop": "suspend"]).object ?? JSONObject()
        config["guest"] = ["cpus": 2, "memory_mb": 4096]
        let machine = try await platform.makeMachine(.object(config))
        await platform.pass(.seconds(185))
        #expect(await machine.state == "stopped")
    }
}

/// A simulator over HTTP with one app.
struct Site {
    static let headers = ["Authorization": "FlyV1 \(Platform.token)"]
    let simulator: FlySimulator
    var world: FlyWorld { simulator.world }
    var url: String { simulator.appURLTemplate.replacing("{app}", with: "shop") }

    static func start(_ script: GuestScript) async throws -> Site {
        var configuration = SimulatorConfiguration(guests: .scripted { _ in script })
        configuration.rateLimits = .none
        configuration.visibility = .immediate
        configuration.delays = configuration.delays.scaled(by: 0.01)
        configuration.delays.autostopPass = .seconds(3600)
        // Long enough to be met in the middle, also on a busy machine.
        configuration.delays.boot = .milliseconds(200)
        configuration.delays.proxyLease = .seconds(1)
        return Site(simulator: try await FlySimulator.start(configuration))
    }

    func request(_ method: String, _ target: String, _ json: JSONValue = [:]) async -> APIAnswer {
        await world.answer(APIRequest(method, target, headers: Self.headers, json: json))
    }

    /// A call on the machine.
    func send(_ method: String, _ rest: String, _ json: JSONValue = [:]) async -> APIAnswer {
        let list = await request("GET", "/v1/apps/shop/machines")
        let id = list.value?.array?.first?["id"]?.string ?? ""
        return await request(method, "/v1/apps/shop/machines/\(id)\(rest)", json)
    }

    func state() async throws -> String {
        try #require(await send("GET", "").value?["state"]?.string)
    }

    /// Makes the app `shop`, started and, if wanted, with an address.
    func publish(_ config: JSONValue, withAddress: Bool = true) async throws {
        _ = await request("POST", "/v1/apps", ["name": "shop", "org_slug": "personal"])
        if withAddress {
            _ = await request("POST", "/v1/apps/shop/ip_assignments", ["type": "shared_v4"])
        }
        let made = await request("POST", "/v1/apps/shop/machines", ["config": config])
        try #require(made.status == 200)
        try #require(await send("GET", "/wait?state=started").status == 200)
        await world.advance(by: .seconds(1))
    }

    func stopMachine() async throws {
        let version = await send("GET", "").value?["version"]?.string ?? ""
        #expect(await send("POST", "/stop").status == 200)
        try #require(await send("GET", "/wait?state=stopped&version=\(version)").status == 200)
    }

    func untilWaiting() async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while await world.waiting == 0 {
            try #require(ContinuousClock.now < deadline)
            await Task.yield()
        }
    }
}
