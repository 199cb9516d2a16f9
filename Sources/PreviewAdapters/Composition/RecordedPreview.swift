package import PreviewCore
import PreviewSystem

/// A preview by its record: what commands about something that exists need. It works without a
/// `preview.yaml` (ENGINE section 1).
package struct RecordedPreview: Sendable {
    /// The name its record is kept under.
    package let folder: String
    /// The record as it was when the preview was looked for; never one that was destroyed.
    package let state: State
    /// Where the record is, and where what a command says of it is written.
    package let store: FileStore
    /// The configuration, where the preview was found by it.
    package let workspace: Workspace?
    /// What the command was started with.
    package let surroundings: Surroundings
    /// Keeps secrets and tokens out of everything that is shown.
    package let redactor: Redactor

    /// Finds a preview by app name or session id, else by the configuration, else the only one there.
    ///
    /// - Throws: ``Failure``: nothing recorded, several to choose from, or damage.
    package static func find(
        _ name: String?, _ choices: Choices, in surroundings: Surroundings
    ) async throws -> RecordedPreview {
        if let name {
            let records = try Records.store(choices, in: surroundings)
            return try await named(name, in: records, surroundings)
        }
        if try ConfigFile.find(choices, in: surroundings) != nil {
            let workspace = try await Workspace.open(choices, in: surroundings)
            return try await configured(workspace)
        }
        return try await only(in: Records.store(choices, in: surroundings), surroundings)
    }

    /// The preview of a configuration.
    package static func configured(_ workspace: Workspace) async throws -> RecordedPreview {
        let loaded = try await StateRecord.load(
            workspace.folder, from: workspace.store, source: workspace.identity.source)
        guard let state = loaded?.state, !state.isDestroyed else {
            throw Failure(
                .nothingRecorded,
                "no preview of \(workspace.identity.repositoryName) @ "
                    + "\(workspace.identity.branch) is recorded here",
                fix: "`preview apply` sets it up; `preview list` shows what is recorded",
                retry: "preview apply")
        }
        return RecordedPreview(
            folder: workspace.folder, state: state, store: workspace.store, workspace: workspace,
            surroundings: workspace.surroundings, redactor: workspace.redactor)
    }

    /// The preview of an app name or session id.
    ///
    /// - Throws: ``Failure``: nothing recorded under it, or damage.
    package static func named(
        _ name: String, in store: FileStore, _ surroundings: Surroundings
    ) async throws -> RecordedPreview {
        if AppName(name) != nil,
            let loaded = try await StateRecord.load(name, from: store)
        {
            return RecordedPreview(name, loaded.state, store, surroundings)
        }
        for folder in try await store.list().sorted() {
            // A damaged record cannot be the one that is looked for by what is written in it.
            guard let loaded = try? await StateRecord.load(folder, from: store) else { continue }
            if loaded.state.lineage == name || loaded.state.app == name {
                return RecordedPreview(folder, loaded.state, store, surroundings)
            }
        }
        throw Failure(
            .nothingRecorded, "no preview \"\(name)\" is recorded in \(store.path)",
            fix: "`preview list` shows what is recorded", retry: "preview list")
    }

    private static func only(
        in store: FileStore, _ surroundings: Surroundings
    ) async throws -> RecordedPreview {
        var alive: [RecordedPreview] = []
        for folder in try await store.list().sorted() {
            guard let loaded = try await StateRecord.load(folder, from: store),
                !loaded.state.isDestroyed
            else { continue }
            alive.append(RecordedPreview(folder, loaded.state, store, surroundings))
        }
        guard let first = alive.first else {
            throw Failure(
                .nothingRecorded, "there is no preview.yaml and no preview is recorded here",
                fix: "`preview init` writes a configuration", retry: "preview init")
        }
        guard alive.count == 1 else {
            throw Failure(
                .ambiguousPreview, .usage, "several previews are recorded here; name one",
                evidence: alive.map { .init("preview", $0.state.app) }, retry: "preview list")
        }
        return first
    }

    /// A preview that was found, with its configuration where there is one.
    package init(
        folder: String, state: State, store: FileStore, workspace: Workspace?,
        surroundings: Surroundings
    ) {
        self.init(
            folder: folder, state: state, store: store, workspace: workspace,
            surroundings: surroundings,
            redactor: workspace?.redactor ?? Redactor(Tokens(surroundings).all))
    }

    private init(
        _ folder: String, _ state: State, _ store: FileStore, _ surroundings: Surroundings
    ) {
        self.init(
            folder: folder, state: state, store: store, workspace: nil, surroundings: surroundings,
            redactor: Redactor(Tokens(surroundings).all))
    }

    private init(
        folder: String, state: State, store: FileStore, workspace: Workspace?,
        surroundings: Surroundings, redactor: Redactor
    ) {
        self.folder = folder
        self.state = state
        self.store = store
        self.workspace = workspace
        self.surroundings = surroundings
        self.redactor = redactor
    }

    /// The world in which this preview lives.
    ///
    /// - Throws: ``Failure`` when it runs on another machine or its provider is not there.
    package func world(reporter: any Reporter) throws -> World {
        if let host = state.host, host != surroundings.host {
            throw Failure(
                .otherHost, .stateNeedsRecovery, "this preview runs on another machine, \(host)",
                fix: "run the command there")
        }
        if let workspace { return try workspace.world(reporter: reporter) }
        let git = surroundings.git(baseFolder: surroundings.workingDirectory)
        return World(
            provider: ProviderCatalog.make(
                state.provider,
                .init(
                    store: store, surroundings: surroundings, source: git, redactor: redactor)),
            source: try surroundings.source(git, remark: reporter.warn),
            secrets: LocalSecretSource(
                environment: surroundings.environment, dotenv: [:],
                base: surroundings.workingDirectory, home: surroundings.home),
            reporter: reporter, now: Clocks.now, uptime: { Host.uptime },
            random: Moment.randomBytes)
    }

    /// The machine of step 2.
    ///
    /// - Throws: ``Failure`` when step 2 has not been done.
    package func machine() throws -> Machine {
        guard let machine = state.output(of: AllocateMachine())?.machine else {
            throw Failure(
                .nothingRecorded, "\(state.app) has no machine yet",
                fix: "step 2 allocates one", retry: "preview apply")
        }
        return machine
    }

    /// Values of the secrets this preview was configured with.
    ///
    /// - Throws: ``Failure`` naming those that are not available here.
    package func secretValues(in world: World) throws -> [String: String] {
        let names = state.output(of: ConfigureSettings())?.secrets ?? []
        let references =
            workspace?.config.secrets.filter { names.contains($0.name) }
            ?? names.map { SecretReference(name: $0, source: .environment($0)) }
        do {
            return try SecretValues.resolve(references, from: world.secrets)
        } catch let rejection as Rejection {
            throw rejection.failure
        }
    }
}

/// The records of a folder, whatever configuration they came from.
package enum Records {
    /// The store that the flags, the environment or the configuration name.
    ///
    /// A configuration that cannot be read leaves the default: looking after records must not
    /// depend on it.
    package static func store(
        _ choices: Choices, in surroundings: Surroundings
    ) throws -> FileStore {
        if let chosen = choices.state ?? surroundings.value("PREVIEW_STATE") {
            return FileStore(path: surroundings.absolute(chosen))
        }
        guard let file = try ConfigFile.find(choices, in: surroundings) else {
            return FileStore(
                path: try ConfigFile.folder(choices, in: surroundings) + "/.preview")
        }
        let parser = ConfigParser(
            file: file.shownPath, folder: file.folder, home: surroundings.home,
            environment: { surroundings.environment[$0] })
        // See above: a file that is not valid leaves the default.
        guard let config = try? parser.parse(file.bytes), case .file(let path) = config.state else {
            return FileStore(path: file.folder + "/.preview")
        }
        return FileStore(path: path.hasPrefix("/") ? path : "\(file.folder)/\(path)")
    }

    /// What was kept of all records, in no order, and those that cannot be read, with the reason.
    package typealias Summaries<Summary> = (
        summaries: [Summary], damaged: [(folder: String, failure: Failure)]
    )

    /// Looks at every record, on all processors, and keeps what `summary` makes of it: there may be
    /// ten thousand, so no whole state outlives its turn.
    ///
    /// `summary`: given the record's name and its session; `nil` passes the record over.
    package static func summaries<Summary: Sendable>(
        of store: FileStore,
        _ summary: @escaping @Sendable (_ folder: String, _ session: Session) -> Summary?
    ) async throws -> Summaries<Summary> {
        let folders = try await store.list()
        let shares = 4
        return try await withThrowingTaskGroup(of: Summaries<Summary>.self) { group in
            for share in 0..<shares {
                group.addTask {
                    var found: Summaries<Summary> = ([], [])
                    for index in stride(from: share, to: folders.count, by: shares) {
                        let folder = folders[index]
                        do {
                            guard let session = try await session(of: folder, in: store),
                                let kept = summary(folder, session)
                            else { continue }
                            found.summaries.append(kept)
                        } catch let failure as Failure {
                            found.damaged.append((folder, failure))
                        }
                    }
                    return found
                }
            }
            return try await group.reduce(into: ([], [])) {
                $0.summaries += $1.summaries
                $0.damaged += $1.damaged
            }
        }
    }

    private static func session(of folder: String, in store: FileStore) async throws -> Session? {
        guard
            let loaded = try await StateRecord.load(folder, from: store, comparesHistory: false)
        else { return nil }
        let isLocked =
            loaded.state.hasOpenAttempt ? try await store.holder(of: folder) != nil : false
        return Session(of: loaded.state, isLocked: isLocked)
    }
}
