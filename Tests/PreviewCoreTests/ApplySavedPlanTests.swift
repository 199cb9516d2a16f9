import PreviewCore
import PreviewTestSupport
import Testing

@Suite("R-9: a saved plan is refused when something moved")
struct ApplySavedPlanTests {
    private func save(_ plan: Plan) throws -> Plan {
        let document = PlanDocument.json(of: plan, withDigests: true)
        return try PlanDocument.plan(from: JSONReader.read(JSONWriter.line(document)))
    }

    /// Saves a plan for a changed variable, lets the world move, and applies the plan.
    private func outcome(
        config change: (inout Config) -> Void = { _ in },
        moving move: (SimulatedWorld, Config) async throws -> Void
    ) async throws -> (failure: Failure?, changes: [String]) {
        let stage = try await PlanStage()
        var config = stage.config
        config.environment["NEW"] = "1"
        let saved = try save(try await stage.world.plan(config))
        try await move(stage.world, config)
        change(&config)
        var request = SimulatedWorld.request(config)
        request.saved = saved
        stage.world.effects.begin()
        do {
            _ = try await stage.world.applier().apply(request)
            return (nil, stage.world.effects.changes)
        } catch let failure as Failure {
            return (failure, stage.world.effects.changes)
        }
    }

    private func expectRefused(
        _ outcome: (failure: Failure?, changes: [String]), naming label: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let failure = try #require(outcome.failure, sourceLocation: sourceLocation)
        #expect(
            failure.code == .stalePlan && failure.kind.exitCode == 4, "\(failure)",
            sourceLocation: sourceLocation)
        #expect(
            failure.evidence.contains { $0.label == label }, "\(failure.evidence)",
            sourceLocation: sourceLocation)
        #expect(outcome.changes.isEmpty, "nothing was done", sourceLocation: sourceLocation)
    }

    @Test("nothing moved: it runs as it was shown")
    func fits() async throws {
        let outcome = try await outcome { _, _ in }
        #expect(outcome.failure == nil)
        #expect(outcome.changes == ["machine.configure", "boot.begin", "boot.end"])
    }

    @Test("the configuration moved")
    func config() async throws {
        let outcome = try await outcome(config: { $0.environment["NEW"] = "2" }) { _, _ in }
        try expectRefused(outcome, naming: "configuration")
    }

    @Test("the state moved")
    func serial() async throws {
        let outcome = try await outcome { world, _ in
            _ = try await Cancellation.cancel(
                SimulatedWorld.identity.folder, in: world.store, now: { world.clock.now })
        }
        try expectRefused(outcome, naming: "serial")
    }

    @Test("the branch moved")
    func commit() async throws {
        let outcome = try await outcome { world, _ in
            await world.source.move(to: SimulatedSource.commit(2))
        }
        try expectRefused(outcome, naming: "commit")
    }

    @Test("the machine runs something else")
    func machineVersion() async throws {
        let outcome = try await outcome { world, _ in
            await world.provider.change { $0.machines[0].settingsRevision = "other" }
        }
        try expectRefused(outcome, naming: "machine")
    }

    @Test("the machine is gone")
    func machineGone() async throws {
        let outcome = try await outcome { world, _ in
            await world.provider.change { $0.machines = [] }
        }
        try expectRefused(outcome, naming: "machine")
    }

    @Test("the preview was destroyed and begun again")
    func lineage() async throws {
        let outcome = try await outcome { world, config in
            try await world.destroy()
            var before = config
            before.environment["NEW"] = nil
            try await world.apply(before)
        }
        try expectRefused(outcome, naming: "lineage")
    }

    @Test("the secret is another one")
    func secret() async throws {
        let outcome = try await outcome { world, _ in
            world.secrets.set("KEY", to: "another value")
        }
        try expectRefused(outcome, naming: "step 3")
    }

    @Test("another preview's change refuses nothing")
    func anotherPreview() async throws {
        let outcome = try await outcome { world, _ in
            await world.store.plant(Array("anything".utf8), for: "other-12345678")
            await world.provider.change {
                $0.apps["other-12345678"] = .init(lineage: "x", source: "y")
            }
        }
        #expect(outcome.failure == nil)
    }

    @Test("it is checked before each step: what moves half-way stops the run there")
    func halfway() async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        var request = SimulatedWorld.request(config)
        request.saved = try save(try await world.plan(config))
        await world.provider.setHook { call, moment in
            guard call == .configure, moment == .after else { return }
            await world.source.move(to: SimulatedSource.commit(2))
        }
        let failure = await #expect(throws: Failure.self) {
            try await world.applier().apply(request)
        }
        #expect(failure?.code == .stalePlan && failure?.evidence.map(\.label) == ["commit"])
        #expect(world.effects.changes.last == "machine.configure")
    }

    @Test("a first plan that was saved runs all four steps, the unknown becoming known on the way")
    func firstPlan() async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        var request = SimulatedWorld.request(config)
        request.saved = try save(try await world.plan(config))
        let state = try await world.applier().apply(request)
        #expect(Session(of: state, isLocked: false).overallStatus == .completed)
    }
}
