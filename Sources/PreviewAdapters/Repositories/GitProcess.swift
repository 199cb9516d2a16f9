import PreviewCore
import PreviewSystem

/// Runs git and waits for it.
struct GitProcess: Sendable {
    /// The absolute path of git.
    let program: String
    let environment: GitEnvironment
    /// How long one call may take.
    let limit: Duration
    let failures: GitFailures
    /// Told of every call.
    var trace: GitCall.Trace?
    /// The largest output that is taken; a listing of a million files fits.
    private static let outputLimit = 256 << 20

    /// Runs a command to its end.
    ///
    /// - Throws: ``Failure`` when it could not be run or did not end in time, `CancellationError`.
    func run(_ command: GitCommand, input: [UInt8]? = nil) async throws -> GitOutcome {
        let prepared = Command(
            program,
            command.arguments,
            environment: environment.variables
        )
        return try await traced(command) { () throws(ProcessFailure) in
            let result = try await prepared.run(
                input: input,
                outputLimit: Self.outputLimit,
                timeout: limit
            )
            return GitOutcome(
                status: result.ending.gitStatus,
                output: result.output,
                errors: result.errorText
            )
        }
    }

    /// Runs a command whose failure nothing can be made of but an error.
    func demand(_ command: GitCommand, input: [UInt8]? = nil) async throws -> GitOutcome {
        let outcome = try await run(command, input: input)
        guard outcome.status == 0 else { throw failures.failure(outcome) }
        return outcome
    }

    /// Runs a command and hands on what it prints.
    func show(
        _ command: GitCommand,
        _ onLine: @escaping @Sendable (String) async -> Void
    ) async throws -> GitOutcome {
        let prepared = Command(program, command.arguments, environment: environment.variables)
        let lines = Locked<[String]>([])
        return try await traced(command) { () throws(ProcessFailure) in
            let ending = try await prepared.streamLines(timeout: limit) { line in
                lines.withLock { $0 = $0.suffix(99) + [line] }
                await onLine(line)
            }
            let errors = lines.withLock { $0.joined(separator: "\n") }
            return GitOutcome(status: ending.gitStatus, errors: errors)
        }
    }

    /// Runs a call of git and tells of it.
    private func traced(
        _ command: GitCommand, _ call: () async throws(ProcessFailure) -> GitOutcome
    ) async throws -> GitOutcome {
        let began = ContinuousClock.now
        do throws(ProcessFailure) {
            let outcome = try await call()
            trace?(GitCall(command, status: outcome.status, duration: .now - began))
            return outcome
        } catch {
            trace?(GitCall(command, status: nil, duration: .now - began))
            throw failure(error)
        }
    }

    private func failure(_ error: ProcessFailure) -> any Error {
        switch error {
        case .cancelled: CancellationError()
        case .programNotFound: GitFailures.gitMissing
        case .timedOut(let limit, let errors):
            failures.timedOut(after: limit, errors: String(decoding: errors, as: UTF8.self))
        default: Failure(.gitFailed, "git could not be run: \(error)")
        }
    }
}

extension ProcessEnding {
    /// As a shell would count it.
    fileprivate var gitStatus: Int32 {
        switch self {
        case .exited(let code): code
        case .signalled(let number): 128 + number
        }
    }
}
