import ArgumentParser
import FlySimulator
import FoundationEssentials
import PreviewSystem

/// The `preview-flysim` command.
@main
struct PreviewFlySim: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview-flysim",
        abstract: "A simulated Fly.io, to try previews without an account.",
        discussion: """
            Prints what a client needs in its environment, one NAME=value a line, and runs until it \
            is interrupted:

              preview-flysim --execute > fly.env &
              env $(cat fly.env) preview up

            What happens behind the client's back is done, and seen, at the first address under \
            /_sim: GET state and requests; POST faults, lag, capacity, images, apps, machines, end, \
            tokens, clock and reset; DELETE faults and requests. All take and give JSON.

            Machines only say that they booted. With --execute their boot scripts really run, in \
            scratch folders on this machine. Nothing is confined: run only what you trust.
            """)

    @Option(help: "Port of the Machines API; 0 for any free one.")
    var port = 0

    @Option(help: "Port of GraphQL and logs; 0 for any free one.")
    var platformPort = 0

    @Option(help: "Port of the apps; 0 for any free one.")
    var appsPort = 0

    @Option(help: "Factor for the platform's delays: 1 is like the real one, 0.01 nearly none.")
    var scale = 1.0

    @Option(help: "Milliseconds that every call takes, as the way there and back would.")
    var latency = 0

    @Flag(help: "Really run the machines' boot scripts.")
    var execute = false

    @Option(help: "Folder for the machines' files; else a new one, removed at the end.")
    var folder: String?

    @Option(help: "The token to accept, of the kind its prefix says.")
    var token = SimulatorConfiguration.defaultToken

    @Option(help: "Slug of the organization the token is for.")
    var organization = "personal"

    @Option(help: "Name of an app that another organization has already; may be repeated.")
    var foreignApp: [String] = []

    @Option(help: "How many reads without the affinity cookie miss a fresh object.")
    var missedReads = 1

    @Flag(help: "Accept any number of calls a second.")
    var noRateLimits = false

    @Flag(help: "Give out app URLs with the app in the path, not in the host.")
    var pathUrls = false

    func validate() throws {
        guard (0...100).contains(scale) else {
            throw ValidationError("--scale must be from 0 to 100.")
        }
        guard (0...60_000).contains(latency) else {
            throw ValidationError("--latency must be from 0 to 60000.")
        }
    }

    func run() async throws {
        let endings = try Signals.install()
        let scratch = execute ? try makeScratchFolder() : nil
        let simulator = try await FlySimulator.start(
            makeConfiguration(scratch: scratch),
            ports: .init(machines: port, platform: platformPort, apps: appsPort))
        for name in foreignApp {
            await simulator.world.plantApp(name, organization: "somebody-else")
        }
        announce(simulator)
        for await _ in endings { break }
        await simulator.stop()
        if folder == nil, let scratch {
            // Machines are ended; what they hold on to is removed by the system some day.
            try? FileManager.default.removeItem(atPath: scratch)
        }
    }

    private func makeConfiguration(scratch: String?) -> SimulatorConfiguration {
        let owner: Organization =
            organization == "personal" ? .personal : Organization(organization)
        var configuration = SimulatorConfiguration(
            organizations: [owner],
            credentials: [Credential(bareToken, organization: organization)],
            guests: .scripted(GuestScript.booting),
            // Ids must be new each time: machines are found by theirs among this one's processes.
            seed: Moment.randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) })
        if let scratch {
            let path = Host.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
            configuration.guests = .executed(.init(folder: scratch, searchPath: path))
        }
        configuration.delays = configuration.delays.scaled(by: scale)
        configuration.latency = .milliseconds(latency)
        configuration.visibility.missedReads = missedReads
        if noRateLimits { configuration.rateLimits = .none }
        return configuration
    }

    /// The token without a scheme, which `fly tokens create` prints before it.
    private var bareToken: String {
        for scheme in ["FlyV1 ", "Bearer "] where token.hasPrefix(scheme) {
            return String(token.dropFirst(scheme.count))
        }
        return token
    }

    private func makeScratchFolder() throws -> String {
        let suffix = Moment.randomBytes(6).map { String($0, radix: 16) }.joined()
        let path = folder ?? "/tmp/preview-flysim-\(suffix)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700])
        return Host.resolved(path) ?? path
    }

    private func announce(_ simulator: FlySimulator) {
        let lines = simulator.environment.map { name, value in
            let isPath = pathUrls && name == "FLY_APP_URL_TEMPLATE"
            return "\(name)=\(isPath ? simulator.appPathTemplate : value)\n"
        }
        OutputChannel.standardOutput.write(lines.joined())
        OutputChannel.standardError.write(
            "A simulated Fly.io runs; see \(simulator.machinesURL)/_sim/state. Ctrl-C ends it.\n")
    }
}
