import PreviewCore

/// A GraphQL operation, as far as the simulator reads the language: one operation with variables,
/// aliases, arguments and nested selections; no fragments and no directives (GraphQL, October 2021,
/// section 2).
struct GraphQLDocument: Sendable {
    /// A field that is asked for.
    struct Field: Sendable {
        /// The name under which its value is answered.
        var alias: String
        var name: String
        var arguments: [String: JSONValue]
        /// Empty for a scalar.
        var fields: [Field]
    }

    /// Why a text cannot be read; the message goes into `errors`.
    struct Failure: Error {
        var message: String
    }

    var isMutation: Bool
    var fields: [Field]

    /// Reads an operation, with `variables` in place of theirs.
    init(_ text: String, variables: JSONValue?) throws(Failure) {
        var reader = Reader(text, variables: variables)
        isMutation = false
        if let word = reader.takeName() {
            guard word == "query" || word == "mutation" else {
                throw Failure(message: "Unexpected \(word)")
            }
            isMutation = word == "mutation"
            reader.skip(to: "{")
        }
        fields = try reader.selection()
        guard reader.isAtEnd else { throw Failure(message: "Expected one operation") }
    }

    /// What an object answers to a selection of its fields.
    static func project(
        _ value: JSONValue, _ fields: [Field], type: String
    ) throws(Failure) -> JSONValue {
        if fields.isEmpty || value.isNull { return value }
        if let elements = value.array {
            var projected: [JSONValue] = []
            for element in elements {
                projected.append(try project(element, fields, type: type))
            }
            return .array(projected)
        }
        var members: [(String, JSONValue?)] = []
        for field in fields {
            guard let member = value[field.name] else {
                throw Failure(message: "Field '\(field.name)' doesn't exist on type '\(type)'")
            }
            members.append((field.alias, try project(member, field.fields, type: field.name)))
        }
        return .object(members)
    }
}

private struct Reader {
    /// Names, numbers, texts (with their quotes) and punctuation, in order.
    private var tokens: ArraySlice<String>
    private let variables: JSONValue?

    init(_ text: String, variables: JSONValue?) {
        tokens = Self.tokens(of: text)[...]
        self.variables = variables
    }

    var isAtEnd: Bool { tokens.isEmpty }

    mutating func takeName() -> String? {
        guard let token = tokens.first, Self.isName(token) else { return nil }
        return tokens.popFirst()
    }

    /// Leaves out what stands before a token: the operation's name and its variables' types.
    mutating func skip(to token: String) {
        tokens = tokens.drop { $0 != token }
    }

    mutating func selection() throws(GraphQLDocument.Failure) -> [GraphQLDocument.Field] {
        try expect("{")
        var fields: [GraphQLDocument.Field] = []
        while tokens.first != "}" {
            guard var name = takeName() else {
                throw GraphQLDocument.Failure(message: "Expected a field")
            }
            let alias = name
            if take(":") {
                guard let real = takeName() else {
                    throw GraphQLDocument.Failure(message: "Expected a field after the alias")
                }
                name = real
            }
            let arguments = try arguments()
            let nested = tokens.first == "{" ? try selection() : []
            fields.append(
                .init(alias: alias, name: name, arguments: arguments, fields: nested))
        }
        try expect("}")
        return fields
    }

    private mutating func arguments() throws(GraphQLDocument.Failure) -> [String: JSONValue] {
        guard take("(") else { return [:] }
        return try members(until: ")")
    }

    private mutating func members(
        until end: String
    ) throws(GraphQLDocument.Failure) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        while !take(end) {
            guard let name = takeName(), take(":") else {
                throw GraphQLDocument.Failure(message: "Expected an argument")
            }
            members[name] = try value()
        }
        return members
    }

    private mutating func value() throws(GraphQLDocument.Failure) -> JSONValue {
        guard let token = tokens.popFirst() else {
            throw GraphQLDocument.Failure(message: "Expected a value")
        }
        switch token {
        case "$": return takeName().flatMap { variables?[$0] } ?? .null
        case "{":
            return .object(try members(until: "}").sorted { $0.key < $1.key }.map { ($0, $1) })
        case "[":
            var elements: [JSONValue] = []
            while !take("]") { elements.append(try value()) }
            return .array(elements)
        case "true", "false": return .bool(token == "true")
        case "null": return .null
        default: break
        }
        if Self.isName(token) { return .string(token) }
        // A text or a number reads as in JSON.
        guard let value = try? JSONReader.read(token) else {
            throw GraphQLDocument.Failure(message: "Unexpected \(token)")
        }
        return value
    }

    private mutating func take(_ token: String) -> Bool {
        guard tokens.first == token else { return false }
        tokens.removeFirst()
        return true
    }

    private mutating func expect(_ token: String) throws(GraphQLDocument.Failure) {
        guard take(token) else {
            throw GraphQLDocument.Failure(
                message: "Expected \(token), got \(tokens.first ?? "end")")
        }
    }

    private static func isName(_ token: String) -> Bool {
        token.first.map { $0.isLetter || $0 == "_" } == true
    }

    private static func tokens(of text: String) -> [String] {
        var tokens: [String] = []
        var rest = text[...]
        while let letter = rest.first {
            if letter.isWhitespace || letter == "," {
                rest.removeFirst()
            } else if letter == "#" {
                rest = rest.drop { !$0.isNewline }
            } else if letter == "\"" {
                tokens.append(takeText(&rest))
            } else if letter.isLetter || letter.isNumber || letter == "_" || letter == "-" {
                let word = rest.prefix {
                    $0.isLetter || $0.isNumber || ["_", "-", "."].contains($0)
                }
                tokens.append(String(word))
                rest = rest.dropFirst(word.count)
            } else {
                tokens.append(String(rest.removeFirst()))
            }
        }
        return tokens
    }

    /// A text with its quotes; one that is not closed goes to the end.
    private static func takeText(_ rest: inout Substring) -> String {
        var text = String(rest.removeFirst())
        var isEscaped = false
        while let letter = rest.popFirst() {
            text.append(letter)
            if letter == "\"", !isEscaped { break }
            isEscaped = letter == "\\" && !isEscaped
        }
        return text
    }
}
