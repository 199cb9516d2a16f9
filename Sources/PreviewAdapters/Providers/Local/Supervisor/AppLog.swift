import PreviewCore
import PreviewSystem

/// A log of lines with time and stream, kept to a bounded size by one earlier file.
final class AppLog {
    /// Where the output of the app goes.
    static let appName = "app.log"
    /// Where the output of clone, install and build goes.
    static let setupName = "setup.log"
    /// From this size on, in bytes, a new file is begun; the one before it is kept.
    private static let limit = 8 << 20

    private let folder: Folder
    private let name: String
    private let now: () -> Timestamp
    private var file: AppendFile?
    private var size = 0

    init(_ name: String, in folder: Folder, now: @escaping () -> Timestamp) {
        self.folder = folder
        self.name = name
        self.now = now
        reopen()
    }

    /// Adds lines. A log that cannot be written to stops nothing.
    func add(_ lines: [String], stream: String) {
        let prefix = AppLogLine.prefix(time: now(), stream: stream)
        let text = lines.map { prefix + $0 + "\n" }.joined()
        if size + text.utf8.count > Self.limit { rotate() }
        size += text.utf8.count
        // The disk may be full; the app must not care.
        try? file?.append(Array(text.utf8))
    }

    private func reopen() {
        // As above: without its file the log is silent.
        file = try? folder.appending(to: name)
        size = (try? folder.entry(name)?.size) ?? 0
    }

    private func rotate() {
        // If it cannot be renamed it goes on growing, which is better than to lose it.
        try? folder.rename(name, to: name + ".1")
        reopen()
    }
}

/// The form of a line in a log: `2026-11-24T05:51:00Z stdout text`.
enum AppLogLine {
    /// What stands before the text.
    static func prefix(time: Timestamp, stream: String) -> String { "\(time.text) \(stream) " }

    /// Reads a line without its end; `nil` for one that is torn.
    static func read(_ text: String) -> LogLine? {
        let parts = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let time = Timestamp(String(parts[0])) else { return nil }
        return LogLine(time: time, stream: String(parts[1]), text: String(parts[2]))
    }
}
