import PreviewCore
import Testing

@Suite("Going through the steps")
struct StepTests {
    @Test("R-27, H9: everything is set up, a second apply changes nothing, destroy leaves nothing")
    func wholeLife() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let plan = try await box.preview("plan")
            #expect(plan.code == 0 && plan.output.contains("Plan: 4 steps to run"), "\(plan)")
            #expect(!box.exists(".preview"), "plan writes nothing")
            let first = try await box.preview("apply", "--yes")
            #expect(first.code == 0, "\(first)")
            let url = try #require(first.lines.last)
            #expect(url.hasPrefix("http://shop-"))
            let before = box.bytes(try box.record() + "/state.json")
            let second = try await box.preview("apply", "--yes")
            #expect(second.code == 0 && second.lines.last == url, "\(second)")
            #expect(box.bytes(try box.record() + "/state.json") == before)
            #expect(box.supervisors().count == 1)
            let destroyed = try await box.preview("destroy", "--yes")
            #expect(
                destroyed.code == 0 && destroyed.output.contains("nothing is left"), "\(destroyed)")
            #expect(box.supervisors().isEmpty)
            let none = try await box.preview("status")
            #expect(none.code == 1 && none.errorCode == "PV0507", "\(none)")
        }
    }

    @Test("I2: the log lines of a whole set-up, in exactly these words")
    func logLines() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let outcome = try await box.preview("apply", "--yes")
            let url = try #require(outcome.lines.last)
            let app = try box.state().app
            let machine = try #require(box.state().output(of: AllocateMachine())?.machineId)
            #expect(outcome.code == 0 && outcome.lines.count == 1, "\(outcome)")
            #expect(
                outcome.logLines.map(withoutDuration).filter { !isFinding($0) } == [
                    "Setup session created successfully",
                    "App Name: \(app)", "Preview URL: \(url)",
                    "Executing Step 1: Repository Detection", "✓ Step 1 completed successfully",
                    "Repository detected and validated successfully",
                    "Executing Step 2: Machine Allocation", "✓ Step 2 completed successfully",
                    "Machine \(machine) reserved in local",
                    "Executing Step 3: Settings Configuration", "✓ Step 3 completed successfully",
                    "Machine configured with the requested settings",
                    "Executing Step 4: Repository Boot",
                    "[1/5] clone", "clone done", "[2/5] install", "install not needed",
                    "[3/5] build", "build not needed", "[4/5] start", "start done",
                    "[5/5] probe", "probe done", "✓ Step 4 completed successfully",
                    "Repository is running at \(url)", "Setup completed successfully!",
                ])
            // The same lines are in the log that is read later (A5).
            let logs = try await box.preview("logs", "--tail", "1000")
            #expect(logs.code == 0, "\(logs)")
            for line in outcome.logLines where !line.hasSuffix("not needed") {
                #expect(logs.output.contains("] \(line)\n"), "\(line)")
            }
        }
    }

    @Test("R-8, R-21: one step at a time, each exactly once; a resumed session says so")
    func oneByOne() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            for step in 1...4 {
                let outcome = try await box.preview("apply", "--step", "\(step)", "--yes")
                #expect(outcome.code == 0, "\(outcome)")
                let executed = outcome.logLines.filter { $0.hasPrefix("Executing Step") }
                #expect(executed.count == 1 && executed[0].hasPrefix("Executing Step \(step)"))
                let greeting = "Setup session \(step == 1 ? "created successfully" : "resumed")"
                #expect(outcome.logLines.first == greeting, "\(outcome)")
                let status = try await box.preview("status", "--json").json()
                #expect(status["completedSteps"]?.array?.count == step)
                #expect(status["progress"]?.int == step * 25)
                #expect(status["currentStep"]?.int == min(step + 1, 4))
            }
            let again = try await box.preview("apply", "--step", "2", "--yes")
            #expect(
                again.code == 0 && again.logLines == ["Step 2 already done: Machine Allocation"])
        }
    }

    @Test("a step out of order is exit 1 and names what is missing", arguments: [2, 3, 4])
    func outOfOrder(step: Int) async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let outcome = try await box.preview("apply", "--step", "\(step)", "--yes")
            #expect(outcome.code == 1 && outcome.errorCode == "PV0601", "\(outcome)")
            for missing in 1..<step {
                #expect(outcome.errors.contains("step \(missing)"), "\(outcome)")
            }
            #expect(!box.exists(".preview"))
        }
    }

    @Test("--through stops after that step, and the rest goes on from there")
    func through() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let two = try await box.preview("apply", "--through", "2", "--yes")
            #expect(two.code == 0 && two.errors.contains("2 of 4 steps done"), "\(two)")
            #expect(two.errors.contains("preview apply --step 3"))
            #expect(try box.state().steps.keys.sorted() == [.repository, .machine])
            let rest = try await box.preview("up", "--yes")
            #expect(rest.code == 0, "\(rest)")
            #expect(rest.logLines.contains("Step 2 already done: Machine Allocation"))
            #expect(rest.logLines.contains("Executing Step 3: Settings Configuration"))
        }
    }

    @Test("--retry-from runs finished steps again and makes nothing twice")
    func retryFrom() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--yes")
            let machine = try box.state().output(of: AllocateMachine())?.machineId
            let again = try await box.preview("apply", "--retry-from", "3", "--yes")
            #expect(again.code == 0, "\(again)")
            let executed = again.logLines.filter { $0.hasPrefix("Executing Step") }
            #expect(
                executed == [
                    "Executing Step 3: Settings Configuration", "Executing Step 4: Repository Boot",
                ])
            #expect(try box.state().output(of: AllocateMachine())?.machineId == machine)
            #expect(box.supervisors().count == 1)
        }
    }

    @Test("a new commit boots again; new settings are set; run changes only step 4")
    func updates() async throws {
        try await Sandbox.use { box in
            try await box.makeRepository()
            _ = try await box.preview("apply", "--yes")
            try await box.commit("<h1>two</h1>")
            try box.write(
                "preview.yaml", box.text("preview.yaml") + "env: { LOG_LEVEL: debug }\n")
            let plan = try await box.preview("plan", "--json").json()
            let actions = (0..<4).map { plan.at("steps.\($0).action")?.string }
            #expect(actions == ["update", "none", "update", "update"])
            let apply = try await box.preview("apply", "--yes")
            #expect(apply.code == 0, "\(apply)")
            let url = try #require(apply.lines.last)
            #expect(try await box.shell("curl -sf '\(url)'").contains("two"))
            let clean = try await box.preview("plan", "--detailed-exitcode")
            #expect(clean.code == 0, "\(clean)")
        }
    }
}

/// `clone done in 0.2s` without the time it took.
private func withoutDuration(_ line: String) -> String {
    line.replacing(/\ done in [0-9.]+s$/, with: " done")
}

/// Whether a line tells what a step found, which depends on the project.
private func isFinding(_ line: String) -> Bool {
    let names = [
        "Repository", "Branch", "Type", "Serve", "Machine", "Reserved", "Environment", "Resources",
        "Auto-stop",
    ]
    return names.contains { line.hasPrefix("\($0): ") }
}
