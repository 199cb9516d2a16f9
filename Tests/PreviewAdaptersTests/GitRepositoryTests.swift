import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("Branches of repositories")
struct GitRepositoryTests {
    private let fixture: GitFixture

    init() throws { fixture = try GitFixture() }

    private func failure(
        _ address: String,
        branch: Config.Branch = .named("main"),
        environment: [String: String] = [:],
        token: GitToken? = nil
    ) async throws -> Failure {
        let repository = try reference(address)
        let source = fixture.source(environment, token: token)
        return try #require(
            await #expect(throws: Failure.self) {
                try await source.head(of: repository, branch: branch)
            }
        )
    }

    // MARK: Remote

    @Test("D2: a branch of a remote repository resolves to its commit")
    func remoteBranch() async throws {
        let first = try await fixture.makeRepository("shop")
        try await fixture.git("switch", "--quiet", "--create", "feature/cart", in: "shop")
        let second = try await fixture.commit(["cart.js": "1"], "Add cart", in: "shop")
        let address = "file://\(fixture.path("shop"))"
        let main = try await fixture.source().head(
            of: try reference(address),
            branch: .named("main")
        )
        #expect(main == Head(commit: first, branch: "main", fetchURL: address))
        let cart = try await fixture.source().head(
            of: try reference(address),
            branch: .named("feature/cart")
        )
        #expect(cart.commit == second)
    }

    @Test("D2: a missing branch is its own error and names the closest ones")
    func missingBranch() async throws {
        try await fixture.makeRepository("shop")
        for name in ["feature/cart", "feature/search", "release"] {
            try await fixture.git("branch", name, in: "shop")
        }
        for address in ["file://\(fixture.path("shop"))", "./shop"] {
            let failure = try await failure(address, branch: .named("feature/crat"))
            #expect(failure.code == .branchNotFound)
            #expect(failure.message == "The repository has no branch `feature/crat`")
            #expect(failure.evidence.first?.text.hasPrefix("feature/cart, ") == true)
            #expect(failure.kind.exitCode == 1)
        }
    }

    @Test("D1, I6: a missing repository is `Repository not found`")
    func missingRepository() async throws {
        for address in ["file://\(fixture.path("nowhere"))", "./nowhere"] {
            let failure = try await failure(address)
            #expect(failure.code == .repositoryNotFound)
            #expect(failure.message == "Repository not found")
            #expect(failure.fix != nil)
        }
    }

    @Test("D1: a host that does not answer is no missing repository")
    func unreachable() async throws {
        let failure = try await failure("https://127.0.0.1:1/acme/shop")
        #expect(failure.code == .repositoryUnreachable)
        #expect(failure.evidence.first?.text.contains("127.0.0.1 port 1") == true)
    }

    @Test("a repository without a commit is empty, not without the branch")
    func empty() async throws {
        try await fixture.git("init", "--quiet", "--", "empty")
        for address in ["file://\(fixture.path("empty"))", "./empty"] {
            #expect(try await failure(address).code == .repositoryEmpty)
        }
    }

    @Test("a missing git is its own error")
    func missingGit() async throws {
        let failure = try await failure("acme/shop", environment: ["PATH": fixture.root])
        #expect(failure.code == .gitMissing)
    }

    @Test("A9: git that does not end is ended, and the error is a timeout")
    func timeout() async throws {
        try await fixture.makeRepository("shop")
        let source = fixture.source(
            ["GIT_SSH_COMMAND": "sleep 60;"],
            limit: .milliseconds(300)
        )
        let failure = await #expect(throws: Failure.self) {
            try await source.head(of: try reference("git@example.org:a/b"), branch: .named("main"))
        }
        #expect(failure?.kind == .timedOut)
    }

    @Test("B8: `current` has no meaning for an address")
    func currentOfAddress() async throws {
        #expect(try await failure("acme/shop", branch: .current).code == .detachedHead)
    }

    @Test("B9: an ssh address reaches its host with user, port and path, and nothing can be asked")
    func ssh() async throws {
        let commit = try await fixture.makeRepository("shop")
        let script =
            "#!/bin/sh\necho \"$@\" >> '\(fixture.path("calls"))'\n"
            + "for last; do :; done\nexec sh -c \"$last\"\n"
        try fixture.write(script, to: "ssh")
        let bin = try Folder.open(fixture.root).makeFolder("bin")
        try bin.copyFile("ssh", from: try Folder.open(fixture.root), isExecutable: true)
        try fixture.write("[core]\n\tsshCommand = \(fixture.path("bin/ssh"))\n", to: "gitconfig")
        let source = fixture.source(["GIT_CONFIG_GLOBAL": fixture.path("gitconfig")])
        for address in [
            "ssh://me@example.org:2222\(fixture.path("shop"))",
            "me@example.org:\(fixture.path("shop"))",
        ] {
            let head = try await source.head(of: try reference(address), branch: .named("main"))
            #expect(head.commit == commit)
            #expect(head.fetchURL == address)
        }
        let calls = try #require(try fixture.read("calls")).split(separator: "\n")
        #expect(calls.contains { $0.contains("-p 2222") && $0.contains("me@example.org") })
        #expect(calls.allSatisfy { $0.contains("-oBatchMode=yes") })
    }

    // MARK: Local

    @Test("B8: `current` is the checked-out branch, with its commit and subject")
    func current() async throws {
        try await fixture.makeRepository("shop")
        try await fixture.git("switch", "--quiet", "--create", "feature/cart", in: "shop")
        let commit = try await fixture.commit(["a": "1"], "Add cart\tdrawer", in: "shop")
        let head = try await fixture.source().head(of: try reference("./shop"), branch: .current)
        #expect(
            head
                == Head(
                    commit: commit,
                    branch: "feature/cart",
                    subject: "Add cart\tdrawer",
                    fetchURL: fixture.path("shop")
                )
        )
    }

    @Test("B8: a detached checkout is an error that says so")
    func detached() async throws {
        try await fixture.makeRepository("shop")
        try await fixture.git("switch", "--quiet", "--detach", in: "shop")
        let failure = try await failure("./shop", branch: .current)
        #expect(failure.code == .detachedHead)
        #expect(failure.message.contains("detached"))
        let named = try await fixture.source().head(
            of: try reference("./shop"),
            branch: .named("main")
        )
        #expect(named.branch == "main")
    }

    @Test("a branch is not taken for one that lies below its name")
    func branchBelow() async throws {
        try await fixture.makeRepository("shop")
        try await fixture.git("branch", "feature/cart", in: "shop")
        #expect(try await failure("./shop", branch: .named("feature")).code == .branchNotFound)
    }

    @Test("a bare repository and a linked worktree are repositories")
    func otherShapes() async throws {
        let commit = try await fixture.makeRepository("shop")
        try await fixture.git("clone", "--quiet", "--bare", "shop", "bare.git")
        try await fixture.git("worktree", "add", "--quiet", "../linked", in: "shop")
        for (path, branch) in [("./bare.git", Config.Branch.named("main")), ("./linked", .current)]
        {
            let head = try await fixture.source().head(of: try reference(path), branch: branch)
            #expect(head.commit == commit)
        }
    }

    @Test("a broken repository is not replaced by the one around it")
    func brokenInside() async throws {
        try await fixture.makeRepository("shop")
        try fixture.write("nonsense", to: "shop/inner/.git/HEAD")
        #expect(try await failure("./shop/inner").code == .repositoryNotFound)
    }

    @Test("the origin of a checkout is read as the user wrote it")
    func origin() async throws {
        try await fixture.makeRepository("shop")
        let source = fixture.source()
        #expect(try await source.origin(of: try reference("./shop")) == nil)
        let address = "https://user:c4n4ry@github.com/Acme/Shop.git"
        try await fixture.git("remote", "add", "origin", address, in: "shop")
        let origin = try await source.origin(of: try reference("./shop"))
        #expect(origin?.identity() == (try reference("acme/shop").identity()))
        #expect(!"\(String(describing: origin))".contains("c4n4ry"))
        for text in ["acme/shop", "./nowhere", "."] {
            #expect(try await source.origin(of: try reference(text)) == nil)
        }
    }

    @Test("a branch name is taken exactly when git takes it")
    func branchNames() async throws {
        let parts = ["a", "-", ".", "/", "@", "{", "~", " ", ".lock", "é"]
        for first in parts {
            for second in parts {
                let name = first + second
                let isTaken = BranchName.problem(in: name) == nil
                let command = Command(
                    try #require(Command.locate("git", in: fixture.environment["PATH"] ?? "")),
                    ["check-ref-format", "--branch", name],
                    environment: fixture.environment
                )
                let result = try await command.run()
                #expect(result.ending.isSuccess == isTaken, "\(name)")
            }
        }
    }

    // MARK: Hostile input

    @Test(
        "hostile branch names reach no command",
        arguments: [
            "-x", "--upload-pack=touch /tmp/x", "a b", "a..b", "+refs/heads/main:x", "a\nb",
        ]
    )
    func hostileBranch(name: String) async throws {
        try await fixture.makeRepository("shop")
        for address in ["file://\(fixture.path("shop"))", "./shop"] {
            #expect(try await failure(address, branch: .named(name)).code == .branchNotFound)
        }
    }

    @Test("user configuration cannot lead to a transport that runs commands")
    func rewrittenTransport() async throws {
        let marker = fixture.path("owned")
        try fixture.write(
            "[url \"ext::sh -c touch% \(marker)% #\"]\n\tinsteadOf = https://example.org/\n"
                + "[protocol \"ext\"]\n\tallow = always\n",
            to: "gitconfig"
        )
        let failure = try await failure(
            "https://example.org/acme/shop",
            environment: ["GIT_CONFIG_GLOBAL": fixture.path("gitconfig")]
        )
        #expect(failure.code == .invalidRepositoryAddress)
        #expect(!fixture.exists("owned"))
    }

    @Test("variables that point git elsewhere are not handed on")
    func inheritedVariables() async throws {
        let commit = try await fixture.makeRepository("shop")
        try await fixture.makeRepository("other", ["b": "2"])
        let other = fixture.path("other/.git")
        let source = fixture.source([
            "GIT_DIR": other, "GIT_WORK_TREE": fixture.path("other"), "GIT_TRACE": "1",
            "GIT_ALLOW_PROTOCOL": "ext", "GIT_NAMESPACE": "x",
        ])
        let head = try await source.head(of: try reference("./shop"), branch: .current)
        #expect(head.commit == commit)
    }
}
