import FlySimulator
import PreviewCore
import PreviewSystem
import Testing

@Suite("Requests that go wrong, over HTTP")
struct FaultTests {
    private let client = HTTPClient(userAgent: "tests")
    private static let body: [UInt8] = Array(#"{"name":"shop","org_slug":"personal"}"#.utf8)

    private func start() async throws -> FlySimulator {
        var configuration = SimulatorConfiguration()
        configuration.rateLimits = .none
        configuration.visibility = .immediate
        return try await FlySimulator.start(configuration)
    }

    private func create(
        on simulator: FlySimulator, timeout: Duration = .seconds(30)
    ) async throws(HTTPFailure) -> HTTPResponse {
        try await client.send(
            HTTPRequest(
                "POST", "\(simulator.machinesURL)/v1/apps",
                headers: [HTTPHeader("Authorization", "FlyV1 \(Platform.token)")],
                body: Self.body, timeout: timeout))
    }

    private func failure(
        of simulator: FlySimulator, timeout: Duration = .seconds(30)
    ) async -> HTTPFailure? {
        do throws(HTTPFailure) {
            _ = try await create(on: simulator, timeout: timeout)
            return nil
        } catch {
            return error
        }
    }

    @Test(
        "an answer in place of the effect, and one after it",
        arguments: [Fault.Occasion.before, .after])
    func status(occasion: Fault.Occasion) async throws {
        let simulator = try await start()
        await simulator.world.add(
            Fault(.answer(status: 503, body: #"{"error":"no"}"#), occasion))
        let response = try await create(on: simulator)
        #expect(response.status == 503 && response.body == Array(#"{"error":"no"}"#.utf8))
        #expect(response.header("content-type") == "application/json")
        #expect(await simulator.world.counters.apps == (occasion == .after ? 1 : 0))
        #expect(try await create(on: simulator).status == (occasion == .after ? 422 : 201))
        await simulator.stop()
    }

    @Test(
        "a connection that is closed without an answer", arguments: [Fault.Occasion.before, .after])
    func drop(occasion: Fault.Occasion) async throws {
        let simulator = try await start()
        await simulator.world.add(Fault(.drop, occasion))
        #expect(await failure(of: simulator)?.cause == .connectionLost)
        #expect(await simulator.world.counters.apps == (occasion == .after ? 1 : 0))
        #expect(await simulator.world.requests.first?.status == 0)
        await simulator.stop()
    }

    @Test("an answer that never comes", arguments: [Fault.Occasion.before, .after])
    func hang(occasion: Fault.Occasion) async throws {
        let simulator = try await start()
        await simulator.world.add(Fault(.hang, occasion))
        let failure = await failure(of: simulator, timeout: .milliseconds(300))
        #expect(failure?.cause == .timedOut(.waiting))
        #expect(await simulator.world.counters.apps == (occasion == .after ? 1 : 0))
        await simulator.stop()
    }

    @Test("a body that ends too early")
    func cut() async throws {
        let simulator = try await start()
        await simulator.world.add(Fault(.cut(bytes: 5)))
        #expect(await failure(of: simulator)?.cause == .connectionLost)
        #expect(await simulator.world.counters.apps == 1)
        await simulator.stop()
    }

    @Test("a body that is no JSON")
    func garble() async throws {
        let simulator = try await start()
        await simulator.world.add(Fault(.garble(body: "<html>")))
        let response = try await create(on: simulator)
        #expect(response.status == 201 && response.body == Array("<html>".utf8))
        await simulator.stop()
    }

    @Test("a body that comes drop by drop")
    func drip() async throws {
        let simulator = try await start()
        await simulator.world.add(Fault(.drip(bytes: 4, every: .milliseconds(1))))
        let response = try await create(on: simulator)
        #expect(response.status == 201)
        #expect(try JSONReader.read(response.body)["id"] != nil)
        await simulator.world.add(Fault(.drip(bytes: 1, every: .seconds(5))))
        let failure = await failure(of: simulator, timeout: .seconds(1.5))
        #expect(failure?.cause == .timedOut(.receiving))
        await simulator.stop()
    }

    @Test("a delay goes by the clock, before or after the effect")
    func delay() async throws {
        let platform = Platform()
        await platform.world.add(Fault(.delay(.seconds(10)), .before))
        let answer = Task { await platform.makeApp() }
        while await platform.world.requests.isEmpty { await Task.yield() }
        #expect(await platform.world.counters.apps == 0)
        // The request may not sleep yet when the clock is moved, so it is moved until it is done.
        let ticks = Task { while !Task.isCancelled { await platform.pass(.seconds(1)) } }
        #expect(await answer.value.status == 201)
        ticks.cancel()
        let times = await platform.world.requests.first
        #expect((times?.answeredAt).map { $0 - (times?.time ?? $0) >= .seconds(10) } == true)
    }

    @Test(
        "rules meet by method, path and count",
        arguments: [
            (Fault(.drop), [1]), (Fault(.drop, nth: 3), [3]),
            (Fault(.drop, nth: 2, count: 2), [2, 3]), (Fault(.drop, count: nil), [1, 2, 3, 4, 5]),
            (Fault(.drop, method: "POST"), [2]), (Fault(.drop, path: "/v1/apps/*"), [1]),
            (Fault(.drop, path: "/v1/apps/**", count: nil), [1, 3, 5]),
            (Fault(.drop, path: "/v1/*/a/mach*", count: nil), [3]),
            (Fault(.drop, method: "GET", path: "/v1/apps", count: nil), [4]),
        ])
    func matching(fault: Fault, dropped: [Int]) async {
        let platform = Platform()
        await platform.world.add(fault)
        let calls = [
            ("GET", "/v1/apps/a"), ("POST", "/v1/apps"), ("GET", "/v1/apps/a/machines"),
            ("GET", "/v1/apps?org_slug=personal"), ("GET", "/v1/apps/a/machines/b/wait"),
        ]
        var hits: [Int] = []
        for (index, call) in calls.enumerated()
        where await platform.send(call.0, call.1).delivery == .dropped {
            hits.append(index + 1)
        }
        #expect(hits == dropped)
    }
}
