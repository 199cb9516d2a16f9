import CPreviewSystem
import Glibc

/// The terminal this process was started in, as far as there is one.
package enum Terminal {
    /// Whether there is a terminal at `descriptor` (0 input, 1 output, 2 error output).
    package static func isTerminal(_ descriptor: Int32) -> Bool {
        isatty(descriptor) == 1
    }

    /// The columns of the terminal at `descriptor`, or nil where there is none or it does not say.
    package static func columns(of descriptor: Int32) -> Int? {
        let columns = cps_terminal_columns(descriptor)
        return columns > 0 ? Int(columns) : nil
    }

    /// Whether to colour what goes to `descriptor`: to a terminal that can, unless `NO_COLOR` is
    /// set and not empty (no-color.org). Both variables are the caller's to read.
    package static func usesColour(
        _ descriptor: Int32,
        noColor: String?,
        term: String?
    ) -> Bool {
        isTerminal(descriptor) && (noColor ?? "").isEmpty && (term ?? "dumb") != "dumb"
    }

    /// How the wait for a line came out.
    package enum Line: Hashable, Sendable {
        /// What was typed, without the line end.
        case text(String)
        /// The input has ended, was closed, cannot be read, or the line is longer than 64 KiB.
        case end
        /// The waiting task was cancelled.
        case cancelled
    }

    /// Waits for one line at `descriptor`, taking nothing beyond it, until it comes or the task is
    /// cancelled.
    package static func readLine(from descriptor: Int32 = 0) async -> Line {
        var bytes: [UInt8] = []
        while bytes.count < 64 * 1024 {
            if await waitUntilReadable(descriptor) == .cancelled { return .cancelled }
            switch takeAvailable(from: descriptor, adding: &bytes) {
            case .lineEnd: return .text(String(decoding: bytes, as: UTF8.self))
            case .inputEnd:
                return bytes.isEmpty ? .end : .text(String(decoding: bytes, as: UTF8.self))
            case .more: continue
            }
        }
        return .end
    }

    /// Reads everything at `descriptor` until its end, until the task is cancelled, or until there
    /// are more bytes than `limit`; `nil` in the last two cases.
    package static func readAll(from descriptor: Int32 = 0, limit: Int) async -> [UInt8]? {
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count <= limit {
            if await waitUntilReadable(descriptor) == .cancelled { return nil }
            let count = repeatingInterrupted { read(descriptor, &part, part.count) }
            if count < 0 && errno == EAGAIN { continue }
            if count <= 0 { return bytes }
            bytes += part[..<count]
        }
        return nil
    }

    private enum Taken {
        case lineEnd, inputEnd, more
    }

    /// Reads byte by byte, since what follows the line belongs to somebody else, as long as reading
    /// does not block.
    private static func takeAvailable(
        from descriptor: Int32,
        adding bytes: inout [UInt8]
    ) -> Taken {
        var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        repeat {
            var byte: UInt8 = 0
            let count = repeatingInterrupted { read(descriptor, &byte, 1) }
            if count < 0 && errno == EAGAIN { return .more }
            if count <= 0 { return .inputEnd }
            if byte == UInt8(ascii: "\n") {
                if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
                return .lineEnd
            }
            bytes.append(byte)
        } while bytes.count < 64 * 1024 && poll(&request, 1, 0) > 0
        return .more
    }
}
