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
        var configuration = SimulatorConfiguration(guests: .scripted(Self.guest))
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

    // MARK: - Guests

    /// A guest that says what the boot script says of a boot that works, or of one that the commit
    /// asks to fail.
    @Sendable static func guest(_ boot: GuestBoot) -> GuestScript {
        var script = GuestScript()
        guard let key = boot.environment["PREVIEW_BOOT_KEY"] else {
            script.listensAfter = nil
            script.end = .init(after: .zero, code: 0)
            return script
        }
        var number = 0
        func say(_ words: String) {
            number += 1
            script.lines.append(
                .init(after: .milliseconds(2 * number), marker(key, boot.number, number, words)))
        }
        let start = boot.environment["PREVIEW_BOOT_START"] ?? ""
        for phase in BootPhase.allCases {
            say("phase name=\(phase.rawValue) state=begin")
            script.lines.append(
                .init(after: .milliseconds(2 * number), "output of \(phase.rawValue)"))
            if start == "fail \(phase.rawValue)" {
                say("failed phase=\(phase.rawValue) reason=command status=3")
                script.listensAfter = nil
                script.end = .init(
                    after: .milliseconds(2 * number + 2), code: 110 + phase.number)
                return script
            }
            say("phase name=\(phase.rawValue) state=end ms=\(10 * phase.number)")
        }
        say("ready status=200")
        script.listensAfter = .milliseconds(5)
        script.response.body = boot.environment["PREVIEW_BOOT_COMMIT"] ?? ""
        return script
    }

    /// A marker as the boot script writes it.
    static func marker(_ key: String, _ boot: Int, _ number: Int, _ words: String) -> String {
        "::preview:\(key):\(1_795_000_000 + boot)-\(boot):\(number):\(words);"
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
