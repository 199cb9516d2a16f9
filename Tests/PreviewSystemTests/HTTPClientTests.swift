import Glibc
import PreviewSystem
import Testing

@Suite struct HTTPClientTests {
    private let client = HTTPClient(userAgent: "preview-tests/1")

    @Test("a response has status, headers, body and where it came from")
    func response() async throws {
        let server = try TestServer { _, _ in
            answer("404 Not Found", ["X-One: 1", "x-two:  zwei "], body: "nothing here")
        }
        let response = try await client.send(HTTPRequest("GET", server.url("/a?b=c")))
        #expect(response.status == 404)
        #expect(response.header("X-TWO") == "zwei")
        #expect(String(decoding: response.body, as: UTF8.self) == "nothing here")
        #expect(response.url == server.url("/a?b=c"))
        #expect(response.remoteAddress == "127.0.0.1")
        #expect(response.remotePort == server.port)
        #expect(server.requests[0].hasPrefix("GET /a?b=c HTTP/1.1\r\n"))
        #expect(server.requests[0].contains("User-Agent: preview-tests/1\r\n"))
    }

    @Test("method, headers and body arrive as given", arguments: ["POST", "PUT", "PATCH"])
    func body(method: String) async throws {
        let server = try TestServer { _, _ in answer("201 Created") }
        let response = try await client.send(
            HTTPRequest(
                method,
                server.url("/"),
                headers: [HTTPHeader("X-Key", "value"), HTTPHeader("X-Empty", "")],
                body: Array("{\"a\":\"b\"}".utf8)
            )
        )
        #expect(response.status == 201)
        let request = server.requests[0]
        #expect(request.hasPrefix("\(method) / HTTP/1.1\r\n"))
        #expect(request.contains("X-Key: value\r\n"))
        #expect(request.contains("X-Empty:\r\n"))
        #expect(request.contains("Content-Length: 9\r\n"))
        #expect(!request.contains("Content-Type"))
        #expect(!request.contains("Expect"))
        #expect(request.hasSuffix("\r\n\r\n{\"a\":\"b\"}"))
    }

    @Test("an empty body is sent as one, no body as none, and HEAD waits for none")
    func noBody() async throws {
        let server = try TestServer { _, head in
            head.hasPrefix("HEAD")
                ? .send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n") : answer("200 OK")
        }
        _ = try await client.send(HTTPRequest("POST", server.url("/"), body: []))
        _ = try await client.send(HTTPRequest("DELETE", server.url("/")))
        let head = try await client.send(HTTPRequest("HEAD", server.url("/")))
        #expect(server.requests[0].contains("Content-Length: 0\r\n"))
        #expect(server.requests[1].hasPrefix("DELETE / "))
        #expect(!server.requests[1].contains("Content-Length"))
        #expect(head.body == [])
        #expect(head.header("content-length") == "9")
    }

    @Test("redirects are returned, or followed up to the limit")
    func redirects() async throws {
        let server = try TestServer { path, _ in
            switch path {
            case "/a": answer("302 Found", ["Location: /b", "X-From: a"])
            case "/b": answer("307 Temporary Redirect", ["Location: /c"])
            case "/c": answer("200 OK", body: "there")
            default: answer("301 Moved Permanently", ["Location: /loop"])
            }
        }
        let first = try await client.send(HTTPRequest("GET", server.url("/a")))
        #expect(first.status == 302)
        #expect(first.redirectCount == 0)
        let last = try await client.send(HTTPRequest("GET", server.url("/a"), redirectLimit: 5))
        #expect(last.status == 200)
        #expect(last.redirectCount == 2)
        #expect(last.url == server.url("/c"))
        #expect(last.header("x-from") == nil)
        let failure = await client.failure(
            of: HTTPRequest("GET", server.url("/loop"), redirectLimit: 5)
        )
        #expect(failure?.cause == .tooManyRedirects)
        let post = try await client.send(HTTPRequest("POST", server.url("/a"), redirectLimit: 5))
        #expect(post.status == 302)
    }

    @Test("a redirect to another protocol is not followed")
    func otherProtocol() async throws {
        let server = try TestServer { _, _ in answer("302 Found", ["Location: file:///etc/passwd"])
        }
        let failure = await client.failure(
            of: HTTPRequest("GET", server.url("/"), redirectLimit: 5)
        )
        #expect(failure?.cause == .invalidResponse)
        let file = await client.failure(of: HTTPRequest("GET", "file:///etc/passwd"))
        #expect(file?.cause == .invalidRequest)
    }

    @Test("a header that would smuggle in another line is refused")
    func smuggling() async throws {
        let headers = [HTTPHeader("X-A", "b\r\nX-Evil: c")]
        let failure = await client.failure(
            of: HTTPRequest("GET", "http://127.0.0.1:9/", headers: headers)
        )
        #expect(failure?.cause == .invalidRequest)
        #expect(failure?.mayHaveBeenSent == false)
    }

    @Test("a name is reached at another address, under its own name")
    func override() async throws {
        let server = try TestServer { _, _ in answer("200 OK", body: "hello") }
        let port = server.port
        let response = try await client.send(
            HTTPRequest(
                "GET",
                "http://app.localhost:\(port)/",
                addressOverrides: [
                    HTTPAddressOverride(host: "app.localhost", port: port, address: "127.0.0.1")
                ]
            )
        )
        #expect(response.status == 200)
        #expect(response.remoteAddress == "127.0.0.1")
        #expect(server.requests[0].contains("Host: app.localhost:\(port)\r\n"))
    }

    @Test("a body beyond the limit is refused, or cut if that will do")
    func limit() async throws {
        let text = String(repeating: "x", count: 100_000)
        let server = try TestServer { _, _ in answer("200 OK", body: text) }
        let failure = await client.failure(
            of: HTTPRequest("GET", server.url("/"), bodyLimit: 99_999)
        )
        #expect(failure?.cause == .bodyTooLarge)
        let cut = try await client.send(
            HTTPRequest("GET", server.url("/"), bodyLimit: 10, excess: .cut)
        )
        #expect(cut.status == 200)
        #expect(cut.body.count == 10)
        #expect(cut.isBodyCut)
        let whole = try await client.send(
            HTTPRequest("GET", server.url("/"), bodyLimit: 100_000)
        )
        #expect(whole.body.count == 100_000)
        #expect(!whole.isBodyCut)
    }

    @Test("connections are used again, but not by a request that changes something")
    func reuse() async throws {
        let server = try TestServer { _, _ in answer("200 OK") }
        for _ in 0..<3 {
            _ = try await client.send(HTTPRequest("GET", server.url("/")))
        }
        #expect(server.connections == 1)
        _ = try await client.send(HTTPRequest("POST", server.url("/")))
        #expect(server.connections == 2)
        _ = try await client.send(HTTPRequest("POST", server.url("/"), reusesConnection: true))
        #expect(server.connections == 2)
        _ = try await client.send(HTTPRequest("GET", server.url("/"), reusesConnection: false))
        #expect(server.connections == 3)
    }

    @Test(
        "R-5: a changing request whose connection breaks is not sent twice, new or used",
        arguments: [false, true], [nil, [], [1]] as [[UInt8]?]
    )
    func notRepeated(isReusing: Bool, body: [UInt8]?) async throws {
        let server = try TestServer { _, head in
            head.hasPrefix("GET") ? answer("200 OK") : .close
        }
        for method in ["POST", "PUT", "DELETE"] {
            _ = try await client.send(HTTPRequest("GET", server.url("/")))
            let failure = await client.failure(
                of: HTTPRequest(method, server.url("/"), body: body, reusesConnection: isReusing)
            )
            #expect(failure?.cause == .connectionLost)
            #expect(failure?.mayHaveBeenSent == true)
            #expect(failure?.message.contains("callback") == false)
            #expect(server.requests.filter { $0.hasPrefix(method) }.count == 1)
        }
    }

    @Test("a read whose used connection breaks is sent again by itself")
    func readRepeated() async throws {
        let count = Locked(0)
        let server = try TestServer { _, _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number == 2 ? .close : answer("200 OK")
        }
        for _ in 0..<2 {
            #expect(try await client.send(HTTPRequest("GET", server.url("/"))).status == 200)
        }
        #expect(server.requests.count == 3)
    }

    @Test("nobody listening, no such name and no HTTP are different failures")
    func unreachable() async throws {
        let (listener, port) = try makeListener(backlog: 1)
        let closed = try makeListener(backlog: 1).1
        let refused = await client.failure(of: HTTPRequest("GET", "http://127.0.0.1:\(closed)/"))
        #expect(refused?.cause == .connect)
        #expect(refused?.mayHaveBeenSent == false)
        let server = try TestServer { _, _ in .send("SSH-2.0-OpenSSH\r\n\r\n") }
        let odd = await client.failure(of: HTTPRequest("GET", server.url("/")))
        #expect(odd?.cause == .invalidResponse)
        let nameless = await client.failure(
            of: HTTPRequest("GET", "http://no-such-host.invalid/", connectTimeout: .seconds(1))
        )
        // Without a network the question itself may get no answer.
        let causes: [HTTPFailure.Cause] = [.resolve, .timedOut(.resolving)]
        #expect(nameless.map { causes.contains($0.cause) } == true)
        let malformed = await client.failure(of: HTTPRequest("GET", "http://[::1"))
        #expect(malformed?.cause == .invalidRequest)
        withExtendedLifetime((listener, port)) {}
    }

    @Test("many requests run at once on one thread")
    func many() async throws {
        let server = try TestServer { path, _ in answer("200 OK", body: path) }
        let client = client
        let bodies = try await withThrowingTaskGroup(of: String.self) { group in
            for number in 0..<50 {
                let request = HTTPRequest("GET", server.url("/\(number)"))
                group.addTask {
                    String(decoding: try await client.send(request).body, as: UTF8.self)
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(bodies == Set((0..<50).map { "/\($0)" }))
    }
}
