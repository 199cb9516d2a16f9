import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("Credentials for S3, from where AWS's tools have them")
struct S3CredentialTests {
    private static let app = "shop-4f1c9a2e"

    /// A home with files, a bucket, and a server for tokens; removed at the end.
    private func withHome(
        _ files: [String: String] = [:], _ body: (String, FakeS3) async throws -> Void
    ) async throws {
        let parent = try Folder.open("/tmp", ownedBy: .any)
        let name = "preview-home-\(Digest.hexadecimal(Moment.randomBytes(6)))"
        let home = try parent.makeFolder(name)
        let folder = try home.makeFolder(".aws")
        for (name, text) in files { try folder.writeUserFile(name, Array(text.utf8)) }
        do {
            try await body(home.path, try await FakeS3())
            try parent.removeTree(name)
        } catch {
            try parent.removeTree(name)
            throw error
        }
    }

    /// The key, and the token if there is one, that the last request was signed with.
    private func signer(of bucket: FakeS3) throws -> String {
        let request = try #require(bucket.requests.last)
        let signature = try #require(request.header("Authorization"))
        #expect(signature.hasPrefix("AWS4-HMAC-SHA256 Credential="))
        let key = try #require(signature.split(separator: "=").dropFirst().first)
            .prefix { $0 != "/" }
        let token = request.header("x-amz-security-token")
        #expect((token != nil) == signature.contains("x-amz-security-token"), "it is signed")
        return String(key) + (token.map { "+\($0)" } ?? "")
    }

    private func signer(
        in bucket: FakeS3, _ environment: [String: String], home: String
    ) async throws -> String {
        _ = try await bucket.store(environment: environment, home: home).read(Self.app)
        return try signer(of: bucket)
    }

    private func expectSigner(
        _ signer: String, in bucket: FakeS3, _ environment: [String: String], home: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await self.signer(in: bucket, environment, home: home)
        #expect(found == signer, sourceLocation: sourceLocation)
    }

    private static let files = [
        "credentials": """
        # comment
        [default]
        aws_access_key_id = AKIDDEFAULT
        aws_secret_access_key = secret=of/default

        [ci]
        aws_access_key_id=AKIDCI
        aws_secret_access_key=secret-of-ci
        aws_session_token = token-of-ci
        """,
        "config": """
        [default]
        region = eu-central-1
        s3 =
          addressing_style = path
        [profile ci]
        region = ap-south-1
        aws_access_key_id = AKIDLESS
        [profile person]
        sso_session = work
        """,
    ]

    @Test("the environment wins over the files, a chosen profile over the default one")
    func order() async throws {
        try await withHome(Self.files) { home, bucket in
            let keys = FakeS3.environment
            let session = keys.merging(["AWS_SESSION_TOKEN": "token-1"]) { $1 }
            try await expectSigner("AKIDEXAMPLE", in: bucket, keys, home: home)
            try await expectSigner("AKIDEXAMPLE+token-1", in: bucket, session, home: home)
            try await expectSigner("AKIDDEFAULT", in: bucket, [:], home: home)
            try await expectSigner(
                "AKIDCI+token-of-ci", in: bucket, ["AWS_PROFILE": "ci"], home: home)
            let files = [
                "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials", "AWS_PROFILE": "ci",
                "AWS_CONFIG_FILE": "/nowhere/config",
            ]
            try await expectSigner("AKIDCI+token-of-ci", in: bucket, files, home: home)
        }
    }

    @Test("the region comes from the setting, the environment or the profile")
    func region() async throws {
        try await withHome(Self.files) { home, bucket in
            let cases: [([String: String], [String: String], String)] = [
                (["region": "eu-west-1"], ["AWS_REGION": "us-west-2"], "eu-west-1"),
                ([:], ["AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-east-2"], "us-west-2"),
                ([:], ["AWS_DEFAULT_REGION": "us-east-2"], "us-east-2"),
                ([:], ["AWS_PROFILE": "ci"], "ap-south-1"), ([:], [:], "eu-central-1"),
            ]
            for (settings, environment, region) in cases {
                _ = try await bucket.store(settings, environment: environment, home: home)
                    .read(Self.app)
                let signature = bucket.requests.last?.header("Authorization") ?? ""
                #expect(signature.contains("/\(region)/s3/aws4_request"), "\(signature)")
            }
        }
    }

    @Test("what is missing or not read here is said before anything is sent")
    func missing() async throws {
        try await withHome(Self.files) { home, bucket in
            let unknown = try await failure {
                try await signer(in: bucket, ["AWS_PROFILE": "nobody"], home: home)
            }
            #expect(unknown.code == .storeSettings && unknown.message.contains("nobody"))
            let single = try await failure {
                try await signer(in: bucket, ["AWS_PROFILE": "person"], home: home)
            }
            #expect(single.code == .storeSettings && single.message.contains("sso_session"))
            let none = try await failure { try await signer(in: bucket, [:], home: "/nowhere") }
            #expect(none.code == .storeDenied && none.kind == .authentication)
            let noToken = try await failure {
                try await signer(
                    in: bucket,
                    ["AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token", "AWS_ROLE_ARN": "arn:role"],
                    home: home)
            }
            #expect(noToken.code == .storeSettings)
            #expect(bucket.requests.isEmpty)
        }
    }

    private static let role = "arn:aws:iam::123456789012:role/previews"

    private static func tokenServiceAnswer(_ number: Int, until end: String) -> String {
        """
        <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
          <AssumeRoleWithWebIdentityResult>
            <Credentials>
              <SessionToken>session&#43;\(number)==</SessionToken>
              <SecretAccessKey>temporary-secret-\(number)</SecretAccessKey>
              <Expiration>\(end)</Expiration>
              <AccessKeyId>ASIA\(number)</AccessKeyId>
            </Credentials>
          </AssumeRoleWithWebIdentityResult>
        </AssumeRoleWithWebIdentityResponse>
        """
    }

    /// A token service that gives another key each time, good for so many seconds.
    private func tokenService(_ seconds: Int) async throws -> WebServer {
        let count = Locked(0)
        return try await WebServer { _ in
            let number = count.withLock {
                $0 += 1; return $0
            }
            let end = Timestamp(seconds: Int(Moment.unixMilliseconds / 1000) + seconds)
            let text = Self.tokenServiceAnswer(number, until: end.text)
            return .response(status: 200, headers: [], body: Array(text.utf8))
        }
    }

    @Test("a web identity is traded for a role's keys, before the files; keys near their end anew")
    func webIdentity() async throws {
        try await withHome(Self.files.merging(["token": "header.payload.sig&a=b\n"]) { $1 }) {
            home, bucket in
            for (seconds, second) in [(3600, "ASIA1+session+1=="), (60, "ASIA2+session+2==")] {
                let service = try await tokenService(seconds)
                let store = try bucket.store(
                    environment: [
                        "AWS_WEB_IDENTITY_TOKEN_FILE": "\(home)/.aws/token",
                        "AWS_ROLE_ARN": Self.role, "AWS_ENDPOINT_URL_STS": service.url(),
                    ], home: home)
                _ = try await store.read(Self.app)
                #expect(try signer(of: bucket) == "ASIA1+session+1==")
                _ = try await store.read(Self.app)
                #expect(try signer(of: bucket) == second)
                let request = try #require(service.requests.first)
                #expect(request.method == "POST" && request.target == "/")
                #expect(request.header("Authorization") == nil)
                #expect(
                    String(decoding: request.body, as: UTF8.self)
                        == "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws"
                        + "%3Aiam%3A%3A123456789012%3Arole%2Fpreviews&RoleSessionName=preview"
                        + "&WebIdentityToken=header.payload.sig%26a%3Db")
            }
        }
    }

    @Test("a role of a profile with a token's file is one as well")
    func profileRole() async throws {
        let service = try await tokenService(3600)
        let config = """
            [profile cluster]
            role_arn = \(Self.role)
            web_identity_token_file = ~/.aws/token
            """
        try await withHome(["config": config, "token": "abc"]) { home, bucket in
            let environment = [
                "AWS_PROFILE": "cluster", "AWS_ENDPOINT_URL_STS": service.url("/"),
            ]
            try await expectSigner("ASIA1+session+1==", in: bucket, environment, home: home)
        }
    }

    @Test("keys that the bucket calls expired are fetched again, once")
    func expired() async throws {
        try await withHome(["token": "abc"]) { home, bucket in
            let service = try await tokenService(3600)
            let environment = [
                "AWS_WEB_IDENTITY_TOKEN_FILE": "\(home)/.aws/token", "AWS_ROLE_ARN": Self.role,
                "AWS_ENDPOINT_URL_STS": service.url(),
            ]
            bucket.setFault { request in
                request.header("Authorization")?.contains("ASIA1/") == true
                    ? .status(400, "ExpiredToken") : nil
            }
            try await expectSigner("ASIA2+session+2==", in: bucket, environment, home: home)
            bucket.setFault { _ in .status(400, "ExpiredToken") }
            bucket.clear()
            let failure = try await failure {
                try await signer(in: bucket, environment, home: home)
            }
            #expect(failure.code == .storeDenied && bucket.requests.count == 2)
        }
    }

    @Test("a token service that refuses is told with its words")
    func refusedToken() async throws {
        let text = """
            <ErrorResponse><Error><Type>Sender</Type><Code>InvalidIdentityToken</Code>\
            <Message>no provider</Message></Error></ErrorResponse>
            """
        let service = try await WebServer { _ in
            .response(status: 400, headers: [], body: Array(text.utf8))
        }
        try await withHome(["token": "token-in-file"]) { home, bucket in
            let environment = [
                "AWS_WEB_IDENTITY_TOKEN_FILE": "\(home)/.aws/token", "AWS_ROLE_ARN": Self.role,
                "AWS_ENDPOINT_URL_STS": service.url(),
            ]
            let failure = try await failure {
                try await signer(in: bucket, environment, home: home)
            }
            #expect(failure.code == .storeDenied)
            #expect(failure.evidence.contains { $0.text.contains("InvalidIdentityToken") })
            #expect(!"\(failure)".contains("token-in-file"))
        }
    }

    private func container() async throws -> WebServer {
        let end = Timestamp(seconds: Int(Moment.unixMilliseconds / 1000) + 3600)
        let text = """
            {"AccessKeyId":"ASIACONTAINER","SecretAccessKey":"s","Token":"t/1",\
            "Expiration":"\(end.text)"}
            """
        return try await WebServer { request in
            request.header("Authorization") == "Bearer of/container"
                ? .response(status: 200, headers: [], body: Array(text.utf8))
                : .response(status: 401, headers: [], body: [])
        }
    }

    @Test("a container's endpoint gives keys for its token, last of all")
    func containerEndpoint() async throws {
        let container = try await container()
        try await withHome(["token": "Bearer of/container\n"]) { home, bucket in
            let inFile = [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": container.url("/keys?of=us"),
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "\(home)/.aws/token",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "another",
            ]
            try await expectSigner("ASIACONTAINER+t/1", in: bucket, inFile, home: home)
            #expect(container.requests.last?.target == "/keys?of=us")
            let inVariable = [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": container.url(),
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Bearer of/container",
            ]
            try await expectSigner("ASIACONTAINER+t/1", in: bucket, inVariable, home: home)
            let wrong = inVariable.merging(["AWS_CONTAINER_AUTHORIZATION_TOKEN": "no"]) { $1 }
            let failure = try await failure { try await signer(in: bucket, wrong, home: home) }
            #expect(failure.code == .storeDenied)
            let keys = inFile.merging(FakeS3.environment) { $1 }
            try await expectSigner("AKIDEXAMPLE", in: bucket, keys, home: home)
        }
    }

    @Test(
        "a container's endpoint elsewhere is not given the token",
        arguments: [
            "http://example.com/", "http://127.0.0.1@example.com/", "ftp://127.0.0.1/",
            "http://127.evil.example/", "http://169.254.170.2.example.com/", "http://[::2]/",
        ])
    func foreignContainer(address: String) async throws {
        try await withHome { home, bucket in
            let environment = [
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": address,
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret",
            ]
            let failure = try await failure {
                try await signer(in: bucket, environment, home: home)
            }
            #expect(failure.code == .storeSettings && bucket.requests.isEmpty)
        }
    }

    @Test("P11: no secret is in what is traced, told or printed")
    func secrets() async throws {
        let bucket = try await FakeS3()
        let lines = Locked<[String]>([])
        let secrets = ["secret-of-the-tests", "token-of-the-tests", "AKIDEXAMPLE"]
        let environment = FakeS3.environment.merging(["AWS_SESSION_TOKEN": secrets[1]]) { $1 }
        let store = try bucket.store(environment: environment) { exchange in
            lines.withLock { $0.append("\(exchange)") }
        }
        _ = try await store.write([1], for: Self.app, replacing: nil, keeping: nil)
        _ = try await store.list()
        bucket.setFault { _ in .status(403, "SignatureDoesNotMatch") }
        let failure = try await failure { try await store.read(Self.app) }
        let signature = AWSSignature(
            accessKey: secrets[2], secretKey: secrets[0], region: "us-east-1", service: "s3")
        let request = HTTPRequest("GET", bucket.endpoint, signature: signature)
        let told = lines.withLock(\.self) + ["\(failure)", "\(store)", "\(request)"]
        #expect(told.count > 6)
        for text in told {
            for secret in secrets + ["AWS4-HMAC"] {
                #expect(!text.contains(secret), "\(secret)")
            }
        }
    }
}
