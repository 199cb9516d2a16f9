import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("Requests signed in Amazon's way")
struct HTTPSignatureTests {
    private static let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
    private let signature = AWSSignature(
        accessKey: "AKIDEXAMPLE", secretKey: secret, region: "eu-west-1", service: "s3")

    @Test(
        "the signature is that of the request as it arrives",
        arguments: [
            ("GET", "/bucket/a%20b/%C3%A9%2B", "", nil),
            ("GET", "/bucket/", "delimiter=%2F&list-type=2&prefix=team%2F", nil),
            ("GET", "/bucket/../x/./y", "", nil),
            ("PUT", "/bucket/key", "", "{\"a\":1}"), ("PUT", "/bucket/key", "", ""),
            ("DELETE", "/bucket/key", "", nil),
        ] as [(String, String, String, String?)])
    func signed(method: String, path: String, query: String, body: String?) async throws {
        let server = try await WebServer { _ in .response(status: 200, headers: [], body: []) }
        let digest = Digest.hex((body ?? "").utf8)
        let headers = [
            HTTPHeader("x-amz-content-sha256", digest), HTTPHeader("If-None-Match", "*"),
            HTTPHeader("x-amz-security-token", "token+/="),
            HTTPHeader("Content-Type", "application/json"),
        ]
        _ = try await HTTPClient(userAgent: "tests").send(
            HTTPRequest(
                method, server.url(path + (query.isEmpty ? "" : "?\(query)")), headers: headers,
                body: body.map { Array($0.utf8) }, signature: signature))
        let request = try #require(server.requests.first)
        #expect(request.method == method)
        #expect(request.target == path + (query.isEmpty ? "" : "?\(query)"))
        let authorization = try #require(request.header("Authorization"))
        let names = try #require(part("SignedHeaders=", of: authorization))
        for name in ["host", "x-amz-date", "if-none-match", "x-amz-security-token"] {
            #expect(names.split(separator: ";").contains(Substring(name)), "\(names)")
        }
        #expect(request.header("Expect") == nil)
        let date = try #require(request.header("x-amz-date"))
        let scope = "\(date.prefix(8))/eu-west-1/s3/aws4_request"
        #expect(part("Credential=", of: authorization) == "AKIDEXAMPLE/\(scope)")
        let lines = names.split(separator: ";").map {
            "\($0):\(request.header(String($0)) ?? "")\n"
        }
        let canonical = "\(method)\n\(path)\n\(query)\n\(lines.joined())\n\(names)\n\(digest)"
        let text = "AWS4-HMAC-SHA256\n\(date)\n\(scope)\n\(Digest.hex(canonical.utf8))"
        var key = Array("AWS4\(Self.secret)".utf8)
        for word in scope.split(separator: "/") { key = mac(Array(word.utf8), key) }
        #expect(
            part("Signature=", of: authorization)
                == Digest.hexadecimal(mac(Array(text.utf8), key)))
    }

    @Test("keys that would break out of a header are refused, and none is printed")
    func keys() async throws {
        let server = try await WebServer { _ in .response(status: 200, headers: [], body: []) }
        var signature = signature
        #expect(!"\(HTTPRequest("GET", "http://a", signature: signature))".contains(Self.secret))
        signature.accessKey = "a\r\nX-Other: b"
        let request = HTTPRequest("GET", server.url("/"), signature: signature)
        let failure = await #expect(throws: HTTPFailure.self) {
            try await HTTPClient(userAgent: "tests").send(request)
        }
        #expect(failure?.cause == .invalidRequest && server.requests.isEmpty)
    }

    private func part(_ name: String, of header: String) -> String? {
        header.firstRange(of: name).map { String(header[$0.upperBound...].prefix { $0 != "," }) }
    }

    /// HMAC with SHA-256 (RFC 2104), for keys of at most one block.
    private func mac(_ text: [UInt8], _ key: [UInt8]) -> [UInt8] {
        let block = key + [UInt8](repeating: 0, count: 64 - key.count)
        let inner = Digest.sha256(block.map { $0 ^ 0x36 } + text)
        return Digest.sha256(block.map { $0 ^ 0x5C } + inner)
    }
}
