import Glibc
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

/// Which commit the boot script gets, and what becomes of the token.
@Suite("The clone on a machine", .serialized)
struct FlyBootCloneTests {
    private let fixture: GitFixture

    init() throws {
        fixture = try GitFixture()
    }

    @Test("D50: a commit that is no branch's head, and of which nothing else is fetched")
    func olderCommit() async throws {
        let first = try await fixture.makeShop(["version": "one"])
        try await fixture.commit(["version": "two"], "Second", in: "shop")
        try await fixture.git("branch", "other", first, in: "shop")
        try await fixture.git("branch", "--delete", "other", in: "shop")
        let machine = try FlyBootMachine(fixture)
        try await machine.boot(.test(fixture, commit: first))
        #expect(try fixture.read("\(machine.work)/app/version") == "one")
        let app = "\(machine.work)/app"
        #expect(try await fixture.git("rev-parse", "HEAD", in: app) == first)
        #expect(try await fixture.git("rev-list", "--count", "--all", "HEAD", in: app) == "1")
    }

    @Test("a host that gives out branches only: the branch is fetched deep enough")
    func refusedCommit() async throws {
        let first = try await fixture.makeShop(["version": "one"])
        try await fixture.commit(["version": "two"], "Second", in: "shop")
        // Before version 2 of the protocol a host gave out only what its branches point at.
        try fixture.write("[protocol]\n\tversion = 0\n", to: "gitconfig")
        let machine = try FlyBootMachine(
            fixture, environment: ["GIT_CONFIG_GLOBAL": fixture.path("gitconfig")])
        try await machine.boot(.test(fixture, commit: first))
        #expect(try fixture.read("\(machine.work)/app/version") == "one")
        #expect(try machine.output().contains { $0.contains("unadvertised object") })
    }

    @Test("a commit of 64 digits")
    func sha256() async throws {
        try await fixture.git(
            "init", "--quiet", "--initial-branch=main", "--object-format=sha256", "--", "shop")
        let commit = try await fixture.commit(["index.html": "long"], "First", in: "shop")
        let machine = try FlyBootMachine(fixture)
        try await machine.boot(
            .test(fixture, commit: commit, start: nil).with { $0.staticRoot = "." })
        #expect(try fixture.read("\(machine.work)/app/index.html") == "long")
    }

    @Test("submodules come along, but not from a place that only the commit names")
    func submodules() async throws {
        try await fixture.makeRepository("part", ["file": "of a part"])
        try await fixture.makeShop()
        try await fixture.git(
            "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", "--",
            "file://\(fixture.path("part"))", "part", in: "shop")
        let commit = try await fixture.commit([:], "Second", in: "shop")
        let machine = try FlyBootMachine(fixture)
        let release = Release.test(fixture, commit: commit)
        try machine.start(release)
        // As on this machine: a submodule never comes from a folder.
        #expect(try await machine.end() == 111)
        let trouble = try #require(try machine.trouble())
        #expect(trouble.failure(of: release).code == .invalidRepositoryAddress)
    }

    @Test("hooks and filters of nobody run")
    func hooks() async throws {
        let commit = try await fixture.makeShop([".gitattributes": "app.py filter=evil\n"])
        try fixture.writeProgram("touch \(fixture.path("pwned"))", to: "hooks/post-checkout")
        try fixture.write("[core]\n\thooksPath = \(fixture.path("hooks"))\n", to: "gitconfig")
        let machine = try FlyBootMachine(
            fixture, environment: ["GIT_CONFIG_GLOBAL": fixture.path("gitconfig")])
        try await machine.boot(.test(fixture, commit: commit))
        #expect(!fixture.exists("pwned"))
    }

    @Test("large files without git-lfs are pointers, and that is said")
    func pointers() async throws {
        try FlyBootMachine.makeBin(fixture)
        symlink("/usr/bin/curl", fixture.path("bin/curl"))
        let commit = try await fixture.makeShop([
            ".gitattributes": "*.psd filter=lfs\n", "big.psd": "pointer",
        ])
        let machine = try FlyBootMachine(fixture, environment: ["PATH": fixture.path("bin")])
        try await machine.boot(.test(fixture, commit: commit))
        #expect(try machine.output().contains { $0.contains("git-lfs is not installed") })
    }

    // MARK: - Token

    @Test(
        "R-23: the token opens the repository and is nowhere else",
        .enabled(if: GitServer.isAvailable, "needs python3 and openssl"),
        arguments: FlyBootMachine.Shell.available)
    func token(shell: FlyBootMachine.Shell) async throws {
        let commit = try await fixture.makeShop()
        try await GitServer.run(for: fixture) { server in
            let machine = try recordingMachine(server, shell)
            // Everything a command can see of itself and of those above it.
            let look = """
                env; id=$$; while [ "$id" -gt 1 ]; do
                    tr '\\0' '\\n' <"/proc/$id/environ" | sed 's/^/above: /'
                    id=$(sed 's/.*) . \\([0-9]*\\) .*/\\1/' "/proc/$id/stat")
                    tr '\\0' ' ' <"/proc/$id/cmdline" | grep -q boot.sh || break
                done; true
                """
            let release = Release.test(fixture, commit: commit).with {
                $0.fetchURL = "https://\(server.host)/private/shop"
                $0.install = look
                $0.build = look
            }
            try machine.start(release, variables: [BootScript.tokenSecret: GitServer.token])
            try await machine.until { try $0.events().contains(.ready(status: 200)) }
            #expect(try await machine.ask("/env").contains("PORT"))
            machine.signal(SIGTERM)
            try await machine.end()
            let log = try #require(try fixture.read("log"))
            #expect(log.contains("above: FLY_MACHINE_ID"))
            #expect(!log.contains(GitServer.token) && !log.contains("PREVIEW_BOOT_TOKEN="))
            #expect(!log.contains("above: PREVIEW_BOOT_KEY"))
            let words = try #require(try fixture.read("words"))
            #expect(words.contains("fetch") && !words.contains(GitServer.token))
            let found = try await Command(
                "/bin/grep", ["-rlF", GitServer.token, fixture.path("machine")], environment: [:]
            ).run()
            #expect(found.outputText.isEmpty)
            let sent = try #require(try fixture.read(server.authorizations))
            #expect(!sent.isEmpty)
        }
    }

    @Test(
        "the token is not given to another host that the repository's sends to",
        .enabled(if: GitServer.isAvailable, "needs python3 and openssl"))
    func redirected() async throws {
        let commit = try await fixture.makeShop()
        try await GitServer.run(for: fixture) { server in
            let machine = try recordingMachine(server, .dash)
            let release = Release.test(fixture, commit: commit).with {
                $0.fetchURL = "https://\(server.host)/elsewhere/shop"
            }
            try machine.start(release, variables: [BootScript.tokenSecret: GitServer.token])
            #expect(try await machine.end() == 111)
            #expect(try fixture.read(server.authorizations) == "")
            let failure = try #require(try machine.trouble()?.failure(of: release))
            #expect(failure.code == .repositoryPermission && failure.kind == .authentication)
        }
    }

    @Test(
        "a private repository without a token is a failure that says so, and nobody is asked",
        .enabled(if: GitServer.isAvailable, "needs python3 and openssl"))
    func withoutToken() async throws {
        let commit = try await fixture.makeShop()
        try await GitServer.run(for: fixture) { server in
            let machine = try recordingMachine(server, .dash)
            let release = Release.test(fixture, commit: commit).with {
                $0.fetchURL = "https://\(server.host)/private/shop"
            }
            try machine.start(release)
            #expect(try await machine.end() == 111)
            let failure = try #require(try machine.trouble()?.failure(of: release))
            #expect(failure.code == .repositoryPermission)
        }
    }

    /// A machine that trusts the server and whose git writes its words to the file `words`.
    private func recordingMachine(
        _ server: GitServer, _ shell: FlyBootMachine.Shell
    ) throws -> FlyBootMachine {
        try FlyBootMachine.makeBin(fixture, without: ["git"])
        for name in ["curl", "env", "grep"] {
            let program = Command.locate(name, in: "/usr/bin:/bin")
            symlink(try #require(program), fixture.path("bin/\(name)"))
        }
        let git = try #require(Command.locate("git", in: "/usr/bin:/bin"))
        try fixture.writeProgram(
            """
            echo "$@" >>\(fixture.path("words"))
            tr '\\0' ' ' </proc/$$/cmdline >>\(fixture.path("words"))
            exec \(git) "$@"
            """, to: "bin/git")
        return try FlyBootMachine(
            fixture, shell: shell,
            environment: [
                "PATH": fixture.path("bin"), "GIT_SSL_CAINFO": server.certificate,
            ])
    }
}
