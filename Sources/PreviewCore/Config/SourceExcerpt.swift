/// The part of a source line around a problem, and the caret under it, both ready to print.
struct SourceExcerpt: Hashable, Sendable {
    /// The line, cut where it is long, harmless, with tabs as spaces.
    let line: String
    /// Spaces and carets, so that the carets stand under what is wrong.
    let pointer: String

    private static let reach = 48
    private static let tab = "    "

    /// Prepares the characters of a line around a problem, of which `offset` stand before it and
    /// `length` belong to it; `isCut` tells whether the line goes on before and behind them.
    fileprivate init(
        line scalars: [Unicode.Scalar],
        offset: Int,
        length: Int,
        isCut: (before: Bool, behind: Bool)
    ) {
        var (line, pad, carets) = (isCut.before ? "…" : "", isCut.before ? 1 : 0, 0)
        for (index, scalar) in CredentialMask.masked(scalars, isCut: isCut).enumerated() {
            let shown = scalar == "\t" ? Self.tab : String(DisplayText.visible(scalar))
            line += shown
            let width =
                scalar == "\t"
                ? Self.tab.utf8.count : DisplayText.width(of: DisplayText.visible(scalar))
            if index < offset {
                pad += width
            } else if index < offset + length {
                carets += width
            }
        }
        self.line = line + (isCut.behind ? "…" : "")
        pointer = String(repeating: " ", count: pad) + String(repeating: "^", count: max(1, carets))
    }

    /// The excerpts for places in ascending order, found in one walk through the file.
    static func excerpts(
        of places: [(mark: Mark, end: Mark)],
        in bytes: [UInt8]
    ) -> [SourceExcerpt?] {
        var cursor = SourceCursor(bytes)
        return places.map { place in
            guard cursor.move(to: place.mark) else { return nil }
            let before = cursor.before(atMost: reach)
            let behind = cursor.behind(atMost: reach)
            let isOneLine = place.mark.line == place.end.line
            let wanted = isOneLine ? place.end.column - place.mark.column : behind.scalars.count
            return SourceExcerpt(
                line: before.scalars + behind.scalars,
                offset: before.scalars.count,
                length: min(wanted, behind.scalars.count),
                isCut: (before.isCut, behind.isCut)
            )
        }
    }
}

/// A place in UTF-8 text that only moves forward.
private struct SourceCursor {
    private let bytes: [UInt8]
    private var index: Int
    private var mark = Mark(line: 1, column: 1)

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        index = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    }

    /// - Returns: false when the text ends before that place.
    mutating func move(to wanted: Mark) -> Bool {
        while mark < wanted {
            guard index < bytes.count else { return false }
            let byte = bytes[index]
            if Self.isBreak(byte) {
                // The end of a line is as far as a column beyond it can be reached.
                if mark.line == wanted.line { return true }
                let isPair = byte == 0x0D && index + 1 < bytes.count && bytes[index + 1] == 0x0A
                index += isPair ? 2 : 1
                mark = Mark(line: mark.line + 1, column: 1)
            } else {
                index += 1
                while index < bytes.count, bytes[index] & 0xC0 == 0x80 { index += 1 }
                mark.column += 1
            }
        }
        return true
    }

    func before(atMost count: Int) -> (scalars: [Unicode.Scalar], isCut: Bool) {
        var (start, seen) = (index, 0)
        let first = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        while start > first, seen < count, !Self.isBreak(bytes[start - 1]) {
            start -= 1
            while start > first, bytes[start] & 0xC0 == 0x80 { start -= 1 }
            seen += 1
        }
        return (scalars(start..<index), start > first && !Self.isBreak(bytes[start - 1]))
    }

    func behind(atMost count: Int) -> (scalars: [Unicode.Scalar], isCut: Bool) {
        var (end, seen) = (index, 0)
        while end < bytes.count, seen < count, !Self.isBreak(bytes[end]) {
            end += 1
            while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
            seen += 1
        }
        return (scalars(index..<end), end < bytes.count && !Self.isBreak(bytes[end]))
    }

    private func scalars(_ range: Range<Int>) -> [Unicode.Scalar] {
        Array(String(decoding: bytes[range], as: UTF8.self).unicodeScalars)
    }

    private static func isBreak(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }
}
