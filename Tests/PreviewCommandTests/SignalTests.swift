import Glibc
import PreviewCore
import PreviewSystem
import Testing

@Suite("Signals")
struct SignalTests {
    private static let codes: [(Int32, Int32)] = [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)]

    @Test(
        "R-16: INT, TERM and HUP bound a hanging call, save, and leave with 130, 143, 129",
        arguments: codes, ["call.before:1:hang", "attempt.saved:1:hang", "call.answered:1:hang"])
    func hangingCall(signal: (Int32, Int32), fault: String) async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--step", "1", "--yes")
            let run = try box.start(
                [Program.path, "apply", "--yes"], with: ["PREVIEW_FAULT": fault])
            #expect(
                try await eventually {
                    run.errorsSoFar.contains("Executing Step 2")
                        || fault.hasPrefix("attempt") && (try? box.state().serial) ?? 0 > 2
                })
            let sent = ContinuousClock.now
            run.child.signal(signal.0)
            let outcome = await run.outcome()
            #expect(outcome.code == signal.1, "\(outcome)")
            #expect(ContinuousClock.now - sent < .seconds(6))
            #expect(outcome.errors.contains("error[PV0702]: interrupted"), "\(outcome)")
            let state = try box.state()
            #expect(state[.machine].attempt?.open == true && state[.settings] == StepRecord())
            try checkEnd(of: box, code: signal.1)
            let again = try await box.preview("apply", "--yes")
            #expect(again.code == 0, "\(again)")
            #expect(box.supervisors().count == 1)
        }
    }

    /// also a run that was abandoned has its end in the log, and its code among the runs.
    private func checkEnd(of box: Sandbox, code: Int32) throws {
        let record = try box.record()
        let last = try #require(box.text(record + "/events.jsonl").split(separator: "\n").last)
        let event = try JSONReader.read(String(last))
        #expect(event["type"]?.string == "run_end" && event["code"]?.string == "PV0702", "\(last)")
        let run = try #require(box.text(record + "/runs.jsonl").split(separator: "\n").last)
        #expect(try JSONReader.read(String(run))["exitCode"]?.int == Int(code), "\(run)")
    }

    @Test(
        "R-16: interrupting a boot ends what it started and can be resumed", arguments: codes)
    func interruptedBoot(signal: (Int32, Int32)) async throws {
        try await Sandbox.use { box in
            try box.makeApp("  install: 'echo waits; test -e ../../../go || exec sleep 300'\n")
            let run = try box.start([Program.path, "apply", "--yes"])
            #expect(try await eventually { run.errorsSoFar.contains("waits") })
            let sent = ContinuousClock.now
            run.child.signal(signal.0)
            let outcome = await run.outcome()
            #expect(outcome.code == signal.1, "\(outcome)")
            #expect(ContinuousClock.now - sent < .seconds(6))
            #expect(
                outcome.errors.contains("recorded"), "it says that it can be resumed: \(outcome)")
            #expect(try await eventually { box.supervisors().isEmpty })
            #expect(box.processes(containing: "sleep 300").isEmpty)
            let status = try await box.preview("status", "--json").json()
            #expect(status["step4Status"]?.string == "error")
            try box.write(".preview/go", "")
            try box.write("\(box.project)/go", "")
            try box.write(
                "preview.yaml", box.text("preview.yaml").replacing("exec sleep 300", with: "true"))
            let again = try await box.preview("apply", "--yes")
            #expect(again.code == 0, "\(again)")
            #expect(box.supervisors().count == 1)
        }
    }

    @Test("R-16: Ctrl-C at a prompt is 130 and changes nothing")
    func interruptedPrompt() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let terminal = try PseudoTerminal()
            let child = try box.start("apply", at: terminal)
            #expect(try await terminal.shows("Run it?"))
            terminal.type("\u{3}")
            #expect(await child.wait() == .exited(130))
            #expect(!box.exists(".preview"))
        }
    }

    @Test("R-17: a second signal 2 ms later ends the run within 200 ms, and nothing is lost")
    func twice() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let limit = Duration.milliseconds(200)
            let time = try await fastest(below: limit) {
                let run = try box.start(
                    [Program.path, "apply", "--yes"], with: ["PREVIEW_FAULT": "call.sent:1:hang"])
                #expect(try await eventually { run.errorsSoFar.contains("Executing Step 2") })
                run.child.signal(SIGINT)
                usleep(2000)
                let second = ContinuousClock.now
                run.child.signal(SIGINT)
                let outcome = await run.outcome()
                #expect(outcome.code == 130, "\(outcome)")
                return ContinuousClock.now - second
            }
            #expect(time < limit)
            let verified = try await box.preview("state", "verify")
            #expect(verified.code == 0, "\(verified)")
            let again = try await box.preview("apply", "--yes")
            #expect(again.code == 0, "\(again)")
            #expect(box.supervisors().count == 1)
        }
    }

    @Test("R-16: a HUP that was ignored at the start stays ignored, as under nohup")
    func ignored() async throws {
        try await Sandbox.use { box in
            try box.makeApp(
                "  install: 'echo waits; while test ! -e \(box.root)/go; do sleep 0.05; done'\n")
            let run = try box.start(
                ["/bin/sh", "-c", "trap '' HUP; exec \"$0\" apply --yes", Program.path])
            #expect(try await eventually { run.errorsSoFar.contains("waits") })
            run.child.signal(SIGHUP)
            try box.write("\(box.root)/go", "")
            let outcome = await run.outcome()
            #expect(outcome.code == 0, "\(outcome)")
        }
    }

    @Test("SPEC 3: --timeout ends the run with exit 9, recorded and resumable")
    func timeLimit() async throws {
        try await Sandbox.use { box in
            try box.makeApp("  install: sleep 300\n")
            let outcome = try await box.preview("apply", "--yes", "--timeout", "2s")
            #expect(outcome.code == 9 && outcome.errorCode == "PV0703", "\(outcome)")
            let history = try await box.preview("history", "--json").json()
            #expect(history.at("runs.0.exitCode")?.int == 9, "\(history)")
            #expect(try await eventually { box.processes(containing: "sleep 300").isEmpty })
        }
    }
}
