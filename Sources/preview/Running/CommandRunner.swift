import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

/// What a command works with: where it runs, what was asked for, and where its output goes.
struct CommandContext: Sendable {
    let surroundings: Surroundings
    let choices: Choices
    let isJSON: Bool
    let isQuiet: Bool
    let verbosity: Int
    /// Whether a person can be asked.
    let isInteractive: Bool
    /// How long to wait for another run.
    let lockTimeout: Duration
    /// Whether it is to stop before its end.
    let stop = StopRequest()
    let output: OutputChannel
    let errors: OutputChannel
    /// For standard output and standard error.
    let paint: Paint
    let errorPaint: Paint

    /// Writes a result: one line on standard output.
    func result(_ line: String) { output.write(line + "\n") }

    /// Writes a JSON document on standard output.
    func result(_ value: JSONValue) { output.write(JSONWriter.pretty(value) + "\n") }

    /// Writes a remark on standard error, unless silence was asked for.
    func note(_ line: String) {
        if !isQuiet { errors.write(line + "\n") }
    }

    /// Writes a remark on what went on otherwise than it should.
    func remark(_ failure: Failure) {
        note("warning[\(failure.code.rawValue)]: \(failure.message)")
    }
}

extension CommandContext {
    /// A run of this command that is written down and shown as the flags ask.
    ///
    /// `show`: takes the events in the place of the terminal or of standard output.
    func recordedRun(
        _ command: String, of folder: String, in logs: DataFolder, redactor: Redactor,
        show: (@Sendable (LoggedEvent) -> Void)? = nil
    ) -> RecordedRun {
        RecordedRun(
            .init(
                command, program: "preview \(command)", user: surroundings.user,
                host: surroundings.host),
            of: folder, in: logs, redactor: redactor, stop: stop, show: show ?? presenter)
    }

    private var presenter: @Sendable (LoggedEvent) -> Void {
        guard !isJSON else {
            let output = output
            return JSONReporter(write: { output.write($0) }).show
        }
        let errors = errors
        return HumanReporter(
            paint: errorPaint, isQuiet: isQuiet, write: { errors.write($0) }
        ).show
    }
}

/// A command of `preview`. Its body says what it does; everything around it is done here.
protocol PreviewCommand: AsyncParsableCommand, Sendable {
    associatedtype Global: GlobalFlags
    var global: Global { get }

    /// Does the command's work.
    ///
    /// - Throws: ``Failure``, `ConfigProblems`, `CancellationError`, or an `ExitCode` after the
    ///   command has said everything itself.
    func execute(_ context: CommandContext) async throws
}

extension PreviewCommand {
    func run() async throws {
        let code = await CommandRunner(flags: global.common, choices: global.choices).run {
            context in
            try await execute(context)
        }
        guard code == 0 else { throw ExitCode(code) }
    }
}

/// Runs a command's body: signals, the time limit, and one place that turns errors into words and
/// exit codes.
struct CommandRunner {
    let flags: CommonOptions
    let choices: Choices

    func run(_ body: @escaping @Sendable (CommandContext) async throws -> Void) async -> Int32 {
        let context: CommandContext
        do {
            context = try makeContext()
        } catch {
            return report(error, isJSON: flags.json, paint: Paint(isOn: false))
        }
        do {
            let requests = try Signals.install()
            let limit = try flags.timeout.map { try Self.duration($0, of: "--timeout") }
            return await race(context, requests: requests, limit: limit, body)
        } catch {
            return report(error, isJSON: context.isJSON, paint: context.errorPaint)
        }
    }

    /// Runs the body until it ends, a signal comes, or the time is over.
    private func race(
        _ context: CommandContext, requests: AsyncStream<Signals.Request>, limit: Duration?,
        _ body: @escaping @Sendable (CommandContext) async throws -> Void
    ) async -> Int32 {
        let work = Task { try await body(context) }
        @Sendable func end(_ reason: StopRequest.Reason) async {
            context.stop.ask(reason)
            work.cancel()
            // The call under way gets five seconds, then it is abandoned with its attempt kept.
            // The sleep ends early only when nobody waits any more.
            try? await Task.sleep(for: .seconds(5))
            if !Task.isCancelled { abandon(reason.failure, context) }
        }
        let signals = Task {
            for await request in requests { await end(.signal(request)) }
        }
        let timer = Task {
            guard let limit else { return }
            try await Task.sleep(for: limit)
            await end(.time(limit))
        }
        let result = await work.result
        signals.cancel()
        timer.cancel()
        switch result {
        case .success: return 0
        case .failure(let error):
            return report(
                context.stop.error(replacing: error), isJSON: context.isJSON,
                paint: context.errorPaint)
        }
    }

    /// Leaves in the middle of a call, and says so first, as far as that does not hang as well.
    private func abandon(_ failure: Failure, _ context: CommandContext) {
        Host.exit(failure.kind.exitCode, after: .seconds(1))
        context.stop.sayFarewell(failure)
        Host.exit(report(failure, isJSON: context.isJSON, paint: context.errorPaint))
    }

    private func makeContext() throws -> CommandContext {
        var surroundings = try Surroundings.ofThisProcess()
        let verbosity = max(flags.verbose, surroundings.isSet("PREVIEW_DEBUG") ? 2 : 0)
        if verbosity > 1 {
            // Neither knows a secret: no header, no body, of a query only the names, and of an
            // address no user.
            surroundings.trace = { OutputChannel.standardError.write("\($0)\n") }
            surroundings.gitTrace = { OutputChannel.standardError.write("\($0)\n") }
        }
        #if DEBUG
            guard FaultPoint.configure(surroundings.value("PREVIEW_FAULT")) else {
                throw Failure(.usage, .usage, "PREVIEW_FAULT is not point[:nth]:effect")
            }
        #endif
        let asks =
            !flags.nonInteractive && !surroundings.isSet("CI")
            && !surroundings.isSet("PREVIEW_NON_INTERACTIVE") && Terminal.isTerminal(0)
        func paint(_ descriptor: Int32) -> Paint {
            Paint(
                isOn: !flags.noColor
                    && Terminal.usesColour(
                        descriptor, noColor: surroundings.value("NO_COLOR"),
                        term: surroundings.value("TERM"))
            )
        }
        return CommandContext(
            surroundings: surroundings, choices: choices, isJSON: flags.json,
            isQuiet: flags.quiet,
            verbosity: verbosity,
            isInteractive: asks,
            lockTimeout: try flags.lockTimeout.map { try Self.duration($0, of: "--lock-timeout") }
                ?? .zero,
            output: .standardOutput, errors: .standardError, paint: paint(1), errorPaint: paint(2))
    }

    /// A duration given to a flag.
    static func duration(_ text: String, of flag: String) throws -> Duration {
        guard let seconds = DurationText.seconds(text) else {
            throw Failure(
                .usage, .usage, "\(flag) takes a duration such as 30s, 5m or 1h, not \"\(text)\"")
        }
        return .seconds(seconds)
    }

    /// Tells an error and gives its exit code.
    private func report(_ error: any Error, isJSON: Bool, paint: Paint) -> Int32 {
        switch error {
        case let code as ExitCode: return code.rawValue
        case let problems as ConfigProblems:
            if isJSON {
                OutputChannel.standardOutput.write(JSONWriter.pretty(problems.json) + "\n")
            } else {
                OutputChannel.standardError.write(problems.rendered + "\n")
            }
            return Failure.Kind.invalidConfig.exitCode
        default: return report(Self.failure(from: error), isJSON: isJSON, paint: paint)
        }
    }

    private func report(_ failure: Failure, isJSON: Bool, paint: Paint) -> Int32 {
        if isJSON {
            let line = JSONWriter.line(["error": failure.json])
            OutputChannel.standardError.write(line + [0x0A])
        } else {
            OutputChannel.standardError.write(FailureText(paint: paint).text(of: failure))
        }
        return failure.kind.exitCode
    }

    private static func failure(from error: any Error) -> Failure {
        switch error {
        case let failure as Failure: failure
        case let rejection as Rejection: rejection.failure
        case let failure as FileFailure: Failure(failure)
        case is CancellationError: Failure(.interrupted, "interrupted")
        default: Failure(.internalError, "\(error)", fix: "please report this")
        }
    }
}
