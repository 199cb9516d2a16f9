/// The addresses that ``RepositoryReference/parse(_:)`` takes, said once more as regular expressions
/// for the JSON Schema; the corpus holds the two together.
enum RepositoryAddressSchema {
    /// Any of the forms; text without variables.
    static let schema: JSONValue = [
        "allOf": [.pattern("[^\(control)]*")],
        "anyOf": [
            .pattern(local), .pattern(scp), .pattern(shorthand),
            [
                "allOf": [.pattern("[^/]*//[^/]*(?:[^%]|\(escape))*")],
                "anyOf": [.pattern(web), .pattern(ssh), .pattern(file)],
            ],
        ],
    ]

    // MARK: Characters

    /// Control and format characters and line separators of Unicode, inside a class.
    private static let control =
        #"\u0000-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"#
        + #"\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb"#
        + "\u{110BD}\u{110CD}\u{13430}-\u{1343F}\u{1BCA0}-\u{1BCA3}\u{1D173}-\u{1D17A}"
        + "\u{E0001}\u{E0020}-\u{E007F}"

    /// White space that is no control character, inside a class.
    private static let space = #" \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"#

    /// The percent escapes of a URL's path: printable ASCII without `/` and `\`, or UTF-8 (Unicode,
    /// table 3-7) that is no control or format character.
    private static let escape: String = {
        let control = [
            "%C2%[89].", "%C2%AD", "%D8%8[0-5]", "%D8%9C", "%DB%9D", "%DC%8F", "%E0%A2%9[01]",
            "%E0%A3%A2", "%E1%A0%8E", "%E2%80%8[BCDEF]", "%E2%80%A[89ABCDE]", "%E2%81%A[0-46-9A-F]",
            "%EF%BB%BF", "%EF%BF%B[9AB]", "%F0%91%82%BD", "%F0%91%83%8D", "%F0%93%90%B.",
            "%F0%9B%B2%A[0-3]", "%F0%9D%85%B[3-9A]", "%F3%A0%80%81", "%F3%A0%80%[AB].",
            "%F3%A0%81%.",
        ].joined(separator: "|")
        let ascii = "%2[0-9A-E]|%[346].|%5[0-9ABDEF]|%7[0-9A-E]"
        let next = "%[89AB]."
        let two = "%(?:C[2-9A-F]|D.)\(next)"
        let three = "(?:%E0%[AB].|%E[1-9ABCEF]\(next)|%ED%[89].)\(next)"
        let four = "(?:%F0%[9AB].|%F[1-3]\(next)|%F4%8.)\(next)\(next)"
        return inBothCases("(?:\(ascii)|(?!\(control))(?:\(two)|\(three)|\(four)))")
    }()

    /// Makes the hexadecimal digits of an expression match in both cases; a dot is any of them.
    private static func inBothCases(_ pattern: String) -> String {
        var (result, isClass) = ("", false)
        var rest = pattern[...]
        while let character = rest.popFirst() {
            switch character {
            case ".": result += "[0-9A-Fa-f]"
            case "A"..."F":
                let range = isClass && rest.first == "-" ? String(rest.prefix(2)) : ""
                rest = rest.dropFirst(range.count)
                let both = "\(character)\(range)" + "\(character)\(range)".lowercased()
                result += isClass ? both : "[\(both)]"
            default:
                if character == "[" || character == "]" { isClass = character == "[" }
                result.append(character)
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
    private static let anything = "[^/?#\(space)]"

    /// Folders and the repository of a URL. An `@` behind the first character of a part looks like
    /// the end of a password, where there can be one.
    private static func path(refusingAt refusesAt: Bool = true) -> String {
        let part = #"(?!(?:\.|%2[Ee]){1,2}(?:/|$))(?!-|%2[Dd])"#
        let first = #"(?:%40|[^/\\?#\#(space)])"#
        let next = refusesAt ? #"(?:(?!%40)[^/\\?#@\#(space)])*"# : #"[^/\\?#\#(space)]*"#
        let onlyGit = #"[\s\S]*/(?:\.|%2[Ee])(?:g|%67)(?:i|%69)(?:t|%74)/*$"#
        return "(?!\(onlyGit))(?:/+\(part)\(first)\(next))+/*"
    }

    // MARK: Forms

    private static let local = #"(?:\.|\.\.|~|(?:/|\./|\.\./|~/)(?:[\s\S]*[^\#(space)])?)"#

    private static let web =
        "(?:[Hh][Tt][Tt][Pp][Ss]|[Gg][Ii][Tt])://(?:\(anything)*@)?\(host)\(port)\(path())"

    private static let ssh =
        "[Ss][Ss][Hh]://(?:\(user)(?::\(anything)*)?@)?\(host)\(port)\(path())"

    private static let file = "[Ff][Ii][Ll][Ee]://\(path(refusingAt: false))"

    /// `git@host:owner/name`. Without `@` before the colon, one behind it looks like a password.
    private static let scp: String = {
        let plain = #"[^/\\?#@\#(space)]"#
        let part = #"(?!\.{1,2}(?:/|$))(?!-)(?:\#(plain)|@)\#(plain)*"#
        let isOther = #"(?![\s\S]*://)(?![A-Za-z0-9]*::)(?![\s\S]*[:/]\.git/*$)"#
        let named = #"(?!(?=[\s\S]*@\[)[\s\S]*\])\#(user)@(?!\[)\#(host)"#
        let numbered = #"\#(user)(?::[^/\]?#\#(space)]*)?@\#(literal)"#
        return "\(isOther)(?:\(named)|\(numbered)|(?=[^@]*$)\(host)):/*\(part)(?:/+\(part))*/*"
    }()

    private static let shorthand =
        #"(?!-)[A-Za-z0-9_-]+/(?!-)(?!\.{1,2}/*$)(?!\.git/*$)[A-Za-z0-9._-]+/*"#
}
