import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("Checking out a commit")
struct GitCheckoutTests {
    private let fixture: GitFixture

    init() throws { fixture = try GitFixture() }

    private func checkOut(
        _ address: String,
        branch: Config.Branch = .named("main"),
        environment: [String: String] = [:]
    ) async throws -> (head: Head, warnings: [String]) {
        let source = fixture.source(environment)
        let head = try await source.head(of: try reference(address), branch: branch)
        return (head, try await source.checkOut(head, into: fixture.path("copy")) { _ in })
    }

    private func headOfCopy() async throws -> String {
        try await fixture.git("rev-parse", "HEAD", in: "copy")
    }

    @Test("D50: exactly the commit, shallow, from an address and from a folder")
    func exactCommit() async throws {
        try await fixture.makeRepository("shop", ["a": "1"])
        let commit = try await fixture.commit(["a": "2", "b/c": "3"], "Second", in: "shop")
        for address in ["file://\(fixture.path("shop"))", "./shop"] {
            let (head, warnings) = try await checkOut(address)
            #expect(head.commit == commit)
            #expect(warnings.isEmpty)
            #expect(try await headOfCopy() == commit)
            #expect(try fixture.read("copy/b/c") == "3")
            #expect(try await fixture.git("rev-list", "--count", "HEAD", in: "copy") == "1")
        }
    }

    @Test("a commit that the branch has left behind is still the one that is checked out")
    func movedBranch() async throws {
        let commit = try await fixture.makeRepository("shop", ["a": "1"])
        let source = fixture.source()
        let head = try await source.head(
            of: try reference("file://\(fixture.path("shop"))"),
            branch: .named("main")
        )
        try await fixture.commit(["a": "2"], "Second", in: "shop")
        _ = try await source.checkOut(head, into: fixture.path("copy")) { _ in }
        #expect(try await headOfCopy() == commit)
        #expect(try fixture.read("copy/a") == "1")
    }

    @Test("hosts that give out no single commits are asked for the branch, deeper and deeper")
    func oldHost() async throws {
        let first = try await fixture.makeRepository("shop", ["a": "0"])
        for number in 1...3 {
            try await fixture.commit(["a": "\(number)"], "More", in: "shop")
        }
        // Before version 2 of the protocol a host gave out only what its branches point at.
        try fixture.write("[protocol]\n\tversion = 0\n", to: "gitconfig")
        let old = ["GIT_CONFIG_GLOBAL": fixture.path("gitconfig")]
        let head = Head(
            commit: first,
            branch: "main",
            fetchURL: "file://\(fixture.path("shop"))"
        )
        let lines = Locked<[String]>([])
        _ = try await fixture.source(old).checkOut(head, into: fixture.path("copy")) { line in
            lines.withLock { $0.append(line) }
        }
        #expect(try await headOfCopy() == first)
        #expect(lines.withLock { $0.contains { $0.contains("unadvertised object") } })
    }

    @Test("PV0207: a commit that is nowhere is an error that says so")
    func missingCommit() async throws {
        try await fixture.makeRepository("shop")
        let head = Head(
            commit: String(repeating: "12", count: 20),
            branch: "main",
            fetchURL: "file://\(fixture.path("shop"))"
        )
        let failure = await #expect(throws: Failure.self) {
            try await fixture.source().checkOut(head, into: fixture.path("copy")) { _ in }
        }
        #expect(failure?.code == .commitMissing)
    }

    @Test("R5: an existing checkout moves on; changes go, ignored files stay")
    func again() async throws {
        try await fixture.makeRepository(
            "shop",
            ["a": "1", ".gitignore": "node_modules\n", "gone": ""]
        )
        _ = try await checkOut("./shop")
        try fixture.write("changed", to: "copy/a")
        try fixture.write("stray", to: "copy/stray/file")
        try fixture.write("kept", to: "copy/node_modules/left-pad/index.js")
        try await fixture.git("rm", "--quiet", "gone", in: "shop")
        let commit = try await fixture.commit(["b": "2"], "Second", in: "shop")
        _ = try await checkOut("./shop")
        #expect(try await headOfCopy() == commit)
        #expect(try fixture.read("copy/a") == "1")
        #expect(try fixture.read("copy/b") == "2")
        #expect(!fixture.exists("copy/stray"))
        #expect(!fixture.exists("copy/gone"))
        #expect(try fixture.read("copy/node_modules/left-pad/index.js") == "kept")
        #expect(try await fixture.git("status", "--porcelain", in: "copy").isEmpty)
    }

    @Test("the same commit again needs no network")
    func offline() async throws {
        try await fixture.makeRepository("shop")
        let (head, _) = try await checkOut("file://\(fixture.path("shop"))")
        try Folder.open(fixture.root).removeTree("shop")
        try fixture.write("changed", to: "copy/index.html")
        _ = try await fixture.source().checkOut(head, into: fixture.path("copy")) { _ in }
        #expect(try fixture.read("copy/index.html") == "<h1>hello</h1>\n")
    }

    @Test("R-4: what a killed git leaves behind does not stop the next one")
    func leftovers() async throws {
        try await fixture.makeRepository("shop")
        _ = try await checkOut("./shop")
        for name in GitCheckout.leftovers { try fixture.write("", to: "copy/\(name)") }
        let commit = try await fixture.commit(["b": "2"], "Second", in: "shop")
        _ = try await checkOut("./shop")
        #expect(try await headOfCopy() == commit)
    }

    @Test("a commit of a SHA-256 repository is 64 digits and no folder digest")
    func sha256() async throws {
        try await fixture.git(
            "init",
            "--quiet",
            "--initial-branch=main",
            "--object-format=sha256",
            "--",
            "shop"
        )
        let commit = try await fixture.commit(["a": "1"], "First", in: "shop")
        #expect(commit.count == 64)
        _ = try await checkOut("./shop")
        #expect(try await headOfCopy() == commit)
    }

    @Test("hooks and monitors that an earlier build left in the checkout are not run")
    func hooks() async throws {
        try await fixture.makeRepository("shop")
        _ = try await checkOut("./shop")
        let script = "#!/bin/sh\ntouch '\(fixture.path("ran"))'\n"
        let hooks = try Folder.open(fixture.path("copy/.git")).makeFolder("hooks")
        for hook in ["post-checkout", "reference-transaction", "post-index-change"] {
            try fixture.write(script, to: hook)
            try hooks.copyFile(hook, from: try Folder.open(fixture.root), isExecutable: true)
        }
        let monitor = fixture.path("copy/.git/hooks/post-checkout")
        try await fixture.git("config", "core.fsmonitor", monitor, in: "copy")
        try await fixture.commit(["b": "2"], "Second", in: "shop")
        _ = try await checkOut("./shop")
        #expect(try fixture.read("copy/b") == "2")
        #expect(!fixture.exists("ran"))
    }

    @Test("submodules over a transport the user did not name are refused, not fetched")
    func forbiddenSubmodule() async throws {
        try await fixture.makeRepository("library")
        try await fixture.makeRepository("shop")
        try await fixture.git(
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "add",
            "--quiet",
            "file://\(fixture.path("library"))",
            "lib",
            in: "shop"
        )
        try await fixture.commit([:], "Add library", in: "shop")
        let failure = await #expect(throws: Failure.self) { try await checkOut("./shop") }
        #expect(failure?.code == .invalidRepositoryAddress)
        #expect(!fixture.exists("copy/lib/index.html"))
    }

    @Test("without git-lfs large files stay pointers, and a warning says so")
    func largeFiles() async throws {
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
        try await fixture.makeRepository(
            "shop",
            [".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n", "a.bin": pointer]
        )
        // As `git lfs install` leaves it, on a machine from which git-lfs was removed since.
        try fixture.write(
            "[filter \"lfs\"]\n\tprocess = git-lfs filter-process\n\tsmudge = git-lfs smudge -- %f\n"
                + "\trequired = true\n",
            to: "gitconfig"
        )
        let bin = try Folder.open(fixture.root).makeFolder("bin")
        let git = try #require(Command.locate("git", in: fixture.environment["PATH"] ?? ""))
        try bin.makeLink("git", to: git)
        let (_, warnings) = try await checkOut(
            "./shop",
            environment: [
                "GIT_CONFIG_GLOBAL": fixture.path("gitconfig"), "PATH": fixture.path("bin"),
            ]
        )
        #expect(warnings.count == 1)
        #expect(warnings.first?.contains("git-lfs is not installed: 1 large file") == true)
        #expect(try fixture.read("copy/a.bin") == pointer)
    }
}
