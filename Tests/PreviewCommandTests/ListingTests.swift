import PreviewCore
import Testing

@Suite("Looking at previews")
struct ListingTests {
    /// Three previews: done, half done, failed.
    private func makeThree(in box: Sandbox) async throws {
        for (name, more) in [("alpha", ""), ("beta", ""), ("gamma", "run: { build: 'exit 3' }\n")] {
            try box.write("\(name)/index.html", "<h1>\(name)</h1>\n")
            try box.write(
                "\(name)/preview.yaml",
                "version: 1\nname: \(name)\nrepo: .\nprovider: local\nstate: { path: ../.preview }\n"
                    + more)
        }
        #expect(try await box.preview("apply", "--yes", "-C", "alpha").code == 0)
        #expect(try await box.preview("apply", "--yes", "--through", "2", "-C", "beta").code == 0)
        #expect(try await box.preview("apply", "--yes", "-C", "gamma").code == 1)
    }

    private func projects(_ outcome: Outcome) throws -> [String] {
        try (outcome.json()["sessions"]?.array ?? []).compactMap { $0["projectId"]?.string }
    }

    @Test("I7–I11, I13, B19: list filters, and is newest first")
    func list() async throws {
        try await Sandbox.use { box in
            try await makeThree(in: box)
            for (words, wanted) in [
                ([], ["gamma", "beta", "alpha"]), (["--status", "completed"], ["alpha"]),
                (["--status", "in_progress"], ["beta"]), (["--status", "failed"], ["gamma"]),
                (["--project", "beta"], ["beta"]), (["--step", "3"], ["beta"]),
                (["--user", "nobody-at-all"], []),
            ] {
                let outcome = try await box.run([Program.path, "list", "--json"] + words)
                #expect(Set(try projects(outcome)) == Set(wanted), "\(words): \(outcome)")
            }
            let limited = try await box.preview("list", "--limit", "2", "--json")
            #expect(try projects(limited).count == 2, "\(limited)")
            let text = try await box.preview("ls")
            #expect(text.output.contains("2/4") && text.output.contains("failed"), "\(text)")
            #expect(text.errors.contains("3 previews, 1 completed, 1 failed"), "\(text)")
            for words in [["--status", "done"], ["--limit", "0"], ["--step", "7"]] {
                let outcome = try await box.run([Program.path, "list"] + words)
                #expect(outcome.code == 64, "\(outcome)")
            }
        }
    }

    @Test("a preview is named by app or session id; several without a name are wrong usage")
    func naming() async throws {
        try await Sandbox.use { box in
            try await makeThree(in: box)
            let ambiguous = try await box.preview("status")
            #expect(ambiguous.code == 64 && ambiguous.errorCode == "PV0513", "\(ambiguous)")
            let sessions = try await box.preview("list", "--json").json()["sessions"]?.array ?? []
            for session in sessions {
                for key in ["id", "flyAppName"] {
                    let name = try #require(session[key]?.string)
                    let status = try await box.preview("status", name, "--json")
                    #expect(status.code == 0, "\(status)")
                    #expect(try status.json()["id"]?.string == session["id"]?.string)
                }
            }
            let unknown = try await box.preview("status", "nobody")
            #expect(unknown.code == 1 && unknown.errorCode == "PV0507", "\(unknown)")
        }
    }

    @Test("I12, K7: history counts runs and sessions, with durations per status and step")
    func history() async throws {
        try await Sandbox.use { box in
            try await makeThree(in: box)
            let runs = try await box.preview("history", "-C", "gamma", "--json").json()
            #expect(runs.at("runs.0.command")?.string == "apply")
            #expect(
                runs.at("runs.0.exitCode")?.int == 1
                    && runs.at("runs.0.outcome")?.string == "PV0413")
            let text = try await box.preview("history", "-C", "alpha")
            #expect(text.output.contains("done") && text.output.contains("1✓ 2✓ 3✓ 4✓"), "\(text)")
            let stats = try await box.preview("history", "--stats", "--json").json()
            let rows = stats["statuses"]?.array ?? []
            let counts = rows.reduce(into: [String: Int]()) { counts, row in
                counts[row["status"]?.string ?? ""] = row["sessions"]?.int
            }
            #expect(counts == ["in_progress": 1, "completed": 1, "failed": 1, "cancelled": 0])
            #expect(stats.at("steps.3.completed")?.int == 1 && stats.at("steps.3.failed")?.int == 1)
            let table = try await box.preview("history", "--stats")
            #expect(table.code == 0 && table.output.contains("4 Repository Boot"), "\(table)")
        }
    }

    @Test("S15, R-22: limits.max_previews refuses before any call, exit 6, --yes or not")
    func limit() async throws {
        try await Sandbox.use { box in
            try await makeThree(in: box)
            try box.write("delta/index.html", "<h1>delta</h1>\n")
            try box.write(
                "delta/preview.yaml",
                "version: 1\nname: delta\nrepo: .\nprovider: local\nstate: { path: ../.preview }\n"
                    + "limits: { max_previews: 3 }\n")
            let refused = try await box.preview("apply", "--yes", "-C", "delta")
            #expect(refused.code == 6 && refused.errorCode == "PV0605", "\(refused)")
            #expect(box.entries(box.records).allSatisfy { !$0.hasPrefix("delta") })
            try box.write(
                "delta/preview.yaml", box.text("delta/preview.yaml").replacing("3 }", with: "4 }"))
            let allowed = try await box.preview("apply", "--yes", "-C", "delta")
            #expect(allowed.code == 0, "\(allowed)")
        }
    }

    @Test("S6: logs by step, number, age, as JSON, of the app alone, and followed")
    func logs() async throws {
        try await Sandbox.use { box in
            try box.makeApp()
            let url = try #require(try await box.preview("apply", "--yes").lines.last)
            let step = try await box.preview("logs", "--step", "2")
            #expect(
                step.output.contains("Executing Step 2") && !step.output.contains("Step 3"),
                "\(step)")
            let tail = try await box.preview("logs", "--tail", "1", "--step", "3")
            #expect(tail.lines.count == 1, "\(tail)")
            let app = try await box.preview("logs", "--app")
            #expect(
                app.output.contains("app begins") && !app.output.contains("Executing"), "\(app)")
            let json = try await box.preview("logs", "--json")
            #expect(json.code == 0)
            for event in try json.events() { #expect(event["message"]?.string != nil) }
            let young = try await box.preview("logs", "--since", "1h")
            #expect(young.output.contains("Executing Step 1"), "\(young)")
            let follower = try box.start([Program.path, "logs", "-f", "--app"])
            #expect(try await eventually { follower.outputSoFar.contains("app begins") })
            try await box.shell("curl -sf '\(url)/asked-for-by-test'")
            #expect(try await eventually { follower.outputSoFar.contains("/asked-for-by-test") })
            follower.child.signal(2)
            #expect(await follower.outcome().code == 130)
        }
    }

    @Test("start, stop, restart, exec, url, open: the machine does what it is told")
    func machine() async throws {
        try await Sandbox.use { box in
            try box.makeApp("env: { COLOUR: blue }\n")
            let early = try await box.preview("url")
            #expect(early.code == 1 && early.errorCode == "PV0507", "\(early)")
            let url = try #require(try await box.preview("apply", "--yes").lines.last)
            #expect(try await box.preview("url").output == url + "\n")
            #expect(try await box.preview("open", "a/b").output == "\(url)/a/b\n")
            let passed = try await box.preview(
                "exec", "--", "sh", "-c", "echo $COLOUR $PREVIEW; exit 42")
            #expect(passed.code == 42 && passed.output == "blue true\n", "\(passed)")
            let seen = try await box.shell("curl -sf '\(url)'")
            for variable in [
                "PREVIEW_URL=\(url)", "PREVIEW_BRANCH=main", "COLOUR=blue", "HOST=127.0.0.1",
            ] {
                #expect(seen.contains(variable + "\n"), "S11, U4: \(variable)")
            }
            for (command, state) in [
                ("stop", "stopped"), ("stop", "stopped"), ("start", "running"),
                ("start", "running"),
                ("restart", "running"),
            ] {
                let outcome = try await box.preview(command)
                #expect(outcome.code == 0, "\(outcome)")
                let status = try await box.preview("status", "--json").json()
                #expect(status.at("machine.state")?.string == state, "after \(command)")
            }
            #expect(box.supervisors().count == 1)
            let missing = try await box.preview("exec")
            #expect(missing.code == 64, "\(missing)")
        }
    }

    @Test("R-23: exec hides secrets in a pipe, passes a terminal through, and ends with its reader")
    func execOutput() async throws {
        try await Sandbox.use { box in
            try box.makeApp("secrets: [API_KEY]\n")
            let secret = ["API_KEY": "planted-secret-value", "GITHUB_TOKEN": "planted-token-value"]
            let applied = try await box.preview("apply", "--yes", with: secret)
            #expect(applied.code == 0, "\(applied)")
            let piped = try await box.preview(
                "exec", "--", "sh", "-c",
                "printf planted-sec; sleep 0.1; echo ret-value; echo planted-token-value >&2; "
                    + "test ! -t 1 && cat", with: secret, input: .file(box.absolute("preview.yaml"))
            )
            #expect(
                piped.code == 0 && piped.output == "***\n" + box.text("preview.yaml")
                    && piped.errors == "***\n", "\(piped)")
            let reader = try await box.run(
                ["/bin/sh", "-c", "\"$0\" exec -- yes | head -n 1", Program.path], with: secret)
            #expect(reader.code == 0 && reader.output == "y\n", "\(reader)")
            let terminal = try PseudoTerminal()
            let child = try Child(
                [Program.path, "exec", "--", "sh", "-c", "test -t 0 -a -t 1 && echo $API_KEY"],
                environment: box.environment.merging(secret) { $1 }, directory: box.project,
                input: .terminal(terminal), output: .terminal(terminal),
                errors: .terminal(terminal))
            #expect(await child.wait() == .exited(0))
            #expect(try await terminal.shows("planted-secret-value"), "\(terminal.text)")
        }
    }

    @Test("U5, E2, E3: hooks get their variables; a hook that fails undoes nothing")
    func hooks() async throws {
        try await Sandbox.use { box in
            try box.makeApp(
                """
                hooks:
                  on_complete: 'env | grep ^PREVIEW_ | sort > "\(box.root)/complete"; echo hook words; exit 3'
                  on_error: 'env | grep ^PREVIEW_ | sort > "\(box.root)/error"'

                """)
            let done = try await box.preview("apply", "--yes")
            #expect(
                done.code == 0 && done.errors.contains("Warning: the hook on_complete failed"),
                "\(done)")
            #expect(done.errors.contains("hook words"))
            let complete = box.text("\(box.root)/complete")
            let state = try box.state()
            for line in [
                "PREVIEW_APP_NAME=\(state.app)", "PREVIEW_URL=\(done.lines.last ?? "-")",
                "PREVIEW_SESSION_ID=\(state.lineage)", "PREVIEW_BRANCH=main", "PREVIEW_STEP=4",
            ] { #expect(complete.contains(line + "\n"), "\(line) in \(complete)") }
            try box.write("app.py", "raise SystemExit(5)\n")
            let failed = try await box.preview("apply", "--yes")
            #expect(failed.code == 1, "\(failed)")
            let error = box.text("\(box.root)/error")
            for line in ["PREVIEW_ERROR_CODE=PV0412", "PREVIEW_ERROR_STEP=4"] {
                #expect(error.contains(line + "\n"), "\(line) in \(error)")
            }
            #expect(error.contains("PREVIEW_ERROR=the app ended with status 5"), "\(error)")
        }
    }
}
