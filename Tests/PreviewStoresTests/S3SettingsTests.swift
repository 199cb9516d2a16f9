import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("Where the objects of a store in S3 are")
struct S3SettingsTests {
    private static let app = "shop-4f1c9a2e"

    private func request(
        _ bucket: FakeS3, _ settings: [String: String],
        environment: [String: String] = FakeS3.environment
    ) async throws -> WebServer.Request {
        // Which answer comes is not the question.
        _ = try? await bucket.store(settings, environment: environment).read(Self.app)
        return try #require(bucket.requests.last)
    }

    @Test("the bucket stands in the path where it must or is to, else before the host")
    func addresses() async throws {
        let bucket = try await FakeS3()
        let port = try #require(bucket.endpoint.split(separator: ":").last)
        // curl knows by itself that such names are this machine's (RFC 6761 section 6.3).
        let named = "http://s3.localhost:\(port)"
        let cases: [([String: String], String, String)] = [
            (["endpoint": named, "path_style": "false"], "previews.s3.localhost:\(port)", ""),
            (["endpoint": named + "/", "path_style": "true"], "s3.localhost:\(port)", "/previews"),
            (
                ["endpoint": named + "/a/b", "path_style": "false"],
                "previews.s3.localhost:\(port)", "/a/b"
            ),
            (
                ["endpoint": named, "path_style": "false", "bucket": "my.previews"],
                "s3.localhost:\(port)", "/my.previews"
            ),
            (["path_style": "false"], "127.0.0.1:\(port)", "/previews"),
        ]
        for (settings, host, path) in cases {
            let request = try await request(bucket, settings)
            #expect(request.header("Host") == host)
            #expect(request.target == "\(path)/team/\(Self.app)/state.json")
        }
    }

    @Test("a prefix may hold anything, and is sent and found as it is")
    func prefixes() async throws {
        for prefix in ["", "a b/", "é+%2F/", "../x/", "a&b?c#d/"] {
            let bucket = try await FakeS3()
            let store = try bucket.store(["prefix": prefix])
            _ = try await store.write([1], for: Self.app, replacing: nil, keeping: nil)
            let targets = bucket.requests.map(\.target)
            #expect(targets.contains { $0.hasSuffix("/\(Self.app)/state.json") })
            #expect(targets.allSatisfy { !$0.contains(" ") && !$0.contains("#") })
            #expect(try await store.read(Self.app)?.bytes == [1])
            #expect(store.place(of: Self.app) == "s3://previews/\(prefix)\(Self.app)/state.json")
        }
    }

    @Test("the environment may name the endpoint, unless it says to ignore that")
    func endpointOfEnvironment() async throws {
        let bucket = try await FakeS3()
        let variables = FakeS3.environment.merging([
            "AWS_ENDPOINT_URL_S3": bucket.endpoint, "AWS_ENDPOINT_URL": "http://nowhere.invalid",
        ]) { $1 }
        func store(_ environment: [String: String], _ settings: [String: String]) throws -> S3Store
        {
            try S3Store(
                settings: settings.merging(["bucket": "previews"]) { $1 },
                environment: environment, home: "", network: HTTPNetwork())
        }
        _ = try await store(variables, [:]).read(Self.app)
        #expect(bucket.requests.count == 1)
        let ignoring = variables.merging(["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"]) { $1 }
        let failure = try await failure { try store(ignoring, [:]) }
        #expect(failure.code == .storeSettings && failure.message.contains("region"))
    }

    @Test("each write asks for the encryption that is wanted", arguments: ["AES256", "aws:kms"])
    func encryption(kind: String) async throws {
        let bucket = try await FakeS3()
        let store = try bucket.store(["encryption": kind])
        let held = try await store.lock(
            Self.app, for: SimulatedWorld.makeHolder("lock-1"), timeout: .zero
        ) { _ in }
        let version = try await store.write([1], for: Self.app, replacing: nil, keeping: nil)
        _ = try await store.write([2], for: Self.app, replacing: version, keeping: 1)
        await held.release()
        for request in bucket.requests {
            let asked = request.header("x-amz-server-side-encryption")
            #expect(asked == (request.method == "PUT" ? kind : nil))
        }
    }

    @Test(
        "settings that cannot be used are refused before anything is sent",
        arguments: [
            ["bucket": ""], ["endpoint": "s3.example.com"],
            ["endpoint": "https://user@example.com"],
            ["endpoint": "https://"], ["endpoint": "https://s3.example.com?x=1"],
            ["region": "eu west 1"],
        ])
    func refused(settings: [String: String]) async throws {
        let bucket = try await FakeS3()
        let failure = try await failure { try bucket.store(settings) }
        #expect(failure.code == .storeSettings && failure.kind == .invalidConfig)
    }
}
