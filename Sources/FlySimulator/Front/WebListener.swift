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
    private let task: Task<Void, Never>

    private init(port: Int, task: Task<Void, Never>) {
        self.port = port
        self.task = task
    }

    deinit {
        task.cancel()
    }

    /// How large a request's body may be, in bytes.
    private static let bodyLimit = 16 << 20

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
        let task = Task {
            do {
                try await server.run()
            } catch {
                announce.finish(throwing: error)
            }
        }
        for try await port in started { return WebListener(port: port, task: task) }
        throw CancellationError()
    }

    /// Listens no longer; requests under way are abandoned.
    func stop() async {
        task.cancel()
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
            while !Task.isCancelled {
                // Ends only when the server is stopped.
                try? await Task.sleep(for: .seconds(3600))
            }
            try await channel.close()
        case .cut(let count):
            var body = try await writer.writeHead(head(of: answer, now()))
            try await body.write(ByteBuffer(bytes: answer.body.prefix(count)))
            try await channel.close()
        case .drip(let size, let pause):
            var body = try await writer.writeHead(head(of: answer, now()))
            var rest = answer.body[...]
            while !rest.isEmpty {
                try await body.write(ByteBuffer(bytes: rest.prefix(size)))
                rest = rest.dropFirst(size)
                try await Task.sleep(for: pause)
            }
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
