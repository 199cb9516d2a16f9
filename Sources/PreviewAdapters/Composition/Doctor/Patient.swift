package import PreviewCore
import PreviewSystem

/// What `preview doctor` examines: everything that could be opened, and why the rest could not.
struct Patient: Sendable {
    let choices: Choices
    let surroundings: Surroundings
    /// The configuration with all that follows from it.
    let workspace: Result<Workspace, any Error>
    /// Where records are, by the configuration or by default.
    let records: Result<Records, any Error>
    /// Keeps what must not be shown out of every finding.
    let redactor: Redactor
    /// What is recorded of the configuration's preview, or of the only one there; `nil` for nothing.
    let preview: Shared<RecordedPreview?>
    /// What the store showed of itself.
    let storeStanding: Shared<StoreStanding>
    /// All that is recorded.
    let survey: Shared<Survey>

    /// Opens what can be opened. Makes nothing.
    ///
    /// - Throws: `CancellationError` only.
    static func open(
        _ choices: Choices, in surroundings: Surroundings
    ) async throws -> Patient {
        let workspace: Result<Workspace, any Error>
        do {
            workspace = .success(
                try await Limited.run(within: .seconds(15), "preview.yaml") {
                    try await Workspace.open(choices, in: surroundings)
                })
        } catch {
            try Task.checkCancellation()
            workspace = .failure(error)
        }
        let records = Result<Records, any Error> {
            // Where the configuration cannot be used, the records are looked for without it.
            try (try? workspace.get())?.records ?? Records.find(choices, in: surroundings)
        }
        return Patient(choices, surroundings, workspace, records)
    }

    private init(
        _ choices: Choices, _ surroundings: Surroundings, _ workspace: Result<Workspace, any Error>,
        _ records: Result<Records, any Error>
    ) {
        self.choices = choices
        self.surroundings = surroundings
        self.workspace = workspace
        self.records = records
        // Without a configuration or a store there is nothing of theirs to hide.
        let hidden = (try? records.get())?.hidden ?? []
        redactor = (try? workspace.get())?.redactor ?? Redactor(Tokens(surroundings).all + hidden)
        preview = Shared("the record", within: .seconds(40)) {
            do {
                if case .success(let workspace) = workspace {
                    return try await RecordedPreview.configured(workspace)
                }
                return try await RecordedPreview.find(nil, choices, in: surroundings)
            } catch is ConfigProblems {
                // Told by the check of the file.
                return nil
            } catch let failure as Failure
                where [.nothingRecorded, .ambiguousPreview].contains(failure.code)
            {
                return nil
            }
        }
        storeStanding = Shared("the store", within: .seconds(40)) {
            try await records.get().store.examine()
        }
        survey = Shared("the list of records", within: .seconds(100)) {
            try await Survey.take(of: records.get())
        }
    }

    /// The configuration, as far as it could be read.
    var config: Config? {
        // Why it could not is the first check's to tell.
        (try? workspace.get())?.config
    }

    /// Whether there is a configuration that cannot be used, so that nothing tells which preview is meant.
    var hasUnusableFile: Bool {
        guard case .failure(let error) = workspace else { return false }
        return (error as? Failure)?.code != .configNotFound
    }

    /// Whom previews of the configuration are asked for from.
    var provider: ProviderName {
        config?.provider ?? choices.provider.flatMap(ProviderName.init(rawValue:)) ?? .local
    }

    /// What Fly.io's variables say.
    var fly: FlyAccess {
        FlyAccess(surroundings: surroundings, retries: config?.retries ?? Config.Retries())
    }

    /// The folder of this machine's own data, where it is known.
    var dataFolder: String? {
        // Why it is not is the store's check to tell.
        (try? records.get())?.data.path
    }

    /// The provider `local` of that folder.
    func local(_ records: Records) -> LocalProvider {
        ProviderCatalog.local(
            .init(
                data: records.data, surroundings: surroundings,
                source: surroundings.git(baseFolder: surroundings.workingDirectory),
                redactor: redactor))
    }

    /// A client for addresses of the patient's own.
    var http: HTTPClient {
        HTTPClient(
            userAgent: "preview", network: surroundings.network, trace: surroundings.trace)
    }
}

/// What there is in a store, in short: whole states of ten thousand previews would fill the memory.
struct Survey: Sendable {
    /// How many records can be read.
    var count = 0
    /// The lineages of previews that were not destroyed.
    var lineages: Set<String> = []
    /// Records that cannot be used, by the name they are kept under.
    var damaged: [(folder: String, failure: Failure)] = []
    /// The last previews with errors, newest first.
    var troubles: [RecordedTrouble] = []

    /// How many of them are kept (BEHAVIOURS S7).
    private static let troubleCount = 5

    /// Looks at every record.
    static func take(of records: Records) async throws -> Survey {
        let (rows, damaged) = try await records.summaries { _, session in
            Row(
                lineage: session.state.isDestroyed ? nil : session.state.lineage,
                trouble: RecordedTrouble(session))
        }
        var survey = Survey()
        survey.count = rows.count
        survey.lineages = Set(rows.compactMap(\.lineage))
        survey.damaged = damaged.sorted { $0.folder < $1.folder }
        survey.troubles = Array(
            rows.compactMap(\.trouble).sorted { ($0.at, $0.app) > ($1.at, $1.app) }
                .prefix(troubleCount))
        return survey
    }

    private struct Row: Sendable {
        var lineage: String?
        var trouble: RecordedTrouble?
    }
}

/// A recorded preview that has an error.
package struct RecordedTrouble: Hashable, Sendable {
    /// Its app's name.
    package let app: String
    /// The step that failed.
    package let step: StepID
    /// Why.
    package let error: RecordedError
    /// When its record was written last, in wall time.
    package let at: Timestamp

    /// That of a session, if it has one and was not destroyed.
    init?(_ session: Session) {
        guard let failure = session.failure, !session.state.isDestroyed else { return nil }
        app = session.state.app
        step = failure.step
        error = failure.error
        at = session.state.updatedAt
    }

    /// The member of `preview doctor --json`; `redact` takes secrets out.
    func json(_ redact: (String) -> String) -> JSONValue {
        [
            "app": .string(app), "step": .int(step.number), "code": .string(error.code.rawValue),
            "message": .string(redact(error.message)), "at": .string(at.text),
        ]
    }
}
