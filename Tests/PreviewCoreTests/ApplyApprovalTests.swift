import PreviewCore
import PreviewTestSupport
import Testing

@Suite("Apply: what was shown is what runs")
struct ApplyApprovalTests {
    @Test("A4: every step is asked for, one by one, with a concrete input")
    func everyStep() async throws {
        let world = SimulatedWorld()
        let approver = ScriptedApprover { _, _ in .given }
        try await world.apply(SimulatedWorld.config(), approver: approver)
        #expect(approver.asked.map(\.id) == StepID.allCases)
        #expect(approver.asked.allSatisfy { $0.input != nil && $0.waitsFor == nil })
    }

    @Test("R-21: declining stops cleanly; the step can be run later", arguments: StepID.allCases)
    func declining(_ step: StepID) async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        let approver = ScriptedApprover { planned, _ in planned.id == step ? .declined : .given }
        let failure = await #expect(throws: Failure.self) {
            try await world.apply(config, approver: approver)
        }
        #expect(failure?.code == .declined && failure?.kind.exitCode == 3)
        #expect(failure?.retry == "preview apply --step \(step.number)")
        let state = try await world.state()
        #expect(state?[step] ?? StepRecord() == StepRecord(), "declining changes nothing")
        #expect(try await world.store.holder(of: SimulatedWorld.identity.folder) == nil)
        var request = SimulatedWorld.request(config)
        request.selection = .only(step)
        world.effects.begin()
        let after = try await world.applier().apply(request)
        #expect(after[step].applied != nil)
        let detects = world.effects.entries.contains { $0.name == "source.detect" }
        #expect(detects == (step == .repository), "earlier steps are checked, never run along")
    }

    @Test("R-19: with nobody to ask nothing runs and nothing is recorded")
    func nobody() async throws {
        let world = SimulatedWorld()
        let approver = ScriptedApprover { _, _ in
            throw Failure(.nobodyToAsk, .notApproved, "there is nobody to ask")
        }
        let failure = await #expect(throws: Failure.self) {
            try await world.apply(SimulatedWorld.config(), approver: approver)
        }
        #expect(failure?.kind.exitCode == 3)
        #expect(try await world.state() == nil && world.effects.changes.isEmpty)
    }

    @Test("no lock is held while a person thinks")
    func noLockWhileAsking() async throws {
        let world = SimulatedWorld()
        let approver = ScriptedApprover { _, _ in
            let holder = try await world.store.holder(of: SimulatedWorld.identity.folder)
            #expect(holder == nil)
            return .given
        }
        try await world.apply(SimulatedWorld.config(), approver: approver)
        #expect(approver.asked.count == 4)
    }

    @Test("R-20: a branch that moves while step 1 is shown is shown again and then booted")
    func branchMoves() async throws {
        let world = SimulatedWorld()
        let approver = ScriptedApprover { step, _ in
            if step.id == .repository, step.input?["commit"]?.string == SimulatedSource.commit(1) {
                await world.source.move(to: SimulatedSource.commit(2))
            }
            return .given
        }
        try await world.apply(SimulatedWorld.config(), approver: approver)
        #expect(approver.asked.map(\.id) == [.repository, .repository, .machine, .settings, .boot])
        #expect(await world.provider.contents.machines[0].commit == SimulatedSource.commit(2))
    }

    @Test("R-20: a branch that moves after step 1 waits for the next run")
    func branchMovesLater() async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        let approver = ScriptedApprover { step, _ in
            if step.id == .boot { await world.source.move(to: SimulatedSource.commit(2)) }
            return .given
        }
        try await world.apply(config, approver: approver)
        #expect(approver.asked.count == 4)
        #expect(await world.provider.contents.machines[0].commit == SimulatedSource.commit(1))
        #expect(try await world.plan(config).actions == [.update, .none, .none, .update])
    }

    @Test("R-20: a machine that vanishes while step 3 is shown stops the run at the order")
    func machineVanishes() async throws {
        let world = SimulatedWorld()
        let approver = ScriptedApprover { step, _ in
            if step.id == .settings { await world.provider.change { $0.machines = [] } }
            return .given
        }
        let failure = await #expect(throws: Failure.self) {
            try await world.apply(SimulatedWorld.config(), approver: approver)
        }
        #expect(failure?.message == "step 3 cannot run before step 2")
        #expect(failure?.evidence.first?.text == "Machine Allocation: the machine is gone")
    }

    @Test(
        "R-20: a step that became more while it was shown is asked for again; the answer `a` is not"
    )
    func settingsDrift() async throws {
        let stage = try await PlanStage { $0.secrets = [] }
        for (approval, questions) in [(Approval.given, 2), (.standing, 2)] {
            var config = stage.config
            config.environment["ROUND"] = "\(approval)"
            let approver = ScriptedApprover { step, _ in
                if step.id == .settings, step.reason == "settings changed" {
                    await stage.world.provider.change { $0.machines[0].settingsRevision = "other" }
                }
                return approval
            }
            try await stage.world.apply(config, approver: approver)
            // The input is the same, so what was approved may run: the reason alone is new.
            #expect(approver.asked.map(\.id) == [.settings, .boot])
            #expect(approver.asked.count == questions)
        }
    }

    @Test("a plan that never holds still ends with its own error")
    func keepsMoving() async throws {
        let world = SimulatedWorld()
        let next = DeterministicRandom()
        let approver = ScriptedApprover { _, _ in
            await world.source.move(to: SimulatedSource.commit(next.below(1 << 30)))
            return .given
        }
        let failure = await #expect(throws: Failure.self) {
            try await world.apply(SimulatedWorld.config(), approver: approver)
        }
        #expect(failure?.code == .planKeepsMoving)
        #expect(try await world.state() == nil)
    }

    @Test("an interrupted move is finished as it was begun, then the present wish is asked for")
    func finishThenChange() async throws {
        let stage = try await PlanStage()
        await stage.world.provider.setHook { call, moment in
            if call == .allocate, moment == .after { throw Failure(.allocationFailed, "lost") }
        }
        var config = stage.config
        config.regions = ["ord"]
        await #expect(throws: Failure.self) { try await stage.world.apply(config) }
        await stage.world.provider.setHook { _, _ in }
        config.regions = ["nrt"]
        let approver = ScriptedApprover { _, _ in .given }
        try await stage.world.apply(config, approver: approver)
        #expect(approver.asked.map(\.action) == [.resume, .replace, .update, .update])
        #expect(approver.asked[0].input?["regions"] == ["ord"])
        #expect(await stage.world.provider.contents.machines.map(\.region) == ["nrt"])
    }
}
