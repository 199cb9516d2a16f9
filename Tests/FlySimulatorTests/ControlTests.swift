import FlySimulator
import PreviewCore
import PreviewSystem
import Testing

@Suite("The servers and their control endpoints")
struct ControlTests {
    private let client = HTTPClient(userAgent: "tests")

    private func call(
        _ method: String, _ url: String, _ json: JSONValue? = nil, headers: [HTTPHeader] = []
    ) async throws -> HTTPResponse {
        try await client.send(
            HTTPRequest(method, url, headers: headers, body: json.map(JSONWriter.line)))
    }

    private func control(
        _ simulator: FlySimulator, _ method: String, _ name: String, _ json: JSONValue? = nil
    ) async throws -> JSONValue {
        let response = try await call(method, "\(simulator.machinesURL)/_sim/\(name)", json)
        try #require(response.status == 200, "\(name): \(response.status)")
        return try JSONReader.read(response.body)
    }

    private var token: HTTPHeader { HTTPHeader("Authorization", "FlyV1 \(Platform.token)") }

    @Test("the environment names three servers and the token")
    func environment() async throws {
        let simulator = try await FlySimulator.start()
        #expect(
            simulator.environment.map(\.name) == [
                "FLY_FLAPS_BASE_URL", "FLY_API_BASE_URL", "FLY_APP_URL_TEMPLATE", "FLY_API_TOKEN",
            ])
        let machines = try await call("GET", "\(simulator.machinesURL)/v1/platform/regions")
        #expect(machines.status == 200)
        #expect(machines.header("content-type") == "application/json")
        // Each API is at its own address only.
        #expect(try await call("GET", "\(simulator.platformURL)/v1/platform/regions").status == 404)
        #expect(try await call("POST", "\(simulator.machinesURL)/graphql").status == 404)
        #expect(try await call("POST", "\(simulator.platformURL)/graphql").status == 401)
        await simulator.stop()
        await #expect(throws: HTTPFailure.self) {
            try await call("GET", "\(simulator.machinesURL)/v1/platform/regions")
        }
    }

    @Test("stopping does not wait for those who wait")
    func stopWhileWaiting() async throws {
        var configuration = SimulatorConfiguration()
        configuration.visibility = .immediate
        let simulator = try await FlySimulator.start(configuration, clock: .manual())
        await simulator.world.plantApp("shop", organization: "personal")
        let planted = await simulator.world.plantMachine(inApp: "shop", name: "web")
        let id = try #require(planted)
        async let answer = call(
            "GET", "\(simulator.machinesURL)/v1/apps/shop/machines/\(id)/wait?state=failed",
            headers: [token])
        let deadline = ContinuousClock.now + .seconds(20)
        while await simulator.world.waiting == 0 {
            try #require(ContinuousClock.now < deadline)
            await Task.yield()
        }
        // On a clock that stands still the wait would have no end.
        await simulator.stop()
        // 404, or nothing: the server may be gone before it can say so.
        _ = try? await answer
    }

    @Test("a port in use is an error")
    func portInUse() async throws {
        let simulator = try await FlySimulator.start()
        let port = simulator.machinesURL.split(separator: ":").last.flatMap { Int($0) } ?? 0
        await #expect(throws: (any Error).self) {
            try await FlySimulator.start(ports: .init(machines: port))
        }
        await simulator.stop()
    }

    @Test("the Date header goes by the simulator's clock")
    func date() async throws {
        let simulator = try await FlySimulator.start(clock: .manual())
        let url = "\(simulator.machinesURL)/v1/platform/regions"
        #expect(try await call("GET", url).header("date") == "Tue, 24 Nov 2026 06:00:00 GMT")
        _ = try await control(simulator, "POST", "clock", ["advance": "36h"])
        #expect(try await call("GET", url).header("date") == "Wed, 25 Nov 2026 18:00:00 GMT")
        await simulator.stop()
    }

    @Test("requests are listed with path, query, digest and headers, and never a token")
    func requests() async throws {
        let simulator = try await FlySimulator.start()
        let body: JSONValue = ["name": "shop", "org_slug": "personal"]
        _ = try await call(
            "POST", "\(simulator.machinesURL)/v1/apps?wait=true", body, headers: [token])
        let listed = try await control(simulator, "GET", "requests")
        let request = try #require(listed.array?.first)
        #expect(listed.array?.count == 1)
        #expect(request["method"] == "POST" && request["path"] == "/v1/apps")
        #expect(request["query"] == [["name": "wait", "value": "true"]])
        #expect(request["status"] == 201 && request["number"] == 1)
        #expect(request["body_sha256"]?.string == Digest.hex(JSONWriter.line(body)))
        #expect(request["headers"]?["authorization"] == "FlyV1")
        #expect(!JSONWriter.pretty(listed).contains(Platform.token))
        _ = try await control(simulator, "DELETE", "requests")
        #expect(try await control(simulator, "GET", "requests") == [])
        await simulator.stop()
    }

    @Test("state shows what there is and what was ever made; reset forgets it")
    func state() async throws {
        let simulator = try await FlySimulator.start()
        _ = try await control(
            simulator, "POST", "apps", ["name": "theirs", "organization": "others"])
        _ = try await control(
            simulator, "POST", "apps", ["name": "ours", "organization": "personal"])
        let made = try await control(
            simulator, "POST", "machines",
            ["app": "ours", "name": "stray", "config": ["image": "a", "metadata": ["k": "v"]]])
        let state = try await control(simulator, "GET", "state")
        #expect(state["counters"]?["apps"] == 2 && state["counters"]?["machines"] == 1)
        let ours = try #require(state["apps"]?.array?.first { $0["name"] == "ours" })
        #expect(ours["machines"]?.array?.first?["id"] == made["id"])
        #expect(ours["organization"] == "personal" && ours["is_deleted"] == false)
        _ = try await control(simulator, "POST", "reset")
        #expect(try await control(simulator, "GET", "state")["apps"] == [])
        await simulator.stop()
    }

    @Test("faults, lag, capacity, images, tokens and the clock are set from outside")
    func setUp() async throws {
        var configuration = SimulatorConfiguration()
        configuration.rateLimits = .none
        let simulator = try await FlySimulator.start(configuration)
        let apps = "\(simulator.machinesURL)/v1/apps"
        func status(_ method: String, _ path: String, _ json: JSONValue? = nil) async throws -> Int
        {
            try await call(method, apps + path, json, headers: [token]).status
        }
        _ = try await control(simulator, "POST", "lag", ["missed_reads": 0])
        _ = try await control(
            simulator, "POST", "faults",
            ["effect": "status", "status": 500, "method": "POST", "when": "after"])
        #expect(try await status("POST", "", ["name": "shop", "org_slug": "personal"]) == 500)
        #expect(try await status("GET", "/shop") == 200)
        let faults = try await control(simulator, "GET", "faults")
        #expect(faults.array?.first?["met"] == 1 && faults.array?.first?["when"] == "after")
        _ = try await control(simulator, "DELETE", "faults")
        _ = try await control(
            simulator, "POST", "capacity",
            ["full_regions": ["iad"], "full_hosts": ["dfw": "CPUs"]])
        _ = try await control(simulator, "POST", "images", ["missing": ["gone:1"]])
        func create(_ region: String, _ image: String = "a") async throws -> Int {
            try await status(
                "POST", "/shop/machines",
                ["region": .string(region), "config": ["image": .string(image)]])
        }
        #expect(try await create("iad") == 422)
        #expect(try await create("dfw") == 409)
        #expect(try await create("ams", "gone:1") == 400)
        _ = try await control(
            simulator, "POST", "capacity", ["machine_limits": ["personal": 0]])
        #expect(try await create("ams") == 422)
        _ = try await control(simulator, "POST", "tokens", ["token": .string(Platform.token)])
        #expect(try await status("GET", "/shop") == 401)
        await simulator.stop()
    }

    @Test(
        "what makes no sense is 400, what is not there 404",
        arguments: [
            ("faults", ["effect": "explode"], 400), ("faults", ["effect": "status"], 400),
            ("faults", ["effect": "drop", "when": "never"], 400),
            ("clock", ["advance": "soon"], 400), ("apps", ["name": "a"], 400),
            ("machines", ["app": "none", "name": "a"], 400), ("nonsense", [:], 404),
        ] as [(String, JSONValue, Int)])
    func refused(name: String, body: JSONValue, status: Int) async throws {
        let simulator = try await FlySimulator.start()
        let response = try await call("POST", "\(simulator.machinesURL)/_sim/\(name)", body)
        #expect(response.status == status)
        await simulator.stop()
    }

    @Test(
        "a rule reads as it is shown",
        arguments: [
            Fault(.answer(status: 429, body: "x"), .after, method: "GET", path: "/v1/**", nth: 2),
            Fault(.delay(.milliseconds(50)), count: nil), Fault(.drop), Fault(.hang, .after),
            Fault(.cut(bytes: 3)), Fault(.garble(body: "no")),
            Fault(.drip(bytes: 2, every: .milliseconds(5)), nth: 4, count: 7),
        ])
    func faultDocument(fault: Fault) async throws {
        let simulator = try await FlySimulator.start()
        await simulator.world.add(fault)
        let shown = try await control(simulator, "GET", "faults").array?.first
        _ = try await control(simulator, "DELETE", "faults")
        _ = try await control(simulator, "POST", "faults", shown)
        #expect(try await control(simulator, "GET", "faults").array?.first == shown)
        await simulator.stop()
    }

    @Test("many clients at once are all answered")
    func concurrent() async throws {
        var configuration = SimulatorConfiguration()
        configuration.rateLimits = .none
        let simulator = try await FlySimulator.start(configuration)
        let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<50 {
                let body: JSONValue = ["name": .string("app-\(index)"), "org_slug": "personal"]
                group.addTask {
                    try await call(
                        "POST", "\(simulator.machinesURL)/v1/apps", body, headers: [token]
                    ).status
                }
            }
            return try await group.reduce(into: [Int: Int]()) { $0[$1, default: 0] += 1 }
        }
        #expect(statuses == [201: 50])
        #expect(await simulator.world.counters.apps == 50)
        await simulator.stop()
    }
}
