import PreviewSystem
import Testing

@Suite struct HTTPNetworkTests {
    private let client = HTTPClient(userAgent: "preview-tests/1")

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

    @Test("a proxy passes TLS through to the server, whose certificate is checked all the same")
    func tunnel() async throws {
        try await TLSServer.run { server in
            let proxy = try TestServer { path, _ in
                path == "far.invalid:443" ? .tunnel(to: server.port) : answer("403 Forbidden")
            }
            let proxyURL = "http://user:pass@127.0.0.1:\(proxy.port)"
            let client = server.client(httpsProxy: proxyURL)
            let response = try await client.send(
                HTTPRequest(
                    "POST",
                    "https://far.invalid/",
                    headers: [HTTPHeader("Authorization", "Bearer token")],
                    body: [1]
                )
            )
            #expect(response.status == 200)
            #expect(try server.events == ["connection 1 h2", "request 1 POST 1"])
            #expect(proxy.requests.count == 1)
            let asked = proxy.requests[0]
            #expect(asked.hasPrefix("CONNECT far.invalid:443 HTTP/1.1\r\n"))
            #expect(asked.contains("Proxy-Authorization: Basic dXNlcjpwYXNz\r\n"))
            #expect(!asked.contains("Bearer"))
            let untrusting = HTTPClient(
                userAgent: "preview-tests/1",
                network: HTTPNetwork(httpsProxy: proxyURL)
            )
            let failure = await untrusting.failure(of: HTTPRequest("GET", "https://far.invalid/"))
            #expect(failure?.cause == .tls)
            #expect(failure?.mayHaveBeenSent == false)
        }
    }

    @Test("a proxy that refuses is no connection, and nothing was sent")
    func refusingProxy() async throws {
        let refusals: [TestServer.Answer] = [answer("407 Proxy Authentication Required"), .close]
        for refusal in refusals {
            let proxy = try TestServer { _, _ in refusal }
            let client = HTTPClient(
                userAgent: "preview-tests/1",
                network: HTTPNetwork(httpsProxy: proxy.url(""))
            )
            let failure = await client.failure(of: HTTPRequest("POST", "https://far.invalid/"))
            #expect(failure?.cause == .connect)
            #expect(failure?.mayHaveBeenSent == false)
            #expect(failure?.requestID == nil)
        }
    }

    @Test(
        "a host that is to be reached without proxy is",
        arguments: ["far.invalid", "invalid", ".invalid", "example.org,far.invalid", "*"]
    )
    func withoutProxy(list: String) async throws {
        let proxy = try TestServer { _, _ in answer("200 OK", body: "proxy") }
        let server = try TestServer { _, _ in answer("200 OK", body: "direct") }
        let client = HTTPClient(
            userAgent: "preview-tests/1",
            network: HTTPNetwork(httpProxy: proxy.url(""), withoutProxy: list)
        )
        let override = HTTPAddressOverride(
            host: "far.invalid",
            port: server.port,
            address: "127.0.0.1"
        )
        let response = try await client.send(
            HTTPRequest(
                "GET",
                "http://far.invalid:\(server.port)/",
                addressOverrides: [override]
            )
        )
        #expect(String(decoding: response.body, as: UTF8.self) == "direct")
        #expect(proxy.requests == [])
    }

    @Test("a certificate that is not trusted, or is for another name, is refused")
    func certificate() async throws {
        try await TLSServer.run { server in
            let request = HTTPRequest("POST", server.url, body: [1])
            let unknown = await client.failure(of: request)
            #expect(unknown?.cause == .tls)
            #expect(unknown?.mayHaveBeenSent == false)
            let trusting = server.client()
            let otherName = HTTPRequest("GET", "https://localhost:\(server.port)/")
            let misnamed = await trusting.failure(of: otherName)
            #expect(misnamed?.cause == .tls)
            let trusted = try await trusting.send(request)
            #expect(trusted.status == 200)
            let certless = HTTPClient(
                userAgent: "preview-tests/1",
                network: HTTPNetwork(certificateFile: server.certificateFile + "-missing")
            )
            let missing = await certless.failure(of: request)
            #expect(missing?.cause == .tls)
            let requests = try server.events.filter { $0.hasPrefix("request") }
            #expect(requests.count == 1)
        }
    }

    @Test("a redirect takes the token to the same server only: no other host, port or scheme")
    func redirectsWithToken() async throws {
        let target = try TestServer { path, _ in
            path == "/here" ? answer("302 Found", ["Location: /there"]) : answer("200 OK")
        }
        let origin = try TestServer { path, _ in
            switch path {
            case "/port": answer("302 Found", ["Location: \(target.url("/port"))"])
            default:
                answer("302 Found", ["Location: http://localhost:\(target.port)/host"])
            }
        }
        try await TLSServer.run(offering: "http/1.1") { server in
            let client = server.client()
            let starts = [
                target.url("/here"), origin.url("/port"),
                "http://127.0.0.1:\(origin.port)/host", server.url + "to?" + target.url("/scheme"),
            ]
            for start in starts {
                let response = try await client.send(
                    HTTPRequest(
                        "GET",
                        start,
                        headers: [
                            HTTPHeader("Authorization", "Bearer token"),
                            HTTPHeader("Cookie", "session=token"), HTTPHeader("X-Other", "kept"),
                        ],
                        redirectLimit: 5
                    )
                )
                #expect(response.status == 200)
                #expect(response.redirectCount == 1)
            }
        }
        let requests = target.requests
        #expect(requests.count == 5)
        for request in requests {
            let isOrigin = request.hasPrefix("GET /here ") || request.hasPrefix("GET /there ")
            #expect(request.contains("token") == isOrigin, "\(request)")
            #expect(request.contains("X-Other: kept"))
        }
    }
}
