import PreviewCore
import PreviewTestSupport
import Testing

@Suite("Apply: order, repetition and cost of writing")
struct ApplyOrderTests {
    @Test("R-3: every object's name is in the record before the call that makes it")
    func namedBeforeMade() async throws {
        let world = SimulatedWorld()
        try await world.apply(SimulatedWorld.config())
        let names = world.effects.entries.map(\.name)
        #expect(
            names == [
                "source.head", "propose", "store.write", "source.detect", "store.write",
                "store.write", "app.find", "store.write", "app.create", "machine.find",
                "store.write", "machine.create", "store.write", "inspect", "store.write",
                "machine.configure", "store.write", "inspect", "store.write", "boot.begin",
                "boot.end", "store.write",
            ])
    }

    @Test(
        "R-3: at every changing call the stored record has the open attempt and the object's name")
    func durableAttempt() async throws {
        let world = SimulatedWorld()
        await world.provider.setHook { call, moment in
            guard moment == .after, [.allocate, .configure, .boot].contains(call) else { return }
            let state = try #require(try await world.state())
            let step: StepID =
                switch call {
                case .allocate: .machine
                case .configure: .settings
                default: .boot
                }
            let attempt = try #require(state[step].attempt)
            #expect(attempt.open && Session(of: state, isLocked: true).statuses[step] == .running)
            if call == .allocate {
                let names = attempt.calls.map(\.name)
                #expect(names == [state.app, "pv-\(attempt.key)"])
            }
        }
        try await world.apply(SimulatedWorld.config())
    }

    @Test("R-27: a second apply makes no changing call and leaves the bytes as they are")
    func secondApply() async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        try await world.apply(config)
        let before = await world.store.contents
        world.effects.begin()
        world.reporter.clear()
        world.clock.advance(seconds: 60)
        let approver = ScriptedApprover.yes
        try await world.apply(config, approver: approver)
        #expect(world.effects.changes.isEmpty && approver.asked.isEmpty)
        #expect(await world.store.contents == before)
        #expect(world.reporter.lines.allSatisfy { $0.contains("already done") })
    }

    @Test("R-8: after a failure in step 3 the first two are only checked, and no one asks again")
    func resumesAtFailure() async throws {
        let world = SimulatedWorld()
        var config = try SimulatedWorld.config()
        config.secrets = [SecretReference(name: "KEY", source: .environment("KEY"))]
        await #expect(throws: Failure.self) { try await world.apply(config) }
        world.secrets.set("KEY", to: "value")
        world.effects.begin()
        world.reporter.clear()
        let approver = ScriptedApprover { _, _ in .given }
        try await world.apply(config, approver: approver)
        #expect(approver.asked.map(\.id) == [.settings, .boot])
        #expect(world.effects.changes == ["machine.configure", "boot.begin", "boot.end"])
        #expect(
            world.reporter.lines.prefix(2) == [
                "Step 1 already done: Repository Detection",
                "Step 2 already done: Machine Allocation",
            ])
    }

    @Test("a step that was asked for before the earlier ones names them, and nothing happens")
    func outOfOrder() async throws {
        let world = SimulatedWorld()
        var request = SimulatedWorld.request(try SimulatedWorld.config())
        request.selection = .only(.settings)
        let failure = await #expect(throws: Failure.self) {
            try await world.applier().apply(request)
        }
        #expect(failure?.code == .stepOrder && failure?.kind.exitCode == 1)
        #expect(failure?.message == "step 3 cannot run before steps 1 and 2")
        #expect(failure?.retry == "preview apply --through 3")
        #expect(try await world.state() == nil && world.effects.changes.isEmpty)
    }

    @Test("a stale earlier step holds a later one back")
    func staleEarlierStep() async throws {
        let stage = try await PlanStage()
        await stage.world.source.move(to: SimulatedSource.commit(2))
        var request = SimulatedWorld.request(stage.config)
        request.selection = .only(.boot)
        let failure = await #expect(throws: Failure.self) {
            try await stage.world.applier().apply(request)
        }
        #expect(failure?.message == "step 4 cannot run before step 1")
    }

    @Test("--step N runs one step, --through N all up to it")
    func selections() async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        var request = SimulatedWorld.request(config)
        for step in StepID.allCases {
            request.selection = .only(step)
            let state = try await world.applier().apply(request)
            #expect(Session(of: state, isLocked: false).completedSteps == Array(1...step.number))
        }
        let other = SimulatedWorld()
        request.selection = .through(.machine)
        let state = try await other.applier().apply(request)
        #expect(Session(of: state, isLocked: false).completedSteps == [1, 2])
    }

    @Test("R-34: a write costs one document, however long the preview lives")
    func flatWrites() async throws {
        let stage = try await PlanStage { $0.secrets = [] }
        let rounds = 200
        for round in 0..<rounds {
            var config = stage.config
            config.environment["ROUND"] = String(1000 + round)
            try await stage.world.apply(config)
        }
        let sizes = await stage.world.store.sizes.suffix(rounds * 4)
        // The first round begins without the variable; the serial grows by a digit or two.
        let (first, last) = (sizes.dropFirst(4).prefix(4).max() ?? 0, sizes.suffix(4).max() ?? 0)
        #expect(last - first < 8, "\(first) → \(last)")
        #expect(await stage.world.store.contents.records.count == 1)
    }

    @Test("R-15: a clock that jumps by a day changes neither order nor resumption")
    func clockJumps() async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        await world.provider.setHook { call, moment in
            world.clock.jump(seconds: moment == .before ? -86400 : 2 * 86400)
            if call == .configure, moment == .after { throw ProcessDeath() }
        }
        await #expect(throws: (any Error).self) { try await world.apply(config) }
        let begun = try #require(try await world.state())
        await world.provider.setHook { _, _ in world.clock.jump(seconds: -86400) }
        let state = try await world.apply(config)
        #expect(state.serial > begun.serial && state.lineage == begun.lineage)
        #expect(try await world.plan(config).hasChanges == false)
        for step in StepID.allCases {
            #expect(try #require(state[step].applied).seconds >= 0)
        }
    }

    @Test("K7: the time a step took is measured by the clock that does not jump")
    func durations() async throws {
        let world = SimulatedWorld()
        await world.provider.setHook { call, moment in
            guard call == .boot, moment == .before else { return }
            world.clock.advance(seconds: 12)
            world.clock.jump(seconds: -500)
        }
        let state = try await world.apply(SimulatedWorld.config())
        #expect(state[.boot].applied?.seconds == 12)
        #expect(state[.machine].applied?.seconds == 0)
    }

    @Test("D28: a name that is taken gives the next, which is recorded and stays")
    func nameTaken() async throws {
        let world = SimulatedWorld()
        await world.provider.change { $0.foreignApps = ["shop-4f1c9a2e"] }
        let config = try SimulatedWorld.config()
        let state = try await world.apply(config)
        #expect(state.app == "shop-4f1c9a2e-2")
        #expect(try await world.plan(config).app == state.app)
        #expect(await world.store.contents.records.keys.sorted() == ["shop-4f1c9a2e"])
        await world.provider.change { $0.foreignApps = [] }
        #expect(try await world.plan(config).hasChanges == false, "the name once used stays")
    }

    @Test(
        "another provider is refused while there is a machine, and taken over while there is none")
    func otherProvider() async throws {
        let world = SimulatedWorld()
        var config = try SimulatedWorld.config()
        var request = SimulatedWorld.request(config)
        request.selection = .only(.repository)
        _ = try await world.applier().apply(request)
        config.provider = .local
        request = SimulatedWorld.request(config)
        request.selection = .through(.machine)
        let local = SimulatedWorld(await world.snapshot(), provider: .local)
        let state = try await local.applier().apply(request)
        #expect(state.provider == .local && state.host == "here")
        config.provider = .fly
        let failure = await #expect(throws: Failure.self) { try await local.plan(config) }
        #expect(failure?.code == .otherProvider)
    }
}
