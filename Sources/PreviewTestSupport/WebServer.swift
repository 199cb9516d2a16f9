package import PreviewSystem

/// A small HTTP server on a port of its own, which answers as a test says. It ends with its last
/// reference.
package final class WebServer: Sendable {
    /// A request that has arrived whole.
    package struct Request: Hashable, Sendable {
        /// Such as `GET`.
        package var method: String
        /// Path and query as sent.
        package var target: String
        /// In the order in which they came.
        package var headers: [HTTPHeader]
        /// The whole body.
        package var body: [UInt8]

        /// The first header of this name, in any case.
        package func header(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }

        /// The target without the query.
        package var path: String { String(target.prefix { $0 != "?" }) }
    }

    /// What comes back for a request.
    package enum Answer: Sendable {
        case response(status: Int, headers: [HTTPHeader], body: [UInt8])
        /// The connection ends without a word.
        case hangUp
    }

    /// On the loopback address.
    package let port: Int
    private let life: Descriptor
    private let received: Locked<[Request]>

    /// Listens at once. `answer` is called on the server's own thread, for one request after another.
    package init(_ answer: @escaping @Sendable (Request) -> Answer) async throws {
        let (reader, writer) = try Descriptor.makePipe()
        life = writer
        let received = Locked<[Request]>([])
        self.received = received
        port = try await withCheckedContinuation { continuation in
            BlockingThread.start {
                WebServerLoop { request in
                    received.withLock { $0.append(request) }
                    return answer(request)
                }.serve(until: reader) { continuation.resume(returning: $0) }
            }
        }.get()
    }

    /// The address of a path that begins with a slash.
    package func url(_ path: String = "") -> String { "http://127.0.0.1:\(port)\(path)" }

    /// Everything that was asked so far, in order.
    package var requests: [Request] { received.withLock(\.self) }

    /// Forgets what was asked.
    package func clear() { received.withLock { $0 = [] } }
}

/// The thread of a server.
private final class WebServerLoop {
    private let loop = EventLoop()
    private let answer: (WebServer.Request) -> WebServer.Answer
    private var streams: [ObjectIdentifier: ByteStream] = [:]

    init(_ answer: @escaping (WebServer.Request) -> WebServer.Answer) {
        self.answer = answer
    }

    /// Serves until the other end of a pipe is closed; `ready` is told the port.
    func serve(until life: Descriptor, ready: (Result<Int, SocketFailure>) -> Void) {
        let listener: Listener
        do throws(SocketFailure) {
            listener = try Listener.tcp(.loopback(port: 0), on: loop)
        } catch {
            return ready(.failure(error))
        }
        listener.accept { [unowned self] stream in take(stream) }
        ready(.success(listener.port))
        var isOver = false
        let watch = loop.watch(life, for: .reading) { _ in isOver = true }
        loop.wait { isOver }
        loop.cancel(watch)
        listener.close()
        for stream in streams.values { stream.close() }
    }

    private func take(_ stream: ByteStream) {
        streams[ObjectIdentifier(stream)] = stream
        var received: [UInt8] = []
        stream.start(
            receiving: { [unowned self, unowned stream] bytes in
                received += bytes
                while let (request, length) = WebServer.Request.read(received) {
                    received.removeFirst(length)
                    reply(answer(request), on: stream)
                }
            },
            ending: { [unowned self, unowned stream] _ in end(stream) }
        )
    }

    private func reply(_ answer: WebServer.Answer, on stream: ByteStream) {
        switch answer {
        case .hangUp: end(stream)
        case .response(let status, let headers, let body):
            let lines =
                ["HTTP/1.1 \(status) Answer", "Content-Length: \(body.count)"]
                + headers.map { "\($0.name): \($0.value)" }
            stream.send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
        }
    }

    private func end(_ stream: ByteStream) {
        streams[ObjectIdentifier(stream)] = nil
        stream.close()
    }
}

extension WebServer.Request {
    /// The first request of what was received, once it is whole, and its length.
    fileprivate static func read(_ received: [UInt8]) -> (Self, length: Int)? {
        let mark = Array("\r\n\r\n".utf8)
        guard let end = received.indices.first(where: { received[$0...].starts(with: mark) })
        else { return nil }
        var lines = String(decoding: received[..<end], as: UTF8.self)
            .split(separator: "\r\n").map(String.init)
        guard !lines.isEmpty else { return nil }
        let words = lines.removeFirst().split(separator: " ").map(String.init)
        guard words.count == 3 else { return nil }
        let headers = lines.compactMap { line -> HTTPHeader? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            return HTTPHeader(String(line[..<colon]), String(value))
        }
        var request = Self(method: words[0], target: words[1], headers: headers, body: [])
        let size = request.header("Content-Length").flatMap(Int.init) ?? 0
        let start = end + mark.count
        guard received.count >= start + size else { return nil }
        request.body = Array(received[start..<start + size])
        return (request, start + size)
    }
}
