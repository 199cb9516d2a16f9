package import PreviewCore
import PreviewSystem

/// Any store with its records encrypted, if there is a key (SPEC section 6).
///
/// What is not encrypted yet is read all the same, so that a key can be added later; the next write
/// seals it.
package struct SealedStore: StateStore {
    private let store: any StateStore
    private let keys: RecordKeys

    /// `store`: keeps what is sealed here.
    package init(_ store: any StateStore, keys: RecordKeys) {
        self.store = store
        self.keys = keys
    }

    package func place(of app: String) -> String { store.place(of: app) }

    package var place: String { store.place }

    package var knowsOtherMachines: Bool { store.knowsOtherMachines }

    package func list() async throws -> [String] { try await store.list() }

    package func read(_ app: String) async throws -> StoredBytes? {
        try await store.read(app).map { try open($0, of: app) }
    }

    package func read(
        all apps: [String]
    ) async throws -> [(app: String, stored: FleetEntry)] {
        try await store.read(all: apps).map { app, entry in
            let opened = entry.flatMap { stored in
                FleetEntry { () throws(Failure) in
                    guard let stored else { return nil }
                    return try open(stored, of: app)
                }
            }
            return (app, opened)
        }
    }

    package func kept(_ app: String) async throws -> [KeptBytes] {
        try await store.kept(app).map { version in
            var version = version
            // One that no key of today opens is not good, which is all that is asked of it.
            if let bytes = try? keys.open(version.bytes, of: app) { version.bytes = bytes }
            return version
        }
    }

    package func write(
        _ bytes: [UInt8], for app: String, replacing version: StoreVersion?, keeping serial: Int?
    ) async throws -> StoreVersion {
        let nonce = Moment.randomBytes(AuthenticatedCipher.nonceLength)
        return try await store.write(
            keys.seal(bytes, of: app, nonce: nonce), for: app, replacing: version,
            keeping: serial)
    }

    package func lock(
        _ app: String, for holder: LockHolder, timeout: Duration,
        waiting: @Sendable (LockHolder?) -> Void
    ) async throws -> any StoreLock {
        try await store.lock(app, for: holder, timeout: timeout, waiting: waiting)
    }

    package func holder(of app: String) async throws -> LockHolder? {
        try await store.holder(of: app)
    }

    package func breakLock(of app: String, heldBy id: String) async throws {
        try await store.breakLock(of: app, heldBy: id)
    }

    package func remove(_ app: String) async throws { try await store.remove(app) }

    package func examine() async throws -> StoreStanding { try await store.examine() }

    private func open(_ stored: StoredBytes, of app: String) throws(Failure) -> StoredBytes {
        StoredBytes(bytes: try keys.open(stored.bytes, of: app), version: stored.version)
    }
}
