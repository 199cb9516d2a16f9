import CTOMLPlusPlus

/// Reads the formats that manifests are written in into one kind of value.
enum Manifests {
    /// How a file is written.
    enum Format {
        /// With comments, trailing commas and a byte order mark.
        case json
        /// JSON with unquoted names and single quotes.
        case json5
        case yaml
        case toml
    }

    /// Why a file cannot be read, and where; lines and columns count from 1.
    struct Problem: Error, Hashable {
        var line: Int
        var column: Int
        var message: String
    }

    /// The value of a document; `null` for an empty one.
    static func read(_ text: String, as format: Format) throws(Problem) -> JSONValue {
        switch format {
        case .json: try json(text)
        case .json5: try json(JSON5.standardized(text))
        case .yaml: try yaml(text)
        case .toml: try toml(text)
        }
    }

    private static func json(_ text: String) throws(Problem) -> JSONValue {
        guard text.contains(where: { !$0.isWhitespace }) else { return .null }
        do throws(JSONSyntaxError) {
            return try JSONReader.read(text, options: .lenient)
        } catch {
            throw Problem(line: error.line, column: error.column, message: error.message)
        }
    }

    /// Goes on after problems that leave the rest readable, such as a repeated key.
    private static func yaml(_ text: String) throws(Problem) -> JSONValue {
        let limits = YAMLLimits(
            bytes: RepositorySnapshot.maximumFileSize * 4,
            depth: 64,
            aliasedValues: 10_000
        )
        do throws(YAMLFailure) {
            let document = try YAMLReader.document(Array(text.utf8), limits: limits)
            if let limit = document.problems.first(where: { $0.cause == .limit }) { throw limit }
            return document.root.map(value) ?? .null
        } catch {
            throw Problem(
                line: error.mark.line,
                column: error.mark.column,
                message: error.message
            )
        }
    }

    private static func value(_ node: YAMLNode) -> JSONValue {
        switch node.content {
        case .sequence(let items): return .array(items.map(value))
        case .mapping(let entries):
            let members = entries.compactMap { entry in
                entry.key.text.map { JSONObject.Member(name: $0, value: value(entry.value)) }
            }
            return .object(JSONObject(members))
        case .scalar(let text, _, _):
            switch node.scalar {
            case .null: return .null
            case .bool(let flag): return .bool(flag)
            // A version such as 1.20 keeps its spelling.
            case .int, .float: return .string(text)
            default: return .string(text)
            }
        }
    }

    /// By way of the library's own JSON, so that one reader makes all values.
    private static func toml(_ text: String) throws(Problem) -> JSONValue {
        var (text, problem) = (text, ctoml_problem())
        let converted: String? = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                guard let json = ctoml_to_json(characters.baseAddress, bytes.count, &problem)
                else { return nil }
                defer { ctoml_free(json) }
                return String(cString: json)
            }
        }
        guard let converted else {
            let message = withUnsafeBytes(of: problem.message) { buffer in
                String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
            }
            throw Problem(
                line: Int(problem.line), column: Int(problem.column), message: message)
        }
        return try json(converted)
    }
}

/// JSON5 as package managers write it, turned into JSON.
private enum JSON5 {
    static func standardized(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                position = copyString(bytes, from: position, into: &result)
            } else if byte == UInt8(ascii: "/") {
                position = copyComment(bytes, from: position, into: &result)
            } else if isNameStart(byte) {
                position = copyWord(bytes, from: position, into: &result)
            } else {
                result.append(byte)
                position += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$")
    }

    /// A word before a colon is a name; any other is a value and stays.
    private static func copyWord(
        _ bytes: [UInt8],
        from start: Int,
        into result: inout [UInt8]
    ) -> Int {
        var end = start
        while end < bytes.count,
            isNameStart(bytes[end]) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[end])
        {
            end += 1
        }
        var after = end
        while after < bytes.count, bytes[after] == 0x20 || bytes[after] == 0x09 { after += 1 }
        let isName = after < bytes.count && bytes[after] == UInt8(ascii: ":")
        if isName { result.append(UInt8(ascii: "\"")) }
        result += bytes[start..<end]
        if isName { result.append(UInt8(ascii: "\"")) }
        return end
    }

    private static func copyString(
        _ bytes: [UInt8],
        from start: Int,
        into result: inout [UInt8]
    ) -> Int {
        let quote = bytes[start]
        var position = start + 1
        result.append(UInt8(ascii: "\""))
        while position < bytes.count, bytes[position] != quote {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\\"), position + 1 < bytes.count {
                if bytes[position + 1] != UInt8(ascii: "'") { result.append(byte) }
                result.append(bytes[position + 1])
                position += 2
                continue
            }
            if byte == UInt8(ascii: "\"") { result.append(UInt8(ascii: "\\")) }
            result.append(byte)
            position += 1
        }
        result.append(UInt8(ascii: "\""))
        return position + 1
    }

    private static func copyComment(
        _ bytes: [UInt8],
        from start: Int,
        into result: inout [UInt8]
    ) -> Int {
        guard start + 1 < bytes.count else {
            result.append(bytes[start])
            return start + 1
        }
        var end = start + 2
        if bytes[start + 1] == UInt8(ascii: "/") {
            while end < bytes.count, bytes[end] != 0x0A { end += 1 }
        } else if bytes[start + 1] == UInt8(ascii: "*") {
            while end + 1 < bytes.count,
                bytes[end] != UInt8(ascii: "*") || bytes[end + 1] != UInt8(ascii: "/")
            {
                end += 1
            }
            end = min(end + 2, bytes.count)
        }
        result += bytes[start..<end]
        return end
    }
}
