import PreviewSystem
import Testing

@Suite struct HTTP2Tests {
    private let seen = Locked<[HTTPExchange]>([])

    @Test(
        "HTTP/2 is spoken where the server offers it over TLS, HTTP/1.1 elsewhere",
        arguments: [("h2,http/1.1", "HTTP/2"), ("http/1.1", "HTTP/1.1"), ("none", "HTTP/1.1")]
    )
    func negotiated(offered: String, version: String) async throws {
        try await TLSServer.run(offering: offered) { server in
            let response = try await tracing(server).send(HTTPRequest("GET", server.url))
            #expect(response.status == 200)
            #expect(
                String(decoding: response.body, as: UTF8.self)
                    == (version == "HTTP/2" ? "over two" : "over one")
            )
            #expect(seen.withLock { $0.map(\.version) } == [version])
        }
    }

    @Test("one connection carries reads, and changes that may use it")
    func reuse() async throws {
        try await TLSServer.run { server in
            let client = tracing(server)
            for method in ["GET", "POST", "GET", "POST"] {
                let body: [UInt8]? = method == "POST" ? [1, 2, 3] : nil
                let request = HTTPRequest(method, server.url, body: body, reusesConnection: true)
                #expect(try await client.send(request).status == 200)
            }
            #expect(try server.events.filter { $0.hasPrefix("connection") }.count == 1)
            let isReused = seen.withLock { $0.map(\.isReusedConnection) }
            #expect(isReused == [false, true, true, true])
            let requests = try server.events.filter { $0.hasPrefix("request") }
            #expect(requests[1] == "request 1 POST 3")
            _ = try await client.send(HTTPRequest("POST", server.url))
            #expect(try server.events.contains("request 2 POST 0"))
        }
    }

    @Test("requests begun together share the connection that the first of them makes")
    func multiplexed() async throws {
        try await TLSServer.run(onPost: "hold-8") { server in
            let client = server.client()
            let request = HTTPRequest("GET", server.url)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await client.send(request).status }
                }
                let statuses = try await group.reduce(into: Set()) { $0.insert($1) }
                #expect(statuses == [200])
            }
            #expect(try server.events.filter { $0.hasPrefix("connection") } == ["connection 1 h2"])
        }
    }

    @Test("cancelling a request leaves the others of its connection alone")
    func cancelled() async throws {
        try await TLSServer.run(onPost: "hold-3") { server in
            let client = server.client()
            let request = HTTPRequest("GET", server.url)
            let first = Task { try await client.send(request) }
            let isFirst = try await eventually { try server.events.contains("request 1 GET 0") }
            #expect(isFirst)
            let second = Task { try await client.send(request) }
            let isSecond = try await eventually {
                try server.events.filter { $0 == "request 1 GET 0" }.count == 2
            }
            #expect(isSecond)
            first.cancel()
            let failure = await #expect(throws: HTTPFailure.self) { try await first.value }
            #expect(failure?.cause == .cancelled)
            #expect(try await client.send(request).status == 200)
            #expect(try await second.value.status == 200)
            #expect(try server.events.contains("reset 1 1"))
            #expect(try server.events.filter { $0.hasPrefix("connection") }.count == 1)
        }
    }

    @Test(
        "R-5: a changing request is not sent twice, however its stream or connection ends",
        arguments: ["refuse", "cancel", "http11", "goaway", "close"]
    )
    func notRepeated(ending: String) async throws {
        try await TLSServer.run(onPost: ending) { server in
            for (isReusing, body) in [(true, nil), (true, [1]), (false, nil), (false, [1])]
                as [(Bool, [UInt8]?)]
            {
                let client = server.client()
                _ = try await client.send(HTTPRequest("GET", server.url))
                let before = try posts(at: server)
                let failure = await client.failure(
                    of: HTTPRequest("POST", server.url, body: body, reusesConnection: isReusing)
                )
                #expect(failure?.cause == .connectionLost)
                #expect(failure?.mayHaveBeenSent == true)
                // Another request over whatever connection is left comes after a second try.
                #expect(try await client.send(HTTPRequest("GET", server.url)).status == 200)
                #expect(try posts(at: server) == before + 1)
            }
        }
    }

    @Test("a request that waits for another's connection waits no longer than for its own")
    func waiting() async throws {
        let silent = try TestServer { _, _ in .sendThenHang("") }
        let client = HTTPClient(userAgent: "preview-tests/1")
        let limit = Duration.milliseconds(500)
        let request = HTTPRequest("GET", "https://127.0.0.1:\(silent.port)/", connectTimeout: limit)
        let start = ContinuousClock.now
        await withTaskGroup(of: HTTPFailure?.self) { group in
            for _ in 0..<8 {
                group.addTask { await client.failure(of: request) }
            }
            for await failure in group {
                let causes: [HTTPFailure.Cause] = [.timedOut(.securing), .timedOut(.connecting)]
                #expect(failure.map { causes.contains($0.cause) } == true)
                #expect(failure?.mayHaveBeenSent == false)
            }
        }
        // One after the other they would take eight times the limit.
        #expect(ContinuousClock.now - start < limit * 5)
    }

    @Test("a request that waits for another's connection makes its own when that one gives up")
    func waitingAlone() async throws {
        let silent = try TestServer { _, _ in .sendThenHang("") }
        let client = HTTPClient(userAgent: "preview-tests/1")
        let request = HTTPRequest("GET", "https://127.0.0.1:\(silent.port)/")
        let first = Task { try await client.send(request) }
        let isFirst = try await eventually { silent.connections == 1 }
        #expect(isFirst)
        let second = Task { try await client.send(request) }
        // Whoever has been asked before this has begun to wait once it is answered.
        let other = try TestServer { _, _ in answer("200 OK") }
        _ = try await client.send(HTTPRequest("GET", other.url("/")))
        first.cancel()
        let isSecond = try await eventually { silent.connections == 2 }
        #expect(isSecond)
        second.cancel()
        for task in [first, second] {
            await #expect(throws: HTTPFailure.self) { try await task.value }
        }
    }

    private func posts(at server: TLSServer) throws -> Int {
        try server.events.filter { $0.contains("POST") }.count
    }

    private func tracing(_ server: TLSServer) -> HTTPClient {
        server.client { [seen] exchange in seen.withLock { $0.append(exchange) } }
    }
}
