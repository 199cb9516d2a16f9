import PreviewCore
import PreviewTestSupport
import Testing

@Suite("Apply: failures, and what is recorded of them")
struct ApplyFailureTests {
    private let lost = Failure(.allocationFailed, .timedOut, "the provider did not answer")

    private func world(
        failing call: SimulatedProvider.Call, _ moment: SimulatedProvider.Moment = .before,
        with error: any Error
    ) async -> SimulatedWorld {
        let world = SimulatedWorld()
        await world.provider.setHook { at, when in
            if at == call, when == moment { throw error }
        }
        return world
    }

    private func failure(of world: SimulatedWorld) async throws -> Failure {
        let failure = await #expect(throws: Failure.self) {
            try await world.apply(SimulatedWorld.config())
        }
        return try #require(failure)
    }

    @Test("a rejection closes the attempt; a corrected configuration goes on at once")
    func rejection() async throws {
        let world = SimulatedWorld()
        var config = try SimulatedWorld.config()
        await world.provider.change { $0.fullRegions = ["dfw"] }
        let failure = try await failure(of: world)
        #expect(failure.step == .machine && failure.retry == "preview apply --step 2")
        let state = try #require(try await world.state())
        let attempt = try #require(state[.machine].attempt)
        #expect(!attempt.open && attempt.error?.message == "no region has room")
        #expect(try await world.plan(config)[.machine].reason == "failed last time")
        config.regions = ["ord"]
        let after = try await world.apply(config)
        #expect(after[.machine].attempt == nil)
        #expect(await world.provider.contents.machines.map(\.region) == ["ord"])
    }

    @Test("a failed replacement stays a replacement, and goes back without a new machine")
    func failedReplacement() async throws {
        let stage = try await PlanStage()
        await stage.world.provider.change { $0.fullRegions = ["ord"] }
        var config = stage.config
        config.regions = ["ord"]
        await #expect(throws: Failure.self) { try await stage.world.apply(config) }
        let plan = try await stage.world.plan(config)
        #expect(plan[.machine].action == .replace)
        #expect(plan[.machine].reason == "failed last time, another region")
        #expect(plan.change(.machine, "region")?.forcesReplacement == true)
        #expect(plan.actions == [.none, .replace, .update, .update])
        stage.world.effects.begin()
        let state = try await stage.world.apply(stage.config)
        #expect(stage.world.effects.changes.isEmpty, "the machine that is there stays")
        #expect(state[.machine].attempt == nil)
        #expect(try await stage.plan().hasChanges == false)
    }

    @Test(
        "R-45: what was observed to fail is an error, never completed",
        arguments: [
            ErrorCode.appEnded, .wrongPort, .serverError, .redirectLoop, .wrongCommit, .noAnswer,
            .neverListened, .installFailed, .buildFailed,
        ])
    func observedFailure(_ code: ErrorCode) async throws {
        let world = await world(
            failing: .boot, .after, with: Rejection(Failure(code, "it did not come up")))
        let failure = try await failure(of: world)
        #expect(failure.code == code && failure.step == .boot)
        let session = Session(of: try #require(try await world.state()), isLocked: false)
        #expect(session.statuses[.boot] == .error && session.completedSteps == [1, 2, 3])
        #expect(session.overallStatus == .failed && session.failure?.error.code == code)
        #expect(session.json["completedAt"]?.isNull == true)
        await world.provider.setHook { _, _ in }
        let state = try await world.apply(SimulatedWorld.config())
        let after = Session(of: state, isLocked: false)
        #expect(after.overallStatus == .completed && after.failure == nil)
    }

    @Test("R-45: a wait that runs out is a timeout, its attempt stays open")
    func timeout() async throws {
        let world = await world(
            failing: .boot, .after, with: Failure(.noAnswer, .timedOut, "no answer in 120 s"))
        let failure = try await failure(of: world)
        #expect(failure.kind.exitCode == 9)
        let state = try #require(try await world.state())
        #expect(state[.boot].attempt?.open == true && state[.boot].applied == nil)
        #expect(Session(of: state, isLocked: false).statuses[.boot] == .error)
        let stored = try #require(try await world.store.read(SimulatedWorld.identity.folder))
        let session = try #require(try JSONReader.read(stored.bytes)["session"])
        #expect(session["overallStatus"]?.string == "failed" && session["errorStep"]?.int == 4)
        #expect(session["errorMessage"]?.string == "no answer in 120 s")
    }

    @Test(
        "R-30: the failure names step, evidence and the next command",
        arguments: [
            (SimulatedProvider.Call.allocate, StepID.machine), (.configure, .settings),
            (.boot, .boot),
        ])
    func namesWhatFailed(_ call: SimulatedProvider.Call, _ step: StepID) async throws {
        var lost = lost
        lost.evidence = [.init("request id", "01HX")]
        let world = await world(failing: call, with: lost)
        let failure = try await failure(of: world)
        #expect(failure.step == step && failure.evidence == lost.evidence)
        #expect(failure.retry == "preview apply --step \(step.number)")
        let state = try #require(try await world.state())
        #expect(state[step].attempt?.error == .init(code: lost.code, message: lost.message))
        for earlier in StepID.allCases where earlier < step {
            #expect(state[earlier].applied != nil, "A10: earlier results stay readable")
        }
    }

    @Test(
        "R-16: a cancelled task keeps the attempt, records nothing as failed, and frees the lock",
        arguments: [SimulatedProvider.Call.allocate, .configure, .boot])
    func cancelledTask(_ call: SimulatedProvider.Call) async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        await world.provider.setHook { at, moment in
            guard at == call, moment == .before else { return }
            withUnsafeCurrentTask { $0?.cancel() }
            try Task.checkCancellation()
        }
        let run = Task { try await world.apply(config) }
        await #expect(throws: CancellationError.self) { try await run.value }
        let state = try #require(try await world.state())
        let open = try #require(state.steps.values.compactMap(\.attempt).first)
        #expect(open.open && open.error == nil)
        #expect(try await world.store.holder(of: SimulatedWorld.identity.folder) == nil)
        await world.provider.setHook { _, _ in }
        let after = try await world.apply(config)
        #expect(Session(of: after, isLocked: false).overallStatus == .completed)
    }

    @Test("R-16: no new step begins after a cancellation")
    func noNewStep() async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        let approver = ScriptedApprover { step, _ in
            if step.id == .settings { withUnsafeCurrentTask { $0?.cancel() } }
            return .given
        }
        let run = Task { try await world.apply(config, approver: approver) }
        await #expect(throws: CancellationError.self) { try await run.value }
        #expect(try await world.state()?[.settings] == StepRecord())
    }

    @Test("R-17: two interruptions lose nothing: the second run resumes what the first began")
    func twoInterruptions() async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        for _ in 1...2 {
            await world.provider.setHook { call, moment in
                if call == .allocate, moment == .after { throw CancellationError() }
            }
            await #expect(throws: CancellationError.self) { try await world.apply(config) }
        }
        let attempt = try #require(try await world.state()?[.machine].attempt)
        #expect(await world.provider.contents.machines.map(\.name) == ["pv-\(attempt.key)"])
        await world.provider.setHook { _, _ in }
        try await world.apply(config)
        #expect(await world.provider.contents.machines.map(\.name) == ["pv-\(attempt.key)"])
    }

    @Test("a missing secret is found before the call, by name, and closes the attempt")
    func missingSecret() async throws {
        let world = SimulatedWorld()
        var config = try SimulatedWorld.config()
        config.secrets = ["A", "B"].map { SecretReference(name: $0, source: .environment($0)) }
        world.secrets.set("A", to: "value")
        let failure = await #expect(throws: Failure.self) { try await world.apply(config) }
        #expect(failure?.message == "the secret `B` is not available here")
        #expect(failure?.evidence.map(\.text) == ["environment variable B, then .env"])
        #expect(try await world.state()?[.settings].attempt?.open == false)
        #expect(!world.effects.changes.contains("machine.configure"))
    }

    @Test("R-23: no secret value is in the record, the plan or the events")
    func noSecretValue() async throws {
        let canary = "canary-7d1f3c"
        let stage = try await PlanStage()
        stage.world.secrets.set("KEY", to: canary)
        try await stage.world.apply(stage.config)
        #expect(await stage.world.provider.contents.machines[0].secrets == ["KEY": canary])
        let records = await stage.world.store.contents
        let kept = records.kept.values.flatMap { $0 }.map(\.bytes)
        for bytes in records.records.values.map(\.bytes) + kept {
            #expect(!String(decoding: bytes, as: UTF8.self).contains(canary))
        }
        #expect(!"\(stage.world.reporter.events)".contains(canary))
        #expect(!"\(try await stage.plan())".contains(canary))
    }
}
