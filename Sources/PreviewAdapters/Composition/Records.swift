package import PreviewCore

/// What is recorded of previews: their records in a store, which a team may share, and this
/// machine's own folder with logs and checkouts.
package struct Records: Sendable {
    /// Where the records are.
    package let store: any StateStore
    /// Where this machine keeps what else belongs to its previews.
    package let data: DataFolder
    /// Whether the store is the folder itself, so that its files tell of every change.
    package let isFolder: Bool
    /// Keys and credentials of the store, which must never be shown.
    let hidden: [String]

    init(
        store: any StateStore, data: DataFolder, isFolder: Bool, hidden: [String]
    ) {
        self.store = store
        self.data = data
        self.isFolder = isFolder
        self.hidden = hidden
    }

    /// Where the records are, as a person knows it; holds no credentials.
    package var place: String { store.place }

    /// What to say of an answer about all previews, where it is not about all.
    package var fleetRemark: String? {
        store.knowsOtherMachines
            ? nil
            : "The store at \(place) cannot list: these are the previews known in \(data.path)."
    }

    /// Those that the flags, the environment or the configuration name.
    ///
    /// A configuration that cannot be read leaves the default: looking after records must not
    /// depend on it.
    /// - Throws: ``Failure`` for a store that cannot be used as it is named.
    package static func find(
        _ choices: Choices, in surroundings: Surroundings
    ) throws -> Records {
        let catalog = StoreCatalog(choices, surroundings)
        guard let file = try ConfigFile.find(choices, in: surroundings) else {
            return try catalog.records(
                of: Config.StateSettings.standard, key: nil,
                folder: try ConfigFile.folder(choices, in: surroundings))
        }
        let parser = ConfigParser(
            file: file.shownPath, folder: file.folder, home: surroundings.home,
            environment: { surroundings.environment[$0] })
        // See above: a file that is not valid leaves the default.
        let config = try? parser.parse(file.bytes)
        return try catalog.records(
            of: config?.state ?? .standard, key: config?.stateKey, folder: file.folder)
    }

    /// Those of a store that is named in words: what `state` would be in preview.yaml, or a folder.
    ///
    /// - Throws: ``Failure`` for words that are neither.
    package static func named(
        _ words: String, _ choices: Choices, in surroundings: Surroundings
    ) throws -> Records {
        let folder = try ConfigFile.folder(choices, in: surroundings)
        let catalog = StoreCatalog(Choices(), surroundings.without("PREVIEW_STATE"))
        guard words.hasPrefix("{") else {
            return try catalog.records(
                of: .folder(surroundings.absolute(words)), key: nil, folder: folder)
        }
        let parser = ConfigParser(
            file: "--from", folder: folder, home: surroundings.home,
            environment: { surroundings.environment[$0] })
        let config = try parser.parse(Array("version: 1\nrepo: .\nstate: \(words)\n".utf8))
        return try catalog.records(of: config.state, key: config.stateKey, folder: folder)
    }

    /// What was kept of all records, in no order, and those that cannot be read, with the reason.
    package typealias Summaries<Summary> = (
        summaries: [Summary], damaged: [(folder: String, failure: Failure)]
    )

    /// How many records one look at the store asks for.
    private static let share = 64
    /// How many looks go on at once: about one for each processor, or for each open connection.
    private static let looks = 4

    /// Looks at every record and keeps what `summary` makes of it: there may be ten thousand, so no
    /// whole state outlives its turn.
    ///
    /// `summary`: given the record's name and its session; `nil` passes the record over.
    package func summaries<Summary: Sendable>(
        _ summary: @escaping @Sendable (_ folder: String, _ session: Session) -> Summary?
    ) async throws -> Summaries<Summary> {
        let folders = try await store.list()
        var shares = stride(from: 0, to: folders.count, by: Self.share).makeIterator()
        return try await withThrowingTaskGroup(of: Summaries<Summary>.self) { group in
            func begin() {
                guard let start = shares.next() else { return }
                let share = Array(folders[start..<min(start + Self.share, folders.count)])
                group.addTask { try await summaries(of: share, summary) }
            }
            for _ in 0..<Self.looks { begin() }
            var all: Summaries<Summary> = ([], [])
            while let part = try await group.next() {
                all.summaries += part.summaries
                all.damaged += part.damaged
                begin()
            }
            return all
        }
    }

    private func summaries<Summary>(
        of folders: [String], _ summary: (_ folder: String, _ session: Session) -> Summary?
    ) async throws -> Summaries<Summary> {
        var found: Summaries<Summary> = ([], [])
        for (folder, entry) in try await store.read(all: folders) {
            do {
                guard
                    let loaded = try await StateRecord.load(
                        folder, from: store, stored: entry.get(), comparesHistory: false)
                else { continue }
                let isLocked =
                    loaded.state.hasOpenAttempt ? try await store.holder(of: folder) != nil : false
                if let kept = summary(folder, Session(of: loaded.state, isLocked: isLocked)) {
                    found.summaries.append(kept)
                }
            } catch let failure as Failure {
                found.damaged.append((folder, failure))
            }
        }
        return found
    }
}
