import PreviewCore
import PreviewSystem

/// Turns what a child writes into lines that may be stored and shown: secrets replaced, terminal
/// control removed, of bounded length.
final class OutputCapture {
    private var redaction: Redactor.Stream
    private var lines = LineSplitter()
    private let redactor: Redactor
    private let sink: (String) -> Void

    init(_ redactor: Redactor, sink: @escaping (String) -> Void) {
        self.redactor = redactor
        redaction = redactor.makeStream()
        self.sink = sink
    }

    /// Takes the next bytes, `nil` at their end.
    func take(_ bytes: [UInt8]?) {
        guard let bytes else {
            for line in lines.feed(redaction.finish()) { say(line) }
            if let rest = lines.finish() { say(rest) }
            return
        }
        for line in lines.feed(redaction.add(bytes)) { say(line) }
    }

    private func say(_ line: String) {
        // Once more: without the control sequences a value may have come together.
        sink(redactor.redact(TerminalText.sanitized(line)))
    }
}

/// The last lines that were said, as evidence of a failure.
struct LastLines {
    /// How many are kept, and how much of each.
    private static let count = 20
    private static let length = 500

    private(set) var lines: [String] = []

    mutating func add(_ line: String) {
        guard line.contains(where: { !$0.isWhitespace }) else { return }
        lines.append(String(line.prefix(Self.length)))
        if lines.count > Self.count { lines.removeFirst() }
    }

    /// As evidence; none when nothing was said.
    var evidence: [Failure.Evidence] {
        lines.isEmpty ? [] : [.init("last lines", lines.joined(separator: "\n"))]
    }
}
