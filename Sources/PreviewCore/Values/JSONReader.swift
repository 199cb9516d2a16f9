/// Where and why a text is not JSON. Lines and columns count from 1, columns in bytes.
package struct JSONSyntaxError: Error, Hashable, Sendable {
    /// From 1.
    package var line: Int
    /// From 1, in bytes.
    package var column: Int
    /// From 0, in bytes from the start of the text.
    package var offset: Int
    /// What is wrong, without the place.
    package var message: String
}

/// Reads JSON (RFC 8259), keeping the order of members and the spelling of numbers.
///
/// Our own, because the record must come back byte for byte with positions in its errors, and the
/// standard decoder keeps neither (decision 0004).
package struct JSONReader {
    /// What is accepted beyond the standard.
    package struct Options: Sendable {
        /// `//` and `/* */` comments, trailing commas and a byte order mark, as `tsconfig.json` has them.
        package var lenient = false
        /// A repeated name in one object: an error, or the last one wins.
        package var allowsDuplicates = false
        /// How deep arrays and objects may nest.
        package var maximumDepth = 128
        /// A member of the outermost object that is passed over: an object whose content was checked
        /// by other means and is of no use to the caller.
        package var passesOver: String?

        /// The strict reading: no comments, no duplicates.
        package static let strict = Options()
        /// What tools of the JavaScript world accept in their own files.
        package static let lenient = Options(lenient: true, allowsDuplicates: true)
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private let options: Options
    private var position = 0
    private var depth = 0

    /// Reads one whole document.
    package static func read(
        _ bytes: [UInt8], options: Options = .strict
    ) throws(JSONSyntaxError) -> JSONValue {
        let result = bytes.withUnsafeBufferPointer { buffer -> Result<JSONValue, JSONSyntaxError> in
            var reader = JSONReader(bytes: buffer, options: options)
            do throws(JSONSyntaxError) {
                return .success(try reader.document())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// Reads one whole document from text.
    package static func read(
        _ text: String, options: Options = .strict
    ) throws(JSONSyntaxError) -> JSONValue {
        try read(Array(text.utf8), options: options)
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, options: Options) {
        self.bytes = bytes
        self.options = options
    }

    private mutating func document() throws(JSONSyntaxError) -> JSONValue {
        if options.lenient, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        try skipSpace()
        let value = try value()
        try skipSpace()
        guard position == bytes.count else { throw failure("text after the end of the document") }
        return value
    }

    private mutating func value() throws(JSONSyntaxError) -> JSONValue {
        guard position < bytes.count else {
            throw failure("the text ends where a value is expected")
        }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw failure("unexpected character")
        }
    }

    private mutating func object() throws(JSONSyntaxError) -> JSONValue {
        try enter()
        var members: [JSONObject.Member] = []
        members.reserveCapacity(8)
        var names: Set<String> = []
        var isFirst = true
        while try !closes(UInt8(ascii: "}"), first: isFirst) {
            isFirst = false
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw failure("expected a name in double quotes")
            }
            let start = position
            let name = try string()
            try skipSpace()
            try expect(UInt8(ascii: ":"), "expected `:` after the name")
            try skipSpace()
            if depth == 1, name == options.passesOver {
                try passOver()
                continue
            }
            let value = try value()
            if isRepeated(name, in: members, seen: &names) {
                guard options.allowsDuplicates else {
                    position = start
                    throw failure("the name \"\(name)\" appears twice")
                }
                members.removeAll { $0.name == name }
            }
            members.append(.init(name: name, value: value))
        }
        depth -= 1
        return .object(JSONObject(members))
    }

    /// Goes to the end of a value by its brackets alone.
    private mutating func passOver() throws(JSONSyntaxError) {
        var nesting = 0
        repeat {
            guard position < bytes.count else { throw failure("the text ends inside a value") }
            switch bytes[position] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): nesting += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): nesting -= 1
            case UInt8(ascii: "\""): try passOverString()
            default: break
            }
            position += 1
        } while nesting > 0
    }

    private mutating func passOverString() throws(JSONSyntaxError) {
        position += 1
        while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard position < bytes.count else { throw failure("the string is not closed") }
    }

    /// Small objects are searched, large ones hashed.
    private func isRepeated(
        _ name: String, in members: [JSONObject.Member], seen: inout Set<String>
    ) -> Bool {
        guard members.count >= 16 else { return members.contains { $0.name == name } }
        if seen.isEmpty { seen = Set(members.map(\.name)) }
        return !seen.insert(name).inserted
    }

    private mutating func array() throws(JSONSyntaxError) -> JSONValue {
        try enter()
        var elements: [JSONValue] = []
        while try !closes(UInt8(ascii: "]"), first: elements.isEmpty) {
            elements.append(try value())
        }
        depth -= 1
        return .array(elements)
    }

    private mutating func enter() throws(JSONSyntaxError) {
        depth += 1
        guard depth <= options.maximumDepth else {
            throw failure("nested more than \(options.maximumDepth) levels deep")
        }
        position += 1
        try skipSpace()
    }

    /// Steps over the separator before the next element, or over the closing bracket.
    private mutating func closes(_ bracket: UInt8, first: Bool) throws(JSONSyntaxError) -> Bool {
        try skipSpace()
        if position < bytes.count, bytes[position] == bracket {
            position += 1
            return true
        }
        guard !first else { return false }
        try expect(UInt8(ascii: ","), "expected `,` or `\(Character(UnicodeScalar(bracket)))`")
        try skipSpace()
        if options.lenient, position < bytes.count, bytes[position] == bracket {
            position += 1
            return true
        }
        return false
    }

    private mutating func expect(
        _ byte: UInt8, _ message: @autoclosure () -> String
    ) throws(JSONSyntaxError) {
        guard position < bytes.count, bytes[position] == byte else { throw failure(message()) }
        position += 1
    }

    private mutating func word(
        _ text: StaticString, _ value: JSONValue
    ) throws(JSONSyntaxError) -> JSONValue {
        for index in 0..<text.utf8CodeUnitCount {
            guard position + index < bytes.count, bytes[position + index] == text.utf8Start[index]
            else { throw failure("unexpected word") }
        }
        position += text.utf8CodeUnitCount
        return value
    }

    private mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let whole = digits()
        let leadingZero = whole > 1 && bytes[position - whole] == UInt8(ascii: "0")
        guard whole > 0, !leadingZero else {
            position = start
            throw failure("not a number")
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            guard digits() > 0 else { throw failure("a digit must follow the decimal point") }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count,
                bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
            {
                position += 1
            }
            guard digits() > 0 else { throw failure("a digit must follow the exponent") }
        }
        return .number(text(start..<position))
    }

    private mutating func digits() -> Int {
        let start = position
        while position < bytes.count,
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position])
        {
            position += 1
        }
        return position - start
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return try checked(start..<position - 1)
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case 0..<0x20: throw failure("a control character must be escaped in a string")
            default: position += 1
            }
        }
        throw failure("the string is not closed")
    }

    private func text(_ range: Range<Int>) -> String {
        String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self)
    }

    private func checked(_ range: Range<Int>) throws(JSONSyntaxError) -> String {
        let slice = UnsafeBufferPointer(rebasing: bytes[range])
        // Nearly all text is ASCII, which needs no further check.
        if slice.allSatisfy({ $0 < 0x80 }) { return String(decoding: slice, as: UTF8.self) }
        guard let text = String(validating: slice, as: UTF8.self) else {
            throw failure("the string is not valid UTF-8")
        }
        return text
    }

    private mutating func escapedString(from start: Int) throws(JSONSyntaxError) -> String {
        var result = try checked(start..<position)
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return result
            case UInt8(ascii: "\\"): result.unicodeScalars.append(try escape())
            case 0..<0x20: throw failure("a control character must be escaped in a string")
            default:
                let plain = position
                while position < bytes.count, bytes[position] >= 0x20,
                    bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\")
                {
                    position += 1
                }
                result += try checked(plain..<position)
            }
        }
        throw failure("the string is not closed")
    }

    private mutating func escape() throws(JSONSyntaxError) -> UnicodeScalar {
        guard position + 1 < bytes.count else { throw failure("the string is not closed") }
        let letter = bytes[position + 1]
        position += 2
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UnicodeScalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default:
            position -= 2
            throw failure("unknown escape")
        }
    }

    private mutating func unicodeEscape() throws(JSONSyntaxError) -> UnicodeScalar {
        let first = try hexadecimal()
        if let scalar = UnicodeScalar(first) { return scalar }
        guard (0xD800..<0xDC00).contains(first), position + 1 < bytes.count,
            bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
        else { throw failure("half of a surrogate pair") }
        position += 2
        let second = try hexadecimal()
        guard (0xDC00..<0xE000).contains(second),
            let scalar = UnicodeScalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { throw failure("half of a surrogate pair") }
        return scalar
    }

    private mutating func hexadecimal() throws(JSONSyntaxError) -> UInt32 {
        guard position + 4 <= bytes.count else { throw failure("the escape is cut off") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(UnicodeScalar(bytes[position])).hexDigitValue else {
                throw failure("expected four hexadecimal digits")
            }
            value = value << 4 + UInt32(digit)
            position += 1
        }
        return value
    }

    private mutating func skipSpace() throws(JSONSyntaxError) {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            case UInt8(ascii: "/") where options.lenient: try skipComment()
            default: return
            }
        }
    }

    private mutating func skipComment() throws(JSONSyntaxError) {
        guard position + 1 < bytes.count else { throw failure("unexpected character") }
        switch bytes[position + 1] {
        case UInt8(ascii: "/"):
            while position < bytes.count, bytes[position] != 0x0A { position += 1 }
        case UInt8(ascii: "*"):
            position += 2
            while position + 1 < bytes.count {
                if bytes[position] == UInt8(ascii: "*"), bytes[position + 1] == UInt8(ascii: "/") {
                    position += 2
                    return
                }
                position += 1
            }
            throw failure("the comment is not closed")
        default: throw failure("unexpected character")
        }
    }

    private func failure(_ message: String) -> JSONSyntaxError {
        let offset = min(position, bytes.count)
        var (line, start) = (1, 0)
        for index in 0..<offset where bytes[index] == 0x0A { (line, start) = (line + 1, index + 1) }
        return JSONSyntaxError(
            line: line, column: offset - start + 1, offset: offset, message: message)
    }
}
