import PreviewCore
import PreviewTestSupport
import Testing

@Suite("Apply: what another record has")
struct ApplyAdoptTests {
    /// A branch whose preview a team-mate made, in a record that is not here.
    private func teamMates() async throws -> SimulatedWorld {
        let theirs = SimulatedWorld()
        try await theirs.apply(SimulatedWorld.config())
        var snapshot = await theirs.snapshot()
        snapshot.records = SimulatedStore.Contents()
        return SimulatedWorld(snapshot)
    }

    private func request(adopts: Bool) throws -> Applier.Request {
        var request = SimulatedWorld.request(try SimulatedWorld.config())
        request.adopts = adopts
        return request
    }

    @Test("R-33: an app of our name with another lineage is not adopted unasked")
    func unasked() async throws {
        let world = try await teamMates()
        let before = await world.provider.contents
        let failure = await #expect(throws: Failure.self) {
            try await world.apply(SimulatedWorld.config())
        }
        #expect(failure?.code == .recordedElsewhere && failure?.kind.exitCode == 7)
        #expect(failure?.evidence.map(\.label) == ["its lineage", "ours"])
        #expect(await world.provider.contents == before)
        #expect(try await world.state()?[.machine].attempt?.open == false)
    }

    @Test("R-33: said beforehand, it is taken over as it is, and nothing is made beside it")
    func saidBeforehand() async throws {
        let world = try await teamMates()
        let before = try #require(await world.provider.contents.machines.first)
        let state = try await world.applier().apply(request(adopts: true))
        let after = try #require(await world.provider.contents.machines.first)
        #expect(after.id == before.id && after.owner == state.owner)
        #expect(await world.provider.contents.apps == [before.app: state.owner])
        #expect(!world.effects.changes.contains("machine.create"))
        #expect(state[.machine].applied?.output["machineId"]?.string == before.id)
        #expect(try await !world.plan(SimulatedWorld.config()).hasChanges)
        try await world.destroy()
        #expect(await world.provider.contents.machines.isEmpty)
    }

    @Test("R-33: asked once, with both lineages shown; the answer is the yes to the step, too")
    func asked() async throws {
        let world = try await teamMates()
        let approver = ScriptedApprover(adopts: true) { _, _ in .given }
        let state = try await world.apply(SimulatedWorld.config(), approver: approver)
        let refusal = try #require(approver.askedToAdopt.first)
        #expect(approver.askedToAdopt.count == 1)
        #expect(refusal.evidence.last?.text == state.lineage)
        #expect(approver.asked.map(\.id) == StepID.allCases)
        #expect(await world.provider.contents.machines.map(\.owner) == [state.owner])
    }

    @Test("R-33, R-20: what happened while it was asked is seen before anything is taken over")
    func cancelledMeanwhile() async throws {
        let world = try await teamMates()
        let before = await world.provider.contents
        let approver = BusyApprover {
            _ = try await Cancellation.cancel(
                SimulatedWorld.identity.folder, in: world.store, now: { world.clock.now })
        }
        let failure = await #expect(throws: Failure.self) {
            try await world.apply(SimulatedWorld.config(), approver: approver)
        }
        #expect(failure?.code == .sessionCancelled)
        #expect(await world.provider.contents == before)
    }

    @Test("R-33: what is another branch's is left alone, whatever was said")
    func foreign() async throws {
        let world = SimulatedWorld()
        let stranger = Ownership(lineage: "another", source: String(repeating: "0", count: 64))
        await world.provider.change { $0.apps[SimulatedWorld.identity.folder] = stranger }
        let failure = await #expect(throws: Failure.self) {
            try await world.applier().apply(request(adopts: true))
        }
        #expect(failure?.code == .foreignObject && failure?.kind.exitCode == 7)
        #expect(await world.provider.contents.apps.values.map(\.self) == [stranger])
    }

    @Test("R-33, R-41: stopped at any effect while taking over, one more run converges")
    func stopped() async throws {
        let before = try await teamMates().snapshot()
        let undisturbed = SimulatedWorld(before)
        _ = try await undisturbed.applier().apply(request(adopts: true))
        for number in 1...undisturbed.effects.reached {
            for manner in Stop.Manner.allCases {
                let world = SimulatedWorld(before)
                world.effects.begin(stop: Stop(at: number, manner))
                // Stopped or not, only what is left behind counts.
                _ = try? await world.applier().apply(request(adopts: true))
                let next = SimulatedWorld(await world.snapshot())
                let state = try await next.applier().apply(request(adopts: true))
                let left = await next.provider.contents
                #expect(left.machines.map(\.owner) == [state.owner], "\(manner) \(number)")
                #expect(Array(left.apps.values) == [state.owner], "\(manner) \(number)")
            }
        }
    }
}

/// Says yes to taking over, after something else has happened.
private struct BusyApprover: Approver {
    let meanwhile: @Sendable () async throws -> Void

    func approve(_ step: PlannedStep, in plan: Plan) async throws -> Approval { .standing }

    func adopts(_ refusal: Failure) async throws -> Bool {
        try await meanwhile()
        return true
    }
}
