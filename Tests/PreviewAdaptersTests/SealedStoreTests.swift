import FoundationEssentials
import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("Records that are encrypted")
struct SealedStoreTests {
    private let app = "shop-4f1c9a2e"
    private let record = Array("{\"format\":1,\"secret\":\"canary\"}\n".utf8)

    private static func key(_ byte: UInt8) -> String {
        Data(repeating: byte, count: 32).base64EncodedString()
    }

    private func store(_ kept: SimulatedStore, _ keys: String?) throws -> SealedStore {
        SealedStore(kept, keys: try keys.map { try RecordKeys($0, from: "KEY") } ?? .none)
    }

    private func expectKeyFailure(
        _ message: String, _ body: () async throws -> Void
    ) async {
        let failure = await #expect(throws: Failure.self) { try await body() }
        #expect(failure?.code == .recordKey && failure?.kind == .stateNeedsRecovery)
        #expect(failure?.message.contains(message) == true, "\(String(describing: failure))")
    }

    @Test("nothing of a record or of its name can be read in what is kept, and no two look alike")
    func unreadable() async throws {
        let kept = SimulatedStore()
        let sealed = try store(kept, Self.key(1))
        let version = try await sealed.write(record, for: app, replacing: nil, keeping: nil)
        let first = try #require(try await kept.read(app)).bytes
        #expect(!String(decoding: first, as: UTF8.self).contains("canary"))
        #expect(try JSONReader.read(first)["preview_sealed"] == 1)
        _ = try await sealed.write(record, for: app, replacing: version, keeping: 1)
        #expect(try await kept.read(app)?.bytes != first)
        #expect(try await sealed.read(app)?.bytes == record)
        #expect(try await sealed.kept(app).map(\.bytes) == [record])
    }

    @Test("another key, no key and a change are told apart, and none of them is damage")
    func refused() async throws {
        let kept = SimulatedStore()
        _ = try await store(kept, Self.key(1)).write(
            record, for: app, replacing: nil, keeping: nil)
        await expectKeyFailure("with another key") {
            _ = try await store(kept, Self.key(2)).read(app)
        }
        await expectKeyFailure("no key is named") { _ = try await store(kept, nil).read(app) }
        let entry = try #require(try await store(kept, nil).read(all: [app]).first)
        #expect(throws: Failure.self) { _ = try entry.stored.get() }
        let bytes = try #require(try await kept.read(app)).bytes
        let start = try #require(bytes.firstRange(of: Array("\"sealed\":\"".utf8))).upperBound
        var changed = bytes
        changed[start + 4] = changed[start + 4] == 0x41 ? 0x42 : 0x41
        await kept.plant(changed, for: app)
        await expectKeyFailure("altered") { _ = try await store(kept, Self.key(1)).read(app) }
        await kept.plant(bytes, for: "other-00000000")
        await expectKeyFailure("altered") {
            _ = try await store(kept, Self.key(1)).read("other-00000000")
        }
    }

    @Test("a key is changed by naming the new one first; what was never encrypted is read as it is")
    func rotation() async throws {
        let kept = SimulatedStore()
        let first = try await kept.write(record, for: app, replacing: nil, keeping: nil)
        let old = try store(kept, Self.key(1))
        #expect(try await old.read(app)?.bytes == record)
        let second = try await old.write(record, for: app, replacing: first, keeping: 1)
        let both = try store(kept, "\(Self.key(2)),\(Self.key(1))")
        #expect(try await both.read(app)?.bytes == record)
        _ = try await both.write(record, for: app, replacing: second, keeping: 2)
        let new = try store(kept, Self.key(2))
        #expect(try await new.read(app)?.bytes == record)
        // Versions of the old key's time stay closed, and hinder nothing.
        #expect(try await new.kept(app).map { $0.bytes == record } == [false, true])
        #expect(try await both.kept(app).allSatisfy { $0.bytes == record })
    }

    @Test(
        "a text that is no key is refused without a part of it being shown",
        arguments: ["hunter2", "0f0f", String(repeating: "zz", count: 32), "", " , "])
    func badKey(_ text: String) {
        let failure = #expect(throws: Failure.self) { try RecordKeys(text, from: "KEY") }
        #expect(failure?.code == .recordKey)
        let said = String(describing: failure)
        #expect(said.contains("KEY") && (text.count < 4 || !said.contains(text)))
    }
}
