/// Which declarations of a file need words of their own.
struct Documentation {
    let source: SwiftSource
    /// The names that protocols require. Whoever fulfils a requirement is documented by it.
    let requirements: Set<String>

    /// What the standard library's protocols require.
    static let standardRequirements: Set = [
        "encode", "hash", "description", "debugDescription", "rawValue", "makeIterator", "next",
    ]

    /// The lines, from 1, of `package` declarations that nothing documents. A stored property
    /// without a comment, and an initialiser that only fills such, are spoken for by their type's.
    var missing: [Int] {
        source.code.indices.filter { index in
            guard let name = declaration(source.code[index]) else { return false }
            return !isDocumented(index) && !requirements.contains(name)
                && !Self.standardRequirements.contains(name)
        }.map { $0 + 1 }
    }

    /// The names of the members that the protocols of a file require.
    static func requirements(in source: SwiftSource) -> [String] {
        var names: [String] = []
        var depth: Int?
        for line in source.code {
            if depth == nil, line.contains(/\bprotocol\s+\w+/) { depth = 0 }
            guard let inside = depth else { continue }
            if let name = line.firstMatch(of: /\b(?:func|var|init|subscript)\s*(\w*)/)?.1 {
                names.append(String(name))
            }
            let change = line.count { $0 == "{" } - line.count { $0 == "}" }
            depth = inside + change > 0 || !line.contains("}") ? inside + change : nil
        }
        return names
    }

    /// The name of what a line declares for the package, or nil if it needs no words.
    private func declaration(_ line: String) -> String? {
        let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
        guard let access = words.firstIndex(of: "package") else { return nil }
        let modifiers: Set<Substring> = ["final", "static", "indirect", "nonisolated", "mutating"]
        guard words[..<access].allSatisfy({ modifiers.contains($0) || line.contains("@\($0)") }),
            let kind = words[access...].dropFirst().first(where: { !modifiers.contains($0) }),
            kinds.contains(kind)
        else { return nil }
        let isStatic = words.contains("static")
        if kind == "init" || kind == "let" && !isStatic { return nil }
        // A stored property; a computed one has a body.
        if kind == "var", !isStatic, !line.contains("{") { return nil }
        let after = words.firstIndex(of: kind).map { words[($0 + 1)...].first ?? "" } ?? ""
        return String(after)
    }

    private let kinds: Set<Substring> = [
        "func", "var", "let", "init", "subscript", "struct", "class", "enum", "actor", "protocol",
        "typealias",
    ]

    /// Whether a comment of three slashes stands above a line, attributes in between aside.
    private func isDocumented(_ index: Int) -> Bool {
        var above = index - 1
        while above >= 0, source.lines[above].contains(/^\s*@/) { above -= 1 }
        return above >= 0 && source.lines[above].contains(/^\s*\/\/\//)
    }

    init(of source: SwiftSource, requirements: Set<String>) {
        self.source = source
        self.requirements = requirements
    }
}
