/// Turns nodes into values and keeps a list of what is wrong with them. What a configuration
/// consists of is in `ConfigDecoder+Sections.swift`.
struct ConfigDecoder {
    /// What was found to be wrong so far, in the order of discovery.
    var faults: [ConfigFault] = []
    private let environment: (String) -> String?

    init(environment: @escaping (String) -> String?) { self.environment = environment }

    /// The values of a mapping by their keys.
    struct Section {
        let node: YAMLNode
        /// The section as problems call it; empty for the top.
        private let name: String
        private let values: [String: YAMLNode]

        init(_ node: YAMLNode, named name: String, _ entries: [YAMLNode.Entry]) {
            self.node = node
            self.name = name
            values = Dictionary(
                entries.map { ($0.key.text ?? "", $0.value) },
                uniquingKeysWith: { first, _ in first }
            )
        }

        subscript(name: String) -> YAMLNode? { values[name] }

        /// A key of the section as problems call it.
        func label(of key: ConfigKey) -> String {
            name.isEmpty ? key.name : "\(name).\(key.name)"
        }
    }

    // MARK: Values

    /// The value of a key; `nil` when it is absent or wrong.
    mutating func value<Value>(_ typed: TypedKey<Value>, in section: Section) -> Value? {
        guard let node = section[typed.key.name] else {
            if typed.key.isRequired { reportMissing(typed.key, in: section) }
            return nil
        }
        return value(typed.rule, of: node, named: section.label(of: typed.key))
    }

    /// The value of a node that follows a rule; `nil` when it is wrong.
    mutating func value<Value>(
        _ rule: ConfigRule<Value>,
        of node: YAMLNode,
        named name: @autoclosure () -> String
    ) -> Value? {
        guard let scalar = node.scalar, let written = node.text else {
            let found = node.items == nil ? "a mapping" : "a list"
            reportType(node, "`\(name())` is \(found)", rule.expected)
            return nil
        }
        guard let value = ConfigScalar(scalar) else {
            reportType(node, "`\(name())` has no value", rule.expected)
            return nil
        }
        guard rule.kinds.contains(value.kind) else {
            reportKind(value, of: node, named: name(), rule)
            return nil
        }
        guard case .text(let text) = value else {
            return read(rule, value, written, of: node, named: name())
        }
        guard let filled = filled(text, of: node, named: name()) else { return nil }
        return read(rule, .text(filled), written, of: node, named: name())
    }

    private mutating func read<Value>(
        _ rule: ConfigRule<Value>,
        _ value: ConfigScalar,
        _ written: String,
        of node: YAMLNode,
        named name: @autoclosure () -> String
    ) -> Value? {
        do {
            return try rule.read(value, written)
        } catch {
            report(error, value, written, of: node, named: name(), expected: rule.expected)
            return nil
        }
    }

    /// Says that a value breaks its rule. What a variable turned out to be may be a secret, so it is
    /// not quoted unless the rule itself does.
    private mutating func report(
        _ violation: ConfigViolation,
        _ value: ConfigScalar,
        _ written: String,
        of node: YAMLNode,
        named name: String,
        expected: String
    ) {
        let quoted = DisplayText.quoted(written)
        var verdict = written.isEmpty ? "is empty" : "cannot be \(quoted)"
        var suggestion = violation.suggestion
        if case .text(let text) = value, written.contains("${") {
            verdict = "cannot be what \(quoted) stands for"
            if suggestion?.word.contains(text) == true { suggestion = nil }
        }
        report(
            node,
            violation.message ?? "`\(name)` \(verdict)",
            code: violation.code,
            expected: violation.expected ?? expected,
            suggestion: suggestion
        )
    }

    /// The text with its variables filled in.
    private mutating func filled(
        _ text: String,
        of node: YAMLNode,
        named name: @autoclosure () -> String
    ) -> String? {
        guard !text.utf8.contains(0) else {
            report(node, "`\(name())` contains a NUL character", expected: "text without it")
            return nil
        }
        guard Interpolation.concerns(text) else { return text }
        let interpolation = Interpolation(text, environment: environment)
        for fault in interpolation.faults { report(fault, in: text, of: node) }
        return interpolation.faults.isEmpty ? interpolation.text : nil
    }

    // MARK: Mappings

    /// The entries of a mapping whose keys are those of the documentation under `path`; problems
    /// call it `name`.
    mutating func section(_ node: YAMLNode, _ path: String, named name: String? = nil) -> Section? {
        let label = name ?? path
        guard let entries = entries(of: node, named: label) else { return nil }
        let known = ConfigKey.keys(in: path).map(\.name)
        for entry in entries {
            guard let key = entry.key.text, !known.contains(key) else { continue }
            reportUnknown(entry.key, key, in: label, known: known)
        }
        return Section(node, named: label, entries)
    }

    /// The entries of a mapping with keys of any name; `nil` when it is none.
    mutating func entries(of node: YAMLNode, named name: String) -> [YAMLNode.Entry]? {
        if let entries = node.entries { return entries }
        let found =
            if node.items != nil { "is a list" } else if node.isNull { "has no value" } else {
                "is a single value"
            }
        reportType(node, name.isEmpty ? "the file \(found)" : "`\(name)` \(found)", "a mapping")
        return nil
    }

    // MARK: Reports

    mutating func report(
        _ node: YAMLNode,
        _ message: String,
        code: ErrorCode = .invalidValue,
        expected: String? = nil,
        suggestion: ConfigProblem.Suggestion? = nil
    ) {
        faults.append(
            ConfigFault(
                code: code,
                mark: node.mark,
                end: node.end,
                message: message,
                expected: expected,
                suggestion: suggestion
            )
        )
    }

    mutating func reportType(_ node: YAMLNode, _ message: String, _ expected: String) {
        report(node, message, code: .wrongType, expected: expected)
    }

    mutating func reportMissing(_ key: ConfigKey, in section: Section) {
        faults.append(
            ConfigFault(
                code: .missingKey,
                mark: section.node.mark,
                end: section.node.mark,
                message: "`\(section.label(of: key))` is missing",
                expected: "`\(key.name):` and \(key.value)"
            )
        )
    }

    mutating func reportUnknown(
        _ key: YAMLNode,
        _ name: String,
        in section: String,
        known: [String]
    ) {
        let message =
            "unknown key \(DisplayText.quoted(name))" + (section.isEmpty ? "" : " in `\(section)`")
        if let elsewhere = ConfigKey.all.first(where: { $0.name == name }) {
            let place = elsewhere.section.isEmpty ? "at the top" : "in `\(elsewhere.section)`"
            return report(
                key,
                message,
                code: .unknownKey,
                expected: "`\(name)` \(place), or here one of \(known.joined(separator: ", "))"
            )
        }
        let synonym = Self.synonyms[name].flatMap { known.contains($0) ? $0 : nil }
        let nearest = synonym ?? NearestWord.find(name, among: known)
        report(
            key,
            message,
            code: .unknownKey,
            expected: "one of \(known.joined(separator: ", "))",
            suggestion: nearest.map { .init($0) }
        )
    }

    /// Words that other tools use for the same thing.
    private static let synonyms = [
        "environment": "env", "variables": "env", "repository": "repo", "url": "repo",
        "commands": "run", "healthcheck": "health", "regions": "region", "directory": "path",
        "cpus": "cpu", "ram": "memory", "command": "start", "interval": "timeout",
    ]

    private mutating func reportKind<Value>(
        _ value: ConfigScalar,
        of node: YAMLNode,
        named name: String,
        _ rule: ConfigRule<Value>
    ) {
        let written = node.text ?? ""
        let isReference = value.kind == .text && written.contains("${")
        let isFraction = value.kind == .number && rule.kinds.contains(.whole)
        let found = isFraction ? "no whole number" : value.description
        reportType(node, "`\(name)` is \(found)", rule.expected)
        faults[faults.count - 1].suggestion = suggestion(for: value, written, rule)
        if isReference {
            faults[faults.count - 1].expected =
                "\(rule.expected), without a variable: they stand only where text is expected"
        }
    }

    /// Quotes for text that reads as a number, none for a number that reads as text, and the flag
    /// that other YAML versions would have read.
    private func suggestion<Value>(
        for value: ConfigScalar,
        _ written: String,
        _ rule: ConfigRule<Value>
    ) -> ConfigProblem.Suggestion? {
        if rule.kinds.contains(.text) {
            do throws(ConfigViolation) {
                _ = try rule.read(.text(written), written)
                return .init("\"\(written)\"")
            } catch {
                return error.suggestion
            }
        }
        guard case .text(let text) = value else { return nil }
        let plain = ConfigScalar(YAMLScalar(text: text, isPlain: true, tag: nil))
        // Only whether it would be accepted counts, not why it would not.
        if let plain, rule.kinds.contains(plain.kind), (try? rule.read(plain, text)) != nil {
            return .init(text)
        }
        guard rule.kinds.contains(.flag) else { return nil }
        switch text.lowercased() {
        case "yes", "y", "on": return .init("true")
        case "no", "n", "off": return .init("false")
        default: return nil
        }
    }

    private mutating func report(_ fault: Interpolation.Fault, in text: String, of node: YAMLNode) {
        let (message, expected, code) =
            switch fault.cause {
            case .unset(let name):
                (
                    "the variable `\(name)` is not set",
                    "a value in the environment, or a default as in `${\(name):-default}`",
                    ErrorCode.unsetVariable
                )
            case .malformed:
                (
                    "\(DisplayText.quoted(fault.reference)) is no reference to a variable",
                    "`${NAME}` or `${NAME:-default}`, or `$$` for a dollar",
                    ErrorCode.invalidValue
                )
            }
        let place = place(of: fault, in: text, of: node)
        faults.append(
            ConfigFault(
                code: code,
                mark: place.mark,
                end: place.end,
                message: message,
                expected: expected
            )
        )
    }

    /// The reference itself where the value stands in the file as it is, else the whole value.
    private func place(
        of fault: Interpolation.Fault,
        in text: String,
        of node: YAMLNode
    ) -> (mark: Mark, end: Mark) {
        guard case .scalar(_, let isPlain, nil) = node.content, node.mark.line == node.end.line
        else {
            return (node.mark, node.end)
        }
        let quotes = isPlain ? 0 : 1
        let width = text.unicodeScalars.count + 2 * quotes
        guard node.end.column - node.mark.column == width else { return (node.mark, node.end) }
        var mark = node.mark
        mark.column += quotes + fault.offset
        var end = mark
        end.column += fault.reference.unicodeScalars.count
        return (mark, end)
    }
}

extension ConfigScalar {
    /// `nil` for a null. A number without a fraction is whole however it is written, as in JSON
    /// Schema.
    init?(_ scalar: YAMLScalar) {
        switch scalar {
        case .null: return nil
        case .bool(let flag): self = .flag(flag)
        case .int(let number): self = .whole(number)
        case .float(let number):
            self = Int(exactly: number).map(ConfigScalar.whole) ?? .number(number)
        case .string(let text): self = .text(text)
        }
    }
}
