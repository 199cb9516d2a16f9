package import PreviewCore

/// A store in memory with compare-and-swap and a lock. Every write counts as an effect.
package actor SimulatedStore: StateStore {
    /// Everything that is kept; a value, so that a test can go back to it.
    package struct Contents: Hashable, Sendable {
        /// The present document of each app.
        package var records: [String: StoredBytes] = [:]
        /// Earlier versions of each app, newest first.
        package var kept: [String: [KeptBytes]] = [:]
        fileprivate var writes = 0

        package init() {}
    }

    /// What is kept now.
    package private(set) var contents: Contents
    /// How many bytes each write had, in order.
    package private(set) var sizes: [Int] = []
    private var holders: [String: LockHolder] = [:]
    private var hook: @Sendable () async throws -> Void = {}
    private let effects: Effects
    private static let versionsKept = 5

    package init(effects: Effects = Effects(), contents: Contents = Contents()) {
        self.effects = effects
        self.contents = contents
    }

    /// Sets what runs just before and just after every write; it may use the store itself.
    package func setHook(_ hook: @escaping @Sendable () async throws -> Void) {
        self.hook = hook
    }

    /// Puts bytes in place without any check, as somebody with an editor would.
    package func plant(_ bytes: [UInt8]?, for app: String) {
        contents.records[app] = bytes.map { StoredBytes(bytes: $0, version: nextVersion()) }
    }

    /// Frees every lock, as the end of the holders' processes does.
    package func releaseAll() {
        holders = [:]
    }

    package nonisolated var place: String { "the simulated store" }

    package nonisolated func place(of app: String) -> String { "the simulated store, \(app)" }

    package func list() async throws -> [String] {
        Array(Set(contents.records.keys).union(contents.kept.keys))
    }

    package func read(_ app: String) async throws -> StoredBytes? { contents.records[app] }

    package func kept(_ app: String) async throws -> [KeptBytes] { contents.kept[app] ?? [] }

    package func write(
        _ bytes: [UInt8],
        for app: String,
        replacing version: StoreVersion?,
        keeping serial: Int?
    ) async throws -> StoreVersion {
        try await hook()
        let version = try swap(bytes, for: app, replacing: version, keeping: serial)
        try await hook()
        return version
    }

    private func swap(
        _ bytes: [UInt8],
        for app: String,
        replacing version: StoreVersion?,
        keeping serial: Int?
    ) throws -> StoreVersion {
        let lost = Failure(.storeUnavailable, "the store did not answer")
        return try effects.perform("store.write", failure: lost) {
            let current = contents.records[app]
            guard current?.version == version else {
                throw Failure(
                    .writeConflict,
                    .locked,
                    "somebody else wrote the record of \(app) meanwhile"
                )
            }
            if let current, let serial { keep(current, of: app, under: serial) }
            let next = StoredBytes(bytes: bytes, version: nextVersion())
            contents.records[app] = next
            sizes.append(bytes.count)
            return next.version
        }
    }

    private func keep(_ current: StoredBytes, of app: String, under serial: Int) {
        let version = KeptBytes(serial: serial, bytes: current.bytes, place: "version \(serial)")
        contents.kept[app] = Array(
            ([version] + (contents.kept[app] ?? [])).prefix(Self.versionsKept)
        )
    }

    private func nextVersion() -> StoreVersion {
        contents.writes += 1
        return StoreVersion(String(contents.writes))
    }

    package func lock(
        _ app: String,
        for holder: LockHolder,
        timeout: Duration,
        waiting: @Sendable (LockHolder?) -> Void
    ) async throws -> any StoreLock {
        let deadline = ContinuousClock.now + timeout
        var isTold = false
        while let other = holders[app] {
            guard ContinuousClock.now < deadline else {
                throw Failure(.locked, .locked, "the lock is held by \(other.text)")
            }
            if !isTold { waiting(other) }
            isTold = true
            await Task.yield()
        }
        holders[app] = holder
        return Lock(store: self, app: app, id: holder.id)
    }

    package func holder(of app: String) async throws -> LockHolder? { holders[app] }

    package func breakLock(of app: String, heldBy id: String) async throws {
        guard holders[app]?.id == id else {
            throw Failure(.locked, .locked, "the lock \(id) is not held")
        }
        holders[app] = nil
    }

    package func remove(_ app: String) async throws {
        contents.records[app] = nil
        contents.kept[app] = nil
    }

    fileprivate func release(_ app: String, id: String) {
        guard holders[app]?.id == id else { return }
        holders[app] = nil
    }

    private struct Lock: StoreLock {
        let store: SimulatedStore
        let app: String
        let id: String

        func release() async { await store.release(app, id: id) }
    }
}
