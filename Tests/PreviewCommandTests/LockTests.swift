import Glibc
import PreviewCore
import PreviewSystem
import Testing

@Suite("Two runs at once")
struct LockTests {
    /// Starts a run that takes the lock and then does nothing.
    private func startHolder(_ box: Sandbox) async throws -> Sandbox.Started {
        let holder = try box.start(
            [Program.path, "apply", "--yes"], with: ["PREVIEW_FAULT": "attempt.saved:1:hang"])
        let isHolding = try await eventually {
            guard let record = try? box.record() else { return false }
            return box.exists(record + "/state.json")
        }
        #expect(isHolding, "\(holder.errorsSoFar)")
        return holder
    }

    @Test("R-10: of 50 runs at once one proceeds, the others exit 5, and nothing is lost")
    func manyRuns() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            for round in 1...2 {
                let runs = try (0..<50).map { _ in
                    try box.start([Program.path, "apply", "--yes", "--through", "3"])
                }
                var codes: [Int32?] = []
                for run in runs {
                    let outcome = await run.outcome()
                    codes.append(outcome.code)
                    #expect(outcome.code == 0 || outcome.code == 5, "\(outcome)")
                }
                #expect(codes.contains(0), "round \(round)")
                let verified = try await box.preview("state", "verify")
                #expect(verified.code == 0, "\(verified)")
                try box.write("preview.yaml", Sandbox.configuration("env: { ROUND: '\(round)' }\n"))
            }
            #expect(try box.state()[.settings].applied != nil)
            let machines = box.files(below: box.records).filter { $0.hasSuffix("machine.json") }
            #expect(machines.count == 1)
        }
    }

    @Test("R-10: 20 runs that wait for each other all end well, with one machine")
    func manyWaiting() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let runs = try (0..<20).map { _ in
                try box.start([Program.path, "apply", "--yes", "--lock-timeout", "60s"])
            }
            for run in runs {
                let outcome = await run.outcome()
                #expect(outcome.code == 0, "\(outcome)")
            }
            #expect(box.supervisors().count == 1)
        }
    }

    @Test(
        "R-10: with the lock out of action who was overtaken exits 5, and nothing is made twice",
        arguments: [
            (FaultPoint.Name.attemptSaved, [1, 2, 3, 4, 5, 6]), (.callBefore, [1, 2, 3]),
            (.callSent, [1, 2, 3]), (.callAnswered, [1, 2, 3]), (.outcomeBefore, [1, 2, 3, 4]),
        ])
    func lockOutOfAction(point: FaultPoint.Name, times: [Int]) async throws {
        for nth in times {
            try await Sandbox.use { box in
                try box.makeSite()
                let overtaken = try box.start(
                    [Program.path, "apply", "--yes"],
                    with: ["PREVIEW_FAULT": "\(point.rawValue):\(nth):stop"])
                #expect(try await eventually { overtaken.child.isStopped }, "\(point) \(nth)")
                let second = try await box.preview(
                    "apply", "--yes", with: ["PREVIEW_FAULT": "lock.taken:skip"])
                #expect(second.code == 0, "\(point) \(nth): \(second)")
                let record = try box.bytes(box.record() + "/state.json")
                overtaken.child.signal(SIGCONT)
                let outcome = await overtaken.outcome()
                #expect(
                    outcome.code == 5 && outcome.errorCode == "PV0505",
                    "\(point) \(nth): \(outcome)")
                #expect(try box.bytes(box.record() + "/state.json") == record, "nothing is lost")
                let machines = box.files(below: box.records).filter { $0.hasSuffix("machine.json") }
                #expect(machines.count == 1 && box.supervisors().count == 1, "\(point) \(nth)")
                let plan = try await box.preview("plan", "--detailed-exitcode")
                #expect(plan.code == 0, "\(point) \(nth): \(plan)")
            }
        }
    }

    @Test("R-11: a killed holder blocks nobody, and its open attempt is resumed")
    func killedHolder() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let holder = try await startHolder(box)
            holder.child.signal(SIGKILL)
            #expect(await holder.outcome().ending == .killed(by: 9))
            let status = try await box.preview("status")
            #expect(status.output.contains("interrupted"), "\(status)")
            let again = try await box.preview("apply", "--yes")
            #expect(again.code == 0, "\(again)")
            #expect(again.errors.contains("resume"), "the open attempt is reported: \(again)")
        }
    }

    @Test("R-12: neither the app nor its supervisor inherits the lock or any other descriptor")
    func descriptors() async throws {
        try await Sandbox.use { box in
            try box.makeApp()
            let outcome = try await box.preview("apply", "--yes")
            #expect(outcome.code == 0, "\(outcome)")
            try await box.shell("flock -n \(try box.record())/lock true")
            let app = try #require(
                box.processes(containing: "app.py").first {
                    ProcessTable.bytes(of: $0.pid, "cmdline").end(of: Array("app.py".utf8)) != nil
                })
            let open = box.entries("/proc/\(app.pid)/fd").compactMap { number -> String? in
                var name = [CChar](repeating: 0, count: 512)
                let count = readlink("/proc/\(app.pid)/fd/\(number)", &name, 511)
                let target = String(
                    decoding: name.prefix(max(count, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self
                )
                // Its own listening socket.
                return Int(number) ?? 0 > 2 && target.hasPrefix("socket:") ? nil : number
            }
            #expect(open == ["0", "1", "2"])
        }
    }

    @Test("R-13, R-44: who does not wait exits 5 and names the holder in full")
    func namesHolder() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let holder = try await startHolder(box)
            for words in [["apply", "--yes"], ["destroy", "--yes"]] {
                let refused = try await box.run([Program.path] + words)
                #expect(refused.code == 5 && refused.errorCode == "PV0504", "\(refused)")
                for part in ["@", "process \(holder.child.pid)", "`preview apply`", "since 20"] {
                    #expect(refused.errors.contains(part), "\(part): \(refused)")
                }
            }
            // Reading needs no lock (R-25).
            for words in [["plan"], ["status"], ["list"], ["logs"], ["state", "show"]] {
                let outcome = try await box.run([Program.path] + words)
                #expect(outcome.code == 0, "\(outcome)")
            }
            holder.child.signal(SIGKILL)
            _ = await holder.outcome()
        }
    }

    @Test("R-13: who waits shows the holder, wakes within 200 ms of its end, and goes on")
    func waiting() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let limit = Duration.milliseconds(200)
            let time = try await fastest(below: limit) {
                box.removeTree(box.records)
                let holder = try await startHolder(box)
                let waiter = try box.start(
                    [Program.path, "apply", "--yes", "--through", "1", "--lock-timeout", "60s"])
                #expect(
                    try await eventually { waiter.errorsSoFar.contains("Waiting for the lock") })
                #expect(waiter.errorsSoFar.contains("process \(holder.child.pid)"))
                holder.child.signal(SIGKILL)
                let released = ContinuousClock.now
                let goesOn = try await eventually {
                    waiter.errorsSoFar.contains("Executing Step 1")
                        || waiter.errorsSoFar.contains("Run it again")
                        || !waiter.child.isRunning
                }
                let time = ContinuousClock.now - released
                #expect(goesOn)
                let outcome = await waiter.outcome()
                #expect(outcome.code == 0, "\(outcome)")
                return time
            }
            #expect(time < limit)
        }
    }

    @Test("R-13: --lock-timeout ends the wait with exit 5, Ctrl-C with 130")
    func endsOfWaiting() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let holder = try await startHolder(box)
            let before = ContinuousClock.now
            let timedOut = try await box.preview("apply", "--yes", "--lock-timeout", "1s")
            #expect(timedOut.code == 5 && timedOut.errors.contains("within 1 s"), "\(timedOut)")
            #expect(ContinuousClock.now - before >= .seconds(1))
            let waiter = try box.start([Program.path, "apply", "--yes", "--lock-timeout", "60s"])
            #expect(try await eventually { waiter.errorsSoFar.contains("Waiting for the lock") })
            waiter.child.signal(SIGINT)
            let interrupted = await waiter.outcome()
            #expect(interrupted.code == 130, "\(interrupted)")
            holder.child.signal(SIGKILL)
            _ = await holder.outcome()
        }
    }

    @Test("R-44: unlock shows a living holder and does not override it")
    func unlock() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let holder = try await startHolder(box)
            let text = box.text(try box.record() + "/lock")
            let id = try #require(JSONReader.read(text)["id"]?.string)
            let refused = try await box.preview("unlock", id)
            #expect(refused.code == 5 && refused.errorCode == "PV0512", "\(refused)")
            #expect(refused.errors.contains("process \(holder.child.pid)"))
            let other = try await box.preview("unlock", "nothing")
            #expect(other.code == 1 && other.errorCode == "PV0507", "\(other)")
            holder.child.signal(SIGKILL)
            _ = await holder.outcome()
            let free = try await box.preview("unlock", id)
            #expect(free.code == 1 && free.errors.contains("nobody holds"), "\(free)")
        }
    }

    @Test("cancel needs no lock: a running command notices, records what it knows and stops")
    func cancel() async throws {
        try await Sandbox.use { box in
            try box.makeApp(
                "  install: 'echo waits; while test ! -e \(box.root)/go; do sleep 0.05; done'\n")
            let run = try box.start([Program.path, "apply", "--yes"])
            #expect(try await eventually { run.errorsSoFar.contains("waits") })
            let cancelled = try await box.preview("cancel")
            #expect(cancelled.code == 0, "\(cancelled)")
            try box.write("\(box.root)/go", "")
            let outcome = await run.outcome()
            #expect(outcome.code == 1 && outcome.errorCode == "PV0608", "\(outcome)")
            let status = try await box.preview("status", "--json").json()
            #expect(status["overallStatus"]?.string == "cancelled")
            let again = try await box.preview("apply", "--yes")
            #expect(again.code == 0, "\(again)")
            #expect(
                try await box.preview("status", "--json").json()["overallStatus"]?.string
                    == "completed")
            #expect(box.supervisors().count == 1)
        }
    }

    @Test("R-42: a run that was stopped while another destroyed everything revives nothing")
    func destroyedMeanwhile() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let terminal = try PseudoTerminal()
            _ = try await box.preview("apply", "--through", "2", "--yes")
            let child = try box.start("apply", at: terminal)
            #expect(try await terminal.shows("Run it?"), "\(terminal.text)")
            let destroyed = try await box.preview("destroy", "--yes")
            #expect(destroyed.code == 0, "\(destroyed)")
            terminal.type("y\n")
            #expect(await child.wait() == .exited(5))
            #expect(try await terminal.shows("PV0611"), "\(terminal.text)")
            #expect(try box.state().isDestroyed && !box.exists(box.record() + "/supervisor"))
        }
    }

    @Test("R-43: a process that has the number of a supervisor of old is left alone")
    func reusedNumber() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--yes")
            let supervisor = try #require(box.supervisors().first)
            supervisor.signal(SIGKILL)
            #expect(try await eventually { box.supervisors().isEmpty })
            let bystander = try Child(
                ["/bin/sleep", "60"], environment: [:], directory: "/tmp", input: .null,
                output: .null, errors: .null)
            let path = try box.record() + "/supervisor/status.json"
            let text = box.text(path).replacing(
                "\"pid\": \(supervisor.pid)", with: "\"pid\": \(bystander.pid)")
            #expect(text.contains("\(bystander.pid)"), "\(text)")
            try box.write(path, text, mode: 0o600)
            let destroyed = try await box.preview("destroy", "--yes")
            #expect(destroyed.code == 0, "\(destroyed)")
            #expect(bystander.isRunning)
            bystander.signal(SIGKILL)
            _ = await bystander.wait()
        }
    }
}
