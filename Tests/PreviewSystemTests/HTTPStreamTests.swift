import PreviewSystem
import Testing

@Suite struct HTTPStreamTests {
    private let seen = Locked<[HTTPExchange]>([])
    private let client: HTTPClient

    init() {
        client = HTTPClient(userAgent: "preview-tests/1") { [seen] exchange in
            seen.withLock { $0.append(exchange) }
        }
    }

    @Test("the head and each part are there as soon as they come")
    func early() async throws {
        let server = try TestServer { _, _ in
            .sendThenHang("HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 9\r\n\r\nfirst")
        }
        let stream = try await client.stream(HTTPRequest("GET", server.url("/a"), timeout: nil))
        #expect(stream.response.status == 200)
        #expect(stream.response.header("x-one") == "1")
        #expect(stream.response.url == server.url("/a"))
        #expect(stream.response.body == [])
        var parts = stream.makeAsyncIterator()
        #expect(try await parts.next() == Array("first".utf8))
        #expect(seen.withLock { $0 } == [])
    }

    @Test("a head alone is enough to begin with")
    func headOnly() async throws {
        let server = try TestServer { _, _ in .sendThenHang("HTTP/1.1 200 OK\r\n\r\n") }
        let stream = try await client.stream(HTTPRequest("GET", server.url("/"), timeout: nil))
        #expect(stream.response.status == 200)
    }

    @Test("the parts are the whole body in order, and the connection can be used again")
    func whole() async throws {
        let chunks = ["4\r\nabcd\r\n", "3\r\nefg\r\n", "0\r\n\r\n"]
        let server = try TestServer { path, _ in
            path == "/"
                ? .sendSlowly(
                    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"] + chunks,
                    every: .milliseconds(5)
                ) : answer("204 No Content")
        }
        let stream = try await client.stream(HTTPRequest("GET", server.url("/"), bodyLimit: 2))
        #expect(try await text(of: stream) == "abcdefg")
        let empty = try await client.stream(HTTPRequest("GET", server.url("/empty")))
        #expect(empty.response.status == 204)
        #expect(try await text(of: empty) == "")
        #expect(server.connections == 1)
        let exchanges = seen.withLock { $0 }
        #expect(exchanges.map(\.status) == [200, 204])
        #expect(exchanges.map(\.receivedBytes) == [7, 0])
    }

    @Test("redirects are followed or returned, and only the last head counts")
    func redirects() async throws {
        let server = try TestServer { path, _ in
            path == "/a"
                ? answer("302 Found", ["Location: /b"], body: "x") : answer("200 OK", body: "y")
        }
        for (limit, status, body) in [(0, 302, "x"), (3, 200, "y")] {
            let stream = try await client.stream(
                HTTPRequest("GET", server.url("/a"), redirectLimit: limit)
            )
            #expect(stream.response.status == status)
            #expect(try await text(of: stream) == body)
        }
    }

    @Test("a slow reader holds the server up, is not called silence, and misses nothing")
    func backPressure() async throws {
        let isBlocked = Locked(false)
        let total = 24 << 20
        let server = try TestServer { _, _ in .flood(total, isBlocked: isBlocked) }
        let stream = try await client.stream(
            HTTPRequest("GET", server.url("/"), idleTimeout: .milliseconds(500), timeout: nil)
        )
        var parts = stream.makeAsyncIterator()
        var count = try await parts.next()?.count ?? 0
        let isHeldUp = try await eventually { isBlocked.withLock { $0 } }
        #expect(isHeldUp)
        var longest = 0
        var isInOrder = true
        while let part = try await parts.next() {
            longest = max(longest, part.count)
            isInOrder = isInOrder && part.first == floodByte(at: count)
            count += part.count
            isInOrder = isInOrder && part.last == floodByte(at: count - 1)
        }
        #expect(count == total)
        #expect(isInOrder)
        #expect(longest < 512 << 10)
    }

    @Test("what came before a failure is given before it")
    func cut() async throws {
        let server = try TestServer { _, _ in
            .sendThenClose("HTTP/1.1 200 OK\r\nX-Request-Id: r7\r\nContent-Length: 9\r\n\r\nhalf")
        }
        let stream = try await client.stream(HTTPRequest("GET", server.url("/")))
        var parts = stream.makeAsyncIterator()
        #expect(try await parts.next() == Array("half".utf8))
        let failure = await #expect(throws: HTTPFailure.self) { try await parts.next() }
        #expect(failure?.cause == .connectionLost)
        #expect(failure?.requestID == "r7")
    }

    @Test("a server that falls silent ends the stream, and one that is not there begins none")
    func silence() async throws {
        let server = try TestServer { _, _ in
            .sendThenHang("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        }
        let stream = try await client.stream(
            HTTPRequest("GET", server.url("/"), idleTimeout: .milliseconds(100), timeout: nil)
        )
        let failure = await #expect(throws: HTTPFailure.self) { try await text(of: stream) }
        #expect(failure?.cause == .timedOut(.receiving))
        let closed = try makeListener(backlog: 1).1
        let refused = await #expect(throws: HTTPFailure.self) {
            _ = try await client.stream(HTTPRequest("GET", "http://127.0.0.1:\(closed)/"))
        }
        #expect(refused?.cause == .connect)
    }

    @Test("a stream that is no longer read, or whose reader is cancelled, ends its request")
    func abandoned() async throws {
        let server = try TestServer { _, _ in
            .sendThenHang("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        }
        let request = HTTPRequest("GET", server.url("/"), timeout: nil)
        for try await _ in try await client.stream(request) { break }
        let isOver = try await eventually { seen.withLock { $0.count } == 1 }
        #expect(isOver)
        let stream = try await client.stream(request)
        let reader = Task { try await text(of: stream) }
        reader.cancel()
        let failure = await #expect(throws: HTTPFailure.self) { try await reader.value }
        #expect(failure?.cause == .cancelled)
        #expect(seen.withLock { $0.map(\.failure?.cause) } == [.cancelled, .cancelled])
    }

    @Test("a stream does not hold up what HTTP/2 carries beside it: it has its own connection")
    func ownConnection() async throws {
        try await TLSServer.run { server in
            let client = server.client { [seen] exchange in seen.withLock { $0.append(exchange) } }
            _ = try await client.send(HTTPRequest("GET", server.url))
            let stream = try await client.stream(HTTPRequest("GET", server.url))
            #expect(try await text(of: stream) == "over one")
            _ = try await client.send(HTTPRequest("GET", server.url))
            #expect(seen.withLock { $0.map(\.version) } == ["HTTP/2", "HTTP/1.1", "HTTP/2"])
            #expect(try server.events.filter { $0.hasPrefix("connection") }.count == 2)
        }
    }

    private func text(of stream: HTTPStream) async throws -> String {
        var bytes: [UInt8] = []
        for try await part in stream { bytes += part }
        return String(decoding: bytes, as: UTF8.self)
    }
}
