import PreviewSystem
import Testing

/// git's own smart HTTP server behind TLS and passwords, for as long as `body` runs.
///
/// The first folder of a path decides how it answers: `open`, `private` (the token is needed),
/// `forbidden` (403), `down` (503), `elsewhere` (redirected to `private` of another host); anything else is 404.
/// Every `Authorization` header that arrives is written to `authorizations`.
struct GitServer {
    /// The only password of `private`.
    static let token = "c4n4ry-t0ken-c4n4ry"

    /// Without it these tests cannot run.
    static var isAvailable: Bool { python != nil && openssl != nil }

    private static let path = "/usr/bin:/bin:/usr/local/bin"
    private static var python: String? { Command.locate("python3", in: path) }
    private static var openssl: String? { Command.locate("openssl", in: path) }

    let host: String
    let certificate: String
    let authorizations: String
    /// The lengths of all answers, one a line.
    let answers: String

    static func run(
        for fixture: GitFixture,
        _ body: (GitServer) async throws -> Void
    ) async throws {
        try await makeCertificate(fixture)
        let command = Command(
            try #require(python),
            ["-c", script, fixture.root, token],
            environment: fixture.environment
        )
        let (lines, continuation) = AsyncStream.makeStream(of: String.self)
        let server = Task {
            _ = try? await command.streamLines { continuation.yield($0) }
            continuation.finish()
        }
        defer { server.cancel() }
        let port = try #require(await lines.first { $0.hasPrefix("port ") }).dropFirst(5)
        try await body(
            GitServer(
                host: "127.0.0.1:\(port)",
                certificate: fixture.path("tls/cert.pem"),
                authorizations: "tls/authorizations",
                answers: "tls/answers"
            )
        )
    }

    private static func makeCertificate(_ fixture: GitFixture) async throws {
        try fixture.write("", to: "tls/authorizations")
        let folder = fixture.path("tls")
        let arguments =
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
            + "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost "
            + "-keyout \(folder)/key.pem -out \(folder)/cert.pem"
        let command = Command(
            try #require(openssl),
            arguments.split(separator: " ").map(String.init),
            environment: fixture.environment
        )
        let result = try await command.run(timeout: .seconds(30))
        try #require(result.ending.isSuccess, "\(result.errorText)")
    }

    private static let script = #"""
        import base64, http.server, os, ssl, subprocess, sys
        root, token = sys.argv[1:]
        wanted = "Basic " + base64.b64encode(("x-access-token:" + token).encode()).decode()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *arguments): pass

            def refuse(self, status, **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sent = self.headers.get("Authorization")
                if sent:
                    with open(root + "/tls/authorizations", "a") as file:
                        file.write(self.headers["Host"] + " " + sent + "\n")
                path, _, query = self.path.partition("?")
                kind, _, rest = path.lstrip("/").partition("/")
                if kind == "private" and sent != wanted:
                    return self.refuse(401, WWW_Authenticate='Basic realm="x"')
                if kind == "forbidden": return self.refuse(403)
                if kind == "down": return self.refuse(503)
                if kind == "elsewhere":
                    port = self.server.server_address[1]
                    return self.refuse(302, Location=f"https://localhost:{port}/private/{rest}?{query}")
                if kind not in ("open", "private"): return self.refuse(404)
                environment = dict(
                    os.environ, GIT_PROJECT_ROOT=root, GIT_HTTP_EXPORT_ALL="", PATH_INFO="/" + rest,
                    REQUEST_METHOD=self.command, QUERY_STRING=query, REMOTE_ADDR="127.0.0.1",
                    CONTENT_TYPE=self.headers.get("Content-Type", ""),
                    CONTENT_LENGTH=str(len(body)),
                    HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
                    GIT_PROTOCOL=self.headers.get("Git-Protocol", ""))
                done = subprocess.run(
                    ["git", "http-backend"], input=body, env=environment, stdout=subprocess.PIPE)
                with open(root + "/tls/answers", "a") as file:
                    file.write(str(len(done.stdout)) + "\n")
                head, _, content = done.stdout.partition(b"\r\n\r\n")
                headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
                self.send_response(int(headers.pop("Status", "200").split()[0]))
                for name, value in headers.items(): self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = answer

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(root + "/tls/cert.pem", root + "/tls/key.pem")
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        print("port", server.server_address[1], flush=True)
        server.serve_forever()
        """#
}
