/// A scalar with the type that YAML 1.2's core schema gives it (yaml.org/spec/1.2.2, section 10.3):
/// `yes`, `no`, `on`, `017` as octal and `1:30` as a number are YAML 1.1 and mean nothing here.
package enum YAMLScalar: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int)
    /// Any other number, also an integer too large for `Int`.
    case float(Double)
    case string(String)

    /// Resolves a scalar: quoted and block scalars are strings, a tag decides over the looks.
    ///
    /// A tag that contradicts the text (`!!int abc`) leaves a string, which every reader refuses
    /// where it wanted something else.
    package init(text: String, isPlain: Bool, tag: String?) {
        switch tag {
        case nil: self = isPlain ? Self.plain(text) : .string(text)
        case "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int":
            self = Self.plain(text)
        case "tag:yaml.org,2002:float":
            let value = Self.plain(text)
            if case .int(let whole) = value { self = .float(Double(whole)) } else { self = value }
        default: self = .string(text)
        }
    }

    private static func plain(_ text: String) -> YAMLScalar {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        case ".nan", ".NaN", ".NAN": return .float(.nan)
        default: break
        }
        guard let first = text.utf8.first, first < 0x3A, let number = number(text) else {
            return .string(text)
        }
        return number
    }

    /// The caller has seen that the first character may begin a number.
    private static func number(_ text: String) -> YAMLScalar? {
        if text.hasPrefix("0o") { return radix(text.dropFirst(2), 8) }
        if text.hasPrefix("0x") { return radix(text.dropFirst(2), 16) }
        var digits = Substring(text)
        if let sign = digits.first, sign == "-" || sign == "+" { digits.removeFirst() }
        if [".inf", ".Inf", ".INF"].contains(digits) {
            return .float(text.hasPrefix("-") ? -.infinity : .infinity)
        }
        guard let shape = shape(of: digits) else { return nil }
        if shape == .integer, let whole = Int(text) { return .int(whole) }
        return Double(text).map(YAMLScalar.float)
    }

    private static func radix(_ digits: Substring, _ radix: Int) -> YAMLScalar? {
        // `Int` would take a sign, which the core schema does not.
        guard let first = digits.first, first != "-", first != "+" else { return nil }
        if let value = Int(digits, radix: radix) { return .int(value) }
        guard digits.allSatisfy({ ($0.hexDigitValue ?? radix) < radix && $0.isASCII }) else {
            return nil
        }
        return .float(
            digits.reduce(0) { $0 * Double(radix) + Double($1.hexDigitValue ?? 0) }
        )
    }

    private enum Shape { case integer, float }

    /// `[0-9]+`, or `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`, or neither.
    private static func shape(of text: Substring) -> Shape? {
        var rest = text.utf8[...]
        func digits() -> Int {
            let count = rest.prefix { (0x30...0x39).contains($0) }.count
            rest.removeFirst(count)
            return count
        }
        func skip(_ characters: [UInt8]) -> Bool {
            guard let next = rest.first, characters.contains(next) else { return false }
            rest.removeFirst()
            return true
        }
        let whole = digits()
        if rest.isEmpty { return whole > 0 ? .integer : nil }
        if skip([UInt8(ascii: ".")]) {
            let fraction = digits()
            guard whole + fraction > 0 else { return nil }
        } else if whole == 0 {
            return nil
        }
        if skip([UInt8(ascii: "e"), UInt8(ascii: "E")]) {
            _ = skip([UInt8(ascii: "-"), UInt8(ascii: "+")])
            guard digits() > 0 else { return nil }
        }
        return rest.isEmpty ? .float : nil
    }
}

extension YAMLNode {
    /// The typed value of a scalar; `nil` for a collection.
    package var scalar: YAMLScalar? {
        guard case .scalar(let text, let isPlain, let tag) = content else { return nil }
        return YAMLScalar(text: text, isPlain: isPlain, tag: tag)
    }

    /// Whether this is a null: `~`, `null` or nothing at all.
    package var isNull: Bool { scalar == .null }
}
