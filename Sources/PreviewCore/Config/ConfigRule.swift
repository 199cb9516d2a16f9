/// A single value of the file, with the type that YAML 1.2 gives it and variables filled in.
enum ConfigScalar: Hashable, Sendable {
    case text(String)
    case whole(Int)
    /// A number that is not whole, or too large for `Int`.
    case number(Double)
    case flag(Bool)

    enum Kind: Hashable, Sendable { case text, whole, number, flag }

    var kind: Kind {
        switch self {
        case .text: .text
        case .whole: .whole
        case .number: .number
        case .flag: .flag
        }
    }

    /// For a sentence such as "`run.port` is text".
    var description: String {
        switch self {
        case .text: "text"
        case .whole, .number: "a number"
        case .flag(let value): "the truth value `\(value)`"
        }
    }
}

/// What a value of the file must be: the check, the words for it and the same rule for the JSON
/// Schema stand together here, once for every kind of value.
struct ConfigRule<Value: Sendable>: Sendable {
    /// The types that are accepted at all.
    let kinds: [ConfigScalar.Kind]
    /// What is right, as in "expected a whole number from 1 to 65535".
    let expected: String
    /// The rule in JSON Schema.
    let schema: JSONValue
    /// Reads a value of one of the ``kinds``. `written` is its text in the file.
    let read: @Sendable (_ value: ConfigScalar, _ written: String) throws(ConfigViolation) -> Value
}

/// Why a value breaks its rule.
struct ConfigViolation: Error {
    var code = ErrorCode.invalidValue
    /// What is wrong; by default that the key cannot have this value.
    var message: String?
    /// By default what the rule expects.
    var expected: String?
    var suggestion: ConfigProblem.Suggestion?

    init(
        _ message: String? = nil,
        code: ErrorCode = .invalidValue,
        expected: String? = nil,
        suggestion: ConfigProblem.Suggestion? = nil
    ) {
        self.code = code
        self.message = message
        self.expected = expected
        self.suggestion = suggestion
    }

    /// A violation with nothing but the nearest valid word.
    init(nearest word: String?) {
        self.init(suggestion: word.map { .init($0) })
    }
}

extension ConfigRule {
    /// A rule for text. Text may hold references to variables, whose values only the program sees,
    /// so the schema accepts any text with one; `schema` is for text without.
    static func text(
        _ expected: String,
        schema: JSONValue,
        _ read: @escaping @Sendable (String) throws(ConfigViolation) -> Value
    ) -> ConfigRule {
        ConfigRule(
            kinds: [.text],
            expected: expected,
            schema: ["$ref": "#/$defs/text", "anyOf": [schema, ["$ref": "#/$defs/reference"]]],
            read: { (value, _) throws(ConfigViolation) in
                guard case .text(let text) = value else { throw ConfigViolation() }
                return try read(text)
            }
        )
    }

    /// A rule for text that is one of a few words.
    static func choice(
        _ words: [String],
        _ value: @escaping @Sendable (String) -> Value?
    ) -> ConfigRule {
        text(
            DisplayText.alternatives(words.map { "`\($0)`" }),
            schema: ["enum": .array(words.map(JSONValue.string))]
        ) { (text) throws(ConfigViolation) in
            if let value = value(text) { return value }
            throw ConfigViolation(nearest: NearestWord.find(text, among: words))
        }
    }
}

extension ConfigRule where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// A rule for the cases of a type.
    static var choice: ConfigRule {
        choice(Value.allCases.map(\.rawValue)) { Value(rawValue: $0) }
    }
}

extension ConfigRule where Value == String {
    static func choice(_ words: [String]) -> ConfigRule {
        choice(words) { words.contains($0) ? $0 : nil }
    }

    /// Text that matches a regular expression of JSON Schema; `isValid` says the same in Swift.
    static func matching(
        _ pattern: String,
        _ expected: String,
        _ isValid: @escaping @Sendable (String) -> Bool
    ) -> ConfigRule {
        text(expected, schema: .pattern(pattern)) { (text) throws(ConfigViolation) in
            guard isValid(text) else { throw ConfigViolation() }
            return text
        }
    }
}

extension JSONValue {
    /// A schema for text that as a whole matches a regular expression. In some dialects `$` also
    /// matches before a final newline, which the lookahead excludes.
    static func pattern(_ pattern: String) -> JSONValue {
        ["pattern": .string("^(?:\(pattern))$(?!\\n)")]
    }
}

// MARK: - Numbers and flags

extension ConfigRule where Value == Int {
    static func whole(_ range: ClosedRange<Int>) -> ConfigRule {
        ConfigRule(
            kinds: [.whole],
            expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            schema: [
                "type": "integer", "minimum": .int(range.lowerBound),
                "maximum": .int(range.upperBound),
            ],
            read: { (value, _) throws(ConfigViolation) in
                guard case .whole(let number) = value, range.contains(number) else {
                    throw ConfigViolation()
                }
                return number
            }
        )
    }

    static func whole(oneOf numbers: [Int]) -> ConfigRule {
        ConfigRule(
            kinds: [.whole],
            expected: DisplayText.alternatives(numbers.map(String.init)),
            schema: ["enum": .array(numbers.map(JSONValue.int))],
            read: { (value, _) throws(ConfigViolation) in
                guard case .whole(let number) = value, numbers.contains(number) else {
                    throw ConfigViolation()
                }
                return number
            }
        )
    }

    /// An amount of money in USD, as cents.
    static let amount = ConfigRule(
        kinds: [.whole, .number],
        expected: "an amount in USD from 0 to 1000000",
        schema: ["type": "number", "minimum": 0, "maximum": 1_000_000],
        read: { (value, _) throws(ConfigViolation) in
            let amount: Double =
                switch value {
                case .whole(let number): Double(number)
                case .number(let number): number
                case .text, .flag: .nan
                }
            guard (0...1_000_000).contains(amount) else { throw ConfigViolation() }
            return Int((amount * 100).rounded())
        }
    )

    /// Memory in MB; whether a machine can have it depends on the size.
    static let memory: ConfigRule = {
        let amounts = 1...9_999_999
        let text = ConfigRule.text("", schema: .pattern(MemoryNotation.pattern)) {
            (text) throws(ConfigViolation) in
            guard let amount = MemoryNotation.megabytes(text) else {
                throw ConfigViolation(nearest: MemoryNotation.nearest(to: text))
            }
            return amount
        }
        let number: JSONValue = [
            "type": "integer", "minimum": .int(amounts.lowerBound),
            "maximum": .int(amounts.upperBound),
        ]
        return ConfigRule(
            kinds: [.whole, .text],
            expected: "memory such as 1024 (MB), 512mb or 1gb",
            schema: ["anyOf": [number, text.schema]],
            read: { (value, written) throws(ConfigViolation) in
                guard case .whole(let amount) = value else { return try text.read(value, written) }
                guard amounts.contains(amount) else { throw ConfigViolation() }
                return amount
            }
        )
    }()

    /// A duration in seconds.
    static func duration(mayBeZero: Bool = false) -> ConfigRule {
        let nonZero = mayBeZero ? "" : "(?!0+[smhd])"
        let more = mayBeZero ? "" : ", longer than nothing"
        return text(
            "a duration such as 90s, 5m, 1h or 7d\(more)",
            schema: .pattern(nonZero + DurationText.pattern)
        ) { (text) throws(ConfigViolation) in
            guard let seconds = DurationText.seconds(text) else {
                throw ConfigViolation(nearest: DurationText.nearest(to: text))
            }
            guard seconds > 0 || mayBeZero else { throw ConfigViolation() }
            return seconds
        }
    }
}

extension ConfigRule where Value == Int? {
    /// A duration in seconds, or `never` for none.
    static let durationOrNever: ConfigRule = {
        let duration = ConfigRule<Int>.duration()
        return text(
            "a duration such as 90s, 5m, 1h or 7d, or `never`",
            schema: .pattern("never|(?!0+[smhd])" + DurationText.pattern)
        ) { (text) throws(ConfigViolation) in
            if text == "never" { return nil }
            if NearestWord.find(text, among: ["never"]) != nil {
                throw ConfigViolation(nearest: "never")
            }
            return try duration.read(.text(text), text)
        }
    }()
}

extension ConfigRule where Value == Bool {
    static let flag = ConfigRule(
        kinds: [.flag],
        expected: "`true` or `false`",
        schema: ["type": "boolean"],
        read: { (value, _) throws(ConfigViolation) in
            guard case .flag(let flag) = value else { throw ConfigViolation() }
            return flag
        }
    )
}
