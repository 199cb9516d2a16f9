import FlySimulator
import PreviewCore
import Testing

@Suite("Import of an app that exists")
struct FlyImportTests {
    private static let settings = "env: { LOG_LEVEL: info }\nsecrets: [ API_KEY ]\n"

    /// A preview that runs, and whose record is lost; its app.
    private func loseRecord(_ fly: SimulatedFly) async throws -> String {
        try await fly.makeRepository(Self.settings)
        try fly.box.write(".env", "API_KEY=correct-horse\n")
        let made = try await fly.preview("apply", "--yes")
        try #require(made.code == 0, "\(made)")
        let app = try fly.box.state().app
        fly.box.removeTree(".preview")
        await fly.world.forgetRequests()
        return app
    }

    /// The steps that are recorded as done, and what the plan would do with each of the four.
    private func standing(_ fly: SimulatedFly) async throws -> (done: Set<StepID>, plan: [String]) {
        let state = try fly.box.state()
        let plan = try await fly.preview("plan", "--json")
        try #require(plan.code == 0, "\(plan)")
        let actions = try plan.json()["steps"]?.array?.compactMap { $0["action"]?.string } ?? []
        return (Set(StepID.allCases.filter { state[$0].applied != nil }), actions)
    }

    @Test("a lost record: what was seen is recorded, the rest is planned, and nothing is made")
    func lostRecord() async throws {
        // What was just made is not seen at the first look.
        try await SimulatedFly.use({ $0.visibility = Visibility() }) { fly in
            let app = try await loseRecord(fly)
            let before = try await fly.machine()
            let imported = try await fly.preview("import", app, "--yes")
            #expect(imported.code == 0 && imported.output.contains(app), "\(imported)")
            #expect(!"\(imported)".contains("correct-horse"))
            let (done, plan) = try await standing(fly)
            #expect(done == [.machine, .settings], "nobody saw the detection nor the boot")
            // Whether the secret has the wanted value cannot be known.
            #expect(plan == ["create", "none", "update", "create"])
            #expect(await fly.changes().map { $0.prefix(5) } == ["PATCH"], "its marks, no more")
            let after = try await fly.machine()
            #expect(after["id"] == before["id"] && after["version"] == before["version"])
            let lineage = try fly.box.state().lineage
            #expect(after.at("config.metadata.preview_lineage")?.string == lineage)
            let applied = try await fly.preview("apply", "--yes")
            #expect(applied.code == 0, "\(applied)")
            #expect(try await fly.machine()["id"] == before["id"])
            let again = try await fly.preview("plan", "--detailed-exitcode")
            #expect(again.code == 0, "\(again)")
            let destroyed = try await fly.preview("destroy", "--yes")
            #expect(destroyed.code == 0, "\(destroyed)")
            #expect(await fly.apps().isEmpty)
        }
    }

    @Test("the next plan shows each field that differs from what the machine has")
    func differences() async throws {
        try await SimulatedFly.use { fly in
            let app = try await loseRecord(fly)
            try fly.configure(
                "env: { LOG_LEVEL: debug, NEW: one }\nregion: iad\n"
                    + "resources: { memory: 1gb }\nlifecycle: { idle_timeout: 2h }\n")
            let imported = try await fly.preview("import", app, "--yes")
            #expect(imported.code == 0, "\(imported)")
            #expect(imported.errors.contains("left alone: API_KEY"), "\(imported)")
            let plan = try await fly.preview("plan")
            for line in [
                /env\.LOG_LEVEL +"info" → "debug"/, /env\.NEW +"one"/, /region +dfw → iad/,
                /resources\.memory +512 MB → 1024 MB/, /lifecycle\.idle_timeout +1h → 2h/,
            ] { #expect(plan.output.contains(line), "\(plan)") }
            let applied = try await fly.preview("apply", "--yes")
            #expect(applied.code == 0, "\(applied)")
            #expect(try await fly.machine()["region"]?.string == "iad")
            let secrets = await fly.apps().first?["secrets"]?.array
            #expect(secrets == ["API_KEY"], "what nobody here asked for is not taken away")
        }
    }

    @Test("an app made by hand: only step 2 is known, and apply makes a preview of it")
    func byHand() async throws {
        try await SimulatedFly.use { fly in
            try await fly.makeRepository()
            let machine = try await fly.makeByHand("old-shop")
            let imported = try await fly.preview("import", "old-shop", "--yes")
            #expect(imported.code == 0, "\(imported)")
            #expect(imported.errors.contains("somebody else than preview"), "\(imported)")
            let (done, plan) = try await standing(fly)
            #expect(done == [.machine])
            // It stands in iad, and dfw is asked for.
            #expect(plan == ["create", "replace", "create", "create"])
            try fly.configure("region: iad\n")
            let applied = try await fly.preview("apply", "--yes")
            #expect(applied.code == 0, "\(applied)")
            #expect(try await fly.machine()["id"]?.string == machine)
            #expect(applied.lines.last?.contains("old-shop") == true, "at its own URL")
        }
    }

    @Test("R-33: nobody to ask is exit 3, and a no at a terminal leaves everything as it is")
    func consent() async throws {
        try await SimulatedFly.use { fly in
            let app = try await loseRecord(fly)
            let lineage = try await fly.machine().at("config.metadata.preview_lineage")?.string
            let unasked = try await fly.preview("import", app)
            #expect(unasked.code == 3 && unasked.errorCode == "PV0603", "\(unasked)")
            for (answer, code) in [("n\n", Int32(3)), ("y\n", 0)] {
                #expect(await fly.changes().isEmpty)
                #expect(!fly.box.exists(".preview"))
                let terminal = try PseudoTerminal()
                let child = try Child(
                    [Program.path, "import", app],
                    environment: fly.box.environment.merging(fly.variables) { $1 },
                    directory: fly.box.project, input: .terminal(terminal),
                    output: .terminal(terminal), errors: .terminal(terminal))
                #expect(try await terminal.shows("record \(lineage ?? "?")"), "\(terminal.text)")
                #expect(try await terminal.shows("Take it into the record?"), "\(terminal.text)")
                terminal.type(answer)
                #expect(await child.wait() == .exited(code), "\(terminal.text)")
            }
            #expect(await fly.changes().count == 1)
        }
    }

    @Test("the record that had the app before is told so and touches nothing")
    func takenFrom() async throws {
        try await SimulatedFly.use { fly in
            try await fly.makeRepository()
            #expect(try await fly.preview("apply", "--yes").code == 0)
            let app = try fly.box.state().app
            let taken = try await fly.preview("import", app, "--yes", "--state", "other")
            #expect(taken.code == 0, "\(taken)")
            let destroyed = try await fly.preview("destroy", "--yes")
            #expect(destroyed.code == 0, "\(destroyed)")
            #expect(await fly.machines().count == 1, "it is the other record's")
            let back = try await fly.preview("import", app, "--yes")
            #expect(back.code == 0, "\(back)")
            let refused = try await fly.preview("apply", "--yes", "--state", "other")
            #expect(refused.code == 7 && refused.errorCode == "PV0305", "\(refused)")
        }
    }

    @Test("refused without a change: what is no app with one machine of this preview")
    func refusals() async throws {
        try await SimulatedFly.use { fly in
            try await fly.makeRepository()
            let world = fly.world
            for app in ["empty", "twins", "hidden"] {
                await world.plantApp(app, organization: "personal")
            }
            _ = await world.plantMachine(inApp: "hidden", name: "by-hand")
            await world.plantApp("foreign", organization: "somebody-else")
            for name in ["one", "two"] { _ = await world.plantMachine(inApp: "twins", name: name) }
            _ = try await fly.makeByHand(
                "others", metadata: ["preview_lineage": "someone", "preview_source": "else"])
            for (app, code, error, words) in [
                ("nowhere", Int32(1), "PV0318", "no app nowhere"),
                ("empty", 1, "PV0318", "no machine"),
                ("twins", 1, "PV0318", "fly machine destroy"),
                ("hidden", 1, "PV0318", "fly ips allocate-v4 --shared"),
                ("foreign", 8, "PV0318", "another organization"),
                ("others", 7, "PV0303", "--branch"),
            ] {
                let refused = try await fly.preview("import", app, "--yes")
                #expect(refused.code == code && refused.errorCode == error, "\(refused)")
                #expect(refused.errors.contains(words), "\(refused)")
            }
            let local = try await fly.preview("import", "twins", "--yes", "--local")
            #expect(local.code == 64 && local.errorCode == "PV0318", "\(local)")
            #expect(try await fly.preview("import", "../twins").code == 64)
            let json = try await fly.preview("import", "nowhere", "--yes", "--json")
            #expect(try JSONReader.read(json.errors).at("error.code")?.string == "PV0318")
            #expect(await fly.changes().isEmpty && !fly.box.exists(".preview"))
        }
    }

    @Test("a record that has a machine keeps it")
    func alreadyRecorded() async throws {
        try await SimulatedFly.use { fly in
            try await fly.makeRepository()
            #expect(try await fly.preview("apply", "--yes").code == 0)
            let app = try fly.box.state().app
            let record = fly.box.bytes(try fly.box.record() + "/state.json")
            _ = try await fly.makeByHand("old-shop")
            for (name, words) in [
                (app, "in the record already"), ("old-shop", "has an app already"),
            ] {
                let refused = try await fly.preview("import", name, "--yes")
                #expect(refused.code == 1 && refused.errorCode == "PV0318", "\(refused)")
                #expect(refused.errors.contains(words), "\(refused)")
            }
            #expect(fly.box.bytes(try fly.box.record() + "/state.json") == record)
        }
    }

    @Test("R-4: killed at any request, one more import gives one record and makes nothing")
    func killedAnywhere() async throws {
        try await SimulatedFly.use { fly in
            let app = try await loseRecord(fly)
            let made = await fly.world.counters
            var number = 0
            var isOver = false
            while !isOver {
                number += 1
                for occasion in [Fault.Occasion.before, .after] {
                    await fly.world.add(Fault(.hang, occasion, nth: number))
                    let first = await fly.world.requests.count
                    let child = try fly.box.start(
                        [Program.path, "import", app, "--yes"], with: fly.variables)
                    let isReached = try await eventually {
                        let count = await fly.world.requests.count
                        return !child.child.isRunning || count >= first + number
                    }
                    #expect(isReached)
                    isOver = !child.child.isRunning
                    child.child.signal(9)
                    _ = await child.outcome()
                    await fly.world.removeFaults()
                    if !isOver {
                        let again = try await fly.preview("import", app, "--yes")
                        #expect(again.code == 0, "request \(number), \(occasion): \(again)")
                    }
                    let (done, _) = try await standing(fly)
                    #expect(done == [.machine, .settings], "request \(number), \(occasion)")
                    let lineage = try fly.box.state().lineage
                    let machine = try await fly.machine()
                    #expect(machine.at("config.metadata.preview_lineage")?.string == lineage)
                    fly.box.removeTree(".preview")
                }
            }
            #expect(number > 6, "it has some requests")
            let now = await fly.world.counters
            #expect(now.apps == made.apps && now.machines == made.machines)
            #expect(now.addresses == made.addresses && now.boots == made.boots)
        }
    }

    @Test("R-4: what a killed import leaves is finished by apply, or taken away by destroy")
    func killedAndGoneOn() async throws {
        for (verb, left) in [("apply", 1), ("destroy", 0)] {
            try await SimulatedFly.use { fly in
                let app = try await loseRecord(fly)
                let made = await fly.world.counters
                await fly.world.add(Fault(.hang, .after, method: "PATCH"))
                let child = try fly.box.start(
                    [Program.path, "import", app, "--yes"], with: fly.variables)
                let isMarked = try await eventually { await !fly.changes().isEmpty }
                #expect(isMarked)
                child.child.signal(9)
                _ = await child.outcome()
                await fly.world.removeFaults()
                let outcome = try await fly.preview(verb, "--yes")
                #expect(outcome.code == 0, "\(outcome)")
                #expect(await fly.machines().count == left, "\(outcome)")
                let now = await fly.world.counters
                #expect(now.apps == made.apps && now.machines == made.machines, "\(outcome)")
            }
        }
    }
}
