import PreviewCore
import PreviewTestSupport
import Testing

@Suite("The simulated world passes what every adapter must")
struct StateConformanceTests {
    @Test("a store in memory")
    func store() async throws {
        let store = SimulatedStore()
        try await StateStoreConformance { store }.run()
    }

    @Test("a provider in memory")
    func provider() async throws {
        let owner = Ownership(lineage: "lineage", source: SimulatedWorld.identity.source)
        let resources = Config.Resources.default
        try await ProviderConformance(
            .init(
                provider: SimulatedProvider(),
                spec: MachineSpec(
                    app: "shop-4f1c9a2e", owner: owner, regions: ["dfw"], resources: resources,
                    expiresAt: nil),
                settings: Settings(
                    environment: ["A": "b"], secretNames: [], resources: resources,
                    lifecycle: .init(), revision: "0123456789abcdef", expiresAt: nil),
                release: Release(
                    fetchURL: "https://github.com/acme/shop", branch: "main",
                    commit: SimulatedSource.commit(1), path: "", install: nil, build: nil,
                    start: "npm start", staticRoot: nil, platform: Platform(runtime: "node"),
                    port: 3000,
                    previewVariables: [:], settingsRevision: "0123456789abcdef",
                    health: .init(), timeouts: .init()))
        ).run()
    }
}
