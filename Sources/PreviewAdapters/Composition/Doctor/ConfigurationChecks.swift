import PreviewCore

/// What the file says and what it needs of its surroundings.
struct ConfigurationChecks: Sendable {
    let patient: Patient

    /// Whether there is a valid configuration.
    func file() throws -> [Finding] {
        let file = try ConfigFile.require(patient.choices, in: patient.surroundings)
        _ = try ConfigParser(
            file: file.shownPath, folder: file.folder, home: patient.surroundings.home,
            environment: { patient.surroundings.environment[$0] }
        ).parse(file.bytes)
        if case .failure = patient.records {
            // The file is fine; what its store lacks is told by the check of the store.
            return [.ok("\(file.shownPath) is valid")]
        }
        let workspace = try patient.workspace.get()
        let identity = workspace.identity
        return [
            .ok(
                "\(workspace.file.shownPath) is valid: \(identity.repositoryName) @ "
                    + "\(identity.branch) on \(workspace.config.provider.rawValue)")
        ]
    }

    /// Whether each secret has a value here.
    func secrets() throws -> [Finding] {
        guard case .success(let workspace) = patient.workspace else { return [.needsFile] }
        let references = workspace.config.secrets
        guard !references.isEmpty else { return [.skipped("preview.yaml names none")] }
        let source = try workspace.world(reporter: Silence()).secrets
        _ = try SecretValues.resolve(references, from: source)
        let names = references.map(\.name).joined(separator: ", ")
        return [.ok("all are there: \(names)")]
    }

    /// Whether the limits of the file allow this preview.
    func limits() async throws -> [Finding] {
        guard case .success(let workspace) = patient.workspace else { return [.needsFile] }
        let limits = workspace.config.limits
        guard limits.maxPreviews != nil || limits.maxMonthlyCostCents != nil else {
            return [.skipped("preview.yaml sets none")]
        }
        _ = try await Needs.check("records") { try await patient.survey.value }
        try await Limits(workspace).check()
        return [.ok("this preview is within them")]
    }
}

extension Finding {
    /// What can only be looked at with a valid configuration.
    static let needsFile = Finding.skipped("needs a valid preview.yaml and its store")
    /// What can only be looked at once something is recorded.
    static let needsRecord = Finding.skipped("nothing is recorded of this preview")
}
