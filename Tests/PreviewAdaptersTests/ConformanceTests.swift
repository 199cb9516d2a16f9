import PreviewAdapters
import PreviewCore
import PreviewTestSupport
import Testing

@Suite("Adapters of this machine pass what every adapter must")
struct ConformanceTests {
    @Test("R-1, R-10, R-11, R-44: a store in files")
    func fileStore() async throws {
        let fixture = try LocalFixture()
        try await StateStoreConformance {
            FileStore(DataFolder(path: fixture.path + "/.preview"))
        }.run()
    }

    @Test("a store that encrypts what another one keeps")
    func sealedStore() async throws {
        let store = SimulatedStore()
        let keys = try RecordKeys(String(repeating: "0f", count: 32), from: "a test")
        try await StateStoreConformance { SealedStore(store, keys: keys) }.run()
    }

    @Test("R-4, R-32, R-33: a provider on this machine")
    func localProvider() async throws {
        let fixture = try LocalFixture()
        let release = try await fixture.release(
            ["app.py": TestApps.python()], start: "python3 app.py")
        let resources = Config.Resources(size: "test", cpu: 1, memory: 512)
        try await ProviderConformance(
            .init(
                provider: fixture.provider,
                spec: MachineSpec(
                    app: fixture.app, owner: fixture.owner, regions: ["local"],
                    resources: resources, expiresAt: nil),
                settings: Settings(
                    environment: ["A": "b"], secretNames: [], resources: resources,
                    lifecycle: .init(), revision: release.settingsRevision, expiresAt: nil),
                release: release)
        ).run()
    }
}
