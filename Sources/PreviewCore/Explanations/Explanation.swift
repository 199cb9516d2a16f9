/// What an error code means, for a person without a network: the text of `preview explain CODE`.
package struct Explanation: Hashable, Sendable {
    /// What happened, in a few words and without a full stop.
    package var title: String
    /// Two or three sentences in the user's words.
    package var meaning: String
    /// Why it usually happens, the likeliest first.
    package var causes: [String]
    /// What to do, the first thing to try first; commands stand in backticks.
    package var remedies: [String]
    /// What sort of failure it usually is, which decides the exit code; `nil` for what is only ever
    /// a warning or a note.
    package var kind: Failure.Kind?

    /// The whole text, wrapped for a terminal, without a final line break.
    package func text(of code: ErrorCode) -> String {
        var lines = ["\(code.rawValue)  \(title)", ""]
        lines += Self.wrapped(meaning, indent: "")
        lines += ["", "Usual causes"]
        for cause in causes { lines += Self.wrapped(cause, indent: "  ", mark: "- ") }
        lines += ["", "What to do"]
        for remedy in remedies { lines += Self.wrapped(remedy, indent: "  ", mark: "- ") }
        lines += [
            "", kind.map { "Exit code \($0.exitCode)" } ?? "A warning: the exit code stays 0",
        ]
        return lines.joined(separator: "\n")
    }

    /// The column that no line goes beyond, unless a single word does.
    private static let width = 80

    private static func wrapped(_ text: String, indent: String, mark: String = "") -> [String] {
        var lines: [String] = []
        var line = indent + mark
        var isEmpty = true
        for word in text.split(separator: " ") {
            if !isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = indent + String(repeating: " ", count: mark.count)
                isEmpty = true
            }
            line += (isEmpty ? "" : " ") + word
            isEmpty = false
        }
        return lines + [line]
    }
}
