import Glibc
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

/// A folder of its own with git repositories, and git without anybody's configuration. Removed with
/// its last reference.
final class GitFixture: Sendable {
    let root: String
    let environment: [String: String]
    private let git: String

    init() throws {
        var template = Array("/tmp/preview-git-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        root = String(cString: made)
        let path = String(cString: getenv("PATH"))
        environment = [
            "PATH": path, "HOME": root, "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.org", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z",
        ]
        git = try #require(Command.locate("git", in: path))
    }

    deinit {
        // What cannot be removed from a temporary folder is left to the system.
        try? Folder.open("/tmp", ownedBy: .any)
            .removeTree(String(root.dropFirst("/tmp/".count)))
    }

    /// A source of repositories whose local paths are relative to the root.
    func source(
        _ extra: [String: String] = [:],
        token: GitToken? = nil,
        isMachineElsewhere: Bool = false,
        limit: Duration = .seconds(30)
    ) -> GitRepository {
        var settings = GitRepository.Settings(
            environment: environment.merging(extra) { $1 },
            baseFolder: root,
            homeFolder: root,
            temporaryFolder: root,
            token: token,
            limit: limit
        )
        settings.isMachineElsewhere = isMachineElsewhere
        return GitRepository(settings)
    }

    func path(_ relative: String) -> String { "\(root)/\(relative)" }

    /// Runs git and returns what it printed, without the last line break.
    @discardableResult
    func git(_ arguments: String..., in folder: String = "") async throws -> String {
        let command = Command(
            git,
            ["-C", folder.isEmpty ? root : path(folder)] + arguments,
            environment: environment
        )
        let result = try await command.run(timeout: .seconds(60))
        try #require(result.ending.isSuccess, "git \(arguments): \(result.errorText)")
        return String(result.outputText.reversed().drop { $0 == "\n" }.reversed())
    }

    /// Makes a repository with one commit on `main` and returns the commit.
    @discardableResult
    func makeRepository(
        _ name: String,
        _ files: [String: String] = ["index.html": "<h1>hello</h1>\n"]
    ) async throws -> String {
        try await git("init", "--quiet", "--initial-branch=main", "--", name)
        return try await commit(files, "First", in: name)
    }

    /// Writes files, commits everything and returns the commit.
    @discardableResult
    func commit(
        _ files: [String: String],
        _ subject: String,
        in name: String
    ) async throws -> String {
        for (file, text) in files { try write(text, to: "\(name)/\(file)") }
        try await git("add", "--all", "--force", in: name)
        try await git("commit", "--quiet", "--message", subject, in: name)
        return try await git("rev-parse", "HEAD", in: name)
    }

    /// Writes a file and the folders above it.
    func write(_ text: String, to relative: String) throws {
        var folder = try Folder.open(root)
        let parts = relative.split(separator: "/").map(String.init)
        for part in parts.dropLast() { folder = try folder.makeFolder(part) }
        try folder.write(try #require(parts.last), Array(text.utf8))
    }

    /// The text of a file, `nil` where there is none.
    func read(_ relative: String) throws -> String? {
        let parts = path(relative).split(separator: "/")
        let parent = "/" + parts.dropLast().joined(separator: "/")
        guard let folder = try? Folder.open(parent, ownedBy: .any) else { return nil }
        return try folder.read(String(try #require(parts.last)), limit: 1 << 20)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether anything has that path.
    func exists(_ relative: String) -> Bool { access(path(relative), F_OK) == 0 }

    /// Takes whoever may leave nothing behind at its word: the names in the root.
    func names() throws -> [String] { try Folder.open(root).entryNames() }
}

/// An address, from a text the test knows to be right.
func reference(_ text: String) throws -> RepositoryReference {
    try RepositoryReference.parse(text)
}
