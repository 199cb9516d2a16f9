import PreviewAdapters
import PreviewCore

/// Tells a run as JSON lines on standard output: the events as they stand in the log.
struct JSONReporter: Sendable {
    let write: @Sendable (String) -> Void

    func show(_ logged: LoggedEvent) {
        write(String(decoding: JSONWriter.line(logged.json), as: UTF8.self) + "\n")
    }
}
