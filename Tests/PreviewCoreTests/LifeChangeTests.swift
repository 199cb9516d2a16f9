import PreviewCore
import PreviewTestSupport
import Testing

@Suite("D33: a person moves or removes the end of a preview's life, and that stays")
struct LifeChangeTests {
    private static let hour = 3600
    private static let day = 86_400

    /// A preview with a ttl of three days.
    private static func config(_ change: (inout Config) -> Void = { _ in }) throws -> Config {
        var config = try SimulatedWorld.config()
        config.lifecycle.ttl = 3 * day
        change(&config)
        return config
    }

    private func applied(_ config: Config? = nil) async throws -> SimulatedWorld {
        let world = SimulatedWorld()
        try await world.apply(config ?? Self.config())
        world.effects.begin()
        return world
    }

    @discardableResult
    private func change(
        _ wish: LifeChange.Wish, in world: SimulatedWorld
    ) async throws -> LifeChange.Receipt {
        try await LifeChange(
            world: world.world, store: world.store, holder: SimulatedWorld.holder
        ).make(wish, of: SimulatedWorld.identity.folder, lockTimeout: .zero)
    }

    /// The end that the record, step 3's result and the machine agree on.
    private func end(in world: SimulatedWorld) async throws -> Timestamp? {
        let state = try #require(try await world.state())
        let machine = await world.provider.contents.machines.first
        #expect(machine?.expiresAt == state.expiresAt)
        #expect(state.output(of: ConfigureSettings())?.expiresAt == state.expiresAt)
        return state.expiresAt
    }

    @Test("an extension is added to the present end, in record and on the machine, and is no drift")
    func extends() async throws {
        let world = try await applied()
        let created = try #require(try await world.state()).createdAt
        let receipt = try await change(.extend(Self.day), in: world)
        #expect(receipt.isChanged && receipt.before == created + 3 * Self.day)
        #expect(try await end(in: world) == created + 4 * Self.day)
        #expect(world.effects.changes == ["machine.expire"])
        try await change(.extend(Self.hour), in: world)
        #expect(try await end(in: world) == created + 4 * Self.day + Self.hour)
        let plan = try await world.plan(Self.config())
        #expect(plan.steps.allSatisfy { $0.action == .none }, "extending leaves nothing to apply")
    }

    @Test("a life that is over goes on from now")
    func extendsFromNow() async throws {
        let world = try await applied()
        world.clock.advance(seconds: 10 * Self.day)
        try await change(.extend(Self.hour), in: world)
        #expect(try await end(in: world) == world.clock.now + Self.hour)
    }

    @Test(
        "a later apply does not undo it, whichever step it runs",
        arguments: [LifeChange.Wish.extend(day), .pin])
    func survives(_ wish: LifeChange.Wish) async throws {
        let world = try await applied()
        try await change(wish, in: world)
        let end = try await end(in: world)
        let changes: [@Sendable (inout Config) -> Void] = [
            { $0.environment["A"] = "1" }, { $0.lifecycle.ttl = Self.hour },
            { $0.lifecycle.ttl = nil }, { $0.regions = ["ord"] },
        ]
        for change in changes {
            let config = try Self.config(change)
            try await world.apply(config)
            #expect(try await self.end(in: world) == end)
            let plan = try await world.plan(config)
            #expect(plan.steps.allSatisfy { $0.action == .none })
        }
        await world.source.move(to: SimulatedSource.commit(2))
        try await world.apply(Self.config())
        #expect(try await self.end(in: world) == end)
    }

    @Test("extending never shortens: without an end of life nothing is done, nor written")
    func neverShortens() async throws {
        let endless = try await applied(Self.config { $0.lifecycle.ttl = nil })
        let pinned = try await applied()
        try await change(.pin, in: pinned)
        for world in [endless, pinned] {
            world.effects.begin()
            let before = try await world.state()
            let receipt = try await change(.extend(Self.hour), in: world)
            #expect(!receipt.isChanged && receipt.state == before)
            #expect(try await world.state() == before && world.effects.entries.isEmpty)
        }
    }

    @Test("a pin takes the end away, and taking it back lets the ttl count again")
    func pins() async throws {
        let world = try await applied()
        let first = try await end(in: world)
        try await change(.pin, in: world)
        #expect(try await world.state()?.chosenEnd == .never)
        #expect(try await end(in: world) == nil)
        #expect(try await change(.pin, in: world).isChanged == false)
        try await change(.unpin, in: world)
        #expect(try await world.state()?.chosenEnd == nil)
        #expect(try await end(in: world) == first)
        #expect(try await change(.unpin, in: world).isChanged == false)
    }

    @Test("before step 3 it is recorded, and step 3 gives it to the machine")
    func beforeSettings() async throws {
        let world = SimulatedWorld()
        var request = SimulatedWorld.request(try Self.config())
        request.selection = .through(.repository)
        _ = try await world.applier().apply(request)
        try await change(.extend(Self.hour), in: world)
        let state = try #require(try await world.state())
        let chosen = state.createdAt + 3 * Self.day + Self.hour
        #expect(state.expiresAt == chosen, "the ttl counts from the first save on")
        try await world.apply(Self.config())
        #expect(try await end(in: world) == chosen)
    }

    @Test("a machine that is gone is no hindrance: the next one gets the end")
    func machineGone() async throws {
        let world = try await applied()
        await world.provider.change { $0.machines = [] }
        try await change(.pin, in: world)
        try await world.apply(Self.config())
        #expect(try await end(in: world) == nil)
    }

    @Test("a preview that is set up anew after destroy has the ttl of the file")
    func notInherited() async throws {
        let world = try await applied()
        try await change(.pin, in: world)
        try await world.destroy()
        let failure = await #expect(throws: Failure.self) { try await change(.pin, in: world) }
        #expect(failure?.code == .nothingRecorded)
        try await world.apply(Self.config())
        let state = try #require(try await world.state())
        #expect(state.chosenEnd == nil && state.expiresAt == state.createdAt + 3 * Self.day)
    }

    @Test("it waits for the lock like everything else: exit 5, nothing changed")
    func locked() async throws {
        let world = try await applied()
        _ = try await world.store.lock(
            SimulatedWorld.identity.folder, for: SimulatedWorld.makeHolder("run-2"),
            timeout: .zero, waiting: { _ in })
        let failure = await #expect(throws: Failure.self) { try await change(.pin, in: world) }
        #expect(failure?.code == .locked && failure?.kind.exitCode == 5)
        #expect(world.effects.changes.isEmpty && world.effects.entries.isEmpty)
    }

    @Test("a cancellation in between is kept, and so is the new end")
    func cancelledMeanwhile() async throws {
        let world = try await applied()
        await world.provider.setHook { call, moment in
            guard call == .setExpiry, moment == .before else { return }
            _ = try await Cancellation.cancel(
                SimulatedWorld.identity.folder, in: world.store, now: { world.clock.now })
        }
        try await change(.pin, in: world)
        let state = try #require(try await world.state())
        #expect(state.cancelledAt != nil && state.chosenEnd == .never)
    }

    @Test("an end beyond the year 9999, which no record can tell, is wrong usage")
    func tooFar() async throws {
        let world = try await applied()
        let longest = try #require(DurationText.seconds("999999d"))
        var failure: Failure?
        for _ in 1...4 where failure == nil {
            do { try await change(.extend(longest), in: world) } catch let error as Failure {
                failure = error
            }
        }
        #expect(failure?.kind == .usage)
        #expect(try await end(in: world).map { Timestamp($0.text) == $0 } == true)
    }

    @Test("R-4: stopped anywhere and asked again, record and machine agree")
    func stoppedAnywhere() async throws {
        let before = await (try applied()).snapshot()
        let undisturbed = SimulatedWorld(before)
        try await change(.pin, in: undisturbed)
        let count = undisturbed.effects.reached
        #expect(count == 2, "one call and one write")
        for number in 1...count {
            for manner in Stop.Manner.allCases {
                let stopped = SimulatedWorld(before)
                stopped.effects.begin(stop: Stop(at: number, manner))
                // Stopped or not, only what is left behind counts.
                _ = try? await change(.pin, in: stopped)
                let world = SimulatedWorld(await stopped.snapshot())
                try await change(.pin, in: world)
                #expect(try await end(in: world) == nil, "\(Stop(at: number, manner))")
                #expect(try await world.state()?.chosenEnd == .never)
            }
        }
    }
}
