import PreviewAdapters
import PreviewCore
import PreviewSystem

/// Tells a run in the log lines of SPEC section 3, on standard error.
struct HumanReporter: Sendable {
    let paint: Paint
    let isQuiet: Bool
    let write: @Sendable (String) -> Void

    /// Shows one event; what is only for programs is left out.
    func show(_ logged: LoggedEvent) {
        let event = logged.event
        guard event.kind != .runBegin, event.kind != .runEnd else { return }
        guard !isQuiet || event.level == .error else { return }
        write(line(for: logged) + "\n")
    }

    /// `[HH:MM:SS] message`.
    func line(for logged: LoggedEvent) -> String {
        let time = "[\(Host.localClockTime(unixSeconds: logged.time.seconds))]"
        return "\(paint.dim(time)) \(text(of: logged.event))"
    }

    private func text(of event: Event) -> String {
        var event = event
        // Output of repositories was filtered when it was taken; what else an event quotes was not.
        event.message = TerminalText.sanitized(event.message)
        return painted(event)
    }

    private func painted(_ event: Event) -> String {
        switch (event.kind, event.level) {
        case (_, .error): paint.red(event.message)
        case (_, .warning):
            paint.yellow(
                event.message.hasPrefix("Warning") ? event.message : "Warning: \(event.message)")
        case (.stepBegin, _): paint.bold(event.message)
        case (.repositoryDetected, _), (.machineAllocated, _), (.settingsConfigured, _),
            (.repositoryBooted, _):
            paint.green(event.message)
        case (.phaseBegin, _), (.phaseEnd, _): paint.cyan(event.message)
        case (.output, _), (.wait, _): paint.dim("  \(event.message)")
        default: event.message
        }
    }
}
