import PreviewCore
import PreviewSystem

/// One call of git and how it ended, for tracing (BEHAVIOURS P11). Holds nothing secret: tokens travel
/// in the environment, and of addresses neither user nor password is shown.
package struct GitCall: Hashable, Sendable {
    /// Told of every call when it has ended.
    package typealias Trace = @Sendable (GitCall) -> Void

    /// The arguments as they may be shown, without the precautions that each call has.
    package var words: [String]
    /// The exit status, or nil where git did not end by itself.
    package var status: Int32?
    /// From the call to its end.
    package var duration: Duration

    init(_ command: GitCommand, status: Int32?, duration: Duration) {
        words = command.words.map {
            $0.contains("://") ? HTTPExchange.shownURL($0) : CredentialMask.masked($0)
        }
        self.status = status
        self.duration = duration
    }
}

extension GitCall: CustomStringConvertible {
    /// One line: what was asked, how it ended, and how long it took.
    package var description: String {
        let milliseconds = Int((duration / .milliseconds(1)).rounded())
        let end = status.map { "exit \($0)" } ?? "not ended"
        return "git \(words.joined(separator: " ")) → \(end), \(milliseconds) ms"
    }
}
