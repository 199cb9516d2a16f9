package import PreviewSystem

/// Serves a folder of files over HTTP/1.1: GET and HEAD, ranges, validators, directory indexes.
///
/// Our own, because it must start with the program in a few milliseconds and serves one reader
/// behind the preview's port (decision 0005). Nothing outside the folder and no hidden file is
/// ever sent.
package final class StaticServer {
    /// How long a client may take for a request, and how long it may stay without one.
    static let patience = Duration.seconds(15)

    private let loop: EventLoop
    private let site: StaticSite
    private let listener: Listener
    private var connections: [ObjectIdentifier: StaticConnection] = [:]

    /// Listens at once; serves while the loop waits.
    ///
    /// - Throws: ``SocketFailure``, or ``FileFailure`` when the folder cannot be opened.
    package init(root: String, at address: SocketAddress, on loop: EventLoop) throws {
        self.loop = loop
        site = StaticSite(root: try Folder.open(root, ownedBy: .any))
        listener = try Listener.tcp(address, on: loop)
        listener.accept { [unowned self] stream in take(stream) }
    }

    /// Serves a folder on a port of the loopback address for as long as the process lives.
    ///
    /// - Throws: ``SocketFailure``, or ``FileFailure`` when the folder cannot be opened.
    package static func serve(root: String, port: Int) throws {
        let loop = EventLoop()
        let server = try StaticServer(root: root, at: .loopback(port: port), on: loop)
        loop.wait { false }
        withExtendedLifetime(server) {}
    }

    /// The port it listens on.
    package var port: Int { listener.port }

    private func take(_ stream: ByteStream) {
        let connection = StaticConnection(stream, site: site, on: loop) { [weak self] ended in
            self?.connections[ObjectIdentifier(ended)] = nil
        }
        connections[ObjectIdentifier(connection)] = connection
        connection.start()
    }
}

/// One client: its requests are answered one after another.
private final class StaticConnection {
    private let stream: ByteStream
    private let site: StaticSite
    private let loop: EventLoop
    private let whenClosed: (StaticConnection) -> Void
    private var received: [UInt8] = []
    private var rest: (file: ReadableFile, range: Range<Int>)?
    private var isLast = false
    private var timer: EventLoop.Timer?

    init(
        _ stream: ByteStream,
        site: StaticSite,
        on loop: EventLoop,
        whenClosed: @escaping (StaticConnection) -> Void
    ) {
        self.stream = stream
        self.site = site
        self.loop = loop
        self.whenClosed = whenClosed
    }

    func start() {
        stream.drained = { [unowned self] in continueAnswer() }
        stream.start(
            receiving: { [unowned self] bytes in
                received += bytes
                // What comes during an answer is the next request; more than one can wait.
                if received.count > HTTPRequestHead.limit { stream.isReading = false }
                if stream.pending == 0, rest == nil { takeRequest() }
            },
            ending: { [unowned self] ending in
                isLast = true
                if ending != .finished || (stream.pending == 0 && rest == nil) { close() }
            }
        )
        restartTimer()
    }

    /// A client that neither sends nor takes anything for a while is let go.
    private func restartTimer() {
        if let timer { loop.cancel(timer) }
        timer = loop.after(StaticServer.patience) { [weak self] in self?.close() }
    }

    private func close() {
        if let timer { loop.cancel(timer) }
        stream.close()
        whenClosed(self)
    }

    private func takeRequest() {
        switch HTTPRequestHead.read(received[...]) {
        case .incomplete: stream.isReading = true
        case .refused(let status):
            isLast = true
            send(StaticSite.text(status), withBody: true)
        case .complete(let head, let length):
            received.removeFirst(length)
            stream.isReading = true
            isLast = isLast || !head.keepsAlive || head.hasBody
            answer(head)
        }
    }

    private func answer(_ head: HTTPRequestHead) {
        do {
            send(try site.answer(head), withBody: head.method != "HEAD")
        } catch {
            isLast = true
            send(StaticSite.text(500), withBody: true)
        }
    }

    private func send(_ answer: StaticSite.Answer, withBody: Bool) {
        restartTimer()
        var lines = ["HTTP/1.1 \(answer.status) \(HTTPStatus.reason(answer.status))"]
        lines += answer.fields.map { "\($0.name): \($0.value)" }
        lines.append("Content-Length: \(answer.length)")
        lines.append("Cache-Control: no-cache")
        lines.append("X-Content-Type-Options: nosniff")
        lines.append("Date: \(HTTPDate.text(unixSeconds: Int(Moment.unixMilliseconds / 1000)))")
        lines.append("Connection: \(isLast ? "close" : "keep-alive")")
        var bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        if withBody, answer.status != 304 {
            switch answer.body {
            case .text(let text): bytes += text.utf8
            case .file(let file, let range): rest = (file, range)
            }
        }
        if let first = nextChunk() { bytes += first }
        give(bytes)
    }

    /// Sends and goes on when that is taken, with the next turn of the loop at the earliest, so
    /// that one fast reader does not keep the others waiting.
    private func give(_ bytes: [UInt8]) {
        stream.send(bytes)
        guard stream.isOpen, stream.pending == 0 else { return }
        loop.after(.zero) { [weak self] in
            guard let self, stream.isOpen else { return }
            continueAnswer()
        }
    }

    /// The next bytes of the file under way; a file that has shrunk ends the connection, because
    /// the length that was announced can no longer be met.
    private func nextChunk() -> [UInt8]? {
        guard let (file, range) = rest, !range.isEmpty else {
            rest = nil
            return nil
        }
        let wanted = min(range.count, ByteStream.chunkSize)
        // A file that cannot be read any further ends the answer, which the client sees by its length.
        guard let chunk = try? file.read(at: range.lowerBound, count: wanted), !chunk.isEmpty
        else {
            // Unreadable and cut short look the same to the client: an answer that breaks off.
            rest = nil
            isLast = true
            return nil
        }
        rest = (file, range.lowerBound + chunk.count..<range.upperBound)
        return chunk
    }

    private func continueAnswer() {
        restartTimer()
        if let chunk = nextChunk() { return give(chunk) }
        if isLast {
            stream.finish()
            return close()
        }
        takeRequest()
    }
}
