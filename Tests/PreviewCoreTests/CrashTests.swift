import PreviewCore
import PreviewTestSupport
import Testing

@Suite("R-41: stopped anywhere, one more run converges")
struct CrashTests {
    /// What the run that is stopped was doing.
    enum Scenario: String, CaseIterable {
        case first, firstInLateList, firstWithNameTaken, moves, moveIsFull, settingsChange
        case commitMoves, sizeChanges, machineIsGone, beginsAgain, destroys, destroysHalfMoved
    }

    /// What is asked for by the run after it.
    enum Change: String, CaseIterable {
        case nothing, region, environment, commit, resources, revert, destroy
    }

    @Test(
        "R-41: at every effect, in every manner, before every change",
        arguments: Scenario.allCases
    )
    func converges(_ scenario: Scenario) async throws {
        let before = try await prepare(scenario)
        let undisturbed = SimulatedWorld(before)
        try await run(scenario, in: undisturbed)
        let count = undisturbed.effects.reached
        var seen: Set<SimulatedWorld.Snapshot> = []
        for number in 1...count {
            for manner in Stop.Manner.allCases {
                let world = SimulatedWorld(before)
                world.effects.begin(stop: Stop(at: number, manner))
                // Stopped or not, only what is left behind counts.
                try? await run(scenario, in: world)
                let left = await world.snapshot()
                // Everything is deterministic: what follows from equal worlds is equal.
                guard seen.insert(left).inserted else { continue }
                for change in Change.allCases {
                    await check(change, after: scenario, from: left, at: Stop(at: number, manner))
                }
            }
        }
        let cells = count * Stop.Manner.allCases.count * Change.allCases.count
        print("R-41: \(scenario): \(count) effects, \(cells) cells, \(seen.count) worlds")
    }

    @Test(
        "R-41: killed while recovering, a third run converges",
        arguments: [Scenario.first, .moves]
    )
    func convergesAfterTwoDeaths(_ scenario: Scenario) async throws {
        let before = try await prepare(scenario)
        var cells = 0
        var seen: Set<SimulatedWorld.Snapshot> = []
        for first in 1... {
            let world = SimulatedWorld(before)
            world.effects.begin(stop: Stop(at: first, .diesAfter))
            try? await run(scenario, in: world)
            guard world.effects.isDead else { break }
            let left = await world.snapshot()
            for second in 1... {
                let recovery = SimulatedWorld(left)
                recovery.effects.begin(stop: Stop(at: second, .diesAfter))
                _ = try? await recovery.apply(config(.region, after: scenario))
                guard recovery.effects.isDead else { break }
                cells += 1
                let rest = await recovery.snapshot()
                guard seen.insert(rest).inserted else { continue }
                await check(
                    .environment,
                    after: scenario,
                    from: rest,
                    at: Stop(at: second, .diesAfter)
                )
            }
        }
        print("R-41: \(scenario) twice: \(cells) cells, \(seen.count) worlds")
    }
}

// MARK: - The three acts

extension CrashTests {
    private func config(_ scenario: Scenario) throws -> Config {
        var config = try SimulatedWorld.config()
        config.regions = scenario == .moveIsFull ? ["lhr", "iad"] : config.regions
        switch scenario {
        case .moves, .destroysHalfMoved: config.regions = ["ord"]
        case .settingsChange: config.environment["LOG_LEVEL"] = "debug"
        case .sizeChanges: config.resources = .init(size: "shared-cpu-4x", cpu: 4, memory: 2048)
        default: break
        }
        return config
    }

    private func config(_ change: Change, after scenario: Scenario) throws -> Config {
        var config = try config(scenario)
        switch change {
        case .region: config.regions = ["nrt"]
        case .environment: config.environment["COLOUR"] = "blue"
        case .resources: config.resources = .init(size: "performance-1x", cpu: 1, memory: 4096)
        case .revert: config = try SimulatedWorld.config()
        case .nothing, .commit, .destroy: break
        }
        return config
    }

    /// The world in which the run that will be stopped begins.
    private func prepare(_ scenario: Scenario) async throws -> SimulatedWorld.Snapshot {
        let world = SimulatedWorld()
        switch scenario {
        case .first: break
        case .firstInLateList: await world.provider.change { $0.looksUntilVisible = 3 }
        case .firstWithNameTaken:
            await world.provider.change { $0.foreignApps = [SimulatedWorld.identity.folder] }
        default: try await world.apply(SimulatedWorld.config())
        }
        switch scenario {
        case .commitMoves: await world.source.move(to: SimulatedSource.commit(2))
        case .machineIsGone: await world.provider.change { $0.machines = [] }
        case .beginsAgain: try await world.destroy()
        case .moveIsFull: await world.provider.change { $0.fullRegions = ["lhr"] }
        case .destroysHalfMoved: return try await halfMoved(from: world.snapshot())
        default: break
        }
        return await world.snapshot()
    }

    /// The new machine was made, the old one is still there, and the process is gone.
    private func halfMoved(
        from before: SimulatedWorld.Snapshot
    ) async throws -> SimulatedWorld.Snapshot {
        for number in 1...100 {
            let world = SimulatedWorld(before)
            world.effects.begin(stop: Stop(at: number, .diesAfter))
            _ = try? await world.apply(config(.moves))
            let left = await world.snapshot()
            if left.machines.machines.count == 2 { return left }
        }
        throw ProcessDeath()
    }

    private func run(_ scenario: Scenario, in world: SimulatedWorld) async throws {
        switch scenario {
        case .destroys, .destroysHalfMoved: try await world.destroy()
        default: try await world.apply(config(scenario))
        }
    }

    private func check(
        _ change: Change,
        after scenario: Scenario,
        from left: SimulatedWorld.Snapshot,
        at stop: Stop
    ) async {
        let world = SimulatedWorld(left)
        let place = "\(scenario) stopped, \(stop), then \(change)"
        do {
            if change == .commit { await world.source.move(to: SimulatedSource.commit(9)) }
            if change == .destroy {
                try await expectDestroyed(world, place)
            } else {
                try await expectOne(world, config(change, after: scenario), place)
            }
        } catch {
            Issue.record("\(place): \(error)")
        }
    }
}

// MARK: - What must be so afterwards

extension CrashTests {
    private func expectDestroyed(_ world: SimulatedWorld, _ place: String) async throws {
        if let state = try await world.state(), !state.isDestroyed { try await world.destroy() }
        let left = await world.provider.contents
        #expect(left.machines.isEmpty && left.apps.isEmpty, "\(place): \(left)")
    }

    private func expectOne(
        _ world: SimulatedWorld,
        _ config: Config,
        _ place: String
    ) async throws {
        let state = try await world.apply(config)
        let left = await world.provider.contents
        let machine = try #require(left.machines.first, "\(place): no machine")
        #expect(left.machines.count == 1, "\(place): \(left.machines)")
        #expect(Array(left.apps.keys) == [machine.app], "\(place): \(left.apps)")
        let wanted = config.regions.first { !left.fullRegions.contains($0) }
        #expect(machine.region == wanted, "\(place): in \(machine.region)")
        #expect(machine.resources == config.resources, "\(place): \(machine.resources)")
        #expect(machine.environment == config.environment, "\(place): \(machine.environment)")
        #expect(machine.commit == (await world.source.branches["main"]), "\(place): commit")
        #expect(machine.state == .running, "\(place): \(machine.state)")
        #expect(machine.bootedRevision == machine.settingsRevision, "\(place): old settings run")
        #expect(machine.owner == state.owner && machine.app == state.app, "\(place): owner")
        #expect(state.output(of: AllocateMachine())?.machineId == machine.id, "\(place): record")
        #expect(Session(of: state, isLocked: false).overallStatus == .completed, "\(place)")
        let plan = try await world.plan(config)
        #expect(!plan.hasChanges && plan.drift.isEmpty, "\(place): \(plan.steps)")
    }
}
