/// Text as git, shells and file systems read it: byte by byte. Swift's own comparisons take a
/// character and the combining marks behind it for one, so that a dash with an accent is no dash,
/// which is wrong for everything that is a rule about syntax.
extension StringProtocol where SubSequence == Substring {
    /// Whether the bytes begin with those of `start`.
    func begins(with start: String) -> Bool { utf8.starts(with: start.utf8) }

    /// Whether the bytes end with those of `end`.
    func ends(with end: String) -> Bool { utf8.reversed().starts(with: end.utf8.reversed()) }

    /// Whether the bytes of `part` stand anywhere among these.
    func holds(_ part: String) -> Bool { place(of: part) != nil }

    /// Where the bytes of `part` stand for the first time.
    func place(of part: String) -> Range<Index>? {
        var rest = self[...]
        while !rest.utf8.isEmpty {
            if rest.begins(with: part) {
                return rest.startIndex..<utf8.index(rest.startIndex, offsetBy: part.utf8.count)
            }
            rest = rest[rest.unicodeScalars.index(after: rest.startIndex)...]
        }
        return nil
    }

    /// The parts between the separators, an ASCII character.
    func parts(
        at separator: Unicode.Scalar,
        atMost count: Int = .max,
        keepingEmpty: Bool = false
    ) -> [Substring] {
        self[...].unicodeScalars.split(
            separator: separator,
            maxSplits: count - 1,
            omittingEmptySubsequences: !keepingEmpty
        ).map(Substring.init)
    }
}
