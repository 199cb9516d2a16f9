/// The addresses that ``RepositoryReference/parse(_:)`` takes, said once more as regular expressions
/// for the JSON Schema; the corpus holds the two together.
enum RepositoryAddressSchema {
    /// Any of the forms; the text without variables.
    static let schema: JSONValue = [
        "anyOf": [
            .pattern(local), .pattern(web), .pattern(ssh), .pattern(file), .pattern(scp),
            .pattern(shorthand),
        ]
    ]

    // MARK: Characters

    /// Control and format characters and line separators of Unicode, inside a class.
    static let control =
        #"\u0000-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"#
        + #"\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"#
        + "\u{110BD}\u{110CD}\u{13430}-\u{1343F}\u{1BCA0}-\u{1BCA3}\u{1D173}-\u{1D17A}"
        + "\u{E0001}\u{E0020}-\u{E007F}"
    /// White space that is no control character, inside a class.
    static let space = #" \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"#

    /// The same control and format characters as UTF-8 in percent escapes, from U+0080 on.
    private static let encodedControl = anyCase(
        [
            "%C2%[89].", "%C2%AD", "%D8%8[0-5]", "%D8%9C", "%DB%9D", "%DC%8F", "%E0%A2%9[01]",
            "%E0%A3%A2", "%E1%A0%8E", "%E2%80%8[B-F]", "%E2%80%A[89A-E]", "%E2%81%A[0-46-9A-F]",
            "%EF%BB%BF", "%EF%BF%B[9-B]", "%F0%91%82%BD", "%F0%91%83%8D", "%F0%93%90%B.",
            "%F0%9B%B2%A[0-3]", "%F0%9D%85%B[3-9A]", "%F3%A0%80%81", "%F3%A0%80%[AB].",
            "%F3%A0%81%.",
        ].joined(separator: "|")
    )

    /// Percent escapes of a character behind the first: printable ASCII without `/`, `@` and `\`, or
    /// UTF-8 (Unicode, table 3-7).
    private static let escape: String = {
        let ascii = "%2[0-9A-E]|%3.|%4[1-9A-F]|%5[0-9ABD-F]|%6.|%7[0-9A-E]"
        let next = "%[89AB]."
        let two = "%(?:C[2-9A-F]|D.)\(next)"
        let three = "(?:%E0%[AB].|%E[1-9ABCEF]\(next)|%ED%[89].)\(next)"
        let four = "(?:%F0%[9AB].|%F[1-3]\(next)|%F4%8.)\(next)\(next)"
        return "(?:" + anyCase(ascii) + "|(?!\(encodedControl))(?:"
            + anyCase("\(two)|\(three)|\(four)") + "))"
    }()

    /// Makes hexadecimal digits match in both cases; a dot is any of them.
    private static func anyCase(_ pattern: String) -> String {
        var (result, isClass) = ("", false)
        for (index, character) in zip(pattern.indices, pattern) {
            switch character {
            case ".": result += "[0-9A-Fa-f]"
            case "[", "]":
                isClass = character == "["
                result.append(character)
            case "A"..."F" where !isClass: result += "[\(character)\(character.lowercased())]"
            case "A"..."F":
                // The end of a range has been written with its beginning.
                let next = pattern[pattern.index(after: index)...]
                if pattern[..<index].last == "-" { continue }
                let range = next.first == "-" ? String(next.prefix(2)) : ""
                result += "\(character)\(range)\(character.lowercased())\(range.lowercased())"
            case "-" where pattern[..<index].last?.isLetter == true: continue
            default: result.append(character)
            }
        }
        return result
    }

    // MARK: Parts

    private static let user = "(?!-)[A-Za-z0-9._+-]+"
    private static let literal = #"\[[0-9A-Fa-f:.]+\]"#
    private static let host = #"(?:\#(literal)|[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?!\.))*)"#
    private static let port =
        "(?::0*(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]"
        + "|6553[0-5]))?"
    private static let anything = "[^/?#\(space)\(control)]"

    /// Folders and the repository of a URL; `others` are further characters behind the first.
    private static func path(allowing others: String = "") -> String {
        let plain = #"[^/\\%?#@\#(space)\#(control)]"#
        let notAlone = #"(?!(?:\.|%2[Ee]){1,2}(?:/|$))(?!-|%2[Dd])"#
        let rest = "(?:\(plain)|\(escape)\(others))*"
        let segment = "\(notAlone)(?:\(plain)|\(escape)|@|%40)\(rest)"
        let notOnlyGit = "(?![\\s\\S]*/(?:\\.|%2[Ee])(?:g|%67)(?:i|%69)(?:t|%74)/*$)"
        return "\(notOnlyGit)(?:/+\(segment))+/*"
    }

    // MARK: Forms

    private static let local =
        #"(?:\.|\.\.|~|(?:/|\./|\.\./|~/)(?:[^\#(control)]*[^\#(space)\#(control)])?)"#

    private static let web =
        "(?:[Hh][Tt][Tt][Pp][Ss]|[Gg][Ii][Tt])://(?:\(anything)*@)?\(host)\(port)\(path())"

    private static let ssh =
        "[Ss][Ss][Hh]://(?:\(user)(?::\(anything)*)?@)?\(host)\(port)\(path())"

    private static let file = "[Ff][Ii][Ll][Ee]://\(path(allowing: "|@|%40"))"

    /// `git@host:owner/name`. Without `@` before the colon, one behind it looks like a password.
    private static let scp: String = {
        let plain = #"[^/\\?#@\#(space)\#(control)]"#
        let segment = #"(?!\.{1,2}(?:/|$))(?!-)(?:\#(plain)|@)\#(plain)*"#
        let path = "/*\(segment)(?:/+\(segment))*/*"
        let isNone = #"(?![\s\S]*://)(?![A-Za-z0-9]*::)(?![\s\S]*[:/]\.git/*$)"#
        let named = #"(?!(?=[\s\S]*@\[)[\s\S]*\])\#(user)@(?!\[)\#(host)"#
        let numbered = #"(?:\#(user)(?::[^/\]?#\#(space)\#(control)]*)?@)\#(literal)"#
        let plainHost = "(?=[^@]*$)\(host)"
        return "\(isNone)(?:\(named)|\(numbered)|\(plainHost)):\(path)"
    }()

    private static let shorthand =
        #"(?!-)[A-Za-z0-9_-]+/(?!-)(?!\.{1,2}/*$)(?!\.git/*$)[A-Za-z0-9._-]+/*"#
}
