import FoundationEssentials
import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

/// A repository that is to be had three ways: as a checkout, from GitHub's stand-in, and by git under
/// the address that it would have at GitHub.
struct GitHubFixture {
    let fixture: GitFixture
    let server: GitHubServer
    private let remarked = Locked<[Failure]>([])

    static let address = "https://github.com/acme/shop"

    /// Serves what the repository `shop` of a fixture has now.
    init(_ fixture: GitFixture) async throws {
        self.fixture = fixture
        try await fixture.git("config", "uploadpack.allowFilter", "true", in: "shop")
        let git = try #require(Command.locate("git", in: fixture.environment["PATH"] ?? ""))
        server = try await GitHubServer(
            GitHubObjects(of: fixture.path("shop"), git: git, environment: fixture.environment)
        )
    }

    /// What went on otherwise than it should.
    var remarks: [Failure] { remarked.withLock(\.self) }

    /// git, for which the address at GitHub leads to the repository here; or nowhere.
    func git(reachesRepository: Bool = true) -> GitRepository {
        let place = reachesRepository ? "file://\(fixture.path("shop"))" : "file:///nowhere"
        let addresses = [
            Self.address, "https://github.com/old/shop", "ssh://git@github.com/acme/shop",
        ]
        var variables = ["GIT_CONFIG_COUNT": String(addresses.count)]
        for (index, address) in addresses.enumerated() {
            variables["GIT_CONFIG_KEY_\(index)"] = "url.\(place).insteadOf"
            variables["GIT_CONFIG_VALUE_\(index)"] = address
        }
        return fixture.source(variables)
    }

    func source(
        token: String = GitHubServer.token,
        url: String? = nil,
        gitReachesRepository: Bool = true
    ) -> GitHubSource {
        GitHubSource(
            git: git(reachesRepository: gitReachesRepository),
            api: GitHubAPI(
                url: url ?? server.url,
                token: GitToken(host: "github.com", value: token, variable: "GH_TOKEN"),
                client: HTTPClient(userAgent: "preview-tests")
            ),
            remark: { failure in remarked.withLock { $0.append(failure) } }
        )
    }

    /// What a source makes of a branch.
    func detect(
        _ branch: String = "main",
        path: String = "",
        by source: some RepositorySource,
        at address: String = GitHubFixture.address
    ) async throws -> Detection {
        let repository = try reference(address)
        let head = try await source.head(of: repository, branch: .named(branch))
        return try await source.detect(head, of: repository, path: path)
    }

    /// The failure of a source, which there must be.
    func failure(
        _ branch: String = "main",
        path: String = "",
        by source: some RepositorySource,
        at address: String = GitHubFixture.address
    ) async throws -> Failure {
        try #require(
            await #expect(throws: Failure.self) {
                try await detect(branch, path: path, by: source, at: address)
            }
        )
    }
}

/// A project of the tables in `Tests/Fixtures/detection`.
struct ProjectFiles: Sendable {
    let name: String
    let files: [String: String]

    static func load(_ file: String) -> [ProjectFiles] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/detection")
        guard let data = FileManager.default.contents(atPath: folder.appending(path: file).path),
            let document = try? JSONReader.read(Array(data), options: .lenient)
        else { return [] }
        return (document["cases"]?.array ?? []).compactMap { row in
            guard let name = row["name"]?.string, let files = row["files"]?.object else {
                return nil
            }
            return ProjectFiles(
                name: name,
                files: Dictionary(files.members.map { ($0.name, $0.value.string ?? "") }) { $1 }
            )
        }
    }
}

extension GitFixture {
    /// A file of a commit that is made without a checkout.
    struct File: Sendable {
        var mode = "100644"
        var content: [UInt8]
    }

    /// Makes a repository with one commit on each of some branches, by one run of `git fast-import`.
    func importBranches(_ branches: [String: [String: File]], into name: String) async throws {
        try await git("init", "--quiet", "--initial-branch=main", "--", name)
        var stream: [UInt8] = []
        for (branch, files) in branches.sorted(by: { $0.key < $1.key }) {
            stream += "commit refs/heads/\(branch)\ncommitter A <a@example.org> 0 +0000\n".utf8
            stream += "data 17\nFirst\n\nMore words\n".utf8
            for (path, file) in files.sorted(by: { $0.key < $1.key }) {
                if file.mode == "160000" {
                    let commit = String(decoding: file.content, as: UTF8.self)
                    stream += "M 160000 \(commit) \(path)\n".utf8
                } else {
                    stream += "M \(file.mode) inline \(path)\ndata \(file.content.count)\n".utf8
                    stream += file.content + [0x0A]
                }
            }
        }
        let program = try #require(Command.locate("git", in: environment["PATH"] ?? ""))
        let command = Command(
            program,
            ["-C", path(name), "fast-import", "--quiet"],
            environment: environment
        )
        let result = try await command.run(input: stream, timeout: .seconds(60))
        try #require(result.ending.isSuccess, "\(result.errorText)")
    }
}
