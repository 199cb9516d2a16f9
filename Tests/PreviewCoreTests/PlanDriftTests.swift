import PreviewCore
import PreviewTestSupport
import Testing

@Suite("Drift: the world differs from the record")
struct PlanDriftTests {
    private func plan(
        _ change: @escaping @Sendable (inout SimulatedProvider.Contents) -> Void
    ) async throws -> (PlanStage, Plan) {
        let stage = try await PlanStage()
        await stage.world.provider.change(change)
        return (stage, try await stage.plan())
    }

    @Test("a machine that is gone is made again, and everything on it")
    func gone() async throws {
        let (stage, plan) = try await plan { $0.machines = [] }
        #expect(plan.actions == [.none, .create, .create, .create])
        #expect(plan[.machine].reason == "the machine is gone")
        #expect(plan.drift.map(\.step) == [.machine, .settings, .boot])
        #expect(!plan.isLive && plan.observed.machine == "gone")
        try await stage.world.apply(stage.config)
        #expect(try await stage.plan().hasChanges == false)
    }

    @Test("other settings than recorded are set again; the app is not restarted for it")
    func settings() async throws {
        let (_, plan) = try await plan { $0.machines[0].settingsRevision = "other" }
        #expect(plan.actions == [.none, .none, .update, .none])
        #expect(plan[.settings].reason == "the machine has other settings than recorded")
    }

    @Test("D31: another size than recorded appears in the plan")
    func size() async throws {
        let (_, plan) = try await plan { $0.machines[0].resources.memory = 256 }
        #expect(plan.actions == [.none, .none, .update, .none])
        #expect(plan[.settings].reason == "the machine has 2 cpu and 256 MB")
    }

    @Test(
        "a machine without the app is booted again",
        arguments: [
            (MachineState.lost, "what ran the app is gone"),
            (.crashed, "the app ended and is not being restarted"),
            (.created, "nothing is booted on the machine"),
        ])
    func down(_ state: MachineState, _ reason: String) async throws {
        let (_, plan) = try await plan { $0.machines[0].state = state }
        #expect(plan.actions == [.none, .none, .none, .update])
        #expect(plan[.boot].reason == reason)
        #expect(!plan.isLive)
    }

    @Test(
        "resting is no drift",
        arguments: [MachineState.running, .idle, .stopped, .booting, .unknown])
    func resting(_ state: MachineState) async throws {
        let (_, plan) = try await plan { $0.machines[0].state = state }
        #expect(!plan.hasChanges && plan.drift.isEmpty)
        #expect(plan.isLive == (state != .stopped))
    }

    @Test("another commit than recorded is booted again")
    func commit() async throws {
        let (_, plan) = try await plan { $0.machines[0].commit = SimulatedSource.commit(7) }
        #expect(plan.actions == [.none, .none, .none, .update])
        let (found, recorded) = (SimulatedSource.commit(7), SimulatedSource.commit(1))
        #expect(
            plan[.boot].reason == "the machine runs \(found.prefix(7)), not \(recorded.prefix(7))")
    }

    @Test("--no-refresh plans from the record alone")
    func noRefresh() async throws {
        let stage = try await PlanStage()
        await stage.world.provider.change { $0.machines = [] }
        await stage.world.source.move(to: SimulatedSource.commit(2))
        var request = SimulatedWorld.request(stage.config)
        request.looks = false
        stage.world.effects.begin()
        let plan = try await stage.world.applier().plan(request)
        #expect(!plan.hasChanges && plan.observed.machine == "none")
        #expect(stage.world.effects.reached == 0)
    }

    @Test("what cannot be looked up is a warning, and the rest is planned")
    func unreachable() async throws {
        let stage = try await PlanStage()
        await stage.world.source.fail(
            with: Failure(.repositoryUnreachable, "the repository did not answer"))
        await stage.world.provider.setHook { call, _ in
            guard call == .inspect else { return }
            throw Rejection(Failure(.allocationFailed, .authentication, "token refused"))
        }
        let plan = try await stage.plan { $0.environment["NEW"] = "1" }
        #expect(plan.warnings.map(\.message) == ["the repository did not answer", "token refused"])
        #expect(plan.actions == [.none, .none, .update, .update])
    }

    @Test("a first apply without a look finds the commit itself, and the next plan is empty")
    func firstWithoutLook() async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        var request = SimulatedWorld.request(config)
        request.looks = false
        #expect(try await world.applier().plan(request)[.repository].input != nil)
        _ = try await world.applier().apply(request)
        #expect(try await world.plan(config).hasChanges == false)
    }
}
