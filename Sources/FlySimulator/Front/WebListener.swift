import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// A request as it came over the wire.
struct WebRequest: Sendable {
    var method: String
    /// Path and query as sent.
    var target: String
    /// The value of `Host`.
    var host: String
    var headers: [(name: String, value: String)]
    var body: [UInt8]
}

/// An HTTP/1.1 server on a port of the loopback address.
final class WebListener: Sendable {
    /// The port it listens on.
    let port: Int
    private let group: ServiceGroup
    private let task: Task<Void, Never>

    private init(port: Int, group: ServiceGroup, task: Task<Void, Never>) {
        self.port = port
        self.group = group
        self.task = task
    }

    deinit {
        task.cancel()
    }

    /// How large a request's body may be, in bytes.
    private static let bodyLimit = 16 << 20
    /// How long requests under way have to come to their end when the server is stopped.
    private static let patience = Duration.seconds(2)

    /// Listens at `port`, 0 for any free one, and has every request answered by `answer`. The
    /// `Date` header is `now`'s.
    static func start(
        port: Int, now: @escaping @Sendable () -> Instant,
        answer: @escaping @Sendable (WebRequest) async -> APIAnswer
    ) async throws -> WebListener {
        let (started, announce) = AsyncThrowingStream.makeStream(of: Int.self)
        var logger = Logger(label: "preview-flysim")
        logger.logLevel = .critical
        let server = try HTTPServerBuilder.http1().buildServer(
            configuration: ServerConfiguration(address: .hostname("127.0.0.1", port: port)),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger,
            responder: { request, writer, channel in
                try await respond(to: request, writer, channel, now: now, answer: answer)
            },
            onServerRunning: { channel in
                announce.yield(channel.localAddress?.port ?? port)
                announce.finish()
            })
        var services = ServiceGroupConfiguration(services: [server], logger: logger)
        services.maximumGracefulShutdownDuration = patience
        let group = ServiceGroup(configuration: services)
        let task = Task {
            do {
                try await group.run()
            } catch {
                announce.finish(throwing: error)
            }
        }
        for try await port in started {
            return WebListener(port: port, group: group, task: task)
        }
        throw CancellationError()
    }

    /// Listens no longer; requests under way are abandoned.
    ///
    /// Not by cancelling at once: a connection that has come and is not looked at yet would be
    /// thrown away unfinished, which ends the process (NIOAsyncWriter insists on `finish`).
    func stop() async {
        await group.triggerGracefulShutdown()
        await task.value
    }

    @concurrent private static func respond(
        to request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel,
        now: @Sendable () -> Instant, answer: @Sendable (WebRequest) async -> APIAnswer
    ) async throws {
        if request.headers[.expect]?.lowercased() == "100-continue" {
            try await writer.writeInformationalHead(HTTPResponse(status: .continue))
        }
        let body = try await request.body.collect(upTo: bodyLimit)
        let answer = await answer(WebRequest(request, body: Array(body.readableBytesView)))
        switch answer.delivery {
        case .whole:
            try await writer.write(
                response: head(of: answer, now()),
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body)))
        case .dropped: try await channel.close()
        case .hung:
            // However the wait ends, the connection does as well.
            try? await gracefulShutdown()
            try await channel.close()
        case .cut(let count):
            var body = try await writer.writeHead(head(of: answer, now()))
            try await body.write(ByteBuffer(bytes: answer.body.prefix(count)))
            try await channel.close()
        case .drip(let size, let pause):
            var body = try await writer.writeHead(head(of: answer, now()))
            var rest = answer.body[...]
            while !rest.isEmpty, !Task.isShuttingDownGracefully {
                try await body.write(ByteBuffer(bytes: rest.prefix(size)))
                rest = rest.dropFirst(size)
                // However the pause ends, the loop looks why.
                await cancelWhenGracefulShutdown { try? await Task.sleep(for: pause) }
            }
            guard rest.isEmpty else { return try await channel.close() }
            try await body.finish(nil)
        }
    }

    private static func head(of answer: APIAnswer, _ now: Instant) -> HTTPResponse {
        var fields = HTTPFields()
        for header in answer.headers {
            guard let name = HTTPField.Name(header.name) else { continue }
            fields.append(HTTPField(name: name, value: header.value))
        }
        if answer.status != 204, fields[.contentLength] == nil {
            fields[.contentLength] = String(answer.body.count)
        }
        fields[.date] = now.httpText
        return HTTPResponse(status: HTTPResponse.Status(code: answer.status), headerFields: fields)
    }
}

extension WebRequest {
    fileprivate init(_ request: Request, body: [UInt8]) {
        method = request.method.rawValue
        target = request.head.path ?? "/"
        host = request.head.authority ?? ""
        headers = request.headers.map { ($0.name.rawName, $0.value) }
        self.body = body
    }
}
