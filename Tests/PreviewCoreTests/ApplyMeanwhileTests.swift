import PreviewCore
import PreviewTestSupport
import Testing

@Suite("Apply: what others do meanwhile")
struct ApplyMeanwhileTests {
    private let folder = SimulatedWorld.identity.folder

    private func cancel(_ world: SimulatedWorld) async throws {
        _ = try await Cancellation.cancel(folder, in: world.store, now: { world.clock.now })
    }

    @Test(
        "cancel needs no lock: a running step records what it knows, and the run stops",
        arguments: [SimulatedProvider.Call.allocate, .configure, .boot])
    func cancelWhileRunning(_ call: SimulatedProvider.Call) async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        await world.provider.setHook { at, moment in
            guard at == call, moment == .after else { return }
            try await cancel(world)
        }
        let failure = await #expect(throws: Failure.self) { try await world.apply(config) }
        #expect(failure?.code == .sessionCancelled && failure?.kind.exitCode == 1)
        let state = try #require(try await world.state())
        #expect(Session(of: state, isLocked: false).overallStatus == .cancelled)
        let step: StepID = call == .allocate ? .machine : call == .configure ? .settings : .boot
        #expect(state[step].applied != nil && state[step].attempt == nil, "what is known")
        #expect(try await world.store.holder(of: folder) == nil)
        await world.provider.setHook { _, _ in }
        let after = try await world.apply(config)
        #expect(after.cancelledAt == nil && after.lineage == state.lineage)
        #expect(Session(of: after, isLocked: false).overallStatus == .completed)
        #expect(await world.provider.contents.machines.count == 1)
    }

    @Test("cancel before a call: no call is made after it")
    func cancelBeforeCall() async throws {
        let world = SimulatedWorld()
        await world.provider.setHook { at, moment in
            guard at == .allocate, moment == .before else { return }
            try await cancel(world)
        }
        let failure = await #expect(throws: Failure.self) {
            try await world.apply(SimulatedWorld.config())
        }
        #expect(failure?.code == .sessionCancelled)
        #expect(world.effects.changes.isEmpty)
        let state = try #require(try await world.state())
        #expect(state[.machine].attempt?.open == true && state.cancelledAt != nil)
    }

    @Test("cancel while a person thinks ends the run before the step")
    func cancelWhileAsking() async throws {
        let world = SimulatedWorld()
        let approver = ScriptedApprover { step, _ in
            if step.id == .machine { try await cancel(world) }
            return .given
        }
        let failure = await #expect(throws: Failure.self) {
            try await world.apply(SimulatedWorld.config(), approver: approver)
        }
        #expect(failure?.code == .sessionCancelled && world.effects.changes.isEmpty)
    }

    @Test("cancelling twice is one cancellation; nothing recorded cannot be cancelled")
    func cancelTwice() async throws {
        let world = SimulatedWorld()
        let nothing = await #expect(throws: Failure.self) { try await cancel(world) }
        #expect(nothing?.code == .nothingRecorded)
        try await world.apply(SimulatedWorld.config())
        try await cancel(world)
        let serial = try await world.state()?.serial
        world.clock.advance(seconds: 5)
        try await cancel(world)
        #expect(try await world.state()?.serial == serial)
    }

    @Test(
        "R-42: destroyed at any moment of a run without its lock: exit 5, nothing left",
        arguments: [false, true])
    func destroyedMeanwhile(beginsAgain: Bool) async throws {
        var (moments, refused) = (0, 0)
        while true {
            let outcome = try await destroy(at: moments + 1, beginsAgain: beginsAgain)
            guard outcome != .tooLate else { break }
            moments += 1
            if outcome == .refused { refused += 1 }
        }
        // Before the first write there is nothing to destroy, and after the last one nothing to do.
        #expect(moments - refused == 3, "\(refused) of \(moments) were cut off")
    }

    private enum Outcome { case refused, done, tooLate }

    /// Destroys at the n-th moment, as after a broken lock, and lets the run go on.
    private func destroy(at number: Int, beginsAgain: Bool) async throws -> Outcome {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        let countdown = Countdown(number)
        let interrupt: @Sendable () async throws -> Void = {
            guard await countdown.isOver() else { return }
            guard let state = try await world.state(), !state.isDestroyed else { return }
            await world.store.releaseAll()
            try await world.destroy()
            if beginsAgain { try await world.apply(config) }
        }
        await world.store.setHook(interrupt)
        await world.provider.setHook { _, _ in try await interrupt() }
        var failure: Failure?
        do {
            try await world.apply(config)
        } catch let thrown as Failure {
            failure = thrown
            #expect(thrown.kind.exitCode == 5, "\(number): \(thrown)")
        }
        guard await countdown.hasPassed else { return .tooLate }
        let state = try #require(try await world.state())
        let left = await world.provider.contents
        if state.isDestroyed {
            #expect(left.machines.isEmpty && left.apps.isEmpty, "\(number): \(left)")
        } else {
            #expect(left.machines.map(\.owner) == [state.owner], "\(number): \(left)")
            #expect(Session(of: state, isLocked: false).overallStatus == .completed, "\(number)")
        }
        return failure == nil ? .done : .refused
    }

    /// Says once that the n-th moment has come.
    private actor Countdown {
        private var left: Int

        init(_ number: Int) { left = number }

        var hasPassed: Bool { left <= 0 }

        func isOver() -> Bool {
            left -= 1
            return left == 0
        }
    }
}
