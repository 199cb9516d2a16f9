import Glibc
import PreviewCore
import PreviewSystem
import Testing

@Suite("Pruning")
struct PruneTests {
    /// Previews of one store, by their projects' names.
    private func make(_ names: [String], ttl: String = "1s", in box: Sandbox) async throws {
        for name in names {
            try box.write("\(name)/index.html", "<h1>\(name)</h1>\n")
            try box.write(
                "\(name)/preview.yaml",
                "version: 1\nname: \(name)\nrepo: .\nprovider: local\n"
                    + "state: { path: ../.preview }\nlifecycle: { ttl: \(ttl) }\n")
            let applied = try await box.preview("apply", "--yes", "-C", name)
            #expect(applied.code == 0, "\(applied)")
        }
    }

    /// Waits until every ttl of a second is over.
    private func outlive(_ box: Sandbox) async throws {
        #expect(
            try await eventually {
                let found = try await box.preview("prune", "--dry-run", "--json")
                return try found.json()["previews"]?.array?.count
                    == box.entries(box.records)
                    .count { !$0.hasPrefix(".") }
            })
    }

    private func results(_ outcome: Outcome) throws -> [String: String] {
        try (outcome.json()["previews"]?.array ?? []).reduce(into: [:]) { results, preview in
            let name = preview["app"]?.string?.split(separator: "-").first.map(String.init)
            results[name ?? ""] = preview["result"]?.string
        }
    }

    private func alive(_ box: Sandbox) async throws -> Set<String> {
        let sessions = try await box.preview("list", "--json").json()["sessions"]?.array ?? []
        return Set(sessions.compactMap { $0["projectId"]?.string })
    }

    @Test("K6, S9: what is past its ttl goes, after being shown; what is pinned or younger stays")
    func pastTtl() async throws {
        try await Sandbox.use { box in
            try await make(["one", "two", "pinned"], in: box)
            try await make(["young"], ttl: "2h", in: box)
            #expect(try await box.preview("pin", "-C", "pinned").code == 0)
            #expect(
                try await eventually {
                    try results(await box.preview("prune", "--dry-run", "--json")).count == 2
                })
            let before = try await alive(box)
            #expect(before == ["one", "two", "pinned", "young"], "a dry run changes nothing")
            let unasked = try await box.preview("prune")
            #expect(unasked.code == 3 && unasked.errorCode == "PV0603", "\(unasked)")
            #expect(unasked.errors.contains("past its end of life"), "\(unasked)")
            let pruned = try await box.preview("prune", "--yes", "--json")
            #expect(pruned.code == 0, "\(pruned)")
            #expect(try results(pruned) == ["one": "destroyed", "two": "destroyed"])
            #expect(try pruned.json()["destroyed"]?.int == 2)
            #expect(try await alive(box) == ["pinned", "young"])
            #expect(box.supervisors().count == 2, "and really gone")
            let history = try await box.preview("history", "-C", "one", "--json").json()
            #expect(history.at("runs.0.command")?.string == "prune")
            let again = try await box.preview("gc", "--yes")
            #expect(again.code == 0 && again.output == "Nothing to prune.\n", "\(again)")
            let all = try await box.preview("prune", "--older-than", "0s", "--yes")
            #expect(all.code == 0 && all.errors.contains("stays: it is pinned"), "\(all)")
            #expect(try await alive(box) == ["pinned"])
        }
    }

    @Test(
        "S5: at a terminal it shows the list and goes on at the word yes only",
        arguments: [true, false])
    func asking(_ agrees: Bool) async throws {
        try await Sandbox.use { box in
            try await make(["one"], in: box)
            try await outlive(box)
            let terminal = try PseudoTerminal()
            let child = try box.start("prune", at: terminal)
            #expect(try await terminal.shows("one-"), "\(terminal.text)")
            #expect(try await terminal.shows("Type yes to destroy it: "), "\(terminal.text)")
            terminal.type(agrees ? "yes\n" : "y\n")
            #expect(await child.wait() == .exited(agrees ? 0 : 3), "\(terminal.text)")
            #expect(try await alive(box).isEmpty == agrees)
        }
    }

    @Test("S9: it goes on past failures, says what is left, and that is exit 10")
    func failures() async throws {
        try await Sandbox.use { box in
            try await make(["one", "two", "three"], in: box)
            try await outlive(box)
            let faulty = try await box.preview(
                "prune", "--yes", "--json", with: ["PREVIEW_FAULT": "call.before:1:eio"])
            #expect(faulty.code == 10 && faulty.errors.contains("PV0609"), "\(faulty)")
            #expect(try results(faulty).values.sorted() == ["destroyed", "destroyed", "failed"])
            #expect(try faulty.json()["left"]?.int == 1)
            let again = try await box.preview("prune", "--yes")
            #expect(again.code == 0 && again.output.contains("1 destroyed, 0 left"), "\(again)")
            #expect(try await alive(box).isEmpty && box.supervisors().isEmpty)
        }
    }

    @Test("ENGINE 8: a damaged record stops nothing, and its exit 7 wins")
    func damaged() async throws {
        try await Sandbox.use { box in
            try await make(["one", "two"], in: box)
            try await outlive(box)
            let folder = try #require(box.entries(box.records).first { $0.hasPrefix("one-") })
            try box.write(".preview/\(folder)/state.json", "{")
            let pruned = try await box.preview("prune", "--yes")
            #expect(pruned.code == 7 && pruned.errorCode == "PV0501", "\(pruned)")
            #expect(pruned.output.contains("1 destroyed, 0 left"), "\(pruned)")
            #expect(pruned.errors.contains("\(folder) could not be judged"), "\(pruned)")
            let dry = try await box.preview("prune", "--dry-run")
            #expect(dry.code == 0 && dry.errors.contains("could not be judged"), "\(dry)")
        }
    }

    @Test("--status failed takes those that failed, and a wrong status is wrong usage")
    func status() async throws {
        try await Sandbox.use { box in
            try await make(["good"], ttl: "2h", in: box)
            try box.write("bad/index.html", "x")
            try box.write(
                "bad/preview.yaml",
                "version: 1\nname: bad\nrepo: .\nprovider: local\nrun: { build: 'exit 3' }\n"
                    + "state: { path: ../.preview }\n")
            #expect(try await box.preview("apply", "--yes", "-C", "bad").code == 1)
            let none = try await box.preview(
                "prune", "--status", "failed", "--older-than", "1d", "--yes")
            #expect(none.code == 0 && none.output == "Nothing to prune.\n", "\(none)")
            let pruned = try await box.preview("prune", "--status", "failed", "--yes")
            #expect(pruned.code == 0 && pruned.output.contains("bad-"), "\(pruned)")
            #expect(try await alive(box) == ["good"])
            for words in [["--status", "broken"], ["--older-than", "week"]] {
                let wrong = try await box.run([Program.path, "prune"] + words)
                #expect(wrong.code == 64, "\(wrong)")
            }
        }
    }

    @Test("a local preview of another machine is left to that machine, and said")
    func otherHost() async throws {
        try await Sandbox.use { box in
            try await make(["one"], in: box)
            try await outlive(box)
            let folder = try #require(box.entries(box.records).first { $0.hasPrefix("one-") })
            var state = try StateFile.decode(box.bytes(".preview/\(folder)/state.json"))
            state.host = "elsewhere"
            try box.write(".preview/\(folder)/state.json", StateFile.encode(state), mode: 0o600)
            let pruned = try await box.preview("prune", "--yes")
            #expect(pruned.code == 0 && pruned.errors.contains("it runs on elsewhere"), "\(pruned)")
            #expect(try await alive(box) == ["one"])
        }
    }
}
