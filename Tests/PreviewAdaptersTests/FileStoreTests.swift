import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("The store of files")
struct FileStoreTests {
    /// Runs a test with a store in a folder of its own.
    private func withStore(_ body: (FileStore, Folder) async throws -> Void) async throws {
        let temporary = try Folder.open("/tmp", ownedBy: .any)
        let name = "preview-store-\(Digest.hexadecimal(Moment.randomBytes(6)))"
        let data = DataFolder(path: try temporary.makeFolder(name).path + "/.preview")
        do {
            try await body(FileStore(data), try data.makeFolder(of: "shop-4f1c9a2e"))
            try temporary.removeTree(name)
        } catch {
            try temporary.removeTree(name)
            throw error
        }
    }

    @Test("R-6: an old version that cannot be dropped is no failure of the write, which is durable")
    func stuckVersion() async throws {
        try await withStore { store, folder in
            // A folder in a version's place cannot be unlinked by anybody, root included.
            try folder.makeFolder("state.json.1").write("inside", [1])
            var version: StoreVersion?
            for serial in 1...8 {
                version = try await store.write(
                    Array("\(serial)".utf8), for: "shop-4f1c9a2e", replacing: version,
                    keeping: serial > 2 ? serial - 1 : nil)
            }
            let stored = try #require(try await store.read("shop-4f1c9a2e"))
            #expect(stored.bytes == Array("8".utf8) && stored.version == version)
            #expect(try folder.entryNames().contains("state.json.1"))
            // The others are dropped all the same.
            #expect(try !folder.entryNames().contains("state.json.2"))
            #expect(try folder.entryNames().contains("state.json.3"))
        }
    }

    @Test("the last five versions are kept, newest first")
    func keptVersions() async throws {
        try await withStore { store, _ in
            var version: StoreVersion?
            for serial in 1...9 {
                version = try await store.write(
                    Array("\(serial)".utf8), for: "shop-4f1c9a2e", replacing: version,
                    keeping: serial > 1 ? serial - 1 : nil)
            }
            let kept = try await store.kept("shop-4f1c9a2e")
            #expect(kept.map(\.serial) == [8, 7, 6, 5, 4])
            #expect(
                kept.map { String(decoding: $0.bytes, as: UTF8.self) } == ["8", "7", "6", "5", "4"])
        }
    }
}
