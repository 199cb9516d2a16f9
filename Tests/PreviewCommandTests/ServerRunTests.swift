import Glibc
import PreviewCore
import PreviewSystem
import Testing

@Suite("Runs and events of preview serve")
struct ServerRunTests {
    /// An app whose build waits for a file.
    private func makeWaitingApp(_ box: Sandbox) throws {
        try box.makeApp(
            "  build: echo building; until [ -e \(box.root)/gate ]; do sleep 0.05; done\n")
    }

    /// Begins step 4 and waits until its build is under way.
    private func beginBoot(
        _ server: RunningServer, _ id: String, _ box: Sandbox
    ) async throws -> Task<RunningServer.Answer, any Error> {
        for step in 1...3 {
            let answer = try await server.run(step, of: id)
            try #require(answer.status == 200, "\(answer)")
        }
        let boot = Task { try await server.run(4, of: id) }
        let isBuilding = try await eventually {
            try box.text(box.record() + "/events.jsonl").contains("\"building\"")
        }
        try #require(isBuilding)
        return boot
    }

    @Test("one session, one log: step 1 in the terminal, step 2 by a call, step 3 from the page")
    func shared() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(in: box)
            let terminal = try await box.preview("apply", "--step", "1", "--yes")
            #expect(terminal.code == 0, "\(terminal)")
            let opened = try await server.open()
            #expect(opened.json["isNew"] == false, "\(opened)")
            #expect(opened.json.at("session.completedSteps") == [1])
            #expect(try await server.run(2, of: opened.id).status == 200)
            let signedIn = try await server.call("POST", "/api/sign-in")
            let cookie = try #require(signedIn.header("Set-Cookie"))
            for word in ["HttpOnly", "SameSite=Strict", "Path=/"] { #expect(cookie.contains(word)) }
            let clicked = try await server.call(
                "POST", "/api/machine-setup", token: "",
                body: "{\"sessionId\":\"\(opened.id)\",\"stepNumber\":3}",
                headers: [
                    "Cookie": String(cookie.prefix { $0 != ";" }), "Origin": server.url,
                    "Sec-Fetch-Site": "same-origin",
                ])
            #expect(clicked.status == 200, "\(clicked)")
            let last = try await box.preview("apply", "--yes")
            #expect(last.code == 0 && last.errors.contains("Step 3 already done"), "\(last)")
            let stream = try server.follow(opened.id)
            let isComplete = try await eventually {
                stream.outputSoFar.contains("Setup completed successfully!")
                    && stream.outputSoFar.contains("event: session")
            }
            #expect(isComplete, "\(stream.outputSoFar)")
            let events = try EventText(stream.outputSoFar)
            for step in 1...4 {
                #expect(events.messages.contains("✓ Step \(step) completed successfully"))
            }
            #expect(events.log.compactMap { $0["seq"]?.int } == Array(1...events.log.count))
            #expect(events.sessions.last?["overallStatus"] == "completed")
        }
    }

    @Test("E20: a second start of a session is 409, here and in the terminal; the run goes on")
    func secondStart() async throws {
        try await Sandbox.use { box in
            try makeWaitingApp(box)
            let server = try await RunningServer.start(in: box)
            let id = try await server.open().id
            let boot = try await beginBoot(server, id, box)
            let running = try await server.call("GET", "/api/machine-setup/\(id)")
            #expect(running.json.at("session.step4Status") == "running", "\(running)")
            for step in [1, 4] {
                let second = try await server.run(step, of: id)
                #expect(second.status == 409 && second.json["code"] == "PV0504", "\(second)")
            }
            #expect(try await server.call("DELETE", "/api/machine-setup/\(id)").status == 409)
            let terminal = try await box.preview("apply", "--yes")
            #expect(terminal.code == 5, "\(terminal)")
            try box.write("\(box.root)/gate", "")
            let booted = try await boot.value
            #expect(booted.status == 200, "\(booted)")
            #expect(box.supervisors().count == 1)
        }
    }

    @Test("a run of the terminal is 409 for a call, and shows as running")
    func lockedByTerminal() async throws {
        try await Sandbox.use { box in
            try makeWaitingApp(box)
            let server = try await RunningServer.start(in: box)
            let id = try await server.open().id
            let stream = try server.follow(id)
            let terminal = try box.start([Program.path, "apply", "--yes"])
            let isRunning = try await eventually {
                let events = try EventText(stream.outputSoFar)
                return events.sessions.last?["step4Status"] == "running"
            }
            #expect(isRunning, "\(terminal.errorsSoFar)")
            let refused = try await server.run(4, of: id)
            #expect(refused.status == 409 && refused.json["code"] == "PV0504", "\(refused)")
            try box.write("\(box.root)/gate", "")
            #expect(await terminal.outcome().code == 0)
        }
    }

    @Test("cancel ends the running step; its attempt is kept and can be resumed")
    func cancel() async throws {
        try await Sandbox.use { box in
            try makeWaitingApp(box)
            let server = try await RunningServer.start(in: box)
            let id = try await server.open().id
            let boot = try await beginBoot(server, id, box)
            let cancelled = try await server.call("POST", "/api/machine-setup/\(id)/cancel")
            #expect(cancelled.status == 200, "\(cancelled)")
            #expect(cancelled.json.at("session.overallStatus") == "cancelled")
            let ended = try await boot.value
            #expect(ended.status == 409 && ended.json["success"] == false, "\(ended)")
            try box.write("\(box.root)/gate", "")
            let again = try await server.run(4, of: id)
            #expect(again.status == 200, "\(again)")
            #expect(again.json.at("session.overallStatus") == "completed")
        }
    }

    @Test(
        "R-16: a stopped server leaves no step half-way: it can be resumed, and the exit code says why"
    )
    func gracefulStop() async throws {
        try await Sandbox.use { box in
            try makeWaitingApp(box)
            let server = try await RunningServer.start(in: box)
            let id = try await server.open().id
            let stream = try server.follow(id)
            let boot = try await beginBoot(server, id, box)
            let begin = ContinuousClock.now
            let outcome = await server.stop(SIGTERM)
            #expect(outcome.code == 143, "\(outcome)")
            #expect(ContinuousClock.now - begin < .seconds(8))
            let answer = try await boot.value
            #expect(answer.status == 409 && answer.json["code"] == "PV0702", "\(answer)")
            #expect(await stream.outcome(within: .seconds(5)).code == 0)
            let verified = try await box.preview("state", "verify")
            #expect(verified.code == 0, "\(verified)")
            let events = box.text(try box.record() + "/events.jsonl").split(separator: "\n")
            #expect(events.last?.contains("\"run_end\"") == true)
            try box.write("\(box.root)/gate", "")
            let resumed = try await box.preview("apply", "--yes")
            #expect(resumed.code == 0, "\(resumed)")
            #expect(box.supervisors().count == 1)
        }
    }

    @Test("E6, E22: a reader gets the whole history, or what came after the event it has")
    func lastEventID() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(in: box)
            let id = try await server.open().id
            #expect(try await server.run(1, of: id).status == 200)
            let whole = try server.follow(id)
            let isThere = try await eventually { whole.outputSoFar.contains("run_end") }
            #expect(isThere, "\(whole.outputSoFar)")
            let seqs = try EventText(whole.outputSoFar).log.compactMap { $0["seq"]?.int }
            let last = try #require(seqs.last)
            let rest = try server.follow(id, after: 3)
            let isRest = try await eventually { rest.outputSoFar.contains("run_end") }
            #expect(isRest)
            let tail = try EventText(rest.outputSoFar).log.compactMap { $0["seq"]?.int }
            #expect(tail == Array(4...last))
            #expect(try await server.run(2, of: id).status == 200)
            for stream in [whole, rest] {
                let isNew = try await eventually {
                    stream.outputSoFar.contains("Step 2 completed successfully")
                }
                #expect(isNew, "\(stream.outputSoFar)")
            }
            #expect(try await server.call("DELETE", "/api/machine-setup/\(id)").status == 200)
            let ended = await whole.outcome(within: .seconds(10))
            #expect(ended.code == 0, "\(ended)")
            let events = try EventText(ended.output)
            #expect(events.isGone && events.log.last?["type"] == "run_end", "\(ended)")
        }
    }

    @Test("a reader that takes nothing holds up neither the run nor the other readers")
    func slowReader() async throws {
        try await Sandbox.use { box in
            try box.makeApp(
                "  build: yes 'a line of output that fills every buffer' | head -n 40000\n")
            let server = try await RunningServer.start(in: box)
            let id = try await server.open().id
            let slow = try server.follow(id)
            slow.child.signal(SIGSTOP)
            let quick = try server.follow(id)
            for step in 1...4 {
                let answer = try await server.run(step, of: id)
                #expect(answer.status == 200, "\(answer)")
            }
            let isAllThere = try await eventually {
                quick.outputSoFar.contains("Setup completed successfully!")
            }
            #expect(isAllThere)
            slow.child.signal(SIGCONT)
            let hasCaughtUp = try await eventually {
                slow.outputSoFar.contains("Setup completed successfully!")
            }
            #expect(hasCaughtUp)
        }
    }
}
