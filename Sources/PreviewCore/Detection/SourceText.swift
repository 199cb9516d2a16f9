/// Text in which facts are looked for by patterns: configuration that is program code, and build
/// files (rules section 2). What a pattern does not find is not known.
struct SourceText {
    /// Longer files are looked at up to here, so that no file can take long.
    private static let limit = 192 << 10

    let text: String
    private let patterns: PatternCache

    /// Where its patterns are compiled, for text made from it.
    var cache: PatternCache { patterns }

    init(_ text: String, patterns: PatternCache) {
        self.text =
            text.utf8.count <= Self.limit
            ? text : String(decoding: text.utf8.prefix(Self.limit), as: UTF8.self)
        self.patterns = patterns
    }

    /// Whether the pattern occurs.
    func matches(_ pattern: String) -> Bool {
        text.firstMatch(of: patterns.regex(pattern)) != nil
    }

    /// Whether any of several patterns occurs.
    func matches(any patterns: String...) -> Bool { patterns.contains(where: matches) }

    /// What ``first(_:)`` gives of the first pattern that occurs.
    func first(of patterns: String...) -> String? { patterns.lazy.compactMap(first).first }

    /// What the first group of the first match holds; the whole match for a pattern without groups.
    func first(_ pattern: String) -> String? {
        text.firstMatch(of: patterns.regex(pattern)).flatMap(Self.value)
    }

    /// The same of every match.
    func all(_ pattern: String) -> [String] {
        text.matches(of: patterns.regex(pattern)).compactMap(Self.value)
    }

    /// Every match's groups; a group that took no part is empty.
    func groups(_ pattern: String) -> [[String]] {
        text.matches(of: patterns.regex(pattern)).map { match in
            match.output.dropFirst().map { $0.substring.map(String.init) ?? "" }
        }
    }

    /// Of several groups the one that took part.
    private static func value(_ match: Regex<AnyRegexOutput>.Match) -> String? {
        let groups = match.output.dropFirst()
        guard !groups.isEmpty else { return match.output.first?.substring.map(String.init) }
        return groups.lazy.compactMap { $0.substring.map(String.init) }.first
    }

    /// What stands directly between the braces of `name: { … }`, without the objects inside it.
    func object(named name: String) -> SourceText? {
        guard let match = text.firstMatch(of: patterns.regex(#"\b\#(name)['"]?\s*:\s*\{"#)) else {
            return nil
        }
        var depth = 1
        var inside = ""
        for character in text[match.range.upperBound...] {
            if character == "}" { depth -= 1 }
            guard depth > 0 else { break }
            if depth == 1, character != "{" { inside.append(character) }
            if character == "{" { depth += 1 }
        }
        return SourceText(Versions.trimmed(inside), patterns: patterns)
    }

    /// Whether a text occurs as it stands.
    func contains(_ literal: String) -> Bool { text.contains(literal) }

    /// The same without `//` and `/* */` comments; texts in quotes are kept as they are.
    var withoutComments: SourceText {
        guard text.contains("//") || text.contains("/*") else { return self }
        var stripper = CommentStripper(Array(text.utf8))
        return SourceText(String(decoding: stripper.run(), as: UTF8.self), patterns: patterns)
    }

    /// The same without lines that begin with `#`.
    var withoutHashLines: SourceText {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.drop(while: { $0 == " " || $0 == "\t" }).hasPrefix("#") }
        return SourceText(lines.joined(separator: "\n"), patterns: patterns)
    }
}

/// Compiles each pattern once per detection.
final class PatternCache {
    private var compiled: [String: Regex<AnyRegexOutput>] = [:]

    /// The pattern, which must be one of this program's or of its catalogue: a wrong one is a
    /// mistake in the program.
    func regex(_ pattern: String) -> Regex<AnyRegexOutput> {
        if let known = compiled[pattern] { return known }
        do {
            // Not with the semantics of Unicode scalars, with which Swift 6.3 misses simple word
            // boundaries; Unicode's own boundaries would take `server.port` for one word.
            let regex = try Regex(pattern).wordBoundaryKind(.simple)
            compiled[pattern] = regex
            return regex
        } catch {
            preconditionFailure("the pattern \(pattern) is wrong: \(error)")
        }
    }
}

private struct CommentStripper {
    private let bytes: [UInt8]
    private var result: [UInt8] = []
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        result.reserveCapacity(bytes.count)
    }

    mutating func run() -> [UInt8] {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"): copyQuoted()
            case UInt8(ascii: "/") where next == UInt8(ascii: "/"): skipLine()
            case UInt8(ascii: "/") where next == UInt8(ascii: "*"): skipBlock()
            default:
                result.append(bytes[position])
                position += 1
            }
        }
        return result
    }

    private var next: UInt8? { position + 1 < bytes.count ? bytes[position + 1] : nil }

    /// A quote that is not closed on its line (an apostrophe in a pattern) ends with the line.
    private mutating func copyQuoted() {
        let quote = bytes[position]
        repeat {
            if bytes[position] == UInt8(ascii: "\\"), position + 1 < bytes.count {
                result.append(bytes[position])
                position += 1
            }
            result.append(bytes[position])
            position += 1
        } while position < bytes.count && bytes[position] != quote
            && (bytes[position] != 0x0A || quote == UInt8(ascii: "`"))
        guard position < bytes.count else { return }
        result.append(bytes[position])
        position += 1
    }

    private mutating func skipLine() {
        while position < bytes.count, bytes[position] != 0x0A { position += 1 }
    }

    private mutating func skipBlock() {
        position += 2
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "*"), next == UInt8(ascii: "/") {
                position += 2
                return
            }
            position += 1
        }
    }
}
