package import PreviewCore
import PreviewSystem

/// What a maintainer needs to understand a problem, as one text that a person can read before sending
/// it (`preview report`). No secret is in it, no value of `env`, and nothing that an app or a command
/// printed.
package struct ProblemReport: Sendable {
    /// One part of it.
    package struct Section: Sendable {
        /// Its heading.
        package let name: String
        /// What is in it, in a line.
        package let summary: String
        fileprivate let content: JSONValue
    }

    /// How much of the logs goes in.
    package struct Extent: Sendable {
        /// The last events of the preview.
        package var events: Int
        /// Its last runs.
        package var runs = 20

        /// So many events, and the usual number of runs.
        package init(events: Int) { self.events = events }
    }

    /// In the order of the text.
    package let sections: [Section]
    private let redactor: Redactor

    /// Gathers everything. Changes nothing.
    ///
    /// `diagnosis`: the document of `preview doctor --json`, which the caller has.
    /// - Throws: `CancellationError` only: what cannot be read is told in its section.
    package static func gather(
        _ doctor: Doctor, diagnosis: JSONValue, version: String, extent: Extent
    ) async throws -> ProblemReport {
        let patient = doctor.patient
        let folder = try await Self.folder(of: patient)
        let gathering = Gathering(patient: patient, folder: folder, extent: extent)
        return ProblemReport(
            sections: [
                Section(
                    name: "program", summary: "version, system, store and provider",
                    content: gathering.program(version)),
                Section(
                    name: "doctor", summary: "what `preview doctor --json` says",
                    content: diagnosis),
                Section(
                    name: "preview.yaml",
                    summary: "keys and values; hidden are those of `env` and of unknown keys",
                    content: gathering.configuration()),
                Section(
                    name: "record",
                    summary: "what is recorded of this preview, without values of its environment",
                    content: try await gathering.record()),
                Section(
                    name: "runs", summary: "the last \(extent.runs) runs", content: gathering.runs()
                ),
                Section(
                    name: "events",
                    summary: "the last \(extent.events) events, without what commands and the app "
                        + "printed",
                    content: gathering.events()),
            ], redactor: gathering.redactor)
    }

    private static func folder(of patient: Patient) async throws -> String? {
        if case .success(let workspace) = patient.workspace { return workspace.folder }
        do {
            return try await patient.preview.value?.folder
        } catch {
            try Task.checkCancellation()
            // The doctor's part tells why.
            return nil
        }
    }

    /// The whole report.
    package var text: String {
        let parts = sections.map { section in
            let content = section.content.mapStrings {
                CredentialMask.masked(redactor.redact($0))
            }
            return "== \(section.name): \(section.summary)\n\n\(JSONWriter.pretty(content))\n"
        }
        return ([Self.preface] + parts).joined(separator: "\n")
    }

    private static let preface = """
        A report about a problem with `preview`. Look through it before you send it: it names \
        this machine, its user, folders, the repository and its commands.

        """
}

/// Reads the parts of a report.
private struct Gathering {
    let patient: Patient
    /// The name that the record is kept under; `nil` where nothing tells.
    let folder: String?
    let extent: ProblemReport.Extent
    let redactor: Redactor
    private let root: YAMLNode?

    init(patient: Patient, folder: String?, extent: ProblemReport.Extent) {
        self.patient = patient
        self.folder = folder
        self.extent = extent
        let root = Self.configuration(of: patient)
        self.root = root
        redactor = Redactor(Self.secrets(of: patient, root))
    }

    /// All that is known to be secret or to be the user's own business.
    private static func secrets(of patient: Patient, _ root: YAMLNode?) -> [String] {
        let surroundings = patient.surroundings
        let words = ["TOKEN", "SECRET", "PASSWORD", "KEY", "CREDENTIAL", "DATABASE_URL"]
        let variables = surroundings.environment.filter { name, _ in
            words.contains { name.uppercased().contains($0) }
        }
        // What is not there, or cannot be read, is shown nowhere either.
        let workspace = try? patient.workspace.get()
        let records = try? patient.records.get()
        let values = workspace.map { workspace in
            Array(workspace.config.environment.values)
                + workspace.config.secrets.compactMap { reference in
                    // As said above.
                    try? workspace.world(reporter: Silence()).secrets.value(of: reference)
                }
        }
        return Tokens(surroundings).all + variables.values + dotenv(of: patient)
            + (root.map(ReportMask.environmentValues) ?? []) + (values ?? [])
            + (records?.hidden ?? [])
    }

    /// Every value of the `.env` file, named by the configuration or not.
    private static func dotenv(of patient: Patient) -> [String] {
        let named = patient.choices.envFile.map(patient.surroundings.absolute)
        // Without a configuration it is looked for where one would be.
        let folder = (try? ConfigFile.find(patient.choices, in: patient.surroundings))?.folder
        let path = named ?? "\(folder ?? patient.surroundings.workingDirectory)/.env"
        guard let bytes = try? TextFile.read(path) else { return [] }
        let text = String(decoding: bytes, as: UTF8.self)
        // A line that is no variable does not make the others less secret.
        if let values = try? DotenvFile.parse(text) { return Array(values.values) }
        return text.split(separator: "\n").compactMap { line in
            line.firstIndex(of: "=").map { String(line[line.index(after: $0)...]) }
        }
    }

    private static func configuration(of patient: Patient) -> YAMLNode? {
        // One that cannot be read as YAML is told by the doctor's part.
        guard let file = try? ConfigFile.find(patient.choices, in: patient.surroundings) else {
            return nil
        }
        // As said above.
        return try? YAMLReader.read(file.bytes)
    }

    // MARK: - Parts

    func program(_ version: String) -> JSONValue {
        let records = try? patient.records.get()
        return [
            "version": .string(version), "system": .string(Host.system),
            "provider": .string(patient.provider.rawValue),
            // Why there is no store is told by the doctor's part.
            "store": JSONValue(patient.config?.state.store.rawValue),
            "place": JSONValue(records?.place),
            "app": JSONValue(folder), "writtenAt": .string(Clocks.now().text),
        ]
    }

    func configuration() -> JSONValue {
        root.map(ReportMask.masked(configuration:)) ?? .null
    }

    func record() async throws -> JSONValue {
        guard let folder else { return .null }
        do {
            let loaded = try await Limited.run(within: .seconds(30), "the record") {
                try await StateRecord.load(folder, from: patient.records.get().store)
            }
            guard let state = loaded?.state, var document = StateFile.shown(state).object else {
                return .null
            }
            // It says the same again.
            document["session"] = nil
            return ReportMask.masked(record: .object(document))
        } catch {
            try Task.checkCancellation()
            return ["error": Self.json(of: error)]
        }
    }

    func runs() -> JSONValue {
        read { data, folder in
            .array(
                try RunLog(data: data, app: folder).read().runs.suffix(extent.runs).map {
                    try JSONValue.encoding($0)
                })
        }
    }

    func events() -> JSONValue {
        read { data, folder in
            let events = try EventHistory(data: data, app: folder).read().events
                .filter { $0.event.kind != .output }
            return .array(events.suffix(extent.events).map(Self.json))
        }
    }

    /// Without its data, which repeats the record and quotes what was printed.
    private static func json(of logged: LoggedEvent) -> JSONValue {
        guard var document = logged.json.object else { return .null }
        document["data"] = nil
        return .object(document)
    }

    private func read(_ part: (DataFolder, String) throws -> JSONValue) -> JSONValue {
        guard let folder else { return .null }
        do {
            return try part(patient.records.get().data, folder)
        } catch {
            return ["error": Self.json(of: error)]
        }
    }

    private static func json(of error: any Error) -> JSONValue {
        .array(Finding.all(of: error).map { .string($0.detail) })
    }
}
