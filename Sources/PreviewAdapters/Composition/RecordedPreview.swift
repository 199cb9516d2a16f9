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
    package let records: Records
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
            let records = try Records.find(choices, in: surroundings)
            return try await named(name, in: records, surroundings)
        }
        if try ConfigFile.find(choices, in: surroundings) != nil {
            let workspace = try await Workspace.open(choices, in: surroundings)
            return try await configured(workspace)
        }
        return try await only(in: Records.find(choices, in: surroundings), surroundings)
    }

    /// The preview of a configuration.
    package static func configured(_ workspace: Workspace) async throws -> RecordedPreview {
        let loaded = try await StateRecord.load(
            workspace.folder, from: workspace.records.store, source: workspace.identity.source)
        guard let state = loaded?.state, !state.isDestroyed else {
            throw Failure(
                .nothingRecorded,
                "no preview of \(workspace.identity.repositoryName) @ "
                    + "\(workspace.identity.branch) is recorded here",
                fix: "`preview apply` sets it up; `preview list` shows what is recorded",
                retry: "preview apply")
        }
        return RecordedPreview(
            folder: workspace.folder, state: state, records: workspace.records,
            workspace: workspace,
            surroundings: workspace.surroundings, redactor: workspace.redactor)
    }

    /// The preview of an app name or session id.
    ///
    /// - Throws: ``Failure``: nothing recorded under it, or damage.
    package static func named(
        _ name: String, in records: Records, _ surroundings: Surroundings
    ) async throws -> RecordedPreview {
        if AppName(name) != nil,
            let loaded = try await StateRecord.load(name, from: records.store)
        {
            return RecordedPreview(name, loaded.state, records, surroundings)
        }
        for folder in try await records.store.list().sorted() {
            // A damaged record cannot be the one that is looked for by what is written in it.
            guard let loaded = try? await StateRecord.load(folder, from: records.store) else {
                continue
            }
            if loaded.state.lineage == name || loaded.state.app == name {
                return RecordedPreview(folder, loaded.state, records, surroundings)
            }
        }
        throw Failure(
            .nothingRecorded, "no preview \"\(name)\" is recorded in \(records.place)",
            fix: "`preview list` shows what is recorded", retry: "preview list")
    }

    private static func only(
        in records: Records, _ surroundings: Surroundings
    ) async throws -> RecordedPreview {
        var alive: [RecordedPreview] = []
        for folder in try await records.store.list().sorted() {
            guard let loaded = try await StateRecord.load(folder, from: records.store),
                !loaded.state.isDestroyed
            else { continue }
            alive.append(RecordedPreview(folder, loaded.state, records, surroundings))
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
        folder: String, state: State, records: Records, workspace: Workspace?,
        surroundings: Surroundings
    ) {
        self.init(
            folder: folder, state: state, records: records, workspace: workspace,
            surroundings: surroundings,
            redactor: workspace?.redactor ?? Redactor(Tokens(surroundings).all + records.hidden))
    }

    private init(
        _ folder: String, _ state: State, _ records: Records, _ surroundings: Surroundings
    ) {
        self.init(
            folder: folder, state: state, records: records, workspace: nil,
            surroundings: surroundings,
            redactor: Redactor(Tokens(surroundings).all + records.hidden))
    }

    private init(
        folder: String, state: State, records: Records, workspace: Workspace?,
        surroundings: Surroundings, redactor: Redactor
    ) {
        self.folder = folder
        self.state = state
        self.records = records
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
                    data: records.data, surroundings: surroundings, source: git, redactor: redactor)
            ),
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
