import FlySimulator
import PreviewCore
import Testing

/// A simulated Fly.io for the programs of a sandbox, whose machines say that they booted.
struct SimulatedFly {
    let box: Sandbox
    private let simulator: FlySimulator

    var world: FlyWorld { simulator.world }

    /// Runs a test with a platform of its own, where everything goes fast and is seen at
    /// once, unless changed.
    static func use(
        _ change: (inout SimulatorConfiguration) -> Void = { _ in },
        _ body: (SimulatedFly) async throws -> Void
    ) async throws {
        var configuration = SimulatorConfiguration(guests: .scripted(GuestScript.booting))
        configuration.delays = configuration.delays.scaled(by: 0.002)
        configuration.rateLimits = .none
        configuration.visibility = .immediate
        change(&configuration)
        try await Sandbox.use { box in
            let simulator = try await FlySimulator.start(configuration)
            do {
                try await body(SimulatedFly(box: box, simulator: simulator))
            } catch {
                await simulator.stop()
                throw error
            }
            await simulator.stop()
        }
    }

    /// What a program needs in its environment to find it.
    var variables: [String: String] {
        var variables = Dictionary(uniqueKeysWithValues: simulator.environment.map { $0 })
        variables["FLY_APP_URL_TEMPLATE"] = simulator.appPathTemplate
        variables["FLY_ORG"] = "personal"
        return variables
    }

    /// Runs the program to its end.
    func preview(_ arguments: String...) async throws -> Outcome {
        try await box.run([Program.path] + arguments, with: variables)
    }

    /// A page in a repository, and a preview.yaml for it with further lines.
    func makeRepository(_ more: String = "") async throws {
        try await box.makeRepository()
        try configure(more)
    }

    /// Writes preview.yaml anew, with further lines.
    func configure(_ more: String = "") throws {
        try box.write(
            "preview.yaml",
            "version: 1\nname: shop\nrepo: file://\(box.root)/repo\nprovider: fly\n" + more)
    }

    /// Makes an app with one machine, as a person would by hand; the machine's id.
    func makeByHand(_ app: String, metadata: JSONValue = [:]) async throws -> String? {
        await world.plantApp(app, organization: "personal")
        _ = try await box.run(
            [
                "/usr/bin/curl", "-sf", "\(simulator.machinesURL)/v1/apps/\(app)/ip_assignments",
                "-H", "Authorization: Bearer \(variables["FLY_API_TOKEN"] ?? "")",
                "-d", "{\"type\":\"shared_v4\"}",
            ])
        await world.forgetRequests()
        return await world.plantMachine(
            inApp: app, name: "by-hand",
            config: ["image": "nginx:latest", "metadata": metadata])
    }

    /// The apps that are there now.
    func apps() async -> [JSONValue] {
        ((await world.state)["apps"]?.array ?? []).filter { $0["is_deleted"]?.bool != true }
    }

    /// The machines of all apps that are not gone or going.
    func machines() async -> [JSONValue] {
        await apps().flatMap { $0["machines"]?.array ?? [] }.filter {
            !["destroyed", "destroying"].contains($0["state"]?.string ?? "")
        }
    }

    /// The only machine.
    func machine() async throws -> JSONValue {
        let machines = await machines()
        try #require(machines.count == 1, "\(machines.count) machines")
        return machines[0]
    }

    /// Calls so far that change something, such as `PATCH /v1/apps/shop/machines/1/metadata`.
    func changes() async -> [String] {
        await world.requests.filter { $0.method != "GET" }.map { "\($0.method) \($0.path)" }
    }
}
