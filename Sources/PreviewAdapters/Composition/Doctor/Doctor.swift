package import PreviewCore
import PreviewSystem

/// Every known cause of trouble as a check (`preview doctor`, BEHAVIOURS M1 to M3).
package struct Doctor: Sendable {
    let patient: Patient
    private let checks: [Check]

    /// Opens what there is to examine. Makes nothing.
    ///
    /// - Throws: `CancellationError` only: what cannot be opened is told by the checks.
    package static func open(
        _ choices: Choices, in surroundings: Surroundings
    ) async throws -> Doctor {
        Doctor(try await Patient.open(choices, in: surroundings))
    }

    private init(_ patient: Patient) {
        self.patient = patient
        checks = Self.checks(of: patient)
    }

    /// The checks, and the only list of them, in the order in which they are shown.
    private static func checks(of patient: Patient) -> [Check] {
        let configuration = ConfigurationChecks(patient: patient)
        let record = RecordChecks(patient: patient)
        let repository = RepositoryChecks(patient)
        let access = AccessChecks(patient: patient)
        let machine = MachineChecks(patient: patient)
        return [
            Check("preview.yaml") { try configuration.file() },
            Check("secrets") { try configuration.secrets() },
            Check("state folder") { try await record.folder() },
            Check("store", limit: .seconds(45)) { try await record.store() },
            Check("records", limit: .seconds(120)) { try await record.records() },
            Check("lock", limit: .seconds(45)) { try await record.lock() },
            Check("limits", limit: .seconds(120)) { try await configuration.limits() },
            Check("disk") { record.disk() },
            Check("git") { try await repository.git() },
            Check("repository", limit: .seconds(60)) { try await repository.branch() },
            Check("tools", limit: .seconds(120)) { try await repository.tools() },
            Check("GitHub token", limit: .seconds(45)) { try await access.gitHub() },
            Check("Fly.io token", limit: .seconds(45)) { try await access.fly() },
            Check("provider", limit: .seconds(45)) { try await access.provider() },
            Check("clock", limit: .seconds(60)) { try await access.clock() },
            Check("machine", limit: .seconds(60)) { try await machine.state() },
            Check("socket", limit: .seconds(60)) { try await machine.sockets() },
            Check("URL", limit: .seconds(100)) { try await machine.url() },
            Check("stray processes", limit: .seconds(120)) { try await machine.strays() },
            Check("last errors", limit: .seconds(120)) { try await record.troubles() },
            Check("server") { try await access.server() },
        ]
    }

    /// Which preview it is about, such as `acme/shop @ main on local`; `nil` where no configuration
    /// says.
    package var subject: String? {
        // Why there is none is the first check's to tell.
        guard let workspace = try? patient.workspace.get() else { return nil }
        let identity = workspace.identity
        return patient.redactor.redact(
            "\(identity.repositoryName) @ \(identity.branch) on "
                + workspace.config.provider.rawValue)
    }

    /// Makes all checks side by side, each within its own time.
    ///
    /// `show`: given each result in the order of the list, as soon as those before it are there.
    /// `waiting`: told what is still looked at after a second, and then every five.
    /// - Throws: `CancellationError` only.
    package func examine(
        show: @escaping @Sendable (CheckResult) -> Void,
        waiting: @escaping @Sendable (_ names: [String]) -> Void
    ) async throws -> Diagnosis {
        let results = Locked([String: CheckResult]())
        let watch = Task {
            for pause in [1] + repeatElement(5, count: 60) {
                try await Task.sleep(for: .seconds(pause))
                let done = results.withLock { $0 }
                waiting(checks.map(\.name).filter { done[$0] == nil })
            }
        }
        defer { watch.cancel() }
        try await withThrowingTaskGroup(of: CheckResult.self) { group in
            for check in checks { group.addTask { try await check.result() } }
            var shown = 0
            while var result = try await group.next() {
                result.findings = result.findings.map { $0.mapTexts(clean) }
                results.withLock { [result] in $0[result.name] = result }
                let known = results.withLock { $0 }
                while shown < checks.count, let next = known[checks[shown].name] {
                    show(next)
                    shown += 1
                }
            }
        }
        let known = results.withLock { $0 }
        return Diagnosis(
            results: checks.compactMap { known[$0.name] },
            // What keeps records from being read is told by their check.
            troubles: (try? await patient.survey.value)?.troubles ?? [],
            inventory: Inventory(patient), redactor: patient.redactor)
    }

    /// A text as it may be shown: without secrets, without what a terminal would obey.
    private func clean(_ text: String) -> String {
        CredentialMask.masked(patient.redactor.redact(TerminalText.sanitized(text)))
    }
}

/// What `preview doctor` found.
package struct Diagnosis: Sendable {
    /// In the order of the checks.
    package let results: [CheckResult]
    /// The last previews with errors, newest first, at most five.
    package let troubles: [RecordedTrouble]
    private let inventory: Inventory
    private let redactor: Redactor

    init(
        results: [CheckResult], troubles: [RecordedTrouble], inventory: Inventory,
        redactor: Redactor
    ) {
        self.results = results
        self.troubles = troubles
        self.inventory = inventory
        self.redactor = redactor
    }

    /// How many findings there are of a kind.
    package func count(_ outcome: Finding.Outcome) -> Int {
        results.flatMap(\.findings).count { $0.outcome == outcome }
    }

    /// What `preview doctor --json` prints (BEHAVIOURS S7, S14).
    package var json: JSONObject {
        var document = inventory.json
        document["counts"] = .object(
            JSONObject(
                Finding.Outcome.allCases.map {
                    .init(name: $0.rawValue, value: .int(count($0)))
                }))
        document["checks"] = .array(results.flatMap(\.json))
        document["errors"] = .array(troubles.map { $0.json(redactor.redact) })
        return document
    }
}
