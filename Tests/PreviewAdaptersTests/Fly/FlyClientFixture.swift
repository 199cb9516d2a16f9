import FlySimulator
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

/// A simulated Fly.io over loopback and a client for it, without a provider between.
struct FlyClientFixture {
    let simulator: FlySimulator
    let client: FlyClient
    var world: FlyWorld { simulator.world }

    static let app = "shop"
    static let config = JSONObject([
        .init(name: "image", value: "node:22"),
        .init(name: "metadata", value: ["preview_lineage": "a&b=c/d", "other": "x"]),
        .init(name: "services", value: [["protocol": "tcp", "internal_port": 3000]]),
    ])

    static let retries = RetryPolicy(backoff: .milliseconds(2), longestBackoff: .milliseconds(20))

    /// Runs a body with a platform that is a hundred times faster than the real one, shows
    /// everything at once and limits nothing, unless changed.
    static func with(
        _ change: (inout SimulatorConfiguration) -> Void = { _ in },
        retries changeRetries: (inout RetryPolicy) -> Void = { _ in },
        _ body: (FlyClientFixture) async throws -> Void
    ) async throws {
        var configuration = SimulatorConfiguration()
        configuration.delays = configuration.delays.scaled(by: 0.01)
        configuration.rateLimits = .none
        configuration.visibility = .immediate
        change(&configuration)
        var retries = Self.retries
        changeRetries(&retries)
        let simulator = try await FlySimulator.start(configuration)
        let token = configuration.credentials.first?.text ?? ""
        let fixture = FlyClientFixture(
            simulator: simulator, client: client(of: simulator, token: token, retries: retries))
        do {
            try await body(fixture)
        } catch {
            await simulator.stop()
            throw error
        }
        await simulator.stop()
    }

    /// Another client of a simulator, as another process has one.
    static func client(
        of simulator: FlySimulator, token: String, retries: RetryPolicy = Self.retries,
        patience: Duration = .seconds(60)
    ) -> FlyClient {
        FlyClient(
            token: FlyToken(token), machinesURL: simulator.machinesURL,
            platformURL: simulator.platformURL,
            http: HTTPClient(userAgent: "preview-tests", keepsCookies: true),
            retries: retries, patience: patience)
    }

    /// A client that waits for no answer longer than that.
    func client(patience: Duration, attempts: Int = 3) -> FlyClient {
        var retries = Self.retries
        retries.attempts = attempts
        return Self.client(
            of: simulator, token: SimulatorConfiguration.defaultToken, retries: retries,
            patience: patience)
    }

    /// Makes the app.
    func makeApp() async throws {
        try await client.createApp(Self.app, organization: "personal", idempotencyKey: "key-1")
    }

    /// Makes the app, and a machine that rests in it.
    func makeMachine(name: String = "web") async throws -> FlyMachine {
        try await makeApp()
        return try await client.createMachine(creation(name))
    }

    func creation(_ name: String = "web", regions: [String] = ["dfw"]) -> FlyMachineCreation {
        FlyMachineCreation(
            app: Self.app, name: name, regions: regions, config: Self.config, skipsLaunch: true)
    }

    /// Makes a machine and starts it; it runs when this returns.
    func makeStarted() async throws -> FlyMachine {
        let machine = try await makeMachine()
        try await start(machine)
        return try await client.machine(machine.id, of: Self.app)
    }

    /// Starts a machine as soon as the platform lets it.
    func start(_ machine: FlyMachine) async throws {
        let end = ContinuousClock.now + .seconds(20)
        while true {
            do {
                try await client.start(machine.id, in: Self.app)
                break
            } catch let failure as FlyFailure where failure.cause == .wrongState {
                try #require(ContinuousClock.now < end, "the machine never becomes ready")
                await world.advance(by: .milliseconds(10))
            }
        }
        let wait = try await client.wait(
            for: ["started"], of: machine.id, version: nil, in: Self.app, seconds: 20)
        #expect(wait == .reached("started"))
    }

    /// The failure of a call, which must fail.
    func failure<Result>(
        of call: () async throws -> Result, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> FlyFailure {
        let error = await #expect(throws: FlyFailure.self, sourceLocation: sourceLocation) {
            _ = try await call()
        }
        return try #require(error, sourceLocation: sourceLocation)
    }

    /// How often a path was asked for.
    func count(_ method: String, _ path: String) async -> Int {
        await world.requests.count { $0.method == method && $0.path == path }
    }
}
