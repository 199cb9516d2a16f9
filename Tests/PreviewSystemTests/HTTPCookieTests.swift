import PreviewSystem
import Testing

@Suite struct HTTPCookieTests {
    private let client = HTTPClient(userAgent: "preview-tests/1", keepsCookies: true)

    @Test("a cookie is given back by every later request for its path, and by no other")
    func path() async throws {
        let server = try server(setting: "node=7; Path=/v1/apps/shop")
        _ = try await client.send(HTTPRequest("POST", server.url("/set")))
        for path in ["/v1/apps/shop", "/v1/apps/shop/machines", "/v1/apps/shopping", "/v1/apps"] {
            _ = try await client.send(HTTPRequest("GET", server.url(path)))
        }
        #expect(cookies(of: server) == [nil, "node=7", "node=7", nil, nil])
    }

    @Test("a cookie stays with its host, and a newer value or an end replaces it")
    func host() async throws {
        let server = try TestServer { path, _ in
            switch path {
            case "/a": answer("200 OK", ["Set-Cookie: a=1; Path=/", "Set-Cookie: b=1; Path=/"])
            case "/b": answer("200 OK", ["Set-Cookie: a=2; Path=/", "Set-Cookie: b=; Max-Age=0"])
            default: answer("200 OK")
            }
        }
        for path in ["/a", "/b", "/c"] {
            _ = try await client.send(HTTPRequest("GET", server.url(path)))
        }
        _ = try await client.send(HTTPRequest("GET", "http://localhost:\(server.port)/d"))
        #expect(cookies(of: server)[0] == nil)
        let second = cookies(of: server)[1]?.split(separator: "; ").sorted()
        #expect(second == ["a=1", "b=1"])
        #expect(cookies(of: server)[2...] == ["a=2", nil])
    }

    @Test("requests side by side see the same cookies")
    func manyAtOnce() async throws {
        let server = try server(setting: "node=7; Path=/")
        _ = try await client.send(HTTPRequest("GET", server.url("/set")))
        let client = client
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                let url = server.url("/\(number)")
                group.addTask {
                    _ = try await client.send(HTTPRequest(number % 2 == 0 ? "GET" : "POST", url))
                }
            }
            try await group.waitForAll()
        }
        #expect(cookies(of: server).dropFirst() == ArraySlice(repeating: "node=7", count: 20))
    }

    @Test("clients share no cookies, and one that is not asked to keeps none")
    func separate() async throws {
        let server = try server(setting: "node=7; Path=/")
        let forgetful = HTTPClient(userAgent: "preview-tests/1")
        for client in [client, forgetful] {
            _ = try await client.send(HTTPRequest("GET", server.url("/set")))
        }
        let other = HTTPClient(userAgent: "preview-tests/1", keepsCookies: true)
        for client in [forgetful, other, client] {
            _ = try await client.send(HTTPRequest("GET", server.url("/")))
        }
        #expect(cookies(of: server) == [nil, nil, nil, nil, "node=7"])
    }

    private func server(setting cookie: String) throws -> TestServer {
        try TestServer { path, _ in
            answer("200 OK", path == "/set" ? ["Set-Cookie: \(cookie)"] : [])
        }
    }

    private func cookies(of server: TestServer) -> [String?] {
        server.requests.map { request in
            request.split(separator: "\r\n").first { $0.hasPrefix("Cookie: ") }
                .map { String($0.dropFirst("Cookie: ".count)) }
        }
    }
}
