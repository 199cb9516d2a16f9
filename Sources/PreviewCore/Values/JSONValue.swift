/// A JSON document in memory: members keep their order and numbers keep their spelling, so that
/// what was read can be written back byte for byte.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// The literal as written, for example `1.10`; always a valid JSON number.
    case number(String)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// The members of a JSON object, in the order in which they were read or added.
package struct JSONObject: Hashable, Sendable {
    /// One name and its value.
    package struct Member: Hashable, Sendable {
        /// Without escapes.
        package var name: String
        /// Any value, an object again as well.
        package var value: JSONValue

        package init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// All members in order; names are unique.
    package private(set) var members: [Member]

    /// Makes an object of members whose names the caller knows to be unique.
    package init(_ members: [Member] = []) {
        self.members = members
    }

    /// The value of a member; setting `nil` removes it, a new name is added at the end.
    package subscript(name: String) -> JSONValue? {
        get { members.first { $0.name == name }?.value }
        set {
            let index = members.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (nil, nil): break
            }
        }
    }

    /// The names in order.
    package var names: [String] { members.map(\.name) }
}

extension JSONValue {
    /// The text of a string, else `nil`.
    package var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The value of a Boolean, else `nil`.
    package var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The value of an integral number that fits, else `nil`.
    package var int: Int? {
        guard case .number(let literal) = self else { return nil }
        if let exact = Int(literal) { return exact }
        return Double(literal).flatMap { Int(exactly: $0) }
    }

    /// The value of any number, else `nil`.
    package var double: Double? {
        guard case .number(let literal) = self else { return nil }
        return Double(literal)
    }

    /// The elements of an array, else `nil`.
    package var array: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The members of an object, else `nil`.
    package var object: JSONObject? {
        guard case .object(let object) = self else { return nil }
        return object
    }

    /// Whether this is `null`.
    package var isNull: Bool { self == .null }

    /// A member of an object; `nil` when this is no object or has no such member.
    package subscript(name: String) -> JSONValue? { object?[name] }

    /// A text, or `null` for none.
    package init(_ text: String?) { self = text.map(JSONValue.string) ?? .null }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(integerLiteral value: Int) { self = .number(String(value)) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { .init(name: $0.0, value: $0.1) }))
    }
}

extension JSONValue {
    /// An integer.
    package static func int(_ value: Int) -> JSONValue { .number(String(value)) }

    /// A number of seconds with at most three decimals, the most that the record keeps
    /// (ENGINE section 1). Negative and non-finite values become zero.
    package static func seconds(_ value: Double) -> JSONValue {
        guard value.isFinite, value > 0 else { return .number("0") }
        // Beyond this, doubles have no thousandths.
        let thousandths = Int((min(value, 9_007_199_254_740) * 1000).rounded())
        let (whole, rest) = (thousandths / 1000, thousandths % 1000)
        guard rest > 0 else { return .number(String(whole)) }
        var digits = String(1000 + rest).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return .number("\(whole).\(digits)")
    }
}
