import PreviewCore
import Testing

@Suite("Pruning what was merged")
struct PruneMergedTests {
    /// A checkout with an origin and a preview for each branch: one there, one gone from the origin,
    /// one that was never pushed.
    private func makeBranches(in box: Sandbox) async throws {
        let more = "branch: current\nstate: { path: \(box.records) }\n"
        try box.write("\(box.root)/repo/index.html", "<h1>one</h1>\n")
        try box.write("\(box.root)/repo/preview.yaml", Sandbox.configuration(more))
        try await box.shell(
            """
            git init -q --bare -b main origin.git
            cd repo && git init -q -b main . && git add . && git commit -q -m 'First page'
            git remote add origin ../origin.git && git push -q -u origin main
            git branch merged && git push -q -u origin merged && git branch unpushed
            """, in: box.root)
        for branch in ["main", "merged", "unpushed"] {
            try await box.shell("git checkout -q \(branch)", in: box.root + "/repo")
            let applied = try await box.preview("apply", "--yes", in: box.root + "/repo")
            #expect(applied.code == 0, "\(applied)")
        }
    }

    private func branches(_ box: Sandbox) async throws -> Set<String> {
        let sessions = try await box.preview("list", "--json").json()["sessions"]?.array ?? []
        return Set(sessions.compactMap { $0["githubBranch"]?.string })
    }

    @Test("--merged asks the origin, and takes only what was pushed and is gone")
    func merged() async throws {
        try await Sandbox.use { box in
            try await makeBranches(in: box)
            let none = try await box.preview("prune", "--merged", "--yes")
            #expect(none.code == 0 && none.output == "Nothing to prune.\n", "\(none)")
            try await box.shell(
                "git push -q origin --delete merged", in: box.root + "/repo")
            let pruned = try await box.preview("prune", "--merged", "--yes")
            #expect(pruned.code == 0, "\(pruned)")
            #expect(pruned.errors.contains("its branch merged is gone"), "\(pruned)")
            #expect(pruned.errors.contains("its branch unpushed was never pushed"), "\(pruned)")
            #expect(try await branches(box) == ["main", "unpushed"])
        }
    }

    @Test("a repository that cannot be asked is no reason to destroy: exit 1, and said")
    func unreachable() async throws {
        try await Sandbox.use { box in
            try await makeBranches(in: box)
            try await box.shell("rm -rf origin.git", in: box.root)
            let gone = try await box.preview("prune", "--merged", "--yes")
            #expect(gone.code == 1 && gone.errors.contains("could not be judged"), "\(gone)")
            try await box.shell("git init -q --bare -b main origin.git", in: box.root)
            let empty = try await box.preview("prune", "--merged", "--yes", "--json")
            #expect(empty.code == 1, "an empty answer says nothing of one branch: \(empty)")
            #expect(try empty.json()["unclear"]?.array?.count == 2)
            #expect(try await branches(box) == ["main", "merged", "unpushed"])
        }
    }
}
