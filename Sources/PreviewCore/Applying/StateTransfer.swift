/// Takes a document from elsewhere as the newest record (`preview state push`). Called under the
/// lock.
package struct StatePush: Sendable {
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

    /// Writes the document; gives the serial it has now, or `nil` where it was there already.
    ///
    /// `source`: what the record must be of; `nil` where any preview's is welcome.
    /// `force`: whether it may replace a newer record, a damaged one, or one of another lineage.
    /// - Throws: ``ErrorCode/olderRecord``, ``ErrorCode/stateForeign`` or a damage; nothing is
    ///   changed.
    package func push(
        _ document: [UInt8], source: String?, force: Bool
    ) async throws -> Int? {
        var state = try decoded(document)
        if let source, state.source != source {
            throw Failure(
                .stateForeign, .stateNeedsRecovery,
                "the document is the record of another preview "
                    + "(\(state.repository) @ \(state.branch))",
                fix: "push it where its preview.yaml is, or name its preview with --app")
        }
        guard let stored = try await store.read(folder) else {
            _ = try await store.write(document, for: folder, replacing: nil, keeping: nil)
            return state.serial
        }
        if stored.bytes == document { return nil }
        // One that is damaged has no serial that counts.
        let present = try? StateFile.decode(stored.bytes)
        if !force { try check(state, replaces: present) }
        let highest = max(
            present?.serial ?? 0, try await store.kept(folder).map(\.serial).max() ?? 0)
        var bytes = document
        if state.serial <= highest {
            state.serial = highest + 2
            state.updatedAt = now()
            bytes = StateFile.encode(state)
        }
        _ = try await store.write(
            bytes, for: folder, replacing: stored.version, keeping: present?.serial ?? highest + 1)
        return state.serial
    }

    private func decoded(_ document: [UInt8]) throws -> State {
        do {
            return try StateFile.decode(document)
        } catch {
            throw Failure(
                .stateDamaged, .stateNeedsRecovery, "the document is \(error.reason)",
                fix: "push what `preview state pull` gave, byte for byte; nothing was changed")
        }
    }

    private func check(_ state: State, replaces present: State?) throws {
        guard let present else {
            throw Failure(
                .stateDamaged, .stateNeedsRecovery, "the record of \(folder) is damaged",
                fix: "`preview state restore` brings back its newest good version; to push over it "
                    + "all the same, say --force")
        }
        guard present.lineage == state.lineage || present.isDestroyed else {
            throw Failure(
                .stateForeign, .stateNeedsRecovery,
                "the document is of another lineage than the record of \(folder)",
                evidence: [
                    .init("lineage of the record", present.lineage),
                    .init("lineage of the document", state.lineage),
                ], fix: "to forget what is recorded and what it runs, say --force")
        }
        guard state.serial > present.serial || present.lineage != state.lineage else {
            throw Failure(
                .olderRecord, .refused,
                "the document has serial \(state.serial), and serial \(present.serial) is recorded",
                fix: "pull the record, change that, and push it; to go back in time, say --force")
        }
    }
}

/// Copies records from one store to another (`preview state migrate`). Called under both locks.
package struct StateMigration: Sendable {
    /// What became of a record.
    package enum Outcome: Hashable, Sendable {
        /// So many versions, the newest one among them, were copied and read back.
        case copied(versions: Int)
        /// The other store has the same record already.
        case present
        /// There is nothing to copy.
        case absent
    }

    private let source: any StateStore
    private let target: any StateStore

    package init(from source: any StateStore, to target: any StateStore) {
        self.source = source
        self.target = target
    }

    /// Copies a record with its kept versions, oldest first, so that a copy that is interrupted
    /// goes on where it stopped. The source is not changed.
    ///
    /// - Throws: ``ErrorCode/olderRecord`` or ``ErrorCode/stateForeign`` where the other store has a
    ///   record that this one does not follow from, and damage of either.
    package func copy(_ app: String) async throws -> Outcome {
        guard let newest = try await StateRecord.load(app, from: source, comparesHistory: false),
            let stored = try await source.read(app)
        else { return .absent }
        let present = try await StateRecord.load(app, from: target, comparesHistory: false)
        if let present {
            if try await target.read(app)?.bytes == stored.bytes { return .present }
            try check(newest.state, follows: present.state, of: app)
        }
        // A kept version that is damaged is of no use anywhere.
        var versions = try await source.kept(app).compactMap { kept in
            (try? StateFile.decode(kept.bytes)).map { (serial: $0.serial, bytes: kept.bytes) }
        }.filter { $0.serial < newest.state.serial }.sorted { $0.serial < $1.serial }
        if let present { versions.removeAll { $0.serial <= present.state.serial } }
        versions.append((newest.state.serial, stored.bytes))
        var (version, serial) = (present?.version, present?.state.serial)
        for next in versions {
            version = try await target.write(
                next.bytes, for: app, replacing: version, keeping: serial)
            serial = next.serial
        }
        guard try await target.read(app)?.bytes == stored.bytes else {
            throw Failure(
                .cannotWrite, "the copy of \(app) does not read back as it was written",
                fix: "nothing was removed; look at the store and run it again")
        }
        return .copied(versions: versions.count)
    }

    private func check(_ state: State, follows present: State, of app: String) throws {
        guard state.lineage == present.lineage || present.isDestroyed else {
            throw Failure(
                .stateForeign, .stateNeedsRecovery,
                "another preview is recorded as \(app) in \(target.place(of: app))",
                fix: "destroy one of the two; neither was changed")
        }
        guard state.serial > present.serial || state.lineage != present.lineage else {
            throw Failure(
                .olderRecord, .refused,
                "\(target.place(of: app)) has serial \(present.serial) of \(app), and serial "
                    + "\(state.serial) would replace it",
                fix: "the record was used there already; nothing has to be copied")
        }
    }
}

/// Writes a record anew, as it is, so that the store keeps it in its present form: `preview state
/// rekey` seals it with the first key. Called under the lock.
package struct StateRewrite: Sendable {
    private let store: any StateStore
    private let now: @Sendable () -> Timestamp

    package init(store: any StateStore, now: @escaping @Sendable () -> Timestamp) {
        self.store = store
        self.now = now
    }

    /// Writes the record of an app under its next serial, which is given; `nil` where there is none.
    package func rewrite(_ app: String) async throws -> Int? {
        guard let loaded = try await StateRecord.load(app, from: store) else { return nil }
        var state = loaded.state
        state.serial += 1
        state.updatedAt = now()
        _ = try await store.write(
            StateFile.encode(state), for: app, replacing: loaded.version,
            keeping: loaded.state.serial)
        return state.serial
    }
}
