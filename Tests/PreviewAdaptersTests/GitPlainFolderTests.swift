import Glibc
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("Folders that are no repository")
struct GitPlainFolderTests {
    private let fixture: GitFixture

    init() throws { fixture = try GitFixture() }

    private func digest(_ name: String = "site") async throws -> String {
        try await fixture.source()
            .head(of: try reference("./\(name)"), branch: .named("main")).commit
    }

    private func makeSite() throws {
        try fixture.write("<h1>hello</h1>\n", to: "site/index.html")
        try fixture.write("body {}", to: "site/css/site.css")
    }

    @Test("SPEC 8: the commit is SHA-256 over kinds, paths and contents, as documented")
    func framing() async throws {
        try makeSite()
        try Folder.open(fixture.path("site")).makeLink("link", to: "index.html")
        let site = try Folder.open(fixture.path("site"))
        try fixture.write("#!/bin/sh\n", to: "run")
        try site.copyFile("run", from: try Folder.open(fixture.root), isExecutable: true)
        let entries: [(String, String)] = [
            ("Fcss/site.css", "body {}"), ("Findex.html", "<h1>hello</h1>\n"),
            ("Llink", "index.html"), ("Xrun", "#!/bin/sh\n"),
        ]
        let bytes = entries.reduce(into: Array("preview-folder 1\n".utf8)) { bytes, entry in
            bytes += Array("\(entry.0)\0".utf8) + Digest.sha256(entry.1.utf8)
        }
        let head = try await fixture.source()
            .head(of: try reference("./site"), branch: .named("dev"))
        #expect(
            head == Head(commit: Digest.hex(bytes), branch: "dev", fetchURL: fixture.path("site"))
        )
    }

    @Test(
        "SPEC 8: what does not belong to the folder does not change its commit",
        arguments: [
            ".git/HEAD", ".preview/app/state.json", ".env", ".env.local", ".envrc",
            ".env/bin/python",
            "node_modules/a/index.js", "vendor/x", "css/.venv/bin/x", "__pycache__/x.pyc",
            "target/x",
            "dist/app.css", "build/app.css", ".next/x", ".yarn/cache/x",
        ]
    )
    func ignored(path: String) async throws {
        try makeSite()
        let before = try await PlainFolder(fixture.path("site")).digest()
        try fixture.write("1", to: "site/\(path)")
        #expect(try await PlainFolder(fixture.path("site")).digest() == before)
    }

    @Test(
        "every change of a file, its name or its kind is another commit",
        arguments: ["content", "added", "renamed", "executable", "link", "dist", "hidden"]
    )
    func changes(kind: String) async throws {
        try makeSite()
        let before = try await digest()
        let site = try Folder.open(fixture.path("site"))
        switch kind {
        case "content": try fixture.write("<h1>hullo</h1>\n", to: "site/index.html")
        case "added": try fixture.write("", to: "site/empty")
        case "renamed":
            try #require(
                rename(fixture.path("site/index.html"), fixture.path("site/main.html")) == 0
            )
        case "executable": try #require(chmod(fixture.path("site/index.html"), 0o755) == 0)
        case "link":
            try fixture.write("index.html", to: "plain")
            try site.makeLink("alias", to: "index.html")
        case "dist":
            try fixture.write("", to: "site/dist/index.html")
            try fixture.write("", to: "site/dist/app.css")
        default: try fixture.write("", to: "site/.htaccess")
        }
        let after = try await digest()
        #expect(after != before)
        if kind == "dist" {
            try fixture.write("changed", to: "site/dist/app.css")
            #expect(try await digest() != after)
        }
    }

    @Test("the digest is of the files, not of where they lie or when they were written")
    func stable() async throws {
        try makeSite()
        let before = try await digest()
        try #require(rename(fixture.path("site"), fixture.path("other")) == 0)
        #expect(try await digest("other") == before)
    }

    @Test("a folder inside a checkout is a plain folder, not the checkout")
    func insideCheckout() async throws {
        try await fixture.makeRepository("shop", ["examples/static/index.html": "1"])
        let inside = try await digest("shop/examples/static")
        #expect(inside.count == 64)
    }

    @Test("B8: `current` has no meaning for a plain folder")
    func current() async throws {
        try makeSite()
        let failure = await #expect(throws: Failure.self) {
            try await fixture.source().head(of: try reference("./site"), branch: .current)
        }
        #expect(failure?.code == .detachedHead)
    }

    @Test("D50: the copy holds exactly the files; what tools made there stays")
    func copy() async throws {
        try makeSite()
        try fixture.write("secret", to: "site/.env")
        try fixture.write("stray", to: "copy/old.html")
        try fixture.write("was a folder here", to: "copy/index.html/x")
        try fixture.write("kept", to: "copy/node_modules/a")
        try fixture.write("gone", to: "copy/dist/index.html")
        let source = fixture.source()
        let head = try await source.head(of: try reference("./site"), branch: .named("main"))
        for _ in 1...2 {
            let warnings = try await source.checkOut(head, into: fixture.path("copy")) { _ in }
            #expect(warnings.isEmpty)
            #expect(try fixture.read("copy/index.html") == "<h1>hello</h1>\n")
            #expect(try fixture.read("copy/css/site.css") == "body {}")
            #expect(try fixture.read("copy/node_modules/a") == "kept")
            for path in ["copy/old.html", "copy/.env", "copy/dist"] {
                #expect(!fixture.exists(path))
            }
        }
    }

    @Test("a folder that changed since the plan is not booted as what was planned")
    func changedMeanwhile() async throws {
        try makeSite()
        let source = fixture.source()
        let head = try await source.head(of: try reference("./site"), branch: .named("main"))
        try fixture.write("changed", to: "site/index.html")
        let failure = await #expect(throws: Failure.self) {
            try await source.checkOut(head, into: fixture.path("copy")) { _ in }
        }
        #expect(failure?.code == .commitMissing)
    }

    @Test("links are copied as links and never followed")
    func links() async throws {
        try makeSite()
        try fixture.write("outside", to: "outside/secret")
        let site = try Folder.open(fixture.path("site"))
        try site.makeLink("out", to: "../outside")
        try site.makeLink("loop", to: ".")
        let source = fixture.source()
        let head = try await source.head(of: try reference("./site"), branch: .named("main"))
        _ = try await source.checkOut(head, into: fixture.path("copy")) { _ in }
        #expect(try Folder.open(fixture.path("copy")).linkTarget("out") == "../outside")
        #expect(try fixture.read("outside/secret") == "outside")
    }
}
