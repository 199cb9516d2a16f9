/// How long the functions of a file are.
struct FunctionLengths {
    let source: SwiftSource

    /// A function and its length in lines, its signature and closing brace included. A row of a
    /// table, `case one: two` with nothing else in it, is not counted: it adds nothing to follow.
    struct Measured {
        var line: Int
        var length: Int
    }

    /// Every function, initialiser, subscript and computed property that has a body.
    func all() throws -> [Measured] {
        try source.matches(of: Self.declaration).compactMap { match in
            let index = match.line - 1
            guard let end = endOfBody(from: index) else { return nil }
            let length = end - index + 1
            // Rows are looked for only where they can matter.
            let rows = length > 70 ? source.code[index...end].count(where: isTableRow) : 0
            return Measured(line: index + 1, length: length - rows)
        }
    }

    private static let declaration =
        #"^[ @()a-zA-Z]*\b(func |init[?(<]|deinit |subscript[(<]|var [^=\n]*\{)"#

    private func isTableRow(_ line: String) -> Bool {
        line.wholeMatch(of: /\s*case [^{}]*: \.?\w+/) != nil
    }

    private static var continuation: some RegexComponent {
        /^\s*(where\b|->|\{|async\b|throws\b|rethrows\b)/
    }

    /// The line of the brace that closes the body, or nil for a requirement without a body.
    private func endOfBody(from start: Int) -> Int? {
        var (parentheses, braces) = (0, 0)
        for index in start..<source.code.count {
            for character in source.code[index].utf8 {
                switch character {
                case UInt8(ascii: "("), UInt8(ascii: "["): parentheses += 1
                case UInt8(ascii: ")"), UInt8(ascii: "]"): parentheses -= 1
                case UInt8(ascii: "{") where braces > 0 || parentheses == 0: braces += 1
                case UInt8(ascii: "}") where braces > 0:
                    braces -= 1
                    if braces == 0 { return index }
                case UInt8(ascii: "}") where parentheses == 0: return nil
                default: break
                }
            }
            guard braces == 0, parentheses == 0 else { continue }
            let next = index + 1
            guard next < source.code.count, source.code[next].contains(Self.continuation) else {
                return nil
            }
        }
        return nil
    }
}
