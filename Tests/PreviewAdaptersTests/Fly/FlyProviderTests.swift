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
}
