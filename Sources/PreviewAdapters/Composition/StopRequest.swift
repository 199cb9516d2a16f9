package import PreviewCore
package import PreviewSystem

/// That a command is to stop before its end, and what its end is then called.
package final class StopRequest: Sendable {
    /// Why it is to stop.
    package enum Reason: Sendable {
        case signal(Signals.Request)
        case time(Duration)

        /// What the command ends with.
        package var failure: Failure {
            switch self {
            case .signal(let request):
                Failure(
                    .interrupted, .interrupted(signal: request.rawValue),
                    "interrupted; everything done so far is recorded",
                    fix: "run the command again to go on")
            case .time(let limit):
                Failure(
                    .timedOut, .timedOut,
                    "the command took longer than \(limit.components.seconds) s",
                    fix: "give it more time with `--timeout`, or run it again to go on")
            }
        }
    }

    private struct Contents {
        var reason: Reason?
        /// By the id of the run.
        var farewells: [String: @Sendable (Failure) -> Void] = [:]
    }

    private let contents = Locked(Contents())

    /// Nothing is asked for yet.
    package init() {}

    /// Asks for the stop; the first reason counts.
    package func ask(_ reason: Reason) {
        contents.withLock { $0.reason = $0.reason ?? reason }
    }

    /// What an error of a command that was asked to stop is called. A state error wins over a
    /// signal (ENGINE section 8); a cancelled call does not.
    package func error(replacing error: any Error) -> any Error {
        guard let reason = contents.withLock({ $0.reason }) else { return error }
        if let failure = error as? Failure, failure.code.isAboutTheRecord { return failure }
        return reason.failure
    }

    /// Sets what a run has to do where it is abandoned in the middle of a call; nil for nothing any
    /// more.
    package func setFarewell(of run: String, _ farewell: (@Sendable (Failure) -> Void)?) {
        contents.withLock { $0.farewells[run] = farewell }
    }

    /// Does it for every run that is under way, once.
    package func sayFarewell(_ failure: Failure) {
        let farewells = contents.withLock { contents in
            defer { contents.farewells = [:] }
            return contents.farewells
        }
        for farewell in farewells.values { farewell(failure) }
    }
}
