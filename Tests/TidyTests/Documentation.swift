/// Which declarations of a file need words of their own.
struct Documentation {
    let source: SwiftSource
    /// Whoever fulfils a requirement is documented by it.
    let requirements: Requirements

    /// The lines, from 1, of `package` declarations that nothing documents.
    ///
    /// An initialiser that does nothing but fill properties needs no words: its parameters are the
    /// properties, and those have theirs.
    var missing: [Int] {
        source.code.indices.filter { index in
            guard let declared = Declaration(source.code[index]) else { return false }
            return !isDocumented(index) && !isFulfilment(declared, at: index)
                && !(declared.kind == "init" && onlyFills(from: index))
        }.map { $0 + 1 }
    }

    /// Whether a comment of three slashes stands above a line, attributes in between aside.
    private func isDocumented(_ index: Int) -> Bool {
        var above = index - 1
        while above >= 0, source.lines[above].contains(/^\s*@/) { above -= 1 }
        return above >= 0 && source.lines[above].contains(/^\s*\/\/\//)
    }

    private func isFulfilment(_ declared: Declaration, at index: Int) -> Bool {
        Requirements.isStandard(declared)
            || requirements.cover(declared.name, in: enclosingType(of: index))
    }

    /// The type or the extension that a line stands in.
    private func enclosingType(of index: Int) -> String? {
        let indentation = source.code[index].prefix { $0 == " " }.count
        return source.code[..<index].reversed().lazy
            .filter { $0.prefix { $0 == " " }.count < indentation }
            .compactMap(Requirements.typeName).first
    }

    /// Whether all that the initialiser at a line does is to put values into properties.
    private func onlyFills(from index: Int) -> Bool {
        guard let body = source.body(from: index) else { return false }
        return body.split { $0 == "\n" || $0 == ";" }.allSatisfy { statement in
            statement.allSatisfy { $0 == " " }
                || statement.contains(/^ *(self\.)?\w+ = (\w+|\[:?\]|\w+\(\w+\)) *$/)
        }
    }
}

/// What a line declares for the package.
struct Declaration {
    /// Such as `func` or `var`.
    let kind: Substring
    let name: String
    /// Of an initialiser's first parameter.
    let label: Substring?

    init?(_ line: String) {
        let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
        guard let access = words.firstIndex(of: "package") else { return nil }
        let modifiers: Set<Substring> = [
            "final", "static", "indirect", "nonisolated", "mutating", "lazy", "weak", "private",
            "internal", "set",
        ]
        guard words[..<access].allSatisfy({ modifiers.contains($0) || line.contains("@\($0)") }),
            let place = words[access...].dropFirst().firstIndex(where: { !modifiers.contains($0) }),
            Self.kinds.contains(words[place])
        else { return nil }
        kind = words[place]
        let next = words[(place + 1)...].first
        name = String(kind == "init" ? kind : next ?? kind)
        label = kind == "init" ? next : nil
    }

    private static let kinds: Set<Substring> = [
        "func", "var", "let", "init", "subscript", "struct", "class", "enum", "actor", "protocol",
        "typealias",
    ]
}

/// What the protocols of all sources require, and who conforms to them.
struct Requirements {
    /// The names of the required members, by protocol.
    private var members: [String: Set<String>] = [:]
    /// The names after the colon of a type and of its extensions, by type.
    private var conformances: [String: Set<String>] = [:]

    init(of sources: [SwiftSource]) {
        for source in sources {
            for index in source.code.indices {
                guard let type = Self.typeName(source.code[index]) else { continue }
                conformances[type, default: []].formUnion(Self.inherited(source, from: index))
                guard source.code[index].contains(/\bprotocol\b/) else { continue }
                members[type] = Self.required(source.body(from: index) ?? "")
            }
        }
    }

    /// Whether a protocol of the standard library requires it.
    static func isStandard(_ declared: Declaration) -> Bool {
        guard declared.kind != "init" else {
            return declared.label == "from" || declared.label?.hasSuffix("Literal") == true
        }
        return [
            "encode", "hash", "description", "debugDescription", "rawValue", "makeIterator", "next",
        ].contains(declared.name)
    }

    /// Whether a protocol of the sources requires a member of a type.
    func cover(_ member: String, in type: String?) -> Bool {
        guard let type else { return false }
        return conformances[type, default: []].union([type])
            .contains { members[$0]?.contains(member) == true }
    }

    /// The type that a line begins to declare or to extend.
    static func typeName(_ line: String) -> String? {
        // Most lines do neither; to cut them all into words costs too much.
        guard
            line.utf8.last == UInt8(ascii: "{") || line.utf8.last == UInt8(ascii: "}")
                || line.utf8.last == UInt8(ascii: ",") || line.utf8.last == UInt8(ascii: ":")
        else { return nil }
        let words = line.split(maxSplits: 8) { $0 == " " || $0 == ":" || $0 == "<" }
        guard let kind = words.firstIndex(where: kinds.contains), kind + 1 < words.count,
            words[..<kind].allSatisfy({ $0.allSatisfy(\.isLowercase) })
        else { return nil }
        return words[kind + 1].split(separator: ".").last.map(String.init)
    }

    private static let kinds: Set<Substring> = [
        "struct", "class", "enum", "actor", "protocol", "extension",
    ]

    /// The names between the colon of a declaration and its body.
    private static func inherited(_ source: SwiftSource, from index: Int) -> [String] {
        var header = ""
        for line in source.code[index...] {
            header += line + " "
            if line.contains("{") { break }
        }
        guard let colon = header.firstIndex(of: ":") else { return [] }
        return header[colon...].prefix { $0 != "{" }
            .split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
    }

    private static func required(_ body: String) -> Set<String> {
        Set(
            body.matches(of: /\b(?:func|var|subscript|(init))\s*(\w*)/).map {
                String($0.1 ?? $0.2)
            })
    }
}

extension SwiftSource {
    /// The code between the braces of what a line declares; nil if it has none.
    fileprivate func body(from index: Int) -> String? {
        var depth = 0
        var body = ""
        for line in code[index...] {
            for character in line {
                if character == "}" { depth -= 1 }
                if character == "}", depth == 0 { return body }
                if depth > 0 { body.append(character) }
                if character == "{" { depth += 1 }
            }
            // What has no body on the lines of its head is followed by another declaration.
            if depth == 0, line.allSatisfy({ $0 == " " }) { return nil }
            body += depth > 0 ? "\n" : ""
        }
        return nil
    }
}
