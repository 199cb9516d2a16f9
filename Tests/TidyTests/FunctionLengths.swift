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
    var all: [Measured] {
        source.code.indices.compactMap { index in
            guard source.code[index].contains(Self.declaration), let end = endOfBody(from: index)
            else { return nil }
            let rows = source.code[index...end].count { $0.wholeMatch(of: Self.tableRow) != nil }
            return Measured(line: index + 1, length: end - index + 1 - rows)
        }
    }

    private static var declaration: some RegexComponent {
        /^\s*(@\w+\s+|[a-z]+(\(set\))?\s+)*(func\s|init[?(<]|deinit\b|subscript[(<]|var\s[^=]*\{)/
    }
    private static var tableRow: some RegexComponent { /\s*case [^{}]*: \.?\w+/ }
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
