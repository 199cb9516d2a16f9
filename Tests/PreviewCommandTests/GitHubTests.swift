import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("A repository of GitHub, by its API")
struct GitHubTests {
    private static let files = [
        "package.json": #"{"name":"shop","scripts":{"start":"node server.js"}}"#,
        "server.js": "require('http').createServer((q, s) => s.end('x')).listen(3000)\n",
        "site/index.html": "<h1>hello</h1>\n",
    ]

    /// Runs a test with the repository at GitHub's stand-in; git reaches it in the folder `far`.
    private func use(
        _ body: (Sandbox, GitHubServer, [String: String]) async throws -> Void
    ) async throws {
        try await Sandbox.use { box in
            let far = box.root + "/far"
            for (path, text) in Self.files { try box.write("\(far)/\(path)", text) }
            try await box.shell(
                "git init -q -b main && git add . && git commit -q -m 'First'", in: far)
            let server = try await GitHubServer(
                GitHubObjects(
                    of: far, git: try #require(Command.locate("git", in: "/usr/bin:/bin")),
                    environment: box.environment))
            let variables = [
                "GITHUB_TOKEN": GitHubServer.token, "GITHUB_API_URL": server.url,
                "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "url.file://\(far).insteadOf",
                "GIT_CONFIG_VALUE_0": "https://github.com/acme/shop",
            ]
            try await body(box, server, variables)
        }
    }

    @Test("SPEC 5: `detect owner/name` gives what `detect FOLDER` gives, by three calls")
    func detect() async throws {
        try await use { box, server, variables in
            let nowhere = ["GIT_CONFIG_KEY_0": "url.file:///nowhere.insteadOf"]
            let byAPI = try await box.preview(
                "detect", "acme/shop", "--json", with: variables.merging(nowhere) { $1 })
            let here = try await box.preview("detect", "../far", "--json")
            #expect(byAPI.code == 0 && byAPI.output == here.output, "\(byAPI)")
            #expect(server.calls.count == 3)
            server.clear()
            let withoutToken = try await box.preview(
                "detect", "acme/shop", "--json", with: variables.filter { $0.key != "GITHUB_TOKEN" }
            )
            #expect(withoutToken.output == here.output, "\(withoutToken)")
            #expect(server.calls.isEmpty)
        }
    }

    @Test("plan and apply look through the API; the clone is git's; the token stays out of sight")
    func apply() async throws {
        try await use { box, server, variables in
            try box.write(
                "preview.yaml",
                "version: 1\nname: shop\nrepo: acme/shop\npath: site\nprovider: local\n")
            let plan = try await box.preview("plan", "-v", with: variables)
            #expect(plan.code == 0 && plan.output.contains("First"), "\(plan)")
            #expect(server.calls == ["GET /repos/acme/shop/branches/main"])
            let applied = try await box.preview("apply", "--yes", with: variables)
            #expect(applied.code == 0, "\(applied)")
            #expect(server.calls.count { $0.contains("/git/trees/") } == 1)
            #expect(try await box.page(of: applied, "/") == "<h1>hello</h1>\n")
            let written = box.files(below: box.root).map(box.text).joined()
            #expect(!written.contains(GitHubServer.token))
            try await box.expectDestroyed()
        }
    }

    @Test("P11: -v twice, or PREVIEW_DEBUG, tells every request; once tells none")
    func requests() async throws {
        try await use { box, _, variables in
            let request = "/repos/acme/shop/branches/main → 200"
            let once = try await box.preview("detect", "acme/shop", "-v", with: variables)
            #expect(once.code == 0 && !once.errors.contains(request), "\(once)")
            let twice = try await box.preview("detect", "acme/shop", "-v", "-v", with: variables)
            #expect(twice.errors.contains(request), "\(twice)")
            #expect(!twice.errors.contains(GitHubServer.token))
            let debugging = try await box.preview(
                "detect", "acme/shop", with: variables.merging(["PREVIEW_DEBUG": "1"]) { $1 })
            #expect(debugging.errors.contains(request), "\(debugging)")
        }
    }

    @Test("P11: so are the calls of git, with their ends and without anybody's password")
    func gitCalls() async throws {
        try await Sandbox.use { box in
            try await box.makeRepository()
            let repository = "file://\(box.root)/repo"
            let call = /git ls-remote --heads --quiet -- file:\S+\/repo → exit 0, [0-9]+ ms/
            let once = try await box.preview("detect", repository, "-v")
            #expect(once.code == 0 && !once.errors.contains(call), "\(once)")
            let twice = try await box.preview("detect", repository, "-v", "-v")
            #expect(twice.code == 0 && twice.errors.contains(call), "\(twice)")
            #expect(twice.errors.contains(/git -C \S+ fetch .+ → exit 0/), "\(twice)")
            let closed = try await box.preview(
                "detect", "https://jo:correct-horse@127.0.0.1:1/acme/shop", "-v", "-v")
            #expect(closed.code == 1, "\(closed)")
            #expect(closed.errors.contains(/-- https:\/\/127.+ → exit 128/), "\(closed)")
            #expect(!closed.errors.contains("correct-horse"))
        }
    }

    @Test("PV0214, PV0215: a refused token ends with 8, a used up limit with a remark")
    func refusals() async throws {
        try await use { box, server, variables in
            let refused = try await box.preview(
                "detect", "acme/shop", with: variables.merging(["GITHUB_TOKEN": "ghp_no"]) { $1 })
            #expect(refused.code == 8 && refused.errorCode == "PV0214", "\(refused)")
            server.answer { _ in
                GitHubServer.refusal(
                    403, "API rate limit exceeded",
                    headers: [
                        .init("X-RateLimit-Remaining", "0"),
                        .init("X-RateLimit-Reset", "1795499460"),
                    ])
            }
            let limited = try await box.preview("detect", "acme/shop", "--json", with: variables)
            let remark = "warning[PV0215]: GitHub's API takes no more requests of this token until "
            #expect(limited.code == 0, "\(limited)")
            #expect(limited.errors.contains(remark + "2026-11-24T05:51:00Z"), "\(limited)")
            let elsewhere = try await box.preview(
                "detect", "acme/shop",
                with: variables.merging(["GITHUB_API_URL": "http://example.org"]) { $1 })
            #expect(elsewhere.code == 64, "\(elsewhere)")
        }
    }
}
