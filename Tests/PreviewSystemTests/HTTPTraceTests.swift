import PreviewSystem
import Testing

@Suite struct HTTPTraceTests {
    private let seen = Locked<[HTTPExchange]>([])
    private let client: HTTPClient

    init() {
        client = HTTPClient(userAgent: "preview-tests/1") { [seen] exchange in
            seen.withLock { $0.append(exchange) }
        }
    }

    @Test("every exchange is told: what was asked, what came, how long it took and over what")
    func told() async throws {
        let server = try TestServer { _, _ in
            answer("201 Created", ["Fly-Request-Id: 01H"], body: "12345")
        }
        for method in ["GET", "HEAD", "POST"] {
            _ = try await client.send(
                HTTPRequest(method, server.url("/a"), body: method == "POST" ? [1, 2] : nil)
            )
        }
        let exchanges = seen.withLock { $0 }
        #expect(exchanges.map(\.method) == ["GET", "HEAD", "POST"])
        #expect(exchanges.map(\.status) == [201, 201, 201])
        #expect(exchanges.map(\.requestID) == ["01H", "01H", "01H"])
        #expect(exchanges.map(\.url) == Array(repeating: server.url("/a"), count: 3))
        #expect(exchanges.map(\.sentBytes) == [0, 0, 2])
        #expect(exchanges.map(\.receivedBytes) == [5, 0, 5])
        #expect(exchanges.map(\.isReusedConnection) == [false, true, false])
        #expect(exchanges.map(\.version) == ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1"])
        #expect(exchanges.allSatisfy { $0.duration > .zero && $0.duration < .seconds(10) })
        #expect(exchanges.allSatisfy { $0.attempt == 1 && $0.failure == nil })
        let line = exchanges[0].description.replacing(/\d+ ms/, with: "N ms")
        #expect(
            line == "GET \(server.url("/a")) → 201, N ms, 5 bytes, HTTP/1.1, new connection, "
                + "request 01H"
        )
    }

    @Test("a failure is told with its cause, and with the request's id where one came")
    func failures() async throws {
        let cut = try TestServer { _, _ in
            .sendThenClose("HTTP/1.1 200 OK\r\nX-Request-Id: r7\r\nContent-Length: 9\r\n\r\nhalf")
        }
        let failure = await #expect(throws: HTTPFailure.self) {
            try await client.send(HTTPRequest("GET", cut.url("/")))
        }
        #expect(failure?.cause == .connectionLost)
        #expect(failure?.requestID == "r7")
        #expect("\(try #require(failure))".hasSuffix("(request r7)"))
        let exchange = try #require(seen.withLock { $0.last })
        #expect(exchange.failure == failure)
        #expect(exchange.requestID == "r7")
        #expect(exchange.status == nil)
        let closed = try makeListener(backlog: 1).1
        await #expect(throws: HTTPFailure.self) {
            try await client.send(HTTPRequest("GET", "http://127.0.0.1:\(closed)/"))
        }
        let refused = try #require(seen.withLock { $0.last })
        #expect(refused.failure?.cause == .connect)
        #expect(!refused.isReusedConnection)
        #expect(refused.version == nil)
    }

    @Test("nothing secret is told: no headers, no bodies, no values of a query")
    func secrets() async throws {
        let server = try TestServer { _, _ in
            answer("200 OK", ["Set-Cookie: a=SECRET", "X-Token: SECRET"], body: "SECRET")
        }
        _ = try await client.send(
            HTTPRequest(
                "POST",
                "http://SECRET:SECRET@127.0.0.1:\(server.port)/path?token=SECRET&SECRET#SECRET",
                headers: [
                    HTTPHeader("Authorization", "Bearer SECRET"), HTTPHeader("Cookie", "b=SECRET"),
                    HTTPHeader("fly-machine-lease-nonce", "SECRET"),
                ],
                body: Array("SECRET".utf8)
            )
        )
        let exchange = try #require(seen.withLock { $0.first })
        var text = exchange.description
        dump(exchange, to: &text)
        #expect(!text.contains("SECRET"))
        #expect(exchange.url == "http://127.0.0.1:\(server.port)/path?token=…&…")
        // All of it was sent.
        #expect(server.requests[0].matches(of: /SECRET/).count >= 6)
    }

    @Test(
        "a URL is shown without user, fragment and the values of its query",
        arguments: [
            ("https://api.machines.dev/v1/apps", "https://api.machines.dev/v1/apps"),
            ("https://a/b?c=d&e=f=g&h", "https://a/b?c=…&e=…&…"),
            ("https://u:p@a:8/b@c?d=e#f", "https://a:8/b@c?d=…"),
            ("http://a?x=http://u:p@b", "http://a?x=…"),
            ("http://u@p@a", "http://a"),
            ("/a?b=c", "/a?b=…"),
            ("", ""),
        ]
    )
    func shownURL(url: String, shown: String) {
        #expect(HTTPExchange.shownURL(url) == shown)
    }
}
