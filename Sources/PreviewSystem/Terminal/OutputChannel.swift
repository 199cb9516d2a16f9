import Glibc

/// Standard output or standard error of this process.
///
/// A reader that goes away ends the output, not the run: after the first failed write everything
/// else is dropped silently (ENGINE section 4, R-18). Writes of several tasks do not mix.
package final class OutputChannel: Sendable {
    /// Standard output: results.
    package static let standardOutput = OutputChannel(1)
    /// Standard error: progress, prompts and errors.
    package static let standardError = OutputChannel(2)

    /// The descriptor written to.
    package let descriptor: Int32
    private let open = Locked(true)

    /// A channel to a descriptor that stays open as long as it is used.
    package init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// Whether everything so far has gone out; a prompt that could not be shown is a no.
    package var isOpen: Bool { open.withLock { $0 } }

    /// Writes all of `text`, waiting for a slow reader.
    package func write(_ text: String) {
        write(Array(text.utf8))
    }

    /// Writes all of `bytes`, waiting for a slow reader.
    package func write(_ bytes: [UInt8]) {
        open.withLock { isOpen in
            guard isOpen else { return }
            isOpen = writeAll(bytes, to: descriptor) == nil
        }
    }
}
