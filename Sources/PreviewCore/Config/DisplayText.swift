/// Text of unknown origin made fit for a terminal: nothing in it moves the cursor, changes colours
/// or turns the writing direction.
enum DisplayText {
    /// A value in back quotes, cut after 60 characters.
    static func quoted(_ text: String) -> String {
        if text.isEmpty { return "`\"\"`" }
        let scalars = text.unicodeScalars
        let head = scalars.prefix(60)
        return "`\(harmless(String(head)))\(head.endIndex < scalars.endIndex ? "…" : "")`"
    }

    /// The text with every control and format character replaced by a visible one.
    static func harmless(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(visible(scalar)) }
        return String(result)
    }

    /// Words as a choice: `a, b or c`.
    static func alternatives(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }

    /// The character itself, or a visible one in its place: the control pictures of Unicode where
    /// they exist.
    static func visible(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0..<0x20: return Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}"
        case 0x20..<0x7F: return scalar
        case 0x7F: return "\u{2421}"
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
            return "\u{FFFD}"
        default: return scalar
        }
    }

    /// How many columns a terminal gives to a character: 0 for combining marks, 2 for the wide
    /// ones of Unicode's East Asian Width (UAX #11), else 1.
    static func width(of scalar: Unicode.Scalar) -> Int {
        guard scalar.value >= 0x300 else { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark: return 0
        default: break
        }
        let isWide = wide.contains { $0.contains(scalar.value) }
        return isWide || scalar.properties.isEmojiPresentation ? 2 : 1
    }

    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97C,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6,
        0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]
}
