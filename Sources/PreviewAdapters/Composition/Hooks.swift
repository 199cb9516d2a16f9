import PreviewCore
import PreviewSystem

/// Runs the hooks of the file (BEHAVIOURS U5). A hook that fails is reported and undoes nothing.
struct Hooks {
    let workspace: Workspace
    let reporter: any Reporter

    private static let limit = Duration.seconds(300)

    /// After the last step, when everything is done.
    func completed(_ state: State) async throws {
        guard let command = workspace.config.hooks.onComplete,
            Session(of: state, isLocked: false).overallStatus == .completed
        else { return }
        await run(command, named: "on_complete", variables: variables(of: state))
    }

    /// After a step failed.
    func failed(_ error: any Error) async throws {
        guard let command = workspace.config.hooks.onError,
            let failure = (error as? Failure) ?? (error as? Rejection)?.failure,
            let step = failure.step, failure.kind != .notApproved
        else { return }
        let state = try await StateRecord.load(workspace.folder, from: workspace.records.store)?
            .state
        var variables = state.map(variables) ?? [:]
        variables["PREVIEW_ERROR"] = workspace.redactor.redact(failure.message)
        variables["PREVIEW_ERROR_STEP"] = String(step.number)
        variables["PREVIEW_ERROR_CODE"] = failure.code.rawValue
        variables["PREVIEW_STEP"] = String(step.number)
        await run(command, named: "on_error", variables: variables)
    }

    private func variables(of state: State) -> [String: String] {
        let session = Session(of: state, isLocked: false)
        var variables: [String: String] = [:]
        if let machine = state.output(of: AllocateMachine())?.machine,
            let detected = state.output(of: DetectRepository())
        {
            variables = PreviewVariables.make(
                machine: machine, branch: detected.branchName, commit: detected.commit,
                repository: detected.repositoryName, project: state.project,
                provider: state.provider, mode: workspace.config.run.mode,
                expiresAt: state.expiresAt)
        }
        variables["PREVIEW_SESSION_ID"] = state.lineage
        variables["PREVIEW_STEP"] = String(session.currentStep)
        return variables
    }

    private func run(_ line: String, named name: String, variables: [String: String]) async {
        let reporter = reporter
        var withheld = Set(Tokens.names)
        if case .environment(let name)? = workspace.config.stateKey { withheld.insert(name) }
        let environment = workspace.surroundings.environment
            .filter { [withheld] in !withheld.contains($0.key) }
            .merging(variables) { _, own in own }
        let command = Command(
            "/bin/sh", ["-c", line], environment: environment, directory: workspace.file.folder)
        do {
            let result = try await command.streamLines(timeout: Self.limit) { line in
                reporter.report(Event(.output, TerminalText.sanitized(line)))
            }
            if !result.isSuccess { warn(name, "it ended with \(result)") }
        } catch {
            warn(name, "\(error)")
        }
    }

    private func warn(_ name: String, _ reason: String) {
        reporter.report(
            Event(
                .log, "the hook \(name) failed: \(reason)", level: .warning, code: .hookFailed))
    }
}
