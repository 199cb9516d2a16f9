/// Reads a preview's state from a store and decides whether it may be used (ENGINE section 1).
package enum StateRecord {
    /// A state and the tag of the bytes it came from.
    package struct Loaded: Sendable {
        /// The state, found to be whole and to belong to the preview that was asked for.
        package var state: State
        /// What a write has to name to replace exactly these bytes.
        package var version: StoreVersion
    }

    /// Loads the state of an app.
    ///
    /// `source`: what the state must belong to; `nil` when any is welcome (as in `list`).
    /// `comparesHistory`: whether the lineage is compared with that of the kept versions, which
    /// have to be read for it: once a run is enough, and `list` does without.
    /// Returns `nil` only when neither a document nor an earlier version exists.
    /// - Throws: ``Failure`` of kind ``Failure/Kind/stateNeedsRecovery`` for damage of any sort.
    package static func load(
        _ app: String, from store: any StateStore, source: String? = nil,
        comparesHistory: Bool = true
    ) async throws -> Loaded? {
        try await load(
            app, from: store, stored: store.read(app), source: source,
            comparesHistory: comparesHistory)
    }

    /// The same where the document has been read already.
    package static func load(
        _ app: String, from store: any StateStore, stored: StoredBytes?, source: String? = nil,
        comparesHistory: Bool = true
    ) async throws -> Loaded? {
        guard let stored else {
            let kept = try await store.kept(app)
            guard kept.isEmpty else {
                throw damaged(app, "missing, although earlier versions of it exist", kept: kept)
            }
            return nil
        }
        let state: State
        do {
            state = try StateFile.decode(stored.bytes)
        } catch {
            throw try await failure(for: error, app: app, store: store)
        }
        if let source, state.source != source {
            throw damaged(
                app, "the record of another preview (\(state.repository) @ \(state.branch))",
                kept: try await store.kept(app), code: .stateForeign)
        }
        if comparesHistory { try await checkLineage(of: state, app: app, store: store) }
        return Loaded(state: state, version: stored.version)
    }

    /// A lineage unlike the kept versions' is damage, unless a destroyed one lies between.
    private static func checkLineage(of state: State, app: String, store: any StateStore)
        async throws
    {
        guard state.serial > 1 else { return }
        let kept = try await store.kept(app)
        guard let newest = kept.first(where: { $0.serial < state.serial }),
            store.knowsOtherMachines || newest.serial == state.serial - 1,
            // A kept version that cannot be read says nothing about the lineage.
            let earlier = try? StateFile.decode(newest.bytes)
        else { return }
        guard earlier.lineage == state.lineage || earlier.isDestroyed else {
            throw damaged(
                app, "of another lineage than its earlier versions", kept: kept,
                code: .stateForeign)
        }
    }

    private static func failure(
        for damage: StateFile.Damage, app: String, store: any StateStore
    ) async throws -> Failure {
        guard case .newer = damage else {
            return damaged(app, damage.reason, kept: try await store.kept(app))
        }
        return Failure(
            .stateNewer, .stateNeedsRecovery, "the record of \(app) is \(damage.reason)",
            fix: "use the newer version of preview that wrote it; nothing was touched")
    }

    /// The failure for a record that must not be used, naming the newest good version.
    package static func damaged(
        _ app: String, _ reason: String, kept: [KeptBytes], code: ErrorCode = .stateDamaged
    ) -> Failure {
        // A version that is damaged as well is no help.
        let good = kept.first { (try? StateFile.decode($0.bytes)) != nil }
        return Failure(
            code, .stateNeedsRecovery, "the record of \(app) is \(reason)",
            evidence: good.map {
                [.init("newest good version", "serial \($0.serial), \($0.place)")]
            }
                ?? [.init("newest good version", "none was kept")],
            fix: good == nil
                ? "put the file back from a backup; nothing was changed"
                : "`preview state restore` brings it back; nothing was changed",
            retry: good.map { "preview state restore \($0.serial)" })
    }
}
