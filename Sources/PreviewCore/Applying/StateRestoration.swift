/// Brings back an earlier version of a record (`preview state restore`). Called under the lock.
package struct StateRestoration: Sendable {
    /// What was done.
    package struct Result: Hashable, Sendable {
        /// The serial of the version that was brought back.
        package var from: Int
        /// The serial it was written under.
        package var serial: Int
        /// What the replaced bytes are kept as, such as `serial 7`, if there were any.
        package var setAside: String?
    }

    private let store: any StateStore
    private let folder: String
    private let now: @Sendable () -> Timestamp

    package init(
        store: any StateStore, folder: String, now: @escaping @Sendable () -> Timestamp
    ) {
        self.store = store
        self.folder = folder
        self.now = now
    }

    /// Writes a kept version as the newest one.
    ///
    /// `serial`: which one; `nil` for the newest good one.
    /// `replacingGood`: whether a record that is whole may be replaced as well.
    /// - Throws: ``ErrorCode/nothingToRestore`` when no such version is good.
    package func restore(_ serial: Int?, replacingGood: Bool) async throws -> Result {
        let current = try await store.read(folder)
        if !replacingGood, let current, (try? StateFile.decode(current.bytes)) != nil {
            throw Failure(
                .nothingToRestore, .usage, "the record of \(folder) is good",
                fix: "to go back to an earlier version all the same, say --yes")
        }
        let kept = try await store.kept(folder)
        let good = kept.compactMap { version -> (Int, State)? in
            guard serial == nil || serial == version.serial,
                // A damaged version is no candidate.
                let state = try? StateFile.decode(version.bytes)
            else { return nil }
            return (version.serial, state)
        }
        guard let (from, state) = good.first else {
            throw Failure(
                .nothingToRestore, .stateNeedsRecovery,
                serial.map { "version \($0) of \(folder) is not there or not good" }
                    ?? "no good version of \(folder) is kept",
                evidence: kept.map { .init("kept", $0.place) }, retry: "preview state list")
        }
        return try await write(state, from: from, over: current, kept: kept)
    }

    /// The serial goes on beyond everything kept, so that nothing mistakes it for an older write.
    private func write(
        _ state: State, from: Int, over current: StoredBytes?, kept: [KeptBytes]
    ) async throws -> Result {
        var restored = state
        let highest = max(kept.map(\.serial).max() ?? 0, state.serial)
        restored.serial = highest + 2
        restored.updatedAt = now()
        _ = try await store.write(
            StateFile.encode(restored), for: folder, replacing: current?.version,
            keeping: current == nil ? nil : highest + 1)
        return Result(
            from: from, serial: restored.serial,
            setAside: current == nil ? nil : "serial \(highest + 1)")
    }
}
