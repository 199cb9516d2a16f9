import FlySimulator
import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("The provider fly")
struct FlyProviderTests {
    @Test("it does what every provider must do")
    func conformance() async throws {
        try await FlyFixture.with { fixture in
            try await ProviderConformance(
                .init(
                    provider: fixture.provider, spec: fixture.spec, settings: fixture.settings,
                    release: fixture.release())
            ).run()
        }
    }

    @Test(
        "R-32, R-33: an empty app of ours that no record made is refused, and no destroy takes it")
    func strangersApp() async throws {
        let scene = try await MatrixScene()
        await scene.world.plantApp(SimulatedWorld.identity.folder, organization: "personal")
        let failure = await #expect(throws: Failure.self) { try await scene.run(.firstApply) }
        #expect(failure?.code == .recordedElsewhere && failure?.kind == .stateNeedsRecovery)
        try await scene.run(.destroy)
        let apps = (await scene.world.state)["apps"]?.array ?? []
        #expect(apps.count == 1 && apps.first?["is_deleted"]?.bool == false)
        await scene.end()
    }

    @Test("R-32, R-42: what another record took over is no longer this one's to change or destroy")
    func takenOver() async throws {
        try await FlyFixture.with({ $0.visibility = .immediate }) { fixture in
            let machine = try await fixture.provider.allocate(
                fixture.spec, replacing: nil, attempt: TrialAttempt("attempt000000001"))
            var theirs = fixture.spec
            theirs.owner.lineage = "another"
            let adopted = try await FlyProvider(FlyFixture.surroundings(of: fixture.simulator))
                .allocate(
                    theirs, replacing: nil,
                    attempt: TrialAttempt("attempt000000002", adopts: true))
            #expect(adopted.id == machine.id && adopted.lineage == "another")
            // The next command of the first record.
            let provider = FlyProvider(FlyFixture.surroundings(of: fixture.simulator))
            await #expect(throws: Rejection.self) {
                _ = try await provider.configure(
                    machine, fixture.settings, secrets: [:],
                    attempt: TrialAttempt("attempt000000003"))
            }
            let seen = await #expect(throws: Failure.self) {
                _ = try await provider.inspect(machine)
            }
            #expect(seen?.code == .recordedElsewhere)
            try await provider.shutDown(machine)
            try await provider.deallocate(machine)
            #expect(
                try await provider.objects(
                    of: fixture.spec.owner, named: [NamedObject(.app, machine.app)]
                ).isEmpty)
            #expect(try await provider.inspect(adopted) != nil, "it is still there")
        }
    }
}
