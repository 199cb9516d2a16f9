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
        let failure = await failure { HTTPRequest("GET", server.url("/loop"), redirectLimit: 5) }
        #expect(failure?.cause == .tooManyRedirects)
        let post = try await client.send(HTTPRequest("POST", server.url("/a"), redirectLimit: 5))
        #expect(post.status == 302)
    }

    @Test("a redirect to another protocol is not followed")
    func otherProtocol() async throws {
        let server = try TestServer { _, _ in answer("302 Found", ["Location: file:///etc/passwd"])
        }
        let failure = await failure { HTTPRequest("GET", server.url("/"), redirectLimit: 5) }
        #expect(failure?.cause == .invalidResponse)
        let file = await self.failure { HTTPRequest("GET", "file:///etc/passwd") }
        #expect(file?.cause == .invalidRequest)
    }

    @Test("a header that would smuggle in another line is refused")
    func smuggling() async throws {
        let headers = [HTTPHeader("X-A", "b\r\nX-Evil: c")]
        let failure = await failure {
            HTTPRequest("GET", "http://127.0.0.1:9/", headers: headers)
        }
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
        let failure = await failure { HTTPRequest("GET", server.url("/"), bodyLimit: 99_999) }
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
    }

    @Test("R-5: a changing request whose connection breaks is not sent twice")
    func notRepeated() async throws {
        let server = try TestServer { _, head in
            head.hasPrefix("GET") ? answer("200 OK") : .close
        }
        _ = try await client.send(HTTPRequest("GET", server.url("/")))
        let failure = await failure { HTTPRequest("POST", server.url("/"), body: [1]) }
        #expect(failure?.cause == .connectionLost)
        #expect(failure?.mayHaveBeenSent == true)
        #expect(server.requests.filter { $0.hasPrefix("POST") }.count == 1)
    }

    @Test("nobody listening, no such name and no HTTP are different failures")
    func unreachable() async throws {
        let (listener, port) = try makeListener(backlog: 1)
        let closed = try makeListener(backlog: 1).1
        let refused = await failure { HTTPRequest("GET", "http://127.0.0.1:\(closed)/") }
        #expect(refused?.cause == .connect)
        #expect(refused?.mayHaveBeenSent == false)
        let server = try TestServer { _, _ in .send("SSH-2.0-OpenSSH\r\n\r\n") }
        let odd = await failure { HTTPRequest("GET", server.url("/")) }
        #expect(odd?.cause == .invalidResponse)
        let nameless = await failure {
            HTTPRequest("GET", "http://no-such-host.invalid/", connectTimeout: .seconds(1))
        }
        // Without a network the question itself may get no answer.
        let causes: [HTTPFailure.Cause] = [.resolve, .timedOut(.resolving)]
        #expect(nameless.map { causes.contains($0.cause) } == true)
        let malformed = await failure { HTTPRequest("GET", "http://[::1") }
        #expect(malformed?.cause == .invalidRequest)
        withExtendedLifetime((listener, port)) {}
    }

    @Test("a timeout says how far the request got, and whether it was sent")
    func timeouts() async throws {
        let silent = try TestServer { _, _ in .sendThenHang("") }
        let waiting = await failure {
            HTTPRequest("GET", silent.url("/"), timeout: .milliseconds(150))
        }
        #expect(waiting?.cause == .timedOut(.waiting))
        #expect(waiting?.mayHaveBeenSent == true)
        let slow = try TestServer { _, _ in
            .sendThenHang("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        }
        let receiving = await failure {
            HTTPRequest("GET", slow.url("/"), timeout: .milliseconds(150))
        }
        #expect(receiving?.cause == .timedOut(.receiving))
        let securing = await failure {
            HTTPRequest(
                "GET",
                "https://127.0.0.1:\(silent.port)/",
                connectTimeout: .milliseconds(150)
            )
        }
        #expect(securing?.cause == .timedOut(.securing))
        #expect(securing?.mayHaveBeenSent == false)
    }

    @Test("a connection that is never accepted times out as one")
    func connectTimeout() async throws {
        let (listener, port) = try makeListener(backlog: 0)
        // The queue of a listener that accepts nobody takes one or two, then packets are dropped.
        let fillers = (0..<4).map { _ in
            let number = socket(
                AF_INET,
                Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue),
                0
            )
            return Descriptor(owning: number)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = port.bigEndian
        for filler in fillers {
            _ = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    connect(
                        filler.number,
                        pointer,
                        socklen_t(MemoryLayout<sockaddr_in>.size)
                    )
                }
            }
        }
        let failure = await failure {
            HTTPRequest("GET", "http://127.0.0.1:\(port)/", connectTimeout: .milliseconds(150))
        }
        #expect(failure?.cause == .timedOut(.connecting))
        #expect(failure?.mayHaveBeenSent == false)
        withExtendedLifetime((listener, fillers)) {}
    }

    @Test("cancelling ends a request within milliseconds, before and while it waits")
    func cancel() async throws {
        let server = try TestServer { _, _ in .sendThenHang("") }
        let client = client
        let request = HTTPRequest("GET", server.url("/"))
        let limit = Duration.milliseconds(50)
        let time = try await fastest(below: limit) { try await timeToCancel(request, at: server) }
        #expect(time < limit)
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.send(request)
        }
        let none = await #expect(throws: HTTPFailure.self) { try await early.value }
        #expect(none?.cause == .cancelled)
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

    @Test("a proxy is asked for other machines, never for this one")
    func proxy() async throws {
        let proxy = try TestServer { _, _ in answer("200 OK", body: "proxy") }
        let server = try TestServer { _, _ in answer("200 OK", body: "direct") }
        let client = HTTPClient(
            userAgent: "preview-tests/1",
            network: HTTPNetwork(httpProxy: proxy.url(""), withoutProxy: "example.org")
        )
        let far = try await client.send(HTTPRequest("GET", "http://far.invalid/x"))
        #expect(String(decoding: far.body, as: UTF8.self) == "proxy")
        #expect(proxy.requests[0].hasPrefix("GET http://far.invalid/x "))
        for host in ["127.0.0.1", "localhost", "app.localhost"] {
            let near = try await client.send(
                HTTPRequest(
                    "GET",
                    "http://\(host):\(server.port)/",
                    addressOverrides: [
                        HTTPAddressOverride(host: host, port: server.port, address: "127.0.0.1")
                    ]
                )
            )
            #expect(String(decoding: near.body, as: UTF8.self) == "direct", "\(host)")
        }
    }

    @Test("a certificate that is not trusted is refused, one that is trusted is not")
    func certificate() async throws {
        let temporary = try TemporaryFolder()
        let openssl = try #require(Command.locate("openssl", in: plainEnvironment["PATH"] ?? ""))
        let made = try await Command(
            openssl,
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "cert",
                "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
            ],
            environment: plainEnvironment,
            directory: temporary.path
        ).run()
        try #require(made.ending.isSuccess, "\(made.errorText)")
        let log = try temporary.folder.appending(to: "log")
        let process = try Command(
            openssl,
            ["s_server", "-accept", "127.0.0.1:0", "-key", "key", "-cert", "cert", "-www"],
            environment: plainEnvironment,
            directory: temporary.path
        ).start(.ownSession, output: log.descriptor, errorOutput: log.descriptor)
        var port: UInt16 = 0
        let isListening = try await eventually {
            port = ListeningSocket.all(of: [process]).first?.port ?? 0
            return port != 0
        }
        try #require(isListening)
        let request = HTTPRequest("GET", "https://127.0.0.1:\(port)/")
        let failure = await failure { request }
        #expect(failure?.cause == .tls)
        #expect(failure?.mayHaveBeenSent == false)
        let trusting = HTTPClient(
            userAgent: "preview-tests/1",
            network: HTTPNetwork(certificateFile: temporary.path + "/cert")
        )
        #expect(try await trusting.send(request).status == 200)
        #expect(await process.endTree(grace: .zero) == [])
        waitpid(process.pid, nil, 0)
    }

    private func timeToCancel(
        _ request: HTTPRequest,
        at server: TestServer
    ) async throws -> Duration {
        let before = server.requests.count
        let client = client
        let task = Task { try await client.send(request) }
        let isWaiting = try await eventually { server.requests.count > before }
        #expect(isWaiting)
        let cancelled = ContinuousClock.now
        task.cancel()
        let failure = await #expect(throws: HTTPFailure.self) { try await task.value }
        #expect(failure?.cause == .cancelled)
        return ContinuousClock.now - cancelled
    }

    private func failure(_ request: () -> HTTPRequest) async -> HTTPFailure? {
        let request = request()
        return await #expect(throws: HTTPFailure.self) { try await client.send(request) }
    }
}
