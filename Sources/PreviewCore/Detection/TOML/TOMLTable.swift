/// A table of a TOML document while it is read: tables are opened again by later headers, so they
/// are shared, not copied.
final class TOMLTable {
    /// A value of a table.
    enum Value {
        case scalar(JSONValue)
        case array([Value])
        case table(TOMLTable)
        /// The elements of an array that headers in double brackets add to.
        case elements(Elements)
    }

    /// An array of tables that grows in place.
    final class Elements {
        var tables: [TOMLTable]

        init(_ first: TOMLTable) {
            tables = [first]
        }
    }

    private var names: [String] = []
    private var values: [String: Value] = [:]
    /// Whether a header has named it; a second one may not.
    private var isOpened = false
    /// Whether it was written in braces, so that nothing can be added.
    var isClosed = false

    /// The table of a header; `nil` when the name is taken by something else.
    func open(_ path: [String]) -> TOMLTable? {
        guard let last = path.last, let parent = descend(path.dropLast()) else { return nil }
        switch parent.values[last] {
        case nil: break
        case .table(let table):
            guard !table.isOpened, !table.isClosed else { return nil }
            table.isOpened = true
            return table
        default: return nil
        }
        let table = TOMLTable()
        table.isOpened = true
        parent.add(.table(table), last)
        return table
    }

    /// A new element of an array of tables; `nil` when the name is taken by something else.
    func appendElement(at path: [String]) -> TOMLTable? {
        guard let last = path.last, let parent = descend(path.dropLast()) else { return nil }
        let table = TOMLTable()
        switch parent.values[last] {
        case nil: parent.add(.elements(Elements(table)), last)
        case .elements(let elements): elements.tables.append(table)
        default: return nil
        }
        return table
    }

    /// Sets a value; whether the name was free.
    func set(_ value: Value, at path: [String]) -> Bool {
        guard let last = path.last, let parent = descend(path.dropLast()),
            parent.values[last] == nil, !parent.isClosed
        else { return false }
        parent.add(value, last)
        return true
    }

    private func add(_ value: Value, _ name: String) {
        names.append(name)
        values[name] = value
    }

    /// The table that names lead to, made where it is missing; of an array, its last element.
    private func descend(_ path: ArraySlice<String>) -> TOMLTable? {
        var table = self
        for name in path {
            switch table.values[name] {
            case nil:
                guard !table.isClosed else { return nil }
                let next = TOMLTable()
                table.add(.table(next), name)
                table = next
            case .table(let next): table = next
            case .elements(let elements):
                guard let next = elements.tables.last else { return nil }
                table = next
            default: return nil
            }
        }
        return table
    }

    /// What it holds, in the order of the file.
    var object: JSONObject {
        JSONObject(
            names.compactMap { name in
                values[name].map { JSONObject.Member(name: name, value: Self.json($0)) }
            }
        )
    }

    private static func json(_ value: Value) -> JSONValue {
        switch value {
        case .scalar(let scalar): scalar
        case .array(let values): .array(values.map(json))
        case .table(let table): .object(table.object)
        case .elements(let elements): .array(elements.tables.map { .object($0.object) })
        }
    }
}

/// Values of TOML without quotes and brackets.
enum TOMLScalar {
    /// The value of a word; `nil` for a word that is none.
    static func value(of word: String) -> JSONValue? {
        switch word {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "inf", "+inf", "-inf", "nan", "+nan", "-nan": return .string(word)
        default: break
        }
        if let number = number(word) { return number }
        guard isTime(word) else { return nil }
        return .string(word)
    }

    private static func number(_ word: String) -> JSONValue? {
        guard !word.hasPrefix("_"), !word.hasSuffix("_"), !word.contains("__") else { return nil }
        let plain = word.filter { $0 != "_" }
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where plain.hasPrefix(prefix) {
            let digits = plain.dropFirst(2)
            guard digits.first?.isHexDigit ?? false else { return nil }
            return Int(digits, radix: radix).map(JSONValue.int)
        }
        let literal = plain.hasPrefix("+") ? String(plain.dropFirst()) : plain
        guard let first = literal.first, first.isASCII, first.isNumber || first == "-",
            // The grammar of numbers is JSON's from here on; a signed zero or a date is not read.
            let value = try? JSONReader.read(literal), case .number = value
        else { return nil }
        return value
    }

    /// Whether a word consists of what dates and times consist of.
    private static func isTime(_ word: String) -> Bool {
        let bytes = Array(word.utf8)
        guard bytes.count >= 5 else { return false }
        func isDigit(_ index: Int) -> Bool {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index])
        }
        let isDate =
            bytes.count >= 10 && (0..<4).allSatisfy(isDigit) && bytes[4] == UInt8(ascii: "-")
        let isClock = isDigit(0) && isDigit(1) && bytes[2] == UInt8(ascii: ":")
        return (isDate || isClock)
            && bytes.allSatisfy { "0123456789-:.+ TtZz".utf8.contains($0) }
    }
}
