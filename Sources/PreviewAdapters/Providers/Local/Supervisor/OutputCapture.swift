import PreviewCore
import PreviewSystem

/// Turns what a child writes into lines that may be stored and shown: secrets replaced, terminal
/// control removed, of bounded length.
final class OutputCapture {
    private var redaction: Redactor.Stream
    private var lines = LineSplitter()
    private let redactor: Redactor
    private let sink: ([String]) -> Void

    /// The sink takes the lines of one reading together.
    init(_ redactor: Redactor, sink: @escaping ([String]) -> Void) {
        self.redactor = redactor
        redaction = redactor.makeStream()
        self.sink = sink
    }

    /// Takes the next bytes, `nil` at their end.
    func take(_ bytes: [UInt8]?) {
        if let bytes {
            say(lines.feed(redaction.add(bytes)))
        } else {
            let rest = lines.feed(redaction.finish())
            say(rest + (lines.finish().map { [$0] } ?? []))
        }
    }

    private func say(_ lines: [String]) {
        guard !lines.isEmpty else { return }
        // Once more: without the control sequences a value may have come together.
        sink(lines.map { redactor.redact(TerminalText.sanitized($0)) })
    }
}

/// The last lines that were said, as evidence of a failure.
struct LastLines {
    /// How many are kept, and how much of each.
    private static let count = 20
    private static let length = 500

    private(set) var lines: [String] = []

    mutating func add(_ added: [String]) {
        let telling = added.suffix(10 * Self.count).filter { line in
            line.contains { !$0.isWhitespace }
        }
        lines = (lines + telling.map { String($0.prefix(Self.length)) }).suffix(Self.count)
    }

    /// As evidence; none when nothing was said.
    var evidence: [Failure.Evidence] {
        lines.isEmpty ? [] : [.init("last lines", lines.joined(separator: "\n"))]
    }
}
