/// A Swift file with its comments and the texts of its strings told apart from its code.
struct SwiftSource: Sendable {
    /// Relative to the top of the checkout.
    let path: String
    /// The lines as they are written.
    let lines: [String]
    /// The same lines with comments and string contents blanked out, so that a word found here is
    /// code. Interpolated expressions are code and stay.
    let code: [String]
    /// All of it in one text.
    private let whole: String
    /// Whether a line has a comment, or a part of one.
    let hasComment: [Bool]

    init(path: String, text: String) {
        self.path = path
        var scanner = Scanner(bytes: Array(text.utf8))
        scanner.scan()
        lines = Self.lines(of: Array(text.utf8))
        code = Self.lines(of: scanner.code)
        whole = String(decoding: scanner.code, as: UTF8.self)
        var marks = [Bool](repeating: false, count: lines.count)
        for line in scanner.commentLines where line < marks.count { marks[line] = true }
        hasComment = marks
    }

    /// The target's folder, such as `PreviewCore`.
    var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

    /// The places in the code where a regular expression is found; `^` is the start of a line.
    func findings(_ pattern: String, _ text: String) throws -> [Finding] {
        try matches(of: pattern).map { Finding(path: path, line: $0.line, text: text) }
    }

    /// The lines, from 1, where a regular expression is found in the code, with its last group (or
    /// all of it where it has none).
    func matches(of pattern: String) throws -> [(line: Int, text: String)] {
        // The Unicode rules for words cost far more and change nothing here.
        let regex = try Regex(pattern).wordBoundaryKind(.simple).anchorsMatchLineEndings()
        var line = 1
        var place = whole.startIndex
        return whole.matches(of: regex).map { match in
            let group = match.output.last?.substring ?? ""
            line += whole[place..<group.startIndex].utf8.count { $0 == UInt8(ascii: "\n") }
            place = group.startIndex
            return (line, String(group))
        }
    }

    private static func lines(of bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Goes through a file once and blanks what is not code.
private struct Scanner {
    private enum Place {
        /// Inside the parentheses of an interpolation so many deep, or in plain code.
        case code(parentheses: Int)
        /// In a string with so many `#` around it, of one or of many lines.
        case string(hashes: Int, isMultiline: Bool)
    }

    private(set) var code: [UInt8]
    private(set) var commentLines: [Int] = []
    private let bytes: [UInt8]
    private var index = 0
    private var line = 0
    private var places = [Place.code(parentheses: 0)]

    init(bytes: [UInt8]) {
        self.bytes = bytes
        code = bytes
    }

    mutating func scan() {
        while index < bytes.count {
            switch places[places.count - 1] {
            case .code(let parentheses): scanCode(parentheses)
            case .string(let hashes, let isMultiline): scanString(hashes, isMultiline)
            }
        }
    }

    private mutating func scanCode(_ parentheses: Int) {
        switch bytes[index] {
        case UInt8(ascii: "/"):
            if starts(with: "//") { return blankLineComment() }
            if starts(with: "/*") { return blankBlockComment() }
        case UInt8(ascii: "#"), UInt8(ascii: "\""):
            if openString() { return }
        case UInt8(ascii: "("):
            places[places.count - 1] = .code(parentheses: parentheses + 1)
        case UInt8(ascii: ")"):
            // The parenthesis that ends an interpolation leads back into its string.
            if parentheses == 1, places.count > 1 {
                places.removeLast()
            } else {
                places[places.count - 1] = .code(parentheses: parentheses - 1)
            }
        default: break
        }
        advance()
    }

    /// Enters the string that begins here, if one does.
    private mutating func openString() -> Bool {
        var quote = index
        while quote < bytes.count, bytes[quote] == UInt8(ascii: "#") { quote += 1 }
        guard quote < bytes.count, bytes[quote] == UInt8(ascii: "\"") else { return false }
        let hashes = quote - index
        let isMultiline = bytes[quote...].starts(with: "\"\"\"".utf8)
        places.append(.string(hashes: hashes, isMultiline: isMultiline))
        for _ in 0..<(hashes + (isMultiline ? 3 : 1)) { advance() }
        return true
    }

    private mutating func scanString(_ hashes: Int, _ isMultiline: Bool) {
        guard bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "\\") else {
            return blank(1)
        }
        let marks = String(repeating: "#", count: hashes)
        let end = (isMultiline ? "\"\"\"" : "\"") + marks
        if starts(with: end) {
            places.removeLast()
            for _ in end.utf8 { advance() }
        } else if starts(with: "\\\(marks)(") {
            blank(2 + hashes)
            places.append(.code(parentheses: 1))
        } else {
            blank(starts(with: "\\\(marks)") ? 2 + hashes : 1)
        }
    }

    private mutating func blankLineComment() {
        commentLines.append(line)
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { blank(1) }
    }

    private mutating func blankBlockComment() {
        var depth = 0
        repeat {
            commentLines.append(line)
            if starts(with: "/*") {
                depth += 1; blank(2)
            } else if starts(with: "*/") {
                depth -= 1; blank(2)
            } else {
                blank(1)
            }
        } while depth > 0 && index < bytes.count
    }

    private func starts(with text: String) -> Bool {
        bytes[index...].starts(with: text.utf8)
    }

    private mutating func blank(_ count: Int) {
        for _ in 0..<count where index < bytes.count {
            if bytes[index] != UInt8(ascii: "\n") { code[index] = UInt8(ascii: " ") }
            advance()
        }
    }

    private mutating func advance() {
        if bytes[index] == UInt8(ascii: "\n") { line += 1 }
        index += 1
    }
}
