import FlySimulator
import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport

/// A simulated Fly.io whose machines behave as the boot script does, and a provider for it.
struct FlyFixture {
    let simulator: FlySimulator
    let provider: FlyProvider
    var world: FlyWorld { simulator.world }

    static let app = "shop-4f1c9a2e"
    static let owner = Ownership(
        lineage: "11111111-2222-4333-8444-555555555555", source: Digest.hex("shop".utf8))

    /// Everything goes a hundred times faster than on the real platform.
    static func start(
        _ change: (inout SimulatorConfiguration) -> Void = { _ in },
        provider changeProvider: (inout FlyProvider.Surroundings) -> Void = { _ in }
    ) async throws -> FlyFixture {
        var configuration = SimulatorConfiguration(guests: .scripted(GuestScript.booting))
        configuration.delays = configuration.delays.scaled(by: 0.01)
        configuration.rateLimits = .none
        change(&configuration)
        let simulator = try await FlySimulator.start(configuration)
        var surroundings = Self.surroundings(of: simulator)
        changeProvider(&surroundings)
        return FlyFixture(simulator: simulator, provider: FlyProvider(surroundings))
    }

    /// Another provider for the same platform, as another process has one.
    static func surroundings(
        of simulator: FlySimulator, patience: Duration = .seconds(20)
    ) -> FlyProvider.Surroundings {
        let http = HTTPClient(userAgent: "preview-tests", keepsCookies: true)
        let retries = RetryPolicy(backoff: .milliseconds(5), longestBackoff: .milliseconds(50))
        var surroundings = FlyProvider.Surroundings(
            client: FlyClient(
                token: FlyToken(SimulatorConfiguration.defaultToken),
                machinesURL: simulator.machinesURL, platformURL: simulator.platformURL,
                http: http, retries: retries, patience: patience),
            organization: nil, urlTemplate: simulator.appPathTemplate, http: http,
            repositoryToken: nil, isPublic: { _ in true }, redactor: Redactor([]),
            now: { Timestamp(seconds: 1_795_000_000) })
        surroundings.pace.look = .milliseconds(10)
        surroundings.pace.visibility = .seconds(3)
        surroundings.pace.lease = .seconds(1)
        surroundings.pace.leaseWait = .seconds(3)
        surroundings.pace.start = .seconds(10)
        surroundings.pace.end = .seconds(10)
        return surroundings
    }

    /// Ends everything.
    func stop() async { await simulator.stop() }

    /// Runs a body with a fixture that ends however the body does.
    static func with(
        _ change: (inout SimulatorConfiguration) -> Void = { _ in },
        provider changeProvider: (inout FlyProvider.Surroundings) -> Void = { _ in },
        _ body: (FlyFixture) async throws -> Void
    ) async throws {
        let fixture = try await start(change, provider: changeProvider)
        do {
            try await body(fixture)
        } catch {
            await fixture.stop()
            throw error
        }
        await fixture.stop()
    }

    // MARK: - What is asked for

    var spec: MachineSpec {
        MachineSpec(
            app: Self.app, otherNames: ["shop-11111111", "shop-22222222"], owner: Self.owner,
            regions: ["dfw"], resources: .default, platform: Platform(runtime: "node"),
            expiresAt: nil)
    }

    var settings: Settings {
        Settings(
            environment: ["LOG_LEVEL": "info"], secretNames: [], resources: .default,
            lifecycle: .init(), port: 3000, revision: "0123456789abcdef", expiresAt: nil)
    }

    func release(_ commit: Int = 1, start: String = "npm start") -> Release {
        var health = Config.Health()
        health.timeout = 5
        return Release(
            fetchURL: "https://github.com/acme/shop", branch: "main",
            commit: SimulatedSource.commit(commit), path: "", install: "npm ci", build: nil,
            start: start, staticRoot: nil, platform: Platform(runtime: "node"), port: 3000,
            previewVariables: ["PREVIEW": "true"], settingsRevision: "0123456789abcdef",
            health: health, timeouts: .init())
    }
}
