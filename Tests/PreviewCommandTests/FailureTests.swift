import PreviewCore
import Testing

@Suite("R-30: failures in words")
struct FailureTests {
    @Test("I6: a missing repository, in exactly these words")
    func missingRepository() async throws {
        try await Sandbox.use { box in
            try box.write("preview.yaml", "version: 1\nname: shop\nrepo: ./none\nprovider: local\n")
            let outcome = try await box.preview("apply", "--yes")
            #expect(outcome.code == 1 && outcome.errorCode == "PV0201", "\(outcome)")
            let tail = Array(outcome.logLines.suffix(3))
            #expect(
                tail == [
                    "Executing Step 1: Repository Detection", "Error: Repository not found",
                    "✗ Error: Failed to detect and validate repository",
                ], "\(outcome)")
        }
    }

    @Test("SPEC 3: an app that ends, word for word, with evidence, fix, retry and more")
    func appEnds() async throws {
        try await Sandbox.use { box in
            try box.makeApp()
            try box.write("app.py", "import no_such_module\n")
            let outcome = try await box.preview("apply", "--yes")
            #expect(outcome.code == 1 && outcome.output.isEmpty, "\(outcome)")
            let start = try #require(outcome.errors.firstRange(of: "error[")?.lowerBound)
            let told = outcome.errors[start...].replacing(/after [0-9.]+ s/, with: "after N s")
            #expect(
                told == """
                    error[PV0412]: step 4, Repository Boot: the app ended with status 1 after N s
                      command      exec /usr/bin/python3 app.py
                      last lines   Traceback (most recent call last):
                                     File "\(box.project)/\(try box.record())/checkout/app.py", line 1, in <module>
                                       import no_such_module
                                   ModuleNotFoundError: No module named 'no_such_module'
                      fix          add the package of module `no_such_module` to requirements.txt or pyproject.toml, commit and push
                      retry        preview apply --step 4
                      more         preview logs --step 4 · preview explain PV0412

                    """, "\(outcome)")
            #expect(box.supervisors().isEmpty)
            // A10, B16: the failed step is named, the others' results stay, and a retry clears it.
            let status = try await box.preview("status", "--json").json()
            #expect(status["errorStep"]?.int == 4 && status["overallStatus"]?.string == "failed")
            #expect(status["completedSteps"]?.array?.count == 3)
            try box.makeApp()
            let again = try await box.preview("apply", "--yes")
            #expect(again.code == 0, "\(again)")
            let cured = try await box.preview("status", "--json").json()
            #expect(cured["errorStep"]?.isNull == true && cured["errorMessage"]?.isNull == true)
        }
    }

    @Test("R-2, R-19: a damaged record, nobody to ask, and nothing recorded, word for word")
    func golden() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let nobody = try await box.preview("apply")
            #expect(
                nobody.errors == """
                    error[PV0603]: step 1 needs a yes and nobody can be asked
                      fix          run it in a terminal, or say yes beforehand with --yes
                      retry        preview apply --step 1 --yes
                      more         preview explain PV0603

                    """, "\(nobody)")
            let nothing = try await box.preview("url")
            #expect(
                nothing.errors == """
                    error[PV0507]: no preview of project @ main is recorded here
                      fix          `preview apply` sets it up; `preview list` shows what is recorded
                      retry        preview apply
                      more         preview explain PV0507

                    """, "\(nothing)")
            _ = try await box.preview("apply", "--yes", "--through", "2")
            let (record, serial) = (try box.record(), try box.state().serial)
            try box.write(record + "/state.json", "")
            let damaged = try await box.preview("status")
            #expect(
                damaged.errors == """
                    error[PV0501]: the record of \(record.dropFirst(9)) is empty
                      newest good version serial \(serial - 1), \(box.project)/\(record)/state.json.\(serial - 1)
                      fix          `preview state restore` brings it back; nothing was changed
                      retry        preview state restore \(serial - 1)
                      more         preview explain PV0501

                    """, "\(damaged)")
        }
    }

    @Test("R-45, P7: what never answers within its limit is exit 9, never running")
    func neverAnswers() async throws {
        try await Sandbox.use { box in
            try box.makeApp("timeouts: { start: 1s }\n")
            try box.write("app.py", "import time\ntime.sleep(100)\n")
            let outcome = try await box.preview("apply", "--yes")
            #expect(outcome.code == 9 && outcome.errorCode == "PV0414", "\(outcome)")
            #expect(box.supervisors().isEmpty)
            let status = try await box.preview("status", "--json").json()
            #expect(status["step4Status"]?.string == "error")
        }
    }

    @Test("a missing branch lists the closest names, exit 1")
    func missingBranch() async throws {
        try await Sandbox.use { box in
            try await box.makeRepository("branch: feature/cart\n")
            try await box.shell("git branch feature/carts", in: box.root + "/repo")
            let outcome = try await box.preview("apply", "--yes")
            #expect(outcome.code == 1 && outcome.errorCode == "PV0203", "\(outcome)")
            #expect(outcome.errors.contains("feature/carts"), "\(outcome)")
        }
    }

    @Test("SPEC 6: a local preview of another machine is exit 7 and left alone")
    func otherHost() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--yes", "--through", "2")
            var state = try box.state()
            state.host = "elsewhere"
            try box.write(try box.record() + "/state.json", StateFile.encode(state), mode: 0o600)
            for words in [["apply", "--yes"], ["destroy", "--yes"], ["stop"]] {
                let outcome = try await box.run([Program.path] + words)
                #expect(outcome.code == 7 && outcome.errorCode == "PV0306", "\(outcome)")
                #expect(outcome.errors.contains("elsewhere"), "\(outcome)")
            }
            let list = try await box.preview("list")
            #expect(list.code == 0 && list.output.contains(state.app), "\(list)")
        }
    }

    @Test("R-33: a machine of our name with another lineage is exit 7 and survives")
    func foreignMachine() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--yes")
            try await box.shell("rm \(try box.record())/state.json*")
            let outcome = try await box.preview("apply", "--yes")
            #expect(outcome.code == 7 && outcome.errorCode == "PV0305", "\(outcome)")
            #expect(outcome.errors.contains("lineage"), "both are shown: \(outcome)")
            #expect(box.supervisors().count == 1)
        }
    }

    @Test("R-38: an error code is explained offline")
    func explained() async throws {
        try await Sandbox.use { box in
            for code in [ErrorCode.appEnded, .locked, .stateDamaged] {
                let outcome = try await box.preview("explain", code.rawValue)
                #expect(outcome.code == 0 && outcome.output.contains(code.rawValue), "\(outcome)")
                #expect(outcome.output.contains("Exit code"), "\(outcome)")
            }
            let unknown = try await box.preview("explain", "PV9999")
            #expect(unknown.code == 64, "\(unknown)")
        }
    }
}
