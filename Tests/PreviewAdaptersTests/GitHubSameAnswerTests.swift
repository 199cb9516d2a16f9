import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("GitHub's API, git and the folder give the same for the same commit")
struct GitHubSameAnswerTests {
    private let fixture: GitFixture

    init() throws { fixture = try GitFixture() }

    private func text(_ text: String) -> GitFixture.File { .init(content: Array(text.utf8)) }

    @Test("SPEC 5: every project of the tables, as folder, by git and by the API")
    func everyProject() async throws {
        let visible = ProjectFiles.load("visible-cases.json")
        let own = ProjectFiles.load("own-cases.json")
        try #require(visible.count > 50 && own.count > 100)
        let projects = (visible + own).enumerated().map { ("case/\($0)", $1) }
        try await fixture.importBranches(
            Dictionary(
                uniqueKeysWithValues: projects.map { ($0, $1.files.mapValues(text)) }
            ),
            into: "shop"
        )
        let hub = try await GitHubFixture(fixture)
        let (source, git, checkout) = (hub.source(), hub.git(), fixture.source())
        for (branch, project) in projects where !project.files.isEmpty {
            for (path, content) in project.files {
                try fixture.write(content, to: "plain/\(branch)/\(path)")
            }
            let snapshot = try FolderSnapshot.make(of: fixture.path("plain/\(branch)"))
            let expected = JSONWriter.pretty(Detector.detect(snapshot).json)
            let byAPI = try await hub.detect(branch, by: source)
            #expect(JSONWriter.pretty(byAPI.json) == expected, "\(project.name), by the API")
            let here = try await hub.detect(branch, by: checkout, at: "./shop")
            #expect(here == byAPI, "\(project.name), in the checkout")
            if visible.contains(where: { $0.name == project.name }) {
                let byGit = try await hub.detect(branch, by: git)
                #expect(byGit == byAPI, "\(project.name), by git")
            }
        }
        #expect(hub.remarks.isEmpty, "git was not needed")
    }

    @Test("three calls: the branch, the listing, one query for all files that are read")
    func threeCalls() async throws {
        let commit = try await fixture.makeRepository(
            "shop",
            [
                "package.json": #"{"dependencies":{"next":"15"},"scripts":{"build":"next build"}}"#,
                "package-lock.json": "{}", "next.config.js": "module.exports = {}\n",
                ".env.example": "API_KEY=\n", "docs/page.md": "# Page\n",
                "apps/web/index.html": "<h1>hello</h1>\n",
            ]
        )
        let hub = try await GitHubFixture(fixture)
        let found = try await hub.detect(by: hub.source(gitReachesRepository: false))
        #expect(found.projectType == "next")
        #expect(
            hub.server.calls == [
                "GET /repos/acme/shop/branches/main",
                "GET /repos/acme/shop/git/trees/\(commit)", "POST /graphql",
            ]
        )
        let query = try #require(hub.server.requests.last)
        let document = try JSONReader.read(query.body)
        // What comes from the repository is in the variables alone.
        #expect(document["query"]?.string?.contains("acme") == false)
        #expect(document["variables"]?["owner"] == "acme")
    }

    @Test("the head is the one that git finds, with the subject besides")
    func heads() async throws {
        try await fixture.importBranches(
            ["main": [:], "feature/cart#1": ["index.html": text("1")]],
            into: "shop"
        )
        let hub = try await GitHubFixture(fixture)
        for branch in ["main", "feature/cart#1"] {
            let repository = try reference(GitHubFixture.address)
            var head = try await hub.source().head(of: repository, branch: .named(branch))
            #expect(head.subject == "First")
            head.subject = nil
            #expect(head == (try await hub.git().head(of: repository, branch: .named(branch))))
        }
        #expect(hub.remarks.isEmpty)
    }

    @Test("D3: a commit without anything to read costs no query, and an empty one is git's to read")
    func nothingToRead() async throws {
        try await fixture.importBranches(
            ["main": ["notes/a.md": text("1")], "empty": [:]],
            into: "shop"
        )
        let hub = try await GitHubFixture(fixture)
        for branch in ["main", "empty"] {
            let found = try await hub.detect(branch, by: hub.source())
            #expect(found.projectType == nil)
            #expect(found == (try await hub.detect(branch, by: fixture.source(), at: "./shop")))
        }
        #expect(!hub.server.calls.contains("POST /graphql"))
    }

    /// Files that a query cannot give as they are.
    private var difficult: [String: GitFixture.File] {
        let manifest = #"{"dependencies":{"next":"15"},"scripts":{"build":"next build"}}"#
        let filler = String(repeating: " ", count: RepositorySnapshot.maximumFileSize)
        return [
            "package.json": text("\u{FEFF}" + manifest),
            "package-lock.json": text("{}" + filler.prefix(600_000)),
            "yarn.lock": text("# yarn lockfile v1\n" + filler),
            "pnpm-workspace.yaml": text(""),
            "requirements.txt": .init(content: Array("flask\n# caf".utf8) + [0xE9, 0x0A]),
            "pyproject.toml": .init(content: [0, 1, 2, 0xFF]),
            "Procfile": text("web: npm start\r\n"),
            "apps/a b/package.json": text(manifest),
            "apps/\u{00FC}\"x/package.json": .init(mode: "100755", content: Array(manifest.utf8)),
            "apps/link/package.json": .init(
                mode: "120000", content: Array("../../package.json".utf8)),
            "apps/out/package.json": .init(mode: "120000", content: Array("/etc/passwd".utf8)),
            "apps/lfs/package.json": text(
                "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 9\n"
            ),
            "Apps/A/package.json": text("{}"),
            "library": .init(
                mode: "160000", content: Array(String(repeating: "12", count: 20).utf8)
            ),
        ]
    }

    @Test("links, submodules, LFS pointers, other encodings, large and binary files")
    func difficultFiles() async throws {
        var tooLarge = difficult
        tooLarge["package.json"] = .init(content: Array(repeating: 0x20, count: 9 << 20))
        try await fixture.importBranches(
            ["main": difficult, "large": tooLarge],
            into: "shop"
        )
        let hub = try await GitHubFixture(fixture)
        for branch in ["main", "large"] {
            hub.server.clear()
            let byAPI = try await hub.detect(branch, by: hub.source())
            let byGit = try await hub.detect(branch, by: hub.git())
            #expect(JSONWriter.pretty(byAPI.json) == JSONWriter.pretty(byGit.json))
            #expect(byAPI.fileCount == byGit.fileCount)
            #expect(byAPI.warnings.contains { $0.contains("library") })
            // What no query gives: a mark at the front, Latin-1, binary, two large lock files.
            let single = hub.server.calls.count { $0.contains("/git/blobs/") }
            #expect(single == (branch == "main" ? 5 : 4))
            #expect(hub.server.calls.count { $0 == "POST /graphql" } == 1)
        }
        #expect(hub.remarks.isEmpty)
    }

    @Test("PV0210: a path that is not in the commit is the same error")
    func missingPath() async throws {
        try await fixture.makeRepository("shop", ["apps/web/index.html": "<h1>hello</h1>\n"])
        let hub = try await GitHubFixture(fixture)
        let byAPI = try await hub.failure(path: "apps/wbe", by: hub.source())
        #expect(byAPI == (try await hub.failure(path: "apps/wbe", by: hub.git())))
        #expect(byAPI.code == .pathNotFound)
        let found = try await hub.detect(path: "apps/web", by: hub.source())
        #expect(found.projectType == "static")
    }

    @Test("hundreds of files that detection wants still come by one query")
    func manyFiles() async throws {
        let files = (0..<450).map { ("apps/app-\($0)/package.json", text(#"{"name":"\#($0)"}"#)) }
        try await fixture.importBranches(
            ["main": Dictionary(uniqueKeysWithValues: files)],
            into: "shop"
        )
        let hub = try await GitHubFixture(fixture)
        let byAPI = try await hub.detect(by: hub.source())
        #expect(byAPI == (try await hub.detect(by: fixture.source(), at: "./shop")))
        #expect(hub.server.calls.count == 3)
    }
}
