import PreviewCore
import PreviewTestSupport
import Testing

@Suite("Apply: what the look outside found is recorded (ARCHITECTURE section 5)")
struct ApplyDriftTests {
    private static let ended = "the app ended and is not being restarted"

    /// Everything is set up, and then the app ends.
    private func crashed() async throws -> PlanStage {
        let stage = try await PlanStage()
        await stage.world.provider.change { $0.machines[0].state = .crashed }
        stage.world.effects.begin()
        return stage
    }

    private func planWithoutLook(_ stage: PlanStage) async throws -> Plan {
        var request = SimulatedWorld.request(stage.config)
        request.looks = false
        return try await stage.world.applier().plan(request)
    }

    /// Every state that is written from now on, in order.
    private func recordWrites(_ world: SimulatedWorld) async -> Written {
        let written = Written()
        await world.store.setHook {
            if let state = try await world.state() { await written.add(state) }
        }
        return written
    }

    private actor Written {
        private(set) var states: [State] = []

        /// Counts a state once, by its serial.
        func add(_ state: State) {
            if states.last?.serial != state.serial { states.append(state) }
        }
    }

    @Test("R-27: a difference is one write, under the lock, before the first step begins")
    func oneWrite() async throws {
        let stage = try await crashed()
        let before = try #require(try await stage.world.state())
        let written = await recordWrites(stage.world)
        await stage.world.store.setHook {
            let holder = try await stage.world.store.holder(of: SimulatedWorld.identity.folder)
            #expect(holder == SimulatedWorld.holder)
            if let state = try await stage.world.state() { await written.add(state) }
        }
        try await stage.world.apply(stage.config)
        let states = await written.states.drop { $0.serial <= before.serial }
        #expect(states.map(\.messages) == [[Self.ended], [Self.ended], []], "seen, begun, done")
        #expect(states.map { $0[.boot].attempt != nil } == [false, true, false])
        var seen = try #require(states.first)
        #expect(seen.serial == before.serial + 1)
        seen[.boot].drift = nil
        seen.serial = before.serial
        seen.updatedAt = before.updatedAt
        #expect(seen == before, "nothing but what was seen was written")
    }

    @Test("R-27: what is recorded already is not written again")
    func noSecondWrite() async throws {
        let stage = try await crashed()
        await stage.world.provider.setHook { call, _ in
            guard call == .boot else { return }
            throw Rejection(Failure(.appEnded, "the app ended"))
        }
        await #expect(throws: Failure.self) { try await stage.world.apply(stage.config) }
        #expect(try await stage.world.state()?.messages == [Self.ended])
        let written = await recordWrites(stage.world)
        await #expect(throws: Failure.self) { try await stage.world.apply(stage.config) }
        let states = await written.states.dropFirst()
        #expect(states.count == 2, "begun and failed")
        #expect(states.allSatisfy { $0.messages == [Self.ended] })
    }

    @Test(
        "a plan from the record alone knows what the last run saw, and the next success forgets it")
    func planFromRecord() async throws {
        let stage = try await crashed()
        #expect(try await planWithoutLook(stage).hasChanges == false, "nobody looked yet")
        await stage.world.provider.setHook { call, _ in
            guard call == .boot else { return }
            throw Rejection(Failure(.appEnded, "the app ended"))
        }
        await #expect(throws: Failure.self) { try await stage.world.apply(stage.config) }
        let plan = try await planWithoutLook(stage)
        #expect(
            plan.drift.map(\.message) == [Self.ended]
                && plan[.boot].reason == Self.ended)
        #expect(!plan.isLive)
        await stage.world.provider.setHook { _, _ in }
        try await stage.world.apply(stage.config)
        #expect(try await planWithoutLook(stage).hasChanges == false)
        #expect(try await stage.world.state()?.drift == [])
    }

    @Test("R-27: what is as it should be again is recorded by a run that has nothing to do, once")
    func mendedOutside() async throws {
        let stage = try await crashed()
        let approver = ScriptedApprover { step, _ in
            await stage.world.provider.setHook { call, moment in
                guard call == .boot, moment == .before else { return }
                throw Rejection(Failure(.appEnded, "the app ended"))
            }
            return .given
        }
        await #expect(throws: Failure.self) {
            try await stage.world.apply(stage.config, approver: approver)
        }
        var state = try #require(try await stage.world.state())
        state[.boot].attempt = nil
        await stage.world.store.plant(
            StateFile.encode(state), for: SimulatedWorld.identity.folder)
        await stage.world.provider.change { $0.machines[0].state = .running }
        try await stage.world.apply(stage.config)
        let mended = try #require(try await stage.world.state())
        #expect(mended.drift == [] && mended.serial == state.serial + 1)
        let bytes = await stage.world.store.contents
        try await stage.world.apply(stage.config)
        #expect(await stage.world.store.contents == bytes)
    }

    @Test("R-9: a saved plan that shows the difference fits the run that records it")
    func savedPlan() async throws {
        let stage = try await crashed()
        var request = SimulatedWorld.request(stage.config)
        request.saved = try await stage.world.applier().plan(request)
        let state = try await stage.world.applier().apply(request)
        #expect(Session(of: state, isLocked: false).overallStatus == .completed)
        #expect(try await stage.plan().hasChanges == false)
    }

    @Test("a machine that is gone is recorded for every step on it, and forgotten with the new one")
    func goneMachine() async throws {
        let stage = try await PlanStage()
        await stage.world.provider.change { $0.machines = [] }
        let written = await recordWrites(stage.world)
        var request = SimulatedWorld.request(stage.config)
        request.selection = .through(.machine)
        let state = try await stage.world.applier().apply(request)
        #expect(
            await written.states.contains { $0.drift.map(\.step) == [.machine, .settings, .boot] })
        #expect(state.drift == [])
        #expect(try await planWithoutLook(stage).drift.isEmpty)
        try await stage.world.apply(stage.config)
        #expect(try await stage.plan().hasChanges == false)
    }
}

extension State {
    /// What was seen, in words.
    fileprivate var messages: [String] { drift.map(\.message) }
}
