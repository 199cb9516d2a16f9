import PreviewCore

/// A GraphQL query, as far as the stand-in for GitHub reads the language: one query with declared
/// variables, aliases, fragments, and arguments that are variables (GraphQL, October 2021, section 2).
struct GitHubQuery: Sendable {
    /// A field that is asked for; `type` is the condition of the fragment around it.
    struct Field: Hashable, Sendable {
        var alias: String
        var name: String
        var type: String?
        /// Names of variables by argument.
        var arguments: [String: String]
        var fields: [Field]
    }

    /// What GitHub would put into `errors`.
    struct Refusal: Error {
        var message: String
    }

    /// Types by variable, such as `GitObjectID!`.
    private(set) var variables: [String: String] = [:]
    private(set) var fields: [Field] = []
    private var fragments: [String: [Field]] = [:]

    init(_ text: String) throws {
        var reader = Reader(text)
        guard reader.take("query") else { throw Refusal(message: "Expected a query") }
        if reader.take("(") {
            while !reader.take(")") {
                try reader.expect("$")
                let name = try reader.name()
                try reader.expect(":")
                let type = try reader.name()
                variables[name] = reader.take("!") ? type + "!" : type
            }
        }
        fields = try reader.selection()
        while reader.take("fragment") {
            let name = try reader.name()
            try reader.expect("on")
            let type = try reader.name()
            fragments[name] = try reader.selection().map { field in
                var field = field
                field.type = type
                return field
            }
        }
        guard reader.isAtEnd else { throw Refusal(message: "Expected the end") }
        fields = try fields.map(spread)
        let used = Set(fields.flatMap(Self.variables))
        for name in variables.keys where !used.contains(name) {
            throw Refusal(message: "Variable $\(name) is declared but not used")
        }
        for name in used where variables[name] == nil {
            throw Refusal(message: "Variable $\(name) is used but not declared")
        }
    }

    private static func variables(in field: Field) -> [String] {
        field.arguments.values + field.fields.flatMap(variables)
    }

    /// Puts the fields of named fragments in their place.
    private func spread(_ field: Field) throws -> Field {
        var field = field
        field.fields = try field.fields.flatMap { inner -> [Field] in
            guard inner.name == "..." else { return [try spread(inner)] }
            guard let fragment = fragments[inner.alias] else {
                throw Refusal(message: "Fragment \(inner.alias) was used, but not defined")
            }
            return fragment
        }
        return field
    }
}

private struct Reader {
    private var tokens: ArraySlice<String>

    init(_ text: String) {
        var tokens: [String] = []
        for match in text.matches(of: /\.\.\.|\w+|[^\s,]/) {
            tokens.append(String(match.output))
        }
        self.tokens = tokens[...]
    }

    var isAtEnd: Bool { tokens.isEmpty }

    mutating func take(_ token: String) -> Bool {
        guard tokens.first == token else { return false }
        tokens.removeFirst()
        return true
    }

    mutating func expect(_ token: String) throws {
        guard take(token) else {
            let found = tokens.first ?? "end"
            throw GitHubQuery.Refusal(message: "Expected \(token), actual: \(found)")
        }
    }

    mutating func name() throws -> String {
        guard let token = tokens.popFirst(), token.first?.isLetter == true || token.first == "_"
        else { throw GitHubQuery.Refusal(message: "Expected a name") }
        return token
    }

    mutating func selection() throws -> [GitHubQuery.Field] {
        try expect("{")
        var fields: [GitHubQuery.Field] = []
        while !take("}") {
            if take("...") {
                fields += try fragment()
                continue
            }
            let alias = try name()
            let name = take(":") ? try self.name() : alias
            let arguments = try arguments()
            let nested = tokens.first == "{" ? try selection() : []
            fields.append(
                .init(alias: alias, name: name, arguments: arguments, fields: nested))
        }
        return fields
    }

    /// The fields of an inline fragment, or the name of another one.
    private mutating func fragment() throws -> [GitHubQuery.Field] {
        guard take("on") else {
            return [.init(alias: try name(), name: "...", arguments: [:], fields: [])]
        }
        let type = try name()
        return try selection().map { field in
            var field = field
            field.type = type
            return field
        }
    }

    private mutating func arguments() throws -> [String: String] {
        guard take("(") else { return [:] }
        var arguments: [String: String] = [:]
        while !take(")") {
            let name = try name()
            try expect(":")
            try expect("$")
            arguments[name] = try self.name()
        }
        return arguments
    }
}
