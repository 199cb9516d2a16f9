import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

/// An S3 server of another make with one bucket, started once for all tests of this process.
struct S3Server: Sendable {
    static let bucket = "previews"
    static let accessKey = "AKIDPREVIEWTESTS"
    static let secretKey = "secret/key+of/the+tests0123456789abcdef"

    let endpoint: String
    private let process: ServerProcess

    /// Checks conditions and signatures.
    static var seaweed: S3Server {
        get async throws { try await sharedSeaweed.value }
    }
    /// Checks conditions, but no signatures.
    static var moto: S3Server {
        get async throws { try await sharedMoto.value }
    }
    /// Checks signatures, but no conditions.
    static var rclone: S3Server {
        get async throws { try await sharedRclone.value }
    }

    private static let sharedSeaweed = Task { try await startSeaweed() }
    private static let sharedMoto = Task { try await startMoto() }
    private static let sharedRclone = Task { try await startRclone() }

    /// The settings of a store in this server, below a prefix of its own.
    func settings(prefix: String) -> [String: String] {
        [
            "bucket": Self.bucket, "prefix": prefix, "region": "us-east-1",
            "endpoint": endpoint, "path_style": "true",
        ]
    }

    static let environment = [
        "AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey,
    ]

    /// One more store object for the same records, as another process has it.
    func store(
        prefix: String, environment: [String: String] = Self.environment,
        timing: LeaseTiming = LeaseTiming(poll: .milliseconds(100)),
        trace: HTTPClient.Trace? = nil
    ) throws -> S3Store {
        try S3Store(
            settings: settings(prefix: prefix), environment: environment, home: "",
            network: HTTPNetwork(), trace: trace, timing: timing)
    }

    private static func startSeaweed() async throws -> S3Server {
        let ports = try (0..<4).map { _ in try ServerProcess.freePort() }
        let process = try ServerProcess(ServerProcess.program("weed")) { folder in
            try folder.write(
                "s3.json",
                Array(
                    """
                    {"identities":[{"name":"tests","credentials":[{"accessKey":"\(accessKey)",\
                    "secretKey":"\(secretKey)"}],"actions":["Admin","Read","Write","List"]}]}
                    """.utf8))
            _ = try folder.makeFolder("data")
            return [
                "server", "-dir=\(folder.path)/data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
                "-master.port=\(ports[0])", "-volume.port=\(ports[1])", "-volume.max=200",
                "-volume.preStopSeconds=1", "-master.volumeSizeLimitMB=64",
                "-master.telemetry=false", "-filer", "-filer.port=\(ports[2])", "-s3",
                "-s3.port=\(ports[3])", "-s3.port.iceberg=0", "-s3.port.lance=0",
                "-s3.config=\(folder.path)/s3.json",
            ]
        }
        return try await S3Server(port: ports[3], process)
    }

    private static func startMoto() async throws -> S3Server {
        let port = try ServerProcess.freePort()
        let process = try ServerProcess(ServerProcess.program("moto_server")) { _ in
            ["-H", "127.0.0.1", "-p", "\(port)"]
        }
        return try await S3Server(port: port, process)
    }

    private static func startRclone() async throws -> S3Server {
        let port = try ServerProcess.freePort()
        let process = try ServerProcess(ServerProcess.program("rclone")) { folder in
            _ = try folder.makeFolder("data")
            return [
                "serve", "s3", "--addr", "127.0.0.1:\(port)", "--auth-key",
                "\(accessKey),\(secretKey)", "\(folder.path)/data",
            ]
        }
        return try await S3Server(port: port, process)
    }

    /// Waits until the bucket can be made and written to; a port that is open says nothing yet.
    private init(port: Int, _ process: ServerProcess) async throws {
        endpoint = "http://127.0.0.1:\(port)"
        self.process = process
        let client = HTTPClient(userAgent: "tests")
        let deadline = ContinuousClock.now + .seconds(30)
        for path in ["/\(Self.bucket)", "/\(Self.bucket)/first"] {
            while true {
                let request = HTTPRequest(
                    "PUT", endpoint + path,
                    headers: [
                        .init("x-amz-content-sha256", Digest.hex([])),
                        .init("Content-Type", "application/json"),
                    ],
                    body: [], timeout: .seconds(10),
                    signature: AWSSignature(
                        accessKey: Self.accessKey, secretKey: Self.secretKey,
                        region: "us-east-1", service: "s3"))
                // Until it is up it refuses connections, or answers with errors.
                let response = try? await client.send(request)
                // A bucket whose making was not answered in time is there the next time.
                if [200, 409].contains(response?.status) { break }
                let answer = String(decoding: response?.body ?? [], as: UTF8.self)
                try #require(ContinuousClock.now < deadline, "\(answer) \(process.log)")
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}
