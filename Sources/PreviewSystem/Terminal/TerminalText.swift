import Glibc

/// Text as a terminal takes it: what is harmless to print, and how wide it is.
package enum TerminalText {
    /// `text` without anything that would make a terminal do more than print it.
    package static func sanitized(_ text: String) -> String {
        // Most lines are plain; an app may print thousands of them a second.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
        var filter = TerminalFilter()
        return filter.feed(Array(text.utf8)) + filter.finish()
    }

    /// The columns `text` takes, if it holds nothing that moves the cursor: East Asian wide
    /// characters and emoji take two, combining marks none.
    package static func width(of text: String) -> Int {
        text.reduce(0) { $0 + width(of: $1) }
    }

    /// `text` with spaces added up to `width` columns; what is longer stays as it is.
    package static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - self.width(of: text)))
    }

    private static func width(of character: Character) -> Int {
        let scalars = character.unicodeScalars
        guard let first = scalars.first else { return 0 }
        let properties = first.properties
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .control, .format: return 0
        default: break
        }
        let asksForEmoji = scalars.contains { $0.value == 0xFE0F }
        return properties.isEmojiPresentation || asksForEmoji || isWide(first.value) ? 2 : 1
    }

    /// The blocks of Unicode's East Asian Width W and F, coarsely (UAX #11).
    private static func isWide(_ value: UInt32) -> Bool {
        switch value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF,
            0xA000...0xA4CF, 0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            true
        default: false
        }
    }
}

/// Takes terminal control out of a stream of bytes, wherever the chunks end.
///
/// Removed are escape sequences (CSI, OSC, DCS and the like, ECMA-48), all control characters but
/// tab and line feed, and the characters that change the direction of text. What is no UTF-8 is
/// replaced. A control string that never ends is given up at the end of its line, so that it
/// cannot hide what follows.
package struct TerminalFilter: Sendable {
    private enum State {
        /// Printing.
        case text
        /// After ESC, and after the intermediate bytes that may follow it.
        case escape
        /// In a control sequence, up to its final byte.
        case sequence
        /// In a control string, up to ST or BEL.
        case string
        /// In a control string after ESC, which may begin its ST.
        case stringEscape
    }

    private var state = State.text
    private var decoder = UTF8Decoder()

    /// Starts as a terminal does, printing.
    package init() {}

    /// What is printable of `bytes`. A character that is not complete yet waits for the next call.
    package mutating func feed(_ bytes: [UInt8]) -> String {
        var result = String.UnicodeScalarView()
        for byte in bytes {
            for scalar in decoder.feed(byte) { take(scalar, into: &result) }
        }
        return String(result)
    }

    /// The rest, when no more bytes come.
    package mutating func finish() -> String {
        var result = String.UnicodeScalarView()
        if let scalar = decoder.finish() { take(scalar, into: &result) }
        state = .text
        return String(result)
    }

    private mutating func take(
        _ scalar: Unicode.Scalar,
        into result: inout String.UnicodeScalarView
    ) {
        switch (state, scalar.value) {
        // A line end, CAN and SUB end whatever sequence they are in.
        case (_, 0x0A):
            state = .text
            result.append(scalar)
        case (_, 0x18), (_, 0x1A): state = .text
        case (.text, 0x09): result.append(scalar)
        case (.string, 0x1B): state = .stringEscape
        case (.string, 0x07), (.string, 0x9C): state = .text
        case (.string, _): break
        case (.stringEscape, 0x5C): state = .text
        case (_, 0x1B): state = .escape
        case (_, 0x9B): state = .sequence
        case (_, 0x90), (_, 0x98), (_, 0x9D), (_, 0x9E), (_, 0x9F): state = .string
        case (.text, _): if isPrintable(scalar) { result.append(scalar) }
        case (.escape, _), (.stringEscape, _): state = afterEscape(scalar)
        case (.sequence, 0x40...0x7E): state = .text
        case (.sequence, _): break
        }
    }

    private func afterEscape(_ scalar: Unicode.Scalar) -> State {
        switch scalar {
        case "[": .sequence
        case "]", "P", "X", "^", "_": .string
        case "\u{20}"..."\u{2F}": .escape
        default: .text
        }
    }

    private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: false
        case 0x202A...0x202E, 0x2066...0x2069: false
        default: true
        }
    }
}

/// Turns bytes into characters one by one, each ill-formed part into one U+FFFD.
private struct UTF8Decoder: Sendable {
    private var pending: [UInt8] = []

    /// What `byte` completes: nothing, one character, or a replacement and perhaps a character.
    mutating func feed(_ byte: UInt8) -> [Unicode.Scalar] {
        if pending.isEmpty { return begin(byte) }
        guard Self.range(at: pending.count, after: pending[0]).contains(byte) else {
            pending = []
            return ["\u{FFFD}"] + begin(byte)
        }
        pending.append(byte)
        guard pending.count == Self.length(pending[0]) else { return [] }
        defer { pending = [] }
        return Array(String(decoding: pending, as: UTF8.self).unicodeScalars)
    }

    mutating func finish() -> Unicode.Scalar? {
        defer { pending = [] }
        return pending.isEmpty ? nil : "\u{FFFD}"
    }

    private mutating func begin(_ byte: UInt8) -> [Unicode.Scalar] {
        if byte < 0x80 { return [Unicode.Scalar(byte)] }
        guard Self.length(byte) > 0 else { return ["\u{FFFD}"] }
        pending = [byte]
        return []
    }

    /// Bytes of a character by its first one; 0 where none begins so (Unicode table 3-7).
    private static func length(_ first: UInt8) -> Int {
        switch first {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 0
        }
    }

    private static func range(at index: Int, after first: UInt8) -> ClosedRange<UInt8> {
        switch (index, first) {
        case (1, 0xE0): 0xA0...0xBF
        case (1, 0xED): 0x80...0x9F
        case (1, 0xF0): 0x90...0xBF
        case (1, 0xF4): 0x80...0x8F
        default: 0x80...0xBF
        }
    }
}
