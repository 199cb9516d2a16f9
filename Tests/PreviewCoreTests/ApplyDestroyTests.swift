import PreviewCore
import PreviewTestSupport
import Testing

@Suite("R-32: destroy goes in reverse, takes only ours, and looks again")
struct ApplyDestroyTests {
    private func applied() async throws -> SimulatedWorld {
        let world = SimulatedWorld()
        try await world.apply(SimulatedWorld.config())
        world.effects.begin()
        return world
    }

    @Test("it undoes the steps in reverse and leaves a tombstone")
    func reverse() async throws {
        let world = try await applied()
        let receipt = try await world.destroy()
        #expect(receipt.undone == [.boot, .settings, .machine, .repository])
        #expect(receipt.removed.isEmpty)
        #expect(world.effects.changes == ["machine.shutdown", "machine.delete", "app.delete"])
        let state = try #require(try await world.state())
        #expect(state.isDestroyed && state.steps.isEmpty && state.completedAt == nil)
        let undone = world.reporter.events.filter { $0.kind == .stepUndone }
        #expect(undone.map(\.step) == [.boot, .settings, .machine, .repository])
    }

    @Test("what carries other marks survives, in the same app, too")
    func foreignObjects() async throws {
        let world = try await applied()
        await world.provider.change { contents in
            var foreign = contents.machines[0]
            (foreign.id, foreign.name) = ("m-foreign", "somebody's")
            foreign.owner.lineage = "another"
            contents.machines.append(foreign)
            contents.apps["other-app"] = foreign.owner
        }
        // Our machine is gone, our app cannot go because somebody's machine is in it.
        let failure = await #expect(throws: Failure.self) { try await world.destroy() }
        #expect(failure?.code == .leftovers && failure?.kind.exitCode == 10)
        #expect(failure?.evidence.map(\.label) == ["app"])
        let left = await world.provider.contents
        #expect(left.machines.map(\.id) == ["m-foreign"] && left.apps.count == 2)
        #expect(try await world.state()?.isDestroyed == false, "it can be run again")
    }

    @Test("absence is success")
    func absent() async throws {
        let world = try await applied()
        await world.provider.change {
            $0.machines = []
            $0.apps = [:]
        }
        let receipt = try await world.destroy()
        #expect(receipt.undone.count == 4 && world.effects.changes.isEmpty)
    }

    @Test("the second look finds what no record names")
    func secondLook() async throws {
        let world = try await applied()
        await world.provider.change { contents in
            var stray = contents.machines[0]
            (stray.id, stray.name) = ("m-stray", "pv-stray")
            contents.machines.append(stray)
        }
        let receipt = try await world.destroy()
        #expect(receipt.removed.map(\.name).contains("pv-stray"))
        let left = await world.provider.contents
        #expect(left.machines.isEmpty && left.apps.isEmpty)
    }

    @Test("it needs no lock of another and waits for none: exit 5 names the holder")
    func locked() async throws {
        let world = try await applied()
        _ = try await world.store.lock(
            SimulatedWorld.identity.folder, for: SimulatedWorld.makeHolder("run-2"),
            timeout: .zero, waiting: { _ in })
        let failure = await #expect(throws: Failure.self) { try await world.destroy() }
        #expect(failure?.code == .locked && failure?.kind.exitCode == 5)
        #expect(failure?.message.contains("run-2") == true)
        #expect(world.effects.changes.isEmpty)
    }

    @Test("nothing recorded, or already destroyed: said so")
    func nothing() async throws {
        let world = SimulatedWorld()
        let failure = await #expect(throws: Failure.self) { try await world.destroy() }
        #expect(failure?.code == .nothingRecorded)
        try await world.apply(SimulatedWorld.config())
        try await world.destroy()
        let second = await #expect(throws: Failure.self) { try await world.destroy() }
        #expect(second?.code == .nothingRecorded)
    }

    @Test("B22: a preview begun again has a new lineage and goes on counting")
    func beginsAgain() async throws {
        let world = try await applied()
        let first = try #require(try await world.state())
        try await world.destroy()
        let tombstone = try #require(try await world.state())
        let plan = try await world.plan(SimulatedWorld.config())
        #expect(plan.lineage == nil && plan.actions == [.create, .create, .create, .create])
        world.reporter.clear()
        let second = try await world.apply(SimulatedWorld.config())
        #expect(second.lineage != first.lineage && second.salt != first.salt)
        #expect(second.serial > tombstone.serial && second.destroyedAt == nil)
        #expect(world.reporter.lines.first == "Setup session created successfully")
    }

    @Test("R-30: a provider that fails leaves what is undone undone, and says what is not")
    func providerFails() async throws {
        let world = try await applied()
        await world.provider.setHook { call, moment in
            guard call == .deallocate, moment == .before else { return }
            throw Rejection(Failure(.allocationFailed, .authentication, "token refused"))
        }
        let failure = await #expect(throws: Failure.self) { try await world.destroy() }
        #expect(failure?.kind.exitCode == 8 && failure?.step == .machine)
        #expect(failure?.retry == "preview destroy")
        let state = try #require(try await world.state())
        #expect(state.steps.keys.sorted() == [.repository, .machine])
        await world.provider.setHook { _, _ in }
        #expect(try await world.destroy().undone == [.machine, .repository])
    }
}
