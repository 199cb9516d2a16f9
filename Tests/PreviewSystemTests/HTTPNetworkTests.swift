import Glibc
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
        let failure = await client.failure(of: request)
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
}
