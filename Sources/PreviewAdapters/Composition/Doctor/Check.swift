import PreviewCore
import PreviewSystem

/// One thing that `preview doctor` looks at.
struct Check: Sendable {
    /// The same in every run, for people and for programs.
    let name: String
    /// How long it may take.
    let limit: Duration
    private let look: @Sendable () async throws -> [Finding]

    /// `look`: tells what it sees; what it throws is told as a failure.
    init(
        _ name: String, limit: Duration = .seconds(15),
        _ look: @escaping @Sendable () async throws -> [Finding]
    ) {
        self.name = name
        self.limit = limit
        self.look = look
    }

    /// Looks, within the limit.
    ///
    /// - Throws: `CancellationError` only.
    func result() async throws -> CheckResult {
        let start = Host.uptime
        let findings: [Finding]
        do {
            findings = try await Limited.run(within: limit, name, look)
        } catch {
            try Task.checkCancellation()
            findings = Finding.all(of: error)
        }
        let milliseconds = ((Host.uptime - start).inSeconds * 1000).rounded()
        return CheckResult(name: name, findings: findings, seconds: milliseconds / 1000)
    }
}

/// Something that a check cannot do without, and whose absence another check tells.
struct Needs: Error {
    /// The other check's name.
    let check: String

    /// Gets it, so that one trouble is not told by many checks.
    static func check<Value>(
        _ name: String, _ get: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await get()
        } catch {
            try Task.checkCancellation()
            throw Needs(check: name)
        }
    }
}

/// Work that may only take so long.
enum Limited {
    /// Does the work; what is not done in time is cancelled and waited for.
    ///
    /// - Throws: what the work throws, or ``ErrorCode/timedOut``.
    static func run<Value: Sendable>(
        within limit: Duration, _ name: String,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value.self) { group in
            group.addTask { try await body() }
            group.addTask {
                try await Task.sleep(for: limit)
                throw Failure(
                    .timedOut, .timedOut,
                    "\(name) did not answer within \(DurationText.elapsed(limit.inSeconds))",
                    fix: "see whether the network or the disk is slow, and run it again")
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }
}

/// Something that several checks look at, and that is asked for once.
struct Shared<Value: Sendable>: Sendable {
    private let task: Task<Value, any Error>

    /// Begins at once. `limit` has to be shorter than that of the checks that wait for it.
    init(
        _ name: String, within limit: Duration,
        _ body: @escaping @Sendable () async throws -> Value
    ) {
        task = Task { try await Limited.run(within: limit, name, body) }
    }

    /// Waits for it.
    var value: Value {
        get async throws {
            try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        }
    }
}

extension Finding {
    /// What an error says to people: one finding for each problem in it.
    static func all(of error: any Error) -> [Finding] {
        switch error {
        case let problems as ConfigProblems: problems.problems.map(finding)
        case let needs as Needs: [.skipped("needs what \"\(needs.check)\" looks at")]
        case let failure as Failure: [.failed(failure)]
        case let rejection as Rejection: [.failed(rejection.failure)]
        case let failure as FlyFailure: [.failed(failure.told(step: nil))]
        case let failure as FileFailure: [.failed(Failure(failure))]
        default: [.failed(Failure(.internalError, "\(error)", fix: "please report this"))]
        }
    }

    private static func finding(of problem: ConfigProblem) -> Finding {
        let advice =
            problem.suggestion.map { "did you mean `\($0.word)`?" }
            ?? problem.expected.map { "expected \($0)" }
        return .failed(
            Failure(
                problem.code, .invalidConfig,
                "\(problem.file):\(problem.mark.line):\(problem.mark.column): \(problem.message)",
                fix: advice ?? "`preview validate` shows the line"))
    }
}
