import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import PreviewCore
import ServiceLifecycle

/// The server: the verbs of the command line over HTTP.
package struct ServerListener: Sendable {
    private let group: ServiceGroup
    private let runs: RunRegistry
    private let streams: EventStreams

    /// How many connections are served at once.
    private static let mostConnections = 1024
    /// How long a connection may take over a request, or be silent between two.
    private static let idle = TimeAmount.seconds(120)

    /// `log`: is given each request when its answer begins; must not wait.
    /// `ready`: is told the port once it listens.
    /// - Throws: ``Failure`` for a certificate or key that cannot be used.
    package init(
        _ settings: ServerSettings, previews: any Previews, tokens: ServerTokens,
        log: @escaping @Sendable (RequestRecord) -> Void,
        ready: @escaping @Sendable (_ port: Int) -> Void
    ) throws {
        let metrics = Metrics()
        runs = RunRegistry()
        streams = EventStreams(
            previews: previews, metrics: metrics, heartbeat: settings.heartbeat)
        let routes = Routes(
            previews: previews, runs: runs, streams: streams, metrics: metrics, tokens: tokens,
            isSecure: settings.identity != nil)
        let router = routes.router(
            gate: Gate(settings),
            authentication: Authentication(
                tokens, requestsPerSecond: settings.requestsPerSecond), log: log)
        var logger = Logger(label: "preview-server")
        logger.logLevel = .critical
        let application = Application(
            router: router, server: try Self.connections(settings),
            configuration: ApplicationConfiguration(
                address: .hostname(settings.address, port: settings.port),
                availableConnectionsDelegate: .maximum(Self.mostConnections, logger: logger)),
            onServerRunning: { ready($0.localAddress?.port ?? settings.port) },
            logger: logger)
        group = ServiceGroup(configuration: .init(services: [application], logger: logger))
    }

    /// Serves until ``stop()``.
    ///
    /// - Throws: ``ErrorCode/cannotListen`` where the port is taken.
    package func run() async throws {
        do {
            try await group.run()
        } catch let error as IOError {
            throw Failure(
                .cannotListen, "the server cannot listen: \(error.description)",
                fix: "choose another port with `--port`")
        }
    }

    /// Begins no run any more, ends those under way so that they can be resumed, and lets what is
    /// being answered be finished. Returns whether all runs have ended.
    package func stop() async -> Bool {
        let hasEnded = await runs.stop()
        await streams.close()
        await group.triggerGracefulShutdown()
        return hasEnded
    }

    private static func connections(_ settings: ServerSettings) throws -> HTTPServerBuilder {
        let plain = HTTPServerBuilder.http1(
            configuration: .init(
                idleTimeout: idle,
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 8 << 10, maxHeaderListSize: 16 << 10,
                    maxHeaderFieldCount: 100)))
        guard let identity = settings.identity else { return plain }
        do {
            let chain = try NIOSSLCertificate.fromPEMBytes(identity.chain)
            let key = try NIOSSLPrivateKey(bytes: identity.key, format: .pem)
            return try .tls(
                plain,
                tlsConfiguration: .makeServerConfiguration(
                    certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key)))
        } catch {
            throw Failure(
                .cannotListen, .usage, "the certificate or its key cannot be used: \(error)",
                fix: "both have to be PEM files that belong together")
        }
    }
}
