/// What becomes of a step that was run: recorded, told, and taken away where nobody wants it.
extension ApplyRun {
    /// Takes away what this run may have made for a record that has ended: it belongs to nobody.
    func abandoned(_ state: State, _ failure: Failure) async -> Failure {
        var failure = failure
        do {
            let swept = try await world.provider.sweep(state)
            failure.evidence += (swept.removed + swept.left).map {
                .init(swept.left.contains($0) ? "left" : "taken away", "\($0.kind) \($0.name)")
            }
        } catch {
            failure.evidence.append(.init("may be left", "whatever step 2 made: \(error)"))
        }
        return failure
    }

    func seconds(since start: Duration) -> Double { (world.uptime() - start).recorded }

    func record<S: Step>(
        _ output: S.Output, of step: S, input: JSONValue, seconds: Double, in journal: Journal
    ) async throws {
        let result = try JSONValue.encoding(output)
        try await journal.finish(step.id, input: input, output: result, seconds: seconds) { state in
            if let machine = output as? AllocateMachine.Output {
                state.app = machine.appName
                // What was seen of the later steps was seen on the machine before it.
                state.drift = []
            }
            if let settings = output as? ConfigureSettings.Output {
                state.expiresAt = settings.expiresAt
            }
        }
        for line in step.findings(in: output) {
            world.reporter.report(Event(.log, line, step: step.id))
        }
        world.reporter.report(
            Event(
                step.completion, "✓ Step \(step.id.number) completed successfully", step: step.id,
                data: ["seconds": .seconds(seconds), "details": result]))
        world.reporter.report(
            Event(.log, step.successDescription(of: output), step: step.id))
        for remark in step.remarks(on: output) {
            world.reporter.report(Event(.log, remark, level: .warning, step: step.id))
        }
    }

    /// Saves and reports why a step failed, and throws what the run ends with.
    func recordFailure(
        _ error: any Error, of step: any Step, in journal: Journal
    ) async throws {
        if error is CancellationError { throw error }
        var (failure, isClosed) =
            switch error {
            case let rejection as Rejection: (rejection.failure, true)
            case let failure as Failure: (failure, false)
            default: (Failure(.internalError, "\(error)"), false)
            }
        // The record itself failed: nothing more may be written.
        if failure.code.isAboutTheRecord || failure.code == ErrorCode.sessionCancelled {
            throw failure
        }
        failure.step = step.id
        failure.retry = failure.retry ?? "preview apply --step \(step.id.number)"
        try await journal.fail(
            step.id, error: RecordedError(code: failure.code, message: failure.message),
            closing: isClosed)
        world.reporter.report(
            Event(
                .log, "Error: \(failure.message)", level: .error, step: step.id, code: failure.code)
        )
        world.reporter.report(
            Event(
                .stepFailed,
                "✗ Error: \(step.failureDescription(with: request.config.provider))",
                level: .error, step: step.id,
                code: failure.code, data: failure.json))
        throw failure
    }
}

extension Duration {
    /// In seconds with three decimals, as a record has them.
    var recorded: Double {
        let (seconds, attoseconds) = components
        return (Double(seconds) * 1000 + Double(attoseconds / 1_000_000_000_000_000)).rounded()
            / 1000
    }
}
