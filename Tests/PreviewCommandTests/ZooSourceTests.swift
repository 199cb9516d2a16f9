import PreviewCore
import Testing

@Suite("A repository that is lost between planning and cloning")
struct ZooSourceTests {
    @Test("a clone that hangs is ended: PV0424")
    func cloneHangs() async throws {
        try await Sandbox.useFarRepository("timeouts: { clone: 1s }\n") { box in
            let failed = try await box.boot(while: "hangs")
            #expect(failed.code == 9 && failed.errorCode == "PV0424", "\(failed)")
            #expect(failed.errors.contains("the clone did not finish within 1 s"), "\(failed)")
            #expect(failed.errors.contains("raise `timeouts: { clone: … }`"), "\(failed)")
            try await box.expectLaterSuccess()
        }
    }

    @Test("a clone that git gives up: PV0410 with git's own words")
    func cloneFails() async throws {
        try await Sandbox.useFarRepository { box in
            let failed = try await box.boot(while: "breaks")
            #expect(failed.code == 1 && failed.errorCode == "PV0410", "\(failed)")
            #expect(failed.errors.contains("disk of the far host is full"), "\(failed)")
            #expect(failed.errors.contains("git fetch zoo@far.test:"), "\(failed)")
            try await box.expectLaterSuccess()
        }
    }

    @Test("the network goes in the middle of a boot: PV0204")
    func networkGoes() async throws {
        try await Sandbox.useFarRepository { box in
            let failed = try await box.boot(while: "is unreachable")
            #expect(failed.code == 1 && failed.errorCode == "PV0204", "\(failed)")
            #expect(failed.errors.contains("Connection refused"), "\(failed)")
            #expect(failed.errors.contains("step 4, Repository Boot: "), "\(failed)")
            try await box.expectLaterSuccess()
        }
    }

    @Test("the branch is deleted after step 1: what was planned is booted, with a warning: PV0203")
    func branchGoes() async throws {
        try await Sandbox.useFarRepository { box in
            try await box.shell("git branch -m main trunk", in: box.root + "/far")
            let applied = try await box.preview("apply", "--yes", with: box.farVariables)
            #expect(applied.code == 0, "\(applied)")
            let warning =
                "Warning: The repository has no branch `main`; going on with what is recorded"
            #expect(applied.logLines.count { $0 == warning } == 1, "\(applied)")
            let again = try await box.preview(
                "apply",
                "--yes",
                "--retry-from",
                "1",
                with: box.farVariables
            )
            #expect(again.code == 1 && again.errorCode == "PV0203", "\(again)")
            #expect(again.errors.contains("closest      trunk"), "\(again)")
            try await box.shell("git branch -m trunk main", in: box.root + "/far")
            try await box.expectLaterSuccess()
        }
    }
}

/// A repository behind ssh, which is played by a script: it runs here what it is asked to run there.
extension Sandbox {
    /// What makes git call the script.
    var farVariables: [String: String] { ["GIT_SSH_COMMAND": root + "/ssh"] }

    /// Runs a test with such a repository, from which steps 1 to 3 are done.
    fileprivate static func useFarRepository(
        _ more: String = "",
        _ body: (Sandbox) async throws -> Void
    ) async throws {
        try await visit("listens-on-loopback") { box in
            try await box.repair(["start": "start"])
            try await box.shell("git clone -q --bare . '\(box.root)/far'")
            try box.write("\(box.root)/ssh", script, mode: 0o755)
            try box.write(
                "preview.yaml",
                "version: 1\nname: zoo\nrepo: zoo@far.test:\(box.root)/far\nprovider: local\n"
                    + "run: { start: ./start }\n" + more
            )
            let begun = try await box.preview(
                "apply",
                "--yes",
                "--through",
                "3",
                with: box.farVariables
            )
            try #require(begun.code == 0, "\(begun)")
            try await body(box)
        }
    }

    /// Only the clone meets the weather: what looks for the branch runs elsewhere.
    private static let script = """
        #!/bin/sh
        for command; do :; done
        weather=$(cat "$(dirname "$0")/weather" 2> /dev/null)
        case "$PWD" in */checkout) ;; *) weather= ;; esac
        case "$weather" in
        hangs) exec sleep 300 ;;
        breaks) echo "remote: the disk of the far host is full" >&2; exit 1 ;;
        "is unreachable") echo "ssh: connect to host far.test port 22: Connection refused" >&2
            exit 255 ;;
        esac
        exec sh -c "$command"

        """

    /// Runs step 4 in bad weather, and looks at what is left.
    fileprivate func boot(while weather: String) async throws -> Outcome {
        try write(root + "/weather", weather)
        let outcome = try await preview("apply", "--yes", with: farVariables)
        #expect(processes().isEmpty, "after a failed boot none of its processes is left")
        #expect(try state()[.boot].attempt?.open == false)
        removeTree(root + "/weather")
        return outcome
    }

    fileprivate func expectLaterSuccess() async throws {
        let applied = try await preview("apply", "--yes", with: farVariables)
        #expect(applied.code == 0, "\(applied)")
        #expect(try await page(of: applied) == "repaired\n")
        try await expectDestroyed()
    }
}
