import FoundationEssentials

extension JSONValue {
    /// The JSON form of a value, for recording a step's input or output: as it will be read back,
    /// so with members in canonical order and at most three decimals (ENGINE section 1).
    ///
    /// - Throws: only for values that JSON cannot hold, such as infinities.
    package static func encoding(_ value: some Encodable) throws -> JSONValue {
        try JSONReader.read(Array(JSONEncoder().encode(value))).recorded
    }

    private var recorded: JSONValue {
        switch self {
        case .null, .bool, .string: return self
        case .number(let literal):
            guard Int(literal) == nil, let double else { return self }
            return double < 0 ? .seconds(-double).negated : .seconds(double)
        case .array(let elements): return .array(elements.map(\.recorded))
        case .object(let object):
            let members = object.members.map {
                JSONObject.Member(name: $0.name, value: $0.value.recorded)
            }
            return .object(JSONObject(members.sorted(by: JSONObject.Member.precedes)))
        }
    }

    private var negated: JSONValue {
        guard case .number(let literal) = self, literal != "0" else { return self }
        return .number("-\(literal)")
    }

    /// Reads a recorded value back into its type.
    ///
    /// - Throws: `DecodingError` when the document does not fit the type, as after a change of format.
    package func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try JSONDecoder().decode(type, from: Data(JSONWriter.line(self)))
    }
}

extension JSONValue: Codable {
    /// Reads any JSON value.
    package init(from decoder: any Decoder) throws {
        // Each `try?` asks whether it is that kind of value; the last attempt reports the error.
        if let list = try? decoder.unkeyedContainer() {
            self = try Self.array(from: list)
        } else if let fields = try? decoder.container(keyedBy: AnyKey.self) {
            self = try Self.object(from: fields)
        } else {
            self = try Self.scalar(from: decoder.singleValueContainer())
        }
    }

    private static func array(from list: any UnkeyedDecodingContainer) throws -> JSONValue {
        var (list, elements) = (list, [JSONValue]())
        while !list.isAtEnd { elements.append(try list.decode(JSONValue.self)) }
        return .array(elements)
    }

    private static func object(from fields: KeyedDecodingContainer<AnyKey>) throws -> JSONValue {
        let keys = fields.allKeys.sorted { $0.stringValue < $1.stringValue }
        return .object(
            JSONObject(
                try keys.map {
                    .init(
                        name: $0.stringValue, value: try fields.decode(JSONValue.self, forKey: $0))
                }))
    }

    private static func scalar(from value: any SingleValueDecodingContainer) throws -> JSONValue {
        if value.decodeNil() { return .null }
        // Each `try?` asks whether the value has that type; the last attempt reports the error.
        if let flag = try? value.decode(Bool.self) { return .bool(flag) }
        if let whole = try? value.decode(Int.self) { return .int(whole) }
        if let number = try? value.decode(Double.self) { return .number("\(number)") }
        return .string(try value.decode(String.self))
    }

    /// Writes any JSON value.
    package func encode(to encoder: any Encoder) throws {
        switch self {
        case .array(let elements):
            var list = encoder.unkeyedContainer()
            for element in elements { try list.encode(element) }
        case .object(let object):
            var fields = encoder.container(keyedBy: AnyKey.self)
            for member in object.members {
                try fields.encode(member.value, forKey: AnyKey(stringValue: member.name))
            }
        case .null:
            var value = encoder.singleValueContainer()
            try value.encodeNil()
        case .bool(let flag):
            var value = encoder.singleValueContainer()
            try value.encode(flag)
        case .string(let text):
            var value = encoder.singleValueContainer()
            try value.encode(text)
        case .number:
            var value = encoder.singleValueContainer()
            if let int { try value.encode(int) } else { try value.encode(double ?? 0) }
        }
    }
}

private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
