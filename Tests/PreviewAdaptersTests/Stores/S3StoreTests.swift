import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("The store in a bucket of S3, against servers of other makes")
struct S3StoreTests {
    @Test(
        "R-1, R-10, R-11, R-44: it does what every store must, in SeaweedFS",
        .enabled(if: ServerProcess.isInstalled("weed"), "needs .ci/stores"))
    func seaweed() async throws {
        let server = try await S3Server.seaweed
        try await StateStoreConformance { try server.store(prefix: "conformance/") }.run()
    }

    @Test(
        "and in moto",
        .enabled(if: ServerProcess.isInstalled("moto_server"), "needs .ci/stores"))
    func moto() async throws {
        let server = try await S3Server.moto
        try await StateStoreConformance { try server.store(prefix: "conformance/") }.run()
    }

    @Test(
        "a server that ignores conditions is refused before anything is written to it",
        .enabled(if: ServerProcess.isInstalled("rclone"), "needs .ci/stores"))
    func rclone() async throws {
        let store = try await S3Server.rclone.store(prefix: "unsafe/")
        let failure = await #expect(throws: Failure.self) {
            _ = try await store.write(
                Array("{}".utf8), for: "shop-4f1c9a2e", replacing: nil, keeping: nil)
        }
        #expect(failure?.code == .storeUnsafe && failure?.kind == .refused)
        await #expect(throws: Failure.self) {
            _ = try await store.lock(
                "shop-4f1c9a2e", for: SimulatedWorld.makeHolder("lock-1"), timeout: .zero
            ) { _ in }
        }
        #expect(try await store.read("shop-4f1c9a2e") == nil)
        #expect(try await store.list() == [])
    }
}
