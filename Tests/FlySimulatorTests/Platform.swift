import FlySimulator
import PreviewCore
import Testing

/// A platform without HTTP on a clock that stands still, with the shortcuts of these tests.
struct Platform {
    static let token = SimulatorConfiguration.defaultToken
    static let config: JSONValue = ["image": "node:22"]

    let clock = SimulatedClock.manual()
    let world: FlyWorld

    /// A platform on which nothing is limited and everything is seen at once, unless changed.
    init(_ change: (inout SimulatorConfiguration) -> Void = { _ in }) {
        var configuration = SimulatorConfiguration()
        configuration.rateLimits = .none
        configuration.visibility = .immediate
        change(&configuration)
        world = FlyWorld(configuration, clock: clock)
    }

    /// A platform whose machines behave as the script says.
    init(guest script: GuestScript) {
        self.init { $0.guests = .scripted { _ in script } }
    }

    func send(
        _ method: String, _ target: String, _ json: JSONValue? = nil,
        headers: [String: String] = [:], surface: APIRequest.Surface = .machines,
        authorization: String? = "FlyV1 \(Platform.token)"
    ) async -> APIAnswer {
        var headers = headers
        if let authorization { headers["Authorization"] = authorization }
        guard let json else {
            return await world.answer(
                APIRequest(method, target, surface: surface, headers: headers))
        }
        return await world.answer(
            APIRequest(method, target, surface: surface, headers: headers, json: json))
    }

    /// Makes the app `shop`, or another one.
    @discardableResult
    func makeApp(_ name: String = "shop") async -> APIAnswer {
        await send("POST", "/v1/apps", ["name": .string(name), "org_slug": "personal"])
    }

    /// Makes a machine in `shop`, which is made if need be.
    func makeMachine(
        _ config: JSONValue = Platform.config, name: String = "web", body: JSONValue = [:]
    ) async throws -> TestMachine {
        await makeApp()
        var request = body.object ?? JSONObject()
        request["config"] = config
        request["name"] = .string(name)
        let answer = await send("POST", "/v1/apps/shop/machines", .object(request))
        try #require(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
        let id = try #require(answer.value?["id"]?.string)
        return TestMachine(platform: self, id: id, created: try #require(answer.value))
    }

    /// Makes a machine and lets time pass until it is started.
    func makeStarted(_ config: JSONValue = Platform.config) async throws -> TestMachine {
        let machine = try await makeMachine(config)
        await pass(.seconds(4))
        try #require(await machine.state == "started")
        return machine
    }

    func pass(_ duration: Duration) async {
        await world.advance(by: duration)
    }

    /// Waits until so many requests wait inside the platform.
    func untilWaiting(_ count: Int = 1) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while await world.waiting < count {
            try #require(ContinuousClock.now < deadline, "nobody waits")
            await Task.yield()
        }
    }

    /// Gives an app a public address and lets its name be known.
    func publish(_ app: String = "shop") async {
        _ = await send("POST", "/v1/apps/\(app)/ip_assignments", ["type": "shared_v4"])
        await pass(.seconds(3))
    }
}

/// A machine of the app `shop`.
struct TestMachine {
    let platform: Platform
    let id: String
    /// What the creation answered.
    let created: JSONValue

    var version: String { created["version"]?.string ?? "" }

    var value: JSONValue {
        get async { await send("GET").value ?? .null }
    }

    var state: String {
        get async { await value["state"]?.string ?? "" }
    }

    func send(
        _ method: String, _ rest: String = "", _ json: JSONValue? = nil, nonce: String? = nil
    ) async -> APIAnswer {
        await platform.send(
            method, "/v1/apps/shop/machines/\(id)\(rest)", json,
            headers: nonce.map { ["fly-machine-lease-nonce": $0] } ?? [:])
    }

    /// Takes the machine to a state of the table in section 5.3 of the reference.
    func bring(to state: String) async throws {
        let pass = platform.pass
        switch state {
        case "created": break
        case "starting": await pass(.seconds(1.6))
        case "started": await pass(.seconds(4))
        case "stopping":
            try await bring(to: "started")
            #expect(await send("POST", "/stop").status == 200)
        case "stopped":
            try await bring(to: "stopping")
            await pass(.seconds(5))
        case "suspended":
            try await bring(to: "started")
            #expect(await send("POST", "/suspend").status == 200)
            await pass(.seconds(2))
        case "replacing":
            try await bring(to: "started")
            #expect(await send("POST", "", ["config": Platform.config]).status == 200)
        case "failed":
            try await bring(to: "started")
            await platform.world.failMachine(id)
        case "destroying":
            #expect(await send("DELETE", "?force=true").status == 200)
        case "destroyed":
            try await bring(to: "destroying")
            await pass(.seconds(5))
        default: Issue.record("no way to \(state)")
        }
        try #require(await self.state == state)
    }
}

extension APIAnswer {
    /// The text of either shape of an error.
    var errorText: String { (value?["message"] ?? value?["error"])?.string ?? "" }
}
