import PreviewCore
import Testing

@Suite("Help, usage and exit codes")
struct HelpTests {
    private static let commands = [
        "validate", "detect", "plan", "apply", "up", "destroy", "down", "cancel", "status", "list",
        "logs", "history", "open", "url", "start", "stop", "restart", "exec", "unlock", "init",
        "extend", "pin", "prune", "export", "doctor", "report",
        "explain", "schema", "state show", "state list", "state verify", "state restore", "help",
        "completions", "version", "serve", "token create", "token list", "token revoke",
    ]

    @Test("every command has help with an abstract and examples", arguments: commands)
    func examples(command: String) async throws {
        try await Sandbox.use { box in
            let words = command.split(separator: " ").map(String.init)
            let help = try await box.run([Program.path] + words + ["--help"])
            #expect(help.code == 0 && help.errors.isEmpty, "\(help)")
            #expect(
                help.output.contains("OVERVIEW: ") && help.output.contains("Example"), "\(help)")
            #expect(help.output.contains("preview \(command)"), "an example names the command")
            let same = try await box.run([Program.path, "help"] + words)
            #expect(same.code == 0 && same.output.contains("preview \(command)"), "\(same)")
        }
    }

    @Test("every command in the overview is one of these, and each is there")
    func overview() async throws {
        try await Sandbox.use { box in
            let help = try await box.preview("--help")
            for command in Self.commands where !command.contains(" ") {
                #expect(help.output.contains("  \(command)"), "\(command)")
            }
            #expect(!help.output.contains("__"), "what is not for people is not shown")
            let bare = try await box.preview()
            #expect(bare.code == 0 && bare.output.contains("USAGE"), "\(bare)")
        }
    }

    @Test(
        "wrong usage is exit 64 and says what is right",
        arguments: [
            (["aply"], "apply"), (["apply", "--step", "5"], "1 to 4"),
            (["apply", "--step", "x"], "step"),
            (["apply", "--step", "1", "--through", "2"], "exclude"),
            (["plan", "--format", "xml"], "markdown"), (["logs", "--step", "0"], "1 to 4"),
            (["logs", "--since", "yesterday"], "10m"), (["exec"], "--"),
            (["plan", "--no-such"], "no-such"),
            (["status", "a", "b"], "b"), (["apply", "--lock-timeout", "5"], "30s"),
            (["plan", "-C", "/no/such/folder"], "/no/such/folder"),
            (["help", "nothing"], "nothing"),
            (["completions", "tcsh"], "bash"), (["plan", "--branch", "a b"], "branch"),
        ])
    func wrongUsage(words: [String], hint: String) async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let outcome = try await box.run([Program.path] + words)
            #expect(outcome.code == 64 && outcome.output.isEmpty, "\(outcome)")
            #expect(outcome.errors.contains(hint), "\(hint): \(outcome)")
        }
    }

    @Test("a configuration that is missing, wrong, or another tool's is exit 65")
    func configuration() async throws {
        try await Sandbox.use { box in
            let missing = try await box.preview("plan")
            #expect(missing.code == 65 && missing.errorCode == "PV0101", "\(missing)")
            #expect(missing.errors.contains("preview init"), "\(missing)")
            try box.write(
                "preview.yaml", "version: 1\nrepo: .\nprovider: local\nregion: dfv\nbuild: x\n")
            for command in ["validate", "plan", "apply"] {
                let wrong = try await box.preview(command)
                #expect(wrong.code == 65, "\(wrong)")
                #expect(
                    wrong.errors.contains("preview.yaml:4:9: error[PV0103]: unknown region `dfv`"),
                    "\(wrong)")
                #expect(wrong.errors.contains("did you mean `dfw`"), "\(wrong)")
                #expect(
                    wrong.errors.contains("preview.yaml:5:1: error[PV0104]"),
                    "all in one run: \(wrong)")
            }
            let json = try await box.preview("validate", "--json")
            #expect(try json.code == 65 && json.json()["problems"]?.array?.count == 2, "\(json)")
            #expect(try json.json().at("problems.0.line")?.int == 4)
        }
    }

    @Test("the exit codes of the help topic are those of the program")
    func topic() async throws {
        try await Sandbox.use { box in
            let topic = try await box.preview("help", "exit-codes")
            let listed = Set(topic.lines.compactMap { Int32($0.prefix { $0.isNumber }) })
            #expect(listed == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 64, 65, 129], "\(topic)")
            for name in ["config", "steps", "environment", "files"] {
                let outcome = try await box.preview("help", name)
                #expect(outcome.code == 0 && outcome.lines.count > 5, "\(outcome)")
            }
        }
    }

    @Test("completions are programs that their shell accepts")
    func completions() async throws {
        try await Sandbox.use { box in
            for shell in ["bash", "zsh", "fish"] {
                let script = try await box.preview("completions", shell)
                #expect(script.code == 0 && script.output.contains("preview"), "\(script)")
                guard box.exists("/bin/\(shell)") || box.exists("/usr/bin/\(shell)") else {
                    continue
                }
                try box.write("script", script.output)
                let check = try await box.run(["/usr/bin/env", shell, "-n", "script"])
                #expect(check.code == 0 && check.errors.isEmpty, "\(check)")
            }
        }
    }

    @Test("--json prints one document or lines of JSON, and nothing else, on standard output")
    func json() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--yes")
            for words in [
                ["version"], ["validate"], ["detect"], ["plan"], ["status"], ["list"], ["history"],
                ["history", "--stats"], ["url"], ["state", "show"], ["state", "list"],
                ["state", "verify"], ["plan", "--destroy"], ["cancel"], ["explain", "PV0412"],
                ["doctor"],
            ] {
                let outcome = try await box.run([Program.path] + words + ["--json"])
                #expect(outcome.code == 0, "\(outcome)")
                #expect(throws: Never.self, "\(outcome)") { try outcome.json() }
            }
        }
    }

    @Test("-q leaves only results and errors; no colours without a terminal or with NO_COLOR")
    func quiet() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let quiet = try await box.preview("apply", "--yes", "-q")
            #expect(quiet.code == 0 && quiet.lines.count == 1 && quiet.errors.isEmpty, "\(quiet)")
            let loud = try await box.preview("status")
            #expect(!loud.output.contains("\u{1B}"))
            let terminal = try PseudoTerminal()
            let child = try box.start("status", at: terminal)
            #expect(await child.wait() == .exited(0))
            #expect(try await terminal.shows("\u{1B}["), "colours at a terminal: \(terminal.text)")
            let plain = try PseudoTerminal()
            let second = try box.start("status", "--no-color", at: plain)
            #expect(await second.wait() == .exited(0))
            #expect(try await plain.shows("completed") && !plain.text.contains("\u{1B}"))
        }
    }
}
