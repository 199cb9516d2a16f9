import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite(
    "Provider local: clones from a host that asks for a token",
    .serialized,
    .enabled(if: GitServer.isAvailable, "needs python3 and openssl")
)
struct LocalCloneTests {
    private let repositories: GitFixture

    init() throws { repositories = try GitFixture() }

    private func fixture(_ server: GitServer, token: String?) throws -> LocalFixture {
        try LocalFixture(
            gitEnvironment: ["GIT_SSL_CAINFO": server.certificate],
            token: token.map { GitToken(host: "127.0.0.1", value: $0) })
    }

    /// A private repository's static site, as step 1 would have found it.
    private func release(_ server: GitServer, _ commit: String) async throws -> Release {
        var timeouts = Config.PhaseTimeouts()
        timeouts.start = 20
        return Release(
            fetchURL: "https://\(server.host)/private/shop", branch: "main", commit: commit,
            path: "", install: nil, build: nil, start: nil, staticRoot: "", platform: Platform(),
            port: nil, previewVariables: [:], settingsRevision: "r1", health: Config.Health(),
            timeouts: timeouts)
    }

    private func canaries(_ token: String) -> [String] {
        // Plain, and as git sends it: base64 of `x-access-token:` and the token.
        [token, "eC1hY2Nlc3MtdG9rZW46"]
    }

    /// Every file below a folder.
    private func contents(below path: String) throws -> [(path: String, text: String)] {
        try Folder.open(path, ownedBy: .any).entries().flatMap { entry in
            let inner = "\(path)/\(entry.name)"
            switch entry.kind {
            case .folder: return try contents(below: inner)
            case .file: return [(inner, KernelFile.text(inner) ?? "")]
            default: return []
            }
        }
    }

    @Test("D14, R-23: the supervisor clones a private repository; the token goes nowhere else")
    func privateRepository() async throws {
        let commit = try await repositories.makeRepository("shop")
        try await GitServer.run(for: repositories) { server in
            let fixture = try fixture(server, token: GitServer.token)
            let (machine, receipt) = try await fixture.up(try await release(server, commit))
            #expect(receipt.proof.commit == commit)
            #expect(try await fixture.text(machine) == "<h1>hello</h1>\n")
            #expect(try repositories.read(server.authorizations)?.contains("127.0.0.1") == true)
            #expect(!fixture.processes.isEmpty)
            for process in fixture.processes {
                for name in ["cmdline", "environ"] {
                    let text = KernelFile.text("/proc/\(process.pid)/\(name)") ?? ""
                    #expect(!text.contains(GitServer.token), "\(name) of \(process.pid)")
                }
            }
            for (path, text) in try contents(below: fixture.path) {
                for canary in canaries(GitServer.token) {
                    #expect(!text.contains(canary), "\(path)")
                }
            }
        }
    }

    @Test("D14: a token that may not read it, and none at all, are told apart while cloning")
    func refused() async throws {
        let commit = try await repositories.makeRepository("shop")
        try await GitServer.run(for: repositories) { server in
            let release = try await release(server, commit)
            let wrong = try await fixture(server, token: "wr0ng-c4n4ry").failure(of: release)
            #expect(wrong.code == .repositoryPermission && wrong.kind.exitCode == 8)
            #expect(wrong.message == "The token has no permission to read the repository")
            #expect(!"\(wrong)".contains("wr0ng-c4n4ry"))
            let none = try await fixture(server, token: nil).failure(of: release)
            #expect(none.code == .repositoryPermission && none.kind.exitCode == 8)
            #expect(none.fix?.contains("git credential helper") == true, "\(none)")
        }
    }
}
