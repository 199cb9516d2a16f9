/// Where and why a text is not TOML. Lines and columns count from 1, columns in bytes.
struct TOMLSyntaxError: Error, Hashable {
    var line: Int
    var column: Int
    var message: String
}

/// Reads TOML 1.0 (toml.io/en/v1.0.0) into JSON values; dates and times come as their text.
///
/// Our own, because the library at hand stops the whole program on some broken files, and manifests
/// are other people's files.
struct TOMLReader {
    /// How deep names and values may nest.
    private static let maximumDepth = 64

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0
    private let root = TOMLTable()

    /// Reads one whole document.
    static func read(_ text: String) throws(TOMLSyntaxError) -> JSONValue {
        var reader = TOMLReader(bytes: Array(text.utf8))
        try reader.document()
        return .object(reader.root.object)
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    // MARK: - Statements

    private mutating func document() throws(TOMLSyntaxError) {
        var table = root
        while true {
            skipBlank()
            guard let byte = current else { return }
            if byte == UInt8(ascii: "[") {
                table = try header()
            } else {
                try pair(into: table)
            }
            try endLine()
        }
    }

    /// `[a.b]` or `[[a.b]]`: the table that the pairs below belong to.
    private mutating func header() throws(TOMLSyntaxError) -> TOMLTable {
        let start = position
        position += 1
        let isElement = current == UInt8(ascii: "[")
        if isElement { position += 1 }
        skipSpace()
        let path = try key()
        for _ in 0..<(isElement ? 2 : 1) { try expect("]") }
        let table = isElement ? root.appendElement(at: path) : root.open(path)
        guard let table else {
            throw failure("the name \(path.joined(separator: ".")) is taken", at: start)
        }
        return table
    }

    private mutating func pair(into table: TOMLTable) throws(TOMLSyntaxError) {
        let start = position
        let path = try key()
        try expect("=")
        skipSpace()
        let value = try value()
        guard table.set(value, at: path) else {
            throw failure("the name \(path.joined(separator: ".")) is taken", at: start)
        }
    }

    private mutating func endLine() throws(TOMLSyntaxError) {
        skipSpace()
        skipComment()
        guard let byte = current else { return }
        guard byte == 0x0A else { throw failure("expected the end of the line") }
    }

    // MARK: - Names

    private mutating func key() throws(TOMLSyntaxError) -> [String] {
        var parts = [try keyPart()]
        skipSpace()
        while current == UInt8(ascii: ".") {
            position += 1
            skipSpace()
            parts.append(try keyPart())
            skipSpace()
            guard parts.count <= Self.maximumDepth else {
                throw failure("a name has too many parts")
            }
        }
        return parts
    }

    private mutating func keyPart() throws(TOMLSyntaxError) -> String {
        switch current {
        case UInt8(ascii: "\""): return try basicString()
        case UInt8(ascii: "'"): return try literalString()
        default: break
        }
        let start = position
        while let byte = current, Self.isBare(byte) { position += 1 }
        guard position > start else { throw failure("expected a name") }
        return text(start..<position)
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }

    // MARK: - Values

    private mutating func value() throws(TOMLSyntaxError) -> TOMLTable.Value {
        switch current {
        case UInt8(ascii: "\""): return .scalar(.string(try anyBasicString()))
        case UInt8(ascii: "'"): return .scalar(.string(try anyLiteralString()))
        case UInt8(ascii: "["):
            return try nested { reader throws(TOMLSyntaxError) in try reader.array() }
        case UInt8(ascii: "{"):
            return try nested { reader throws(TOMLSyntaxError) in try reader.inlineTable() }
        default: return .scalar(try plainValue())
        }
    }

    private mutating func nested(
        _ body: (inout TOMLReader) throws(TOMLSyntaxError) -> TOMLTable.Value
    ) throws(TOMLSyntaxError) -> TOMLTable.Value {
        depth += 1
        guard depth <= Self.maximumDepth else {
            throw failure("nested more than \(Self.maximumDepth) levels deep")
        }
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func array() throws(TOMLSyntaxError) -> TOMLTable.Value {
        position += 1
        var elements: [TOMLTable.Value] = []
        while true {
            skipBlank()
            if current == UInt8(ascii: "]") { break }
            elements.append(try value())
            skipBlank()
            if current == UInt8(ascii: "]") { break }
            try expect(",")
        }
        position += 1
        return .array(elements)
    }

    private mutating func inlineTable() throws(TOMLSyntaxError) -> TOMLTable.Value {
        position += 1
        let table = TOMLTable()
        skipSpace()
        while current != UInt8(ascii: "}") {
            try pair(into: table)
            skipSpace()
            if current == UInt8(ascii: "}") { break }
            try expect(",")
            skipSpace()
        }
        position += 1
        table.isClosed = true
        return .table(table)
    }

    /// A Boolean, a number, a date or a time.
    private mutating func plainValue() throws(TOMLSyntaxError) -> JSONValue {
        let start = position
        while let byte = current, byte > 0x20, !",]}#".utf8.contains(byte) { position += 1 }
        var word = text(start..<position)
        // A date and a time may stand apart by one space.
        if word.utf8.count == 10, word.contains("-"), current == 0x20,
            let next = byte(at: position + 1),
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(next)
        {
            position += 1
            let time = position
            while let byte = current, byte > 0x20, !",]}#".utf8.contains(byte) { position += 1 }
            word += " " + text(time..<position)
        }
        guard let value = TOMLScalar.value(of: word) else {
            throw failure(word.isEmpty ? "expected a value" : "`\(word)` is no value", at: start)
        }
        return value
    }

    // MARK: - Strings

    private mutating func anyBasicString() throws(TOMLSyntaxError) -> String {
        startsLong(UInt8(ascii: "\"")) ? try longBasicString() : try basicString()
    }

    private mutating func anyLiteralString() throws(TOMLSyntaxError) -> String {
        startsLong(UInt8(ascii: "'")) ? try longLiteralString() : try literalString()
    }

    private func startsLong(_ quote: UInt8) -> Bool {
        byte(at: position + 1) == quote && byte(at: position + 2) == quote
    }

    private mutating func literalString() throws(TOMLSyntaxError) -> String {
        let start = position + 1
        position = start
        while let byte = current, byte != UInt8(ascii: "'") {
            guard byte != 0x0A else { throw failure("the string is not closed") }
            position += 1
        }
        guard current != nil else { throw failure("the string is not closed") }
        position += 1
        return text(start..<position - 1)
    }

    private mutating func longLiteralString() throws(TOMLSyntaxError) -> String {
        position += 3
        if current == 0x0A { position += 1 }
        let start = position
        try skipToLongEnd(UInt8(ascii: "'"))
        return text(start..<position - 3)
    }

    /// Steps over three quotes; up to two more before them belong to the string.
    private mutating func skipToLongEnd(_ quote: UInt8) throws(TOMLSyntaxError) {
        while current != nil {
            if current == quote, startsLong(quote) {
                position += 3
                for _ in 0..<2 where current == quote { position += 1 }
                return
            }
            position += 1
        }
        throw failure("the string is not closed")
    }

    private mutating func basicString() throws(TOMLSyntaxError) -> String {
        position += 1
        var result: [UInt8] = []
        while let byte = current, byte != UInt8(ascii: "\"") {
            guard byte != 0x0A else { throw failure("the string is not closed") }
            if byte == UInt8(ascii: "\\") {
                result += try escape()
            } else {
                result.append(byte)
                position += 1
            }
        }
        guard current != nil else { throw failure("the string is not closed") }
        position += 1
        return String(decoding: result, as: UTF8.self)
    }

    private mutating func longBasicString() throws(TOMLSyntaxError) -> String {
        position += 3
        if current == 0x0A { position += 1 }
        var result: [UInt8] = []
        while let byte = current {
            if byte == UInt8(ascii: "\""), startsLong(byte) {
                let start = position
                try skipToLongEnd(byte)
                result += bytes[start..<position - 3]
                return String(decoding: result, as: UTF8.self)
            }
            if byte == UInt8(ascii: "\\") {
                result += endsLine() ? [] : try escape()
            } else {
                result.append(byte)
                position += 1
            }
        }
        throw failure("the string is not closed")
    }

    /// A backslash at the end of a line takes away all white space up to the next character.
    private mutating func endsLine() -> Bool {
        var end = position + 1
        while let byte = byte(at: end), byte == 0x20 || byte == 0x09 { end += 1 }
        guard byte(at: end) == 0x0A else { return false }
        while let byte = byte(at: end), byte == 0x20 || byte == 0x09 || byte == 0x0A { end += 1 }
        position = end
        return true
    }

    private mutating func escape() throws(TOMLSyntaxError) -> [UInt8] {
        let start = position
        let letter = byte(at: position + 1)
        position += 2
        switch letter {
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "e"): return [0x1B]
        case UInt8(ascii: "\""): return [0x22]
        case UInt8(ascii: "\\"): return [0x5C]
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            let length = letter == UInt8(ascii: "u") ? 4 : 8
            guard position + length <= bytes.count,
                let number = UInt32(text(position..<position + length), radix: 16),
                let scalar = UnicodeScalar(number)
            else { throw failure("no character of Unicode", at: start) }
            position += length
            return Array(String(Character(scalar)).utf8)
        default: throw failure("unknown escape", at: start)
        }
    }

    // MARK: - Characters

    private var current: UInt8? { byte(at: position) }

    private func byte(at index: Int) -> UInt8? { index < bytes.count ? bytes[index] : nil }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    private mutating func expect(_ character: UnicodeScalar) throws(TOMLSyntaxError) {
        guard current == UInt8(ascii: character) else { throw failure("expected `\(character)`") }
        position += 1
    }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x09 { position += 1 }
    }

    private mutating func skipComment() {
        guard current == UInt8(ascii: "#") else { return }
        while let byte = current, byte != 0x0A { position += 1 }
    }

    /// White space, comments and ends of lines.
    private mutating func skipBlank() {
        while let byte = current, byte <= 0x20 || byte == UInt8(ascii: "#") {
            guard byte != UInt8(ascii: "#") else {
                skipComment()
                continue
            }
            guard byte == 0x20 || byte == 0x09 || byte == 0x0A else { return }
            position += 1
        }
    }

    private func failure(_ message: String, at place: Int? = nil) -> TOMLSyntaxError {
        let offset = min(place ?? position, bytes.count)
        let before = bytes[..<offset]
        let start = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        return TOMLSyntaxError(
            line: before.count { $0 == 0x0A } + 1,
            column: offset - start + 1,
            message: message
        )
    }
}
