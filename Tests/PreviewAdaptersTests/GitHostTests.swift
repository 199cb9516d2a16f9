import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite(
    "A real git host over https",
    .enabled(if: GitServer.isAvailable, "needs python3 and openssl")
)
struct GitHostTests {
    private let fixture: GitFixture

    init() throws { fixture = try GitFixture() }

    private func head(
        _ server: GitServer,
        _ path: String,
        token: String? = nil,
        certificate: Bool = true
    ) async throws -> Head {
        let source = fixture.source(
            certificate ? ["GIT_SSL_CAINFO": server.certificate] : [:],
            token: token.map { GitToken(host: "127.0.0.1", value: $0) }
        )
        return try await source.head(
            of: try reference("https://\(server.host)/\(path)"),
            branch: .named("main")
        )
    }

    private func failure(
        _ server: GitServer,
        _ path: String,
        token: String? = nil,
        certificate: Bool = true
    ) async throws -> Failure {
        try #require(
            await #expect(throws: Failure.self) {
                try await head(server, path, token: token, certificate: certificate)
            }
        )
    }

    @Test("D13, D14: public repositories need no token, private ones are given it when they ask")
    func access() async throws {
        let commit = try await fixture.makeRepository("shop")
        try await GitServer.run(for: fixture) { server in
            let open = try await head(server, "open/shop")
            #expect(open.commit == commit)
            let closed = try await head(server, "private/shop", token: GitServer.token)
            #expect(closed.commit == commit)
        }
    }

    @Test("D1: not found, no permission and no network are told apart")
    func differentErrors() async throws {
        try await fixture.makeRepository("shop")
        try await GitServer.run(for: fixture) { server in
            let missing = try await failure(server, "nowhere/shop")
            #expect(missing.code == .repositoryNotFound)
            #expect(missing.message == "Repository not found")

            let anonymous = try await failure(server, "private/shop")
            #expect(anonymous.code == .repositoryPermission)
            #expect(anonymous.kind.exitCode == 8)

            let wrong = try await failure(server, "private/shop", token: "wr0ng-c4n4ry")
            #expect(wrong.code == .repositoryPermission)
            #expect(wrong.message == "The token has no permission to read the repository")
            #expect(!"\(wrong)".contains("wr0ng-c4n4ry"))

            let forbidden = try await failure(server, "forbidden/shop", token: GitServer.token)
            #expect(forbidden.code == .repositoryPermission)

            #expect(try await failure(server, "down/shop").code == .repositoryUnreachable)
            let untrusted = try await failure(server, "open/shop", certificate: false)
            #expect(untrusted.code == .repositoryUnreachable)
            #expect(untrusted.message.contains("certificate"))
        }
    }

    @Test("R-23: a token goes to its own host only, not to where that redirects")
    func tokenStays() async throws {
        try await fixture.makeRepository("shop")
        try await GitServer.run(for: fixture) { server in
            let token = GitToken(host: "127.0.0.1", value: GitServer.token)
            _ = try await head(server, "private/shop", token: GitServer.token)
            let sent = try #require(try fixture.read(server.authorizations)).split(separator: "\n")
            let isOwn = sent.map { $0.hasPrefix("127.0.0.1:") }
            #expect(!isOwn.isEmpty && !isOwn.contains(false))

            try fixture.write("", to: server.authorizations)
            let redirected = try await failure(server, "elsewhere/shop", token: GitServer.token)
            #expect(redirected.code == .repositoryPermission)
            #expect(try fixture.read(server.authorizations) == "")

            let port = server.host.dropFirst("127.0.0.1:".count)
            let other = fixture.source(["GIT_SSL_CAINFO": server.certificate], token: token)
            await #expect(throws: Failure.self) {
                try await other.head(
                    of: try reference("https://localhost:\(port)/private/shop"),
                    branch: .named("main")
                )
            }
            #expect(try fixture.read(server.authorizations) == "")
        }
    }

    @Test("R-23, D50: a private commit is checked out, and no token stays in the checkout")
    func privateCheckout() async throws {
        let commit = try await fixture.makeRepository("shop")
        try await GitServer.run(for: fixture) { server in
            let source = fixture.source(
                ["GIT_SSL_CAINFO": server.certificate],
                token: GitToken(host: "127.0.0.1", value: GitServer.token)
            )
            let head = try await source.head(
                of: try reference("https://user:c4n4ry@\(server.host)/private/shop"),
                branch: .named("main")
            )
            let lines = Locked<[String]>([])
            _ = try await source.checkOut(head, into: fixture.path("copy")) { line in
                lines.withLock { $0.append(line) }
            }
            #expect(try await fixture.git("rev-parse", "HEAD", in: "copy") == commit)
            let printed = lines.withLock { $0.joined() }
            let kept = try await fixture.git("config", "--list", "--local", in: "copy")
            for secret in [GitServer.token, "c4n4ry", "Authorization"] {
                #expect(!(printed + kept).contains(secret))
            }
        }
    }
}
