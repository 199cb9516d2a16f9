import Glibc
import PreviewCore
import PreviewSystem
import Testing

@Suite("Asking before each step")
struct PromptTests {
    private static let question = "Run it? [y]es, [n]o, [a]ll that remain, [d]etails: "

    @Test("A4, R-20: y runs this step and asks again, d shows details, a runs all that remain")
    func answers() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let terminal = try PseudoTerminal()
            let child = try box.start("apply", at: terminal)
            #expect(try await terminal.shows("Step 1: Repository Detection"))
            #expect(try await terminal.shows(Self.question))
            #expect(!box.exists(".preview"), "nothing is made before the answer")
            terminal.type("d\n")
            #expect(try await terminal.shows("What the step is given:"), "\(terminal.text)")
            #expect(try await terminal.shows(Self.question))
            terminal.type("y\n")
            #expect(try await terminal.shows("✓ Step 1 completed successfully"), "\(terminal.text)")
            #expect(try await terminal.shows("Step 2: Machine Allocation"))
            #expect(try await terminal.shows(Self.question))
            terminal.type("a\n")
            #expect(try await terminal.shows("Setup completed successfully!"), "\(terminal.text)")
            #expect(await child.wait() == .exited(0))
            #expect(terminal.text.components(of: Self.question) == 3)
        }
    }

    @Test(
        "R-20, R-21: anything but a yes stops with exit 3 and changes nothing",
        arguments: ["n\n", "\n", "yes please\n", "Y es\n", "\u{4}"])
    func declining(answer: String) async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let terminal = try PseudoTerminal()
            let child = try box.start("apply", at: terminal)
            #expect(try await terminal.shows(Self.question), "\(terminal.text)")
            terminal.type(answer)
            #expect(await child.wait() == .exited(3))
            #expect(try await terminal.shows("PV0602"), "\(terminal.text)")
            #expect(!box.exists(".preview"))
        }
    }

    @Test("R-21: declining at each step, and --step N goes on without running earlier ones")
    func declineEachStep() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            for step in 1...4 {
                let terminal = try PseudoTerminal()
                let no = try box.start("apply", at: terminal)
                #expect(try await terminal.shows("Step \(step):"), "\(terminal.text)")
                #expect(try await terminal.shows(Self.question))
                terminal.type("n\n")
                #expect(await no.wait() == .exited(3))
                let second = try PseudoTerminal()
                let yes = try box.start("apply", "--step", "\(step)", at: second)
                #expect(try await second.shows(Self.question))
                second.type("y\n")
                #expect(await yes.wait() == .exited(0))
                #expect(second.text.components(of: "Executing Step") == 1, "\(second.text)")
            }
        }
    }

    @Test(
        "R-19: with nobody to ask there is no prompt and no call, exit 3",
        arguments: ["end", "null", "closed", "CI", "flag"])
    func nobody(input: String) async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            try box.write("empty", "")
            let outcome =
                switch input {
                case "end": try await box.preview("apply", input: .file(box.absolute("empty")))
                case "closed": try await box.preview("apply", input: .closed)
                case "CI":
                    try await box.preview("apply", with: ["CI": "true"])
                case "flag": try await box.preview("apply", "--non-interactive")
                default: try await box.preview("apply")
                }
            #expect(outcome.code == 3 && outcome.errorCode == "PV0603", "\(outcome)")
            #expect(!outcome.errors.contains(Self.question) && !box.exists(".preview"))
            #expect(outcome.errors.contains("--yes"), "the fix is named")
        }
    }

    @Test("R-19: CI and --non-interactive do not ask even at a terminal")
    func terminalInCI() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let terminal = try PseudoTerminal()
            let child = try box.start("apply", "--non-interactive", at: terminal)
            #expect(await child.wait() == .exited(3))
            #expect(!terminal.text.contains(Self.question))
        }
    }

    @Test("R-20: a world that changed between display and answer is shown and asked again")
    func changedMeanwhile() async throws {
        try await Sandbox.use { box in
            try await box.makeRepository()
            let terminal = try PseudoTerminal()
            let child = try box.start("apply", at: terminal)
            let old = try await box.shell("git -C ../repo rev-parse --short=7 HEAD")
            #expect(try await terminal.shows(old.trimmed), "\(terminal.text)")
            #expect(try await terminal.shows(Self.question))
            try await box.commit("<h1>two</h1>")
            let new = try await box.shell("git -C ../repo rev-parse HEAD")
            terminal.type("y\n")
            #expect(try await terminal.shows(String(new.prefix(7))), "\(terminal.text)")
            #expect(try await terminal.shows(Self.question))
            #expect(box.files(below: box.records).allSatisfy { !$0.hasSuffix("state.json") })
            terminal.type("y\n")
            #expect(try await terminal.shows("✓ Step 1 completed successfully"))
            #expect(try await terminal.shows(Self.question))
            terminal.type("n\n")
            #expect(await child.wait() == .exited(3))
            #expect(try box.state().output(of: DetectRepository())?.commit == new.trimmed)
        }
    }

    @Test("S5: destroying asks for the word yes")
    func destroying() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--yes")
            let asked = try await box.preview("destroy")
            #expect(asked.code == 3 && asked.errorCode == "PV0603", "\(asked)")
            for (answer, code) in [("y\n", Int32(3)), ("yes\n", 0)] {
                let terminal = try PseudoTerminal()
                let child = try box.start("destroy", at: terminal)
                #expect(try await terminal.shows("Type yes to destroy it: "), "\(terminal.text)")
                #expect(box.supervisors().count == 1)
                terminal.type(answer)
                #expect(await child.wait() == .exited(code))
            }
            #expect(box.supervisors().isEmpty)
        }
    }
}

@Suite("A terminal or pipe that goes away")
struct HangUpTests {
    @Test("R-18: apply | head -1 runs to its end")
    func closedPipe() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let script = """
                "$0" apply --yes --json 2>/dev/null | head -1 >/dev/null
                exit ${PIPESTATUS[0]}
                """
            let outcome = try await box.run(["/bin/bash", "-c", script, Program.path])
            #expect(outcome.code == 0, "\(outcome)")
            #expect(try box.state().completedAt != nil)
            let none = try await box.preview("plan", "--detailed-exitcode")
            #expect(none.code == 0, "\(none)")
        }
    }

    @Test("R-18: standard error closed from the start harms no step")
    func closedErrors() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let outcome = try await box.run(
                ["/bin/sh", "-c", "exec \"$0\" apply --yes 2>&- >&-", Program.path])
            #expect(outcome.code == 0, "\(outcome)")
            #expect(try box.state().completedAt != nil)
        }
    }

    @Test("R-18: where HUP is ignored, a closed terminal ends the run before the next prompt")
    func hungUp() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let terminal = try PseudoTerminal()
            let child = try Child(
                ["/bin/sh", "-c", "trap '' HUP; exec \"$0\" apply", Program.path],
                environment: box.environment, directory: box.project, input: .terminal(terminal),
                output: .terminal(terminal), errors: .terminal(terminal))
            #expect(try await terminal.shows("Run it?"))
            terminal.type("y\n")
            #expect(try await terminal.shows("Executing Step 1"))
            try await terminal.hangUp()
            #expect(await child.wait() == .exited(3))
            let state = try box.state()
            #expect(state[.repository].applied != nil && state[.machine] == StepRecord())
        }
    }

    @Test("R-16, R-18: a terminal closed in step 2 is a HUP: 129, and the next run goes on")
    func hangUpSignals() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--step", "1", "--yes")
            let terminal = try PseudoTerminal()
            let child = try Child(
                [Program.path, "apply"],
                environment: box.environment.merging(["PREVIEW_FAULT": "call.sent:1:hang"]) { $1 },
                directory: box.project, input: .terminal(terminal), output: .terminal(terminal),
                errors: .terminal(terminal))
            #expect(try await terminal.shows("Run it?"))
            terminal.type("y\n")
            #expect(try await terminal.shows("Executing Step 2"))
            try await terminal.hangUp()
            #expect(await child.wait() == .exited(129))
            let again = try await box.preview("apply", "--yes")
            #expect(again.code == 0, "\(again)")
            #expect(box.supervisors().count == 1)
        }
    }
}

extension String {
    /// How often a text occurs.
    func components(of text: String) -> Int { ranges(of: text).count }

    /// Without line ends at the end.
    var trimmed: String { String(self[...].prefix { $0 != "\n" }) }
}
