import PreviewCore
import PreviewTestSupport
import Testing

@Suite("Apply: the words of SPEC section 3, in order")
struct ApplyEventsTests {
    private func text(_ events: [Event]) -> [String] {
        events.map { event in
            [
                event.kind.rawValue, event.step.map { String($0.number) } ?? "-",
                event.level.rawValue,
                event.message,
            ].joined(separator: " | ")
        }
    }

    @Test("a first run, from creation to the end")
    func firstRun() async throws {
        let world = SimulatedWorld()
        try await world.apply(SimulatedWorld.config())
        let machine = try #require(await world.provider.contents.machines.first)
        let head = try await world.source.head(
            of: SimulatedWorld.config().repository, branch: .named("main"))
        #expect(
            text(world.reporter.events) == [
                "session | - | info | Setup session created successfully",
                "log | - | info | App Name: shop-4f1c9a2e",
                "log | - | info | Preview URL: https://shop-4f1c9a2e.fly.dev",
                "step_begin | 1 | info | Executing Step 1: Repository Detection",
                "log | 1 | info | Repository: acme/shop (https://github.com/acme/shop)",
                "log | 1 | info | Branch: main at \(head.commit.prefix(7)) \"\(head.subject ?? "")\"",
                "log | 1 | info | Type: node", "log | 1 | info | Scripts: start",
                "log | 1 | info | Install: npm ci", "log | 1 | info | Start: npm start",
                "repository_detected | 1 | info | ✓ Step 1 completed successfully",
                "log | 1 | info | Repository detected and validated successfully",
                "step_begin | 2 | info | Executing Step 2: Machine Allocation",
                "log | 2 | info | Machine: shared-cpu-2x in dfw",
                "log | 2 | info | Reserved: shop-4f1c9a2e at https://shop-4f1c9a2e.fly.dev",
                "machine_allocated | 2 | info | ✓ Step 2 completed successfully",
                "log | 2 | info | Machine \(machine.name) reserved in dfw",
                "step_begin | 3 | info | Executing Step 3: Settings Configuration",
                "log | 3 | info | Environment: nothing of its own",
                "log | 3 | info | Resources: 2 CPU, 512 MB",
                "log | 3 | info | Auto-stop: stops after 1h without traffic, starts on the next connection",
                "settings_configured | 3 | info | ✓ Step 3 completed successfully",
                "log | 3 | info | Machine configured with the requested settings",
                "step_begin | 4 | info | Executing Step 4: Repository Boot",
                "phase_begin | 4 | info | [1/5] clone", "phase_begin | 4 | info | [2/5] install",
                "phase_begin | 4 | info | [3/5] build", "phase_begin | 4 | info | [4/5] start",
                "phase_begin | 4 | info | [5/5] probe",
                "repository_booted | 4 | info | ✓ Step 4 completed successfully",
                "log | 4 | info | Repository is running at https://shop-4f1c9a2e.fly.dev",
                "log | - | info | Setup completed successfully!",
            ])
    }

    @Test("I6: a missing repository logs exactly these lines, in order")
    func missingRepository() async throws {
        let world = SimulatedWorld()
        await world.source.fail(with: Failure(.repositoryNotFound, "Repository not found"))
        let failure = await #expect(throws: Failure.self) {
            try await world.apply(SimulatedWorld.config())
        }
        #expect(failure?.code == .repositoryNotFound && failure?.step == .repository)
        let lines = world.reporter.events.filter { $0.step != nil }
        #expect(
            text(lines) == [
                "step_begin | 1 | info | Executing Step 1: Repository Detection",
                "log | 1 | error | Error: Repository not found",
                "step_failed | 1 | error | ✗ Error: Failed to detect and validate repository",
            ])
        #expect(lines.last?.code == .repositoryNotFound)
        #expect(lines.last?.data["code"]?.string == "PV0201")
    }

    @Test("I2: a continued session is resumed, with the same id")
    func resumed() async throws {
        let world = SimulatedWorld()
        var request = SimulatedWorld.request(try SimulatedWorld.config())
        request.selection = .only(.repository)
        let state = try await world.applier().apply(request)
        let created = try #require(world.reporter.events.first)
        #expect(created.data["id"]?.string == state.lineage && created.data["isNew"] == true)
        world.reporter.clear()
        try await world.apply(SimulatedWorld.config())
        let resumed = try #require(world.reporter.events.first { $0.kind == .session })
        #expect(resumed.message == "Setup session resumed")
        #expect(resumed.data["id"]?.string == state.lineage && resumed.data["isNew"] == false)
    }

    @Test("L4: own words for a step appear in its log line")
    func ownWords() async throws {
        let world = SimulatedWorld()
        var config = try SimulatedWorld.config()
        config.words[.machine] = .init(title: "Reserve a box")
        try await world.apply(config)
        #expect(world.reporter.lines.contains("Executing Step 2: Reserve a box"))
    }

    @Test("A7: what a step prints is reported before the step ends")
    func live() async throws {
        let world = SimulatedWorld()
        let reporter = world.reporter
        await world.provider.setHook { call, moment in
            guard call == .boot, moment == .after else { return }
            #expect(reporter.lines.contains("[5/5] probe"))
            #expect(!reporter.lines.contains("✓ Step 4 completed successfully"))
        }
        try await world.apply(SimulatedWorld.config())
    }

    @Test("B14: the completion of a step carries its details and seconds")
    func completions() async throws {
        let world = SimulatedWorld()
        let state = try await world.apply(SimulatedWorld.config())
        let kinds: [Event.Kind] = [
            .repositoryDetected, .machineAllocated, .settingsConfigured, .repositoryBooted,
        ]
        for (step, kind) in zip(StepID.allCases, kinds) {
            let event = try #require(world.reporter.events.first { $0.kind == kind })
            #expect(event.step == step && event.data["details"] == state[step].applied?.output)
            #expect(event.data["seconds"] == JSONValue.int(0))
        }
    }
}
