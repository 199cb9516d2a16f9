import PreviewAdapters
import PreviewCore
import Testing

/// What git 2.39 printed, word for word, in each case; the host names are changed.
@Suite("Causes of git's failures")
struct GitTroubleTests {
    private func failure(_ errors: String, token: GitToken? = nil) throws -> Failure {
        var checkout = GitCheckout(
            fetchURL: "https://github.com/acme/shop",
            commit: String(repeating: "ab", count: 20),
            branch: "main",
            folder: "/tmp/copy",
            hasLargeFileSupport: true,
            token: token
        )
        // The first command is none whose failure has a meaning of its own.
        let next = checkout.next(after: GitOutcome(status: 128, errors: errors))
        guard case .failed(let failure) = next else {
            Issue.record("went on to \(next)")
            return Failure(.internalError, "")
        }
        return failure
    }

    @Test(
        "D1: every text git is known to print leads to its cause",
        arguments: [
            ("fatal: repository 'https://example.org/a/b/' not found\n", .repositoryNotFound),
            (
                "remote: Repository not found.\nfatal: repository 'https://github.com/a/b/' not found",
                .repositoryNotFound
            ),
            (
                "ERROR: Repository not found.\nfatal: Could not read from remote repository.\n\n"
                    + "Please make sure you have the correct access rights\nand the repository exists.",
                .repositoryNotFound
            ),
            (
                "remote: The project you were looking for could not be found or you don't have "
                    + "permission to view it.\nfatal: repository 'https://gitlab.com/a/b/' not found",
                .repositoryNotFound
            ),
            (
                "fatal: '/srv/x' does not appear to be a git repository\n"
                    + "fatal: Could not read from remote repository.",
                .repositoryNotFound
            ),
            (
                "fatal: remote error: access denied or repository not exported: /x",
                .repositoryNotFound
            ),
            (
                "fatal: could not read Username for 'https://github.com': terminal prompts disabled",
                .repositoryPermission
            ),
            (
                "remote: Invalid username or password.\n"
                    + "fatal: Authentication failed for 'https://github.com/a/b/'",
                .repositoryPermission
            ),
            (
                "remote: Write access to repository not granted.\nfatal: unable to access "
                    + "'https://github.com/a/b/': The requested URL returned error: 403",
                .repositoryPermission
            ),
            (
                "git@github.com: Permission denied (publickey).\n"
                    + "fatal: Could not read from remote repository.",
                .repositoryPermission
            ),
            (
                "fatal: detected dubious ownership in repository at '/srv/x'\nTo add an exception…",
                .repositoryPermission
            ),
            (
                "fatal: unable to access 'https://x.example/a/': Could not resolve host: x.example",
                .repositoryUnreachable
            ),
            (
                "fatal: unable to access 'https://127.0.0.1:1/': Failed to connect to 127.0.0.1 port "
                    + "1 after 0 ms: Couldn't connect to server",
                .repositoryUnreachable
            ),
            (
                "fatal: unable to access 'https://x/': The requested URL returned error: 503",
                .repositoryUnreachable
            ),
            (
                "ssh: Could not resolve hostname x.example: Name or service not known\n"
                    + "fatal: Could not read from remote repository.",
                .repositoryUnreachable
            ),
            (
                "ssh: connect to host x port 22: Connection refused\n"
                    + "fatal: Could not read from remote repository.",
                .repositoryUnreachable
            ),
            (
                "Host key verification failed.\nfatal: Could not read from remote repository.",
                .repositoryUnreachable
            ),
            (
                "fatal: unable to access 'https://x/': SSL certificate problem: self-signed "
                    + "certificate",
                .repositoryUnreachable
            ),
            (
                "error: RPC failed; curl 18 transfer closed with outstanding read data remaining\n"
                    + "fatal: early EOF",
                .repositoryUnreachable
            ),
            ("fatal: transport 'ext' not allowed", .invalidRepositoryAddress),
            ("fatal: remote error: upload-pack: not our ref 1234", .commitMissing),
            ("fatal: write error: No space left on device", .gitFailed), ("", .gitFailed),
        ] as [(String, ErrorCode)]
    )
    func causes(errors: String, code: ErrorCode) throws {
        let failure = try failure(errors)
        #expect(failure.code == code)
        #expect(failure.fix?.isEmpty == false)
        #expect(failure.evidence.count == 1)
        #expect(failure.kind == (code == .repositoryPermission ? .authentication : .failed))
    }

    @Test("D14: what the fix asks for depends on whether a token was sent")
    func fixes() throws {
        let errors = "fatal: Authentication failed for 'https://github.com/acme/shop/'"
        #expect(try failure(errors).fix?.contains("GITHUB_TOKEN") == true)
        let token = GitToken(host: "github.com", value: "c4n4ry")
        #expect(try failure(errors, token: token).fix?.contains("read access") == true)
    }

    @Test(
        "R-23: evidence has git's last lines, without the token in any spelling and without controls"
    )
    func evidence() throws {
        let token = GitToken(host: "github.com", value: "c4n4ry-t0ken")
        let encoded = "eC1hY2Nlc3MtdG9rZW46YzRuNHJ5LXQwa2Vu"
        let failure = try failure(
            "1\n2\n3\n4\nsent c4n4ry-t0ken\n\n\u{1B}[31mand \(encoded)\u{7}\n",
            token: token
        )
        #expect(failure.evidence.map(\.label) == ["last lines"])
        #expect(failure.evidence.first?.text == "2\n3\n4\nsent ***\n[31mand ***")
        #expect("\(token)\(String(reflecting: token))".contains("c4n4ry") == false)
    }
}

@Suite("What git gets from the environment")
struct GitEnvironmentTests {
    @Test("D14: the token is in one variable, for one host, behind what the user configured")
    func token() {
        let variables = GitEnvironment(
            inherited: [
                "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.proxy",
                "GIT_CONFIG_VALUE_0": "p",
                "HTTPS_PROXY": "q",
            ],
            token: GitToken(host: "github.com", value: "c4n4ry")
        ).variables
        #expect(variables.filter { $0.value.contains("c4n4ry") }.count == 1)
        #expect(variables["GIT_CONFIG_COUNT"] == "3")
        #expect(variables["GIT_CONFIG_KEY_0"] == "http.proxy")
        #expect(variables["GIT_CONFIG_KEY_2"] == "credential.https://github.com.helper")
        #expect(variables["HTTPS_PROXY"] == "q")
    }

    @Test("nobody is asked, and the user's own ssh command is kept")
    func ssh() {
        func command(_ inherited: [String: String], _ configured: String? = nil) -> String? {
            GitEnvironment(inherited: inherited, sshCommand: configured)
                .variables["GIT_SSH_COMMAND"]
        }
        #expect(command([:]) == "ssh -oBatchMode=yes")
        #expect(command([:], "ssh -i key") == "ssh -i key -oBatchMode=yes")
        #expect(command(["GIT_SSH_COMMAND": "mine"], "ssh -i key") == "mine")
        #expect(command(["GIT_SSH": "/bin/mine"]) == nil)
        let variables = GitEnvironment(inherited: ["GIT_ASKPASS": "/bin/ask"]).variables
        #expect(variables["GIT_ASKPASS"] == "")
        #expect(variables["GIT_TERMINAL_PROMPT"] == "0")
    }
}
