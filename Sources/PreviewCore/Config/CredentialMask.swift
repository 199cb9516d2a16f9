/// Keeps user and password of addresses out of what is shown of a line (ENGINE R-23).
package enum CredentialMask {
    /// The text with whatever stands between `://` and `@` as asterisks.
    package static func masked(_ text: String) -> String {
        String(String.UnicodeScalarView(masked(Array(text.unicodeScalars), isCut: (false, false))))
    }

    /// The characters of a line, or of a part of one, with each hidden one as an asterisk, so that
    /// places stay what they are. Of an address that is cut off, what may belong to a password is
    /// hidden too.
    static func masked(
        _ scalars: [Unicode.Scalar], isCut: (before: Bool, behind: Bool)
    ) -> [Unicode.Scalar] {
        var result = scalars
        let words = scalars.indices.split { isBoundary(scalars[$0]) }
        for word in words {
            guard let first = word.first, let last = word.last else { continue }
            let scheme = word.first { index in
                index + 2 <= last && scalars[index...index + 2].elementsEqual("://".unicodeScalars)
            }
            guard let start = scheme.map({ $0 + 3 }) ?? (isCut.before && first == 0 ? first : nil)
            else { continue }
            let isOpen = isCut.behind && last == scalars.count - 1
            let end = word.last { scalars[$0] == "@" } ?? (isOpen ? last + 1 : start)
            for index in start..<max(start, end) { result[index] = "*" }
        }
        return result
    }

    private static func isBoundary(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || scalar == "\"" || scalar == "'" || scalar == "`"
    }
}
