import Glibc
import PreviewSystem
import Testing

/// The server of `Tests/Fixtures/tls`, with a certificate of its own for 127.0.0.1 and `far.invalid`.
struct TLSServer {
    let port: UInt16
    private let temporary: TemporaryFolder

    var url: String { "https://127.0.0.1:\(port)/" }
    var certificateFile: String { "\(temporary.path)/cert" }

    /// What the server has seen, a line for each event.
    var events: [String] { get throws { Array(try Self.lines(in: temporary).dropFirst()) } }

    /// Runs `body` with a server that offers these protocols and treats POST as said.
    static func run(
        offering protocols: String = "h2,http/1.1",
        onPost: String = "answer",
        _ body: (TLSServer) async throws -> Void
    ) async throws {
        let temporary = try TemporaryFolder()
        try await makeCertificate(in: temporary)
        let log = try temporary.folder.appending(to: "log")
        let process = try Command(
            "/usr/bin/python3",
            [script, "cert", "key", protocols, onPost],
            environment: plainEnvironment,
            directory: temporary.path
        ).start(.ownSession, output: log.descriptor, errorOutput: log.descriptor)
        let isListening = try await eventually { try !lines(in: temporary).isEmpty }
        let result: Result<Void, any Error>
        do {
            try #require(isListening)
            let port = try #require(UInt16(try lines(in: temporary)[0]))
            result = .success(try await body(TLSServer(port: port, temporary: temporary)))
        } catch {
            result = .failure(error)
        }
        #expect(await process.endTree(grace: .zero) == [])
        waitpid(process.pid, nil, 0)
        try result.get()
    }

    /// A client that trusts the server.
    func client(
        httpsProxy: String? = nil,
        withoutProxy: String? = nil,
        trace: HTTPClient.Trace? = nil
    ) -> HTTPClient {
        HTTPClient(
            userAgent: "preview-tests/1",
            network: HTTPNetwork(
                httpsProxy: httpsProxy,
                withoutProxy: withoutProxy,
                certificateFile: certificateFile
            ),
            trace: trace
        )
    }

    private static let script =
        "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        + "/Fixtures/tls/server.py"

    /// The whole lines written so far.
    private static func lines(in temporary: TemporaryFolder) throws -> [String] {
        let log = String(
            decoding: try temporary.folder.read("log", limit: 1 << 20) ?? [], as: UTF8.self)
        return log.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
            String.init)
    }

    private static func makeCertificate(in temporary: TemporaryFolder) async throws {
        let openssl = try #require(Command.locate("openssl", in: plainEnvironment["PATH"] ?? ""))
        let made = try await Command(
            openssl,
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-keyout", "key", "-out", "cert", "-days", "2", "-subj", "/CN=localhost",
                "-addext", "subjectAltName=IP:127.0.0.1,DNS:far.invalid",
            ],
            environment: plainEnvironment,
            directory: temporary.path
        ).run()
        try #require(made.ending.isSuccess, "\(made.errorText)")
    }
}
