import PreviewAdapters
import PreviewCore
import Testing

@Suite("The settings of the store http")
struct HTTPStoreSettingsTests {
    private func failure(
        _ settings: [String: String], _ environment: [String: String] = [:]
    ) -> Failure? {
        #expect(throws: Failure.self) {
            _ = try HTTPStore(
                .init(
                    settings: settings, environment: environment,
                    data: DataFolder(path: "/nonexistent"), user: "ann", host: "here"))
        }
    }

    @Test(
        "an address that cannot be used, or not safely, is refused with what to write",
        arguments: [
            (["address": "states.example/{app}"], "https://"),
            (["address": ""], "https://"),
            ([:], "https://"),
            (["address": "ftp://states.example/{app}"], "https://"),
            (["address": "https:///{app}"], "https://"),
            (["address": "https://states.example/{app}#x"], "https://"),
            (["address": "https://states.example/a b/{app}"], "https://"),
            (["address": "https://states.example/previews"], "{app}"),
            (["address": "http://states.example/{app}"], "use https"),
            (["address": "http://localhost.example/{app}"], "use https"),
            (["address": "https://ci:s3cret@states.example/{app}"], "PREVIEW_HTTP_PASSWORD"),
            (
                ["address": "https://states.example/{app}", "lock_address": "https://x.example/"],
                "{app}"
            ),
            (
                [
                    "address": "https://states.example/{app}",
                    "unlock_address": "http://states.example/{app}",
                ], "use https"
            ),
        ] as [([String: String], String)])
    func addresses(_ settings: [String: String], _ fix: String) {
        let failure = failure(settings)
        #expect(failure?.code == .storeSettings && failure?.kind == .invalidConfig)
        #expect(failure?.fix?.contains(fix) == true, "\(String(describing: failure))")
        #expect(!"\(String(describing: failure))".contains("s3cret"))
    }

    @Test("a username without password is said before anything is sent")
    func password() {
        let settings = ["address": "https://states.example/{app}", "username": "ci"]
        for environment in [[:], ["PREVIEW_HTTP_PASSWORD": ""]] {
            let failure = failure(settings, environment)
            #expect(failure?.code == .storeDenied && failure?.kind == .authentication)
            #expect(failure?.fix?.contains("PREVIEW_HTTP_PASSWORD") == true)
        }
        let withColon = failure(
            settings.merging(["username": "ci:s3cret"]) { $1 }, ["PREVIEW_HTTP_PASSWORD": "x"])
        #expect(withColon?.code == .storeSettings)
        #expect(!"\(String(describing: withColon))".contains("s3cret"))
    }

    @Test("messages name the address of the preview, without what its query holds")
    func place() throws {
        let store = try HTTPStore(
            .init(
                settings: ["address": "https://states.example/v1/{app}?token=s3cret"],
                environment: [:], data: DataFolder(path: "/nonexistent"), user: "ann",
                host: "here"))
        #expect(
            store.place(of: "shop-4f1c9a2e")
                == "https://states.example/v1/shop-4f1c9a2e?token=…")
    }
}
