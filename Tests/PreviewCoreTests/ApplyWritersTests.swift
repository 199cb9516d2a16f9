import PreviewCore
import PreviewTestSupport
import Testing

@Suite("R-10: two writers: one proceeds, the other stops with exit 5, nothing is lost")
struct ApplyWritersTests {
    private static let writers = 50
    private static let rounds = 20

    @Test("R-10: 50 writers, 20 rounds, no lock: as many serials as successes")
    func compareAndSwap() async throws {
        let world = SimulatedWorld()
        try await world.apply(SimulatedWorld.config())
        let folder = SimulatedWorld.identity.folder
        let begun = try #require(try await world.state()).serial
        let successes = try await withThrowingTaskGroup(of: Int.self) { group in
            for writer in 0..<Self.writers {
                group.addTask { try await Self.write(writer, to: folder, in: world) }
            }
            return try await group.reduce(0, +)
        }
        let state = try #require(try await world.state())
        #expect(successes > 0 && state.serial == begun + successes)
        #expect(
            try await world.store.kept(folder).map(\.serial) == (1...5).map { state.serial - $0 })
    }

    /// Writes in each round what it has just read; tells how often it was not refused.
    private static func write(_ writer: Int, to folder: String, in world: SimulatedWorld)
        async throws
        -> Int
    {
        var successes = 0
        for round in 0..<rounds {
            let loaded = try #require(try await StateRecord.load(folder, from: world.store))
            let journal = Journal(
                store: world.store, folder: folder, loaded: loaded, fresh: loaded.state,
                now: { world.clock.now })
            await Task.yield()
            do {
                try await journal.update { $0.user = "writer \(writer), round \(round)" }
                successes += 1
            } catch let failure as Failure {
                #expect(failure.code == .writeConflict && failure.kind.exitCode == 5)
            }
        }
        return successes
    }

    @Test("R-10: many runs at once make one machine; each ends with success or exit 5")
    func manyRuns() async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        var request = SimulatedWorld.request(config)
        request.lockTimeout = .seconds(60)
        let asked = request
        let codes = await withTaskGroup(of: Int32.self) { group in
            for writer in 0..<10 {
                group.addTask {
                    let applier = Applier(
                        world: world.world, store: world.store, approver: ScriptedApprover.yes,
                        holder: SimulatedWorld.makeHolder("run-\(writer)"),
                        identity: SimulatedWorld.identity)
                    do {
                        _ = try await applier.apply(asked)
                        return 0
                    } catch {
                        return (error as? Failure)?.kind.exitCode ?? -1
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.contains(0) && Set(codes).isSubset(of: [0, 5]), "\(codes)")
        #expect(await world.provider.contents.machines.count == 1)
        #expect(try await world.plan(config).hasChanges == false)
    }

    @Test("R-10: two runs that both believe to hold the lock: one machine, exit 5 for the other")
    func lockOutOfAction() async throws {
        for moment in 1...6 {
            let world = SimulatedWorld()
            let config = try SimulatedWorld.config()
            let second = Once(after: moment)
            await world.store.setHook {
                guard await second.isDue() else { return }
                await world.store.releaseAll()
                // The other run's outcome is its own; only what is left behind counts.
                _ = try? await world.apply(config)
            }
            let failure: Failure?
            do {
                try await world.apply(config)
                failure = nil
            } catch let thrown as Failure {
                failure = thrown
            }
            #expect(failure?.kind.exitCode ?? 5 == 5, "\(moment): \(String(describing: failure))")
            try await world.apply(config)
            #expect(await world.provider.contents.machines.count == 1, "\(moment)")
            #expect(try await world.plan(config).hasChanges == false)
        }
    }

    /// Is due once, at the n-th time it is asked.
    private actor Once {
        private var left: Int

        init(after number: Int) { left = number }

        func isDue() -> Bool {
            left -= 1
            return left == 0
        }
    }

    @Test("R-13: whoever waits is shown the holder, and goes on when the lock is free")
    func waits() async throws {
        let world = SimulatedWorld()
        let folder = SimulatedWorld.identity.folder
        let lock = try await world.store.lock(
            folder, for: SimulatedWorld.makeHolder("run-2"), timeout: .zero, waiting: { _ in })
        var request = SimulatedWorld.request(try SimulatedWorld.config())
        request.lockTimeout = .seconds(60)
        let asked = request
        async let state = world.applier().apply(asked)
        while !world.reporter.events.contains(where: { $0.kind == .wait }) { await Task.yield() }
        await lock.release()
        #expect(Session(of: try await state, isLocked: false).overallStatus == .completed)
        let wait = try #require(world.reporter.events.first { $0.kind == .wait })
        #expect(wait.message.contains("ann@here, process 4711, `preview apply`, since 2026"))
        #expect(wait.message.contains("run-2"))
    }
}
