import PreviewCore

/// A simulated Fly.io that answers over HTTP.
///
/// Three servers, as the real platform has three names: the Machines API with the control endpoints
/// under `/_sim`, the platform's API for GraphQL and logs, and the public side of apps.
package final class FlySimulator: Sendable {
    /// Where it listens; 0 for any free port.
    package struct Ports: Hashable, Sendable {
        /// The Machines API.
        package var machines: Int
        /// GraphQL and logs.
        package var platform: Int
        /// The apps.
        package var apps: Int

        /// Any free ports, unless said otherwise.
        package init(machines: Int = 0, platform: Int = 0, apps: Int = 0) {
            self.machines = machines
            self.platform = platform
            self.apps = apps
        }
    }

    /// The platform behind the servers, for tests in the same process.
    package let world: FlyWorld
    private let token: String
    private let machines: WebListener
    private let platform: WebListener
    private let apps: WebListener

    private init(
        world: FlyWorld, token: String, machines: WebListener, platform: WebListener,
        apps: WebListener
    ) {
        self.world = world
        self.token = token
        self.machines = machines
        self.platform = platform
        self.apps = apps
    }

    /// Starts a simulator; all three servers listen when this returns.
    ///
    /// - Throws: what keeps it from listening, such as a port in use.
    package static func start(
        _ configuration: SimulatorConfiguration = SimulatorConfiguration(),
        clock: SimulatedClock = .running(), ports: Ports = Ports()
    ) async throws -> FlySimulator {
        let world = FlyWorld(configuration, clock: clock)
        let now: @Sendable () -> Instant = { clock.now }
        let front = AppFront(world: world)
        return FlySimulator(
            world: world, token: configuration.credentials.first?.text ?? "",
            machines: try await .start(port: ports.machines, now: now) { request in
                await answer(request, surface: .machines, world)
            },
            platform: try await .start(port: ports.platform, now: now) { request in
                await answer(request, surface: .platform, world)
            },
            apps: try await .start(port: ports.apps, now: now, answer: front.answer))
    }

    /// Ends all servers and machines; who still waits for a machine is told
    /// that it is gone, or nothing.
    package func stop() async {
        await world.end()
        async let machines: Void = machines.stop()
        async let platform: Void = platform.stop()
        async let apps: Void = apps.stop()
        _ = await (machines, platform, apps)
        // A request may have come in between.
        await world.end()
    }

    /// The base URL of the Machines API, without `/v1`.
    package var machinesURL: String { "http://127.0.0.1:\(machines.port)" }

    /// The base URL of GraphQL and logs.
    package var platformURL: String { "http://127.0.0.1:\(platform.port)" }

    /// The URL of an app, with `{app}` for its name.
    package var appURLTemplate: String { "http://{app}.localhost:\(apps.port)" }

    /// The same for clients that do not resolve names under `localhost`.
    package var appPathTemplate: String { "http://127.0.0.1:\(apps.port)/_app/{app}" }

    /// What a client needs in its environment to use this simulator instead of Fly.io.
    package var environment: [(name: String, value: String)] {
        [
            ("FLY_FLAPS_BASE_URL", machinesURL), ("FLY_API_BASE_URL", platformURL),
            ("FLY_APP_URL_TEMPLATE", appURLTemplate), ("FLY_API_TOKEN", token),
        ]
    }

    private static func answer(
        _ request: WebRequest, surface: APIRequest.Surface, _ world: FlyWorld
    ) async -> APIAnswer {
        if surface == .machines, request.target.hasPrefix("/_sim/") {
            let answer = await world.control(request.method, request.target, request.body)
            return answer ?? .notRouted
        }
        return await world.answer(
            APIRequest(
                request.method, request.target, surface: surface,
                headers: headers(of: request), body: request.body))
    }

    private static func headers(of request: WebRequest) -> [String: String] {
        Dictionary(
            request.headers.map { ($0.name.lowercased(), $0.value) },
            uniquingKeysWith: { "\($0); \($1)" })
    }
}
