import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("When GitHub's API does not serve")
struct GitHubTroubleTests {
    private let fixture: GitFixture

    init() throws { fixture = try GitFixture() }

    private static let files = [
        "package.json": #"{"dependencies":{"next":"15"},"scripts":{"build":"next build"}}"#,
        "next.config.js": "module.exports = {}\n",
    ]

    private func makeHub(_ files: [String: String] = Self.files) async throws -> GitHubFixture {
        try await fixture.makeRepository("shop", files)
        return try await GitHubFixture(fixture)
    }

    /// Ways in which the interface can fail that are nobody's fault.
    enum Outage: String, CaseIterable, Sendable {
        case everything502, everythingGone, listing500, listingOfAnotherForm, noJSON
        case queryEmpty, queryGone, query502, otherHost, circle, wrongFile

        func answer(_ request: WebServer.Request) -> WebServer.Answer? {
            let isListing = request.path.contains("/git/trees/")
            let isQuery = request.path == "/graphql"
            return switch self {
            case .everything502: GitHubServer.refusal(502, "Server Error")
            case .everythingGone: .hangUp
            case .listing500 where isListing: GitHubServer.refusal(500, "")
            case .listingOfAnotherForm where isListing: GitHubServer.json(["tree": [["path": 1]]])
            case .noJSON: .response(status: 200, headers: [], body: Array("<html>".utf8))
            case .queryEmpty where isQuery:
                GitHubServer.json([
                    "data": .null,
                    "errors": [["message": "Something went wrong while executing your query."]],
                ])
            case .queryGone where isQuery: .hangUp
            case .query502 where isQuery: GitHubServer.refusal(502, "Server Error")
            case .otherHost:
                GitHubServer.json(
                    [:], status: 301, headers: [.init("Location", "http://localhost:9/repos/1")])
            case .circle:
                GitHubServer.json(
                    [:], status: 302,
                    headers: [
                        .init("Location", "http://\(request.header("Host") ?? "")\(request.path)")
                    ])
            case .wrongFile where isQuery: GitHubServer.json(["data": ["repository": [:]]])
            case .wrongFile where request.path.contains("/git/blobs/"):
                .response(status: 200, headers: [], body: Array("{}".utf8))
            default: nil
            }
        }
    }

    @Test("git gives the answer and a remark says why", arguments: Outage.allCases)
    func gitGoesOn(outage: Outage) async throws {
        let hub = try await makeHub()
        hub.server.answer { outage.answer($0) }
        let found = try await hub.detect(by: hub.source())
        #expect(found == (try await hub.detect(by: fixture.source(), at: "./shop")))
        let remark = try #require(hub.remarks.first)
        #expect(remark.code == .repositoryUnreachable)
        #expect(remark.message.hasSuffix("; git is used instead"))
        #expect(!hub.remarks.map { "\($0)" }.joined().contains(GitHubServer.token))
    }

    @Test("too many files for the API are no trouble: git gives the answer and nothing is said")
    func cutListing() async throws {
        let hub = try await makeHub()
        hub.server.answer { request in
            request.path.contains("/git/trees/")
                ? GitHubServer.json(["sha": "", "tree": [], "truncated": true]) : nil
        }
        let found = try await hub.detect(by: hub.source())
        #expect(found.projectType == "next")
        #expect(hub.remarks.isEmpty)
        #expect(hub.server.calls.count == 2)
    }

    @Test("files that a query leaves out, with errors beside its data, are read one by one")
    func partialData() async throws {
        let hub = try await makeHub()
        hub.server.answer { request in
            guard request.path == "/graphql" else { return nil }
            return GitHubServer.json([
                "data": ["repository": ["f0": .null, "f1": ["text": .null]]],
                "errors": [["type": "SERVICE_UNAVAILABLE", "path": ["repository", "f0"]]],
            ])
        }
        let found = try await hub.detect(by: hub.source(gitReachesRepository: false))
        #expect(found.projectType == "next")
        #expect(hub.server.calls.count { $0.contains("/git/blobs/") } == 2)
    }

    @Test("where both fail, git's failure also tells of the API's")
    func bothFail() async throws {
        let hub = try await makeHub()
        hub.server.answer { _ in GitHubServer.refusal(503, "Unavailable") }
        let failure = try await hub.failure(by: hub.source(gitReachesRepository: false))
        #expect(failure.code == .repositoryNotFound)
        #expect(
            failure.evidence.last == .init("GitHub's API", "GitHub's API answered with status 503"))
    }
}

@Suite("When GitHub's API refuses")
struct GitHubRefusalTests {
    private let fixture: GitFixture

    init() throws { fixture = try GitFixture() }

    private func makeHub() async throws -> GitHubFixture {
        try await fixture.makeRepository(
            "shop", ["index.html": "<h1>hello</h1>\n", ".env.example": "A=\n"])
        return try await GitHubFixture(fixture)
    }

    /// The forms in which a limit is told.
    enum Limit: String, CaseIterable, Sendable {
        case hourly, secondary, tooMany, secondaryByWords, inQuery

        func answer(_ request: WebServer.Request) -> WebServer.Answer? {
            let empty: [HTTPHeader] = [
                .init("X-RateLimit-Remaining", "0"), .init("X-RateLimit-Reset", "1795499460"),
            ]
            let wait: [HTTPHeader] = [.init("Retry-After", "60")]
            return switch self {
            case .hourly:
                GitHubServer.refusal(
                    403, "API rate limit exceeded for user ID 583231.", headers: empty)
            case .tooMany: GitHubServer.refusal(429, "", headers: empty)
            case .secondary: GitHubServer.refusal(403, "Slow down.", headers: wait)
            case .secondaryByWords:
                GitHubServer.refusal(403, "You have exceeded a secondary rate limit.")
            case .inQuery where request.path == "/graphql":
                GitHubServer.json(
                    [
                        "errors": [
                            ["type": "RATE_LIMITED", "message": "API rate limit exceeded"]
                        ]
                    ], headers: empty)
            case .inQuery: nil
            }
        }

        var pause: String {
            switch self {
            case .hourly, .tooMany, .inQuery: "until 2026-11-24T05:51:00Z"
            case .secondary: "for the next 60 s"
            case .secondaryByWords: "for now"
            }
        }
    }

    @Test("PV0215: a limit is told with its end, and git goes on", arguments: Limit.allCases)
    func rateLimits(limit: Limit) async throws {
        let hub = try await makeHub()
        hub.server.answer { limit.answer($0) }
        let found = try await hub.detect(by: hub.source())
        #expect(found.projectType == "static")
        let remark = try #require(hub.remarks.first)
        #expect(remark.code == .rateLimited)
        #expect(remark.message.contains(limit.pause), "\(remark.message)")
        #expect(remark.evidence.contains { $0.text == "C0DE:1A2B:3C4D" })
    }

    @Test("PV0214: a token that is refused is an error that names its variable, exit 8")
    func refusedToken() async throws {
        let hub = try await makeHub()
        let failure = try await hub.failure(by: hub.source(token: "ghp_wr0ng"))
        #expect(failure.code == .tokenRefused && failure.kind.exitCode == 8)
        #expect(failure.message.contains("GH_TOKEN"))
        #expect(failure.fix?.contains("unset GH_TOKEN") == true)
        #expect(failure.evidence.first?.text == #"status 401, "Bad credentials""#)
        #expect(!"\(failure)".contains("ghp_wr0ng"))
    }

    @Test("D1: a repository that the token does not see: not there, or private, says the fix")
    func notFound() async throws {
        let hub = try await makeHub()
        let failure = try await hub.failure(
            by: hub.source(), at: "https://github.com/acme/other.git")
        #expect(failure.code == .repositoryNotFound)
        #expect(failure.message == "Repository not found")
        let fix = try #require(failure.fix)
        #expect(fix.contains("spelling") && fix.contains("private repository looks missing"))
    }

    @Test(
        "D14: a missing right and single sign-on are told apart from limits, with the page to go to"
    )
    func forbidden() async throws {
        let hub = try await makeHub()
        hub.server.answer { _ in
            GitHubServer.refusal(403, "Resource not accessible by personal access token")
        }
        let right = try await hub.failure(by: hub.source())
        #expect(right.code == .repositoryPermission && right.kind.exitCode == 8)
        #expect(right.fix?.contains("Contents: read") == true)
        let page = "https://github.com/orgs/acme/sso?authorization_request=A1"
        hub.server.answer { _ in
            GitHubServer.refusal(
                403, "Resource protected by organization SAML enforcement.",
                headers: [.init("X-GitHub-SSO", "required; url=\(page)")])
        }
        let signOn = try await hub.failure(by: hub.source())
        #expect(signOn.fix?.hasSuffix(page) == true)
    }

    @Test("PV0203, PV0209: branches that are not there give the errors that git gives")
    func branches() async throws {
        let hub = try await makeHub()
        try await fixture.git("branch", "feature/cart", in: "shop")
        let after = try await GitHubFixture(fixture)
        let failure = try await after.failure("feature/card", by: after.source())
        #expect(failure == (try await after.failure("feature/card", by: after.git())))
        #expect(failure.evidence.first?.text.contains("feature/cart") == true)
        #expect(after.server.calls.count == 2)

        hub.server.answer { request in
            request.path.hasSuffix("/branches") ? GitHubServer.json([]) : nil
        }
        #expect(try await hub.failure("other", by: hub.source()).code == .repositoryEmpty)
    }

    @Test("all pages of branches are looked through for near matches")
    func manyBranches() async throws {
        try await fixture.makeRepository("shop")
        let commit = try await fixture.git("rev-parse", "HEAD", in: "shop")
        var lines = ""
        for number in 0..<250 { lines += "create refs/heads/b/\(number) \(commit)\n" }
        try fixture.write(lines, to: "references")
        let git = try #require(Command.locate("git", in: fixture.environment["PATH"] ?? ""))
        let command = Command(
            git, ["-C", fixture.path("shop"), "update-ref", "--stdin"],
            environment: fixture.environment)
        try #require(try await command.run(input: Array(lines.utf8)).ending.isSuccess)
        let hub = try await GitHubFixture(fixture)
        let failure = try await hub.failure("b/249x", by: hub.source())
        #expect(failure == (try await hub.failure("b/249x", by: hub.git())))
        #expect(failure.evidence.last == .init("branches", "251"))
        #expect(hub.server.calls.count == 4)
    }

    @Test("a renamed repository is followed, a renamed branch is not: git would not either")
    func renamed() async throws {
        let hub = try await makeHub()
        hub.server.answer { request in
            let host = "http://\(request.header("Host") ?? "")"
            func moved(_ path: String) -> WebServer.Answer {
                GitHubServer.json(
                    ["message": "Moved Permanently"], status: 301,
                    headers: [.init("Location", host + path)])
            }
            if request.path.hasPrefix("/repos/old/shop/") {
                let rest = request.target.dropFirst("/repos/old/shop".count)
                return moved("/repositories/1296269\(rest)")
            }
            return request.path.hasSuffix("/branches/master")
                ? moved("/repositories/1296269/branches/main") : nil
        }
        let repository = try reference("https://github.com/old/shop")
        let head = try await hub.source().head(of: repository, branch: .named("main"))
        #expect(head.subject == "First")
        #expect(head.fetchURL == "https://github.com/old/shop")
        let failure = try await hub.failure("master", by: hub.source())
        #expect(failure.code == .branchNotFound)
        #expect(hub.remarks.isEmpty)
    }

    @Test("R-23: the token goes to the API's own address only")
    func tokenStays() async throws {
        let hub = try await makeHub()
        let elsewhere = try await WebServer { _ in GitHubServer.json([:]) }
        hub.server.answer { request in
            GitHubServer.json(
                [:], status: 302, headers: [.init("Location", elsewhere.url(request.path))])
        }
        _ = try await hub.detect(by: hub.source())
        #expect(elsewhere.requests.isEmpty)
        let sent = hub.server.requests
        #expect(sent.allSatisfy { $0.header("Authorization") == "Bearer \(GitHubServer.token)" })
        #expect(sent.allSatisfy { !$0.target.contains(GitHubServer.token) })
        let token = GitToken(host: "github.com", value: "t")
        for url in [
            "http://api.github.com", "http://127.0.0.1.example.org", "ftp://127.0.0.1", "",
            "https://user@api.github.com", "http://127.0.0.1@example.org",
        ] {
            let api = GitHubAPI(url: url, token: token, client: HTTPClient(userAgent: "x"))
            #expect(api == nil, "\(url)")
        }
    }

    @Test(
        "over ssh git has keys of its own, so that it is asked whatever the API says of the token")
    func ssh() async throws {
        let hub = try await makeHub()
        let address = "ssh://git@github.com/acme/shop"
        let found = try await hub.detect(by: hub.source(token: "ghp_wr0ng"), at: address)
        #expect(found.projectType == "static")
        #expect(hub.remarks.first?.code == .tokenRefused)
    }

    @Test("other hosts, other addresses and folders are never asked of GitHub")
    func others() async throws {
        let hub = try await makeHub()
        _ = try await hub.detect(by: hub.source(), at: "./shop")
        _ = try await hub.detect(by: hub.source(), at: "file://\(fixture.path("shop"))")
        let unknown = hub.source(gitReachesRepository: false)
        for address in ["https://127.0.0.1:9/acme/shop", "https://github.com/acme/shop/extra"] {
            await #expect(throws: Failure.self) { try await hub.detect(by: unknown, at: address) }
        }
        #expect(hub.server.calls.isEmpty)
    }
}
