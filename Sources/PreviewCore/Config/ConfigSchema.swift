/// The JSON Schema of `preview.yaml`, made from the same rules that the parser follows.
///
/// It accepts and refuses what the parser does, as far as a value shows it. Left to the program are
/// what is no value (syntax, duplicate keys), what a variable turned out to be, and the one rule
/// that JSON Schema has no words for: a name that stands twice among `env` and `secrets`.
package enum ConfigSchema {
    /// The document, in the order in which people read it.
    package static var document: JSONValue {
        var root = section("", title: "preview.yaml")
        root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        root["$defs"] = definitions
        let first = ["$schema", "title", "description"]
        return .object(ordered(root, first: first, last: ["$defs"]))
    }

    /// The document as a file: indented, in ASCII.
    package static var text: String {
        JSONWriter.pretty(document).unicodeScalars.map { scalar in
            guard !scalar.isASCII else { return String(scalar) }
            return UTF16.encode(scalar)?.map { unit in
                "\\u" + Digest.hexadecimal([UInt8(unit >> 8), UInt8(unit & 0xFF)])
            }.joined() ?? ""
        }.joined() + "\n"
    }

    // MARK: Text

    private static let definitions: JSONValue = [
        "text": [
            "description": "Text without NUL, with `${NAME}`, `${NAME:-default}` and `$$`.",
            "type": "string", "pattern": .string(textPattern),
        ],
        "reference": [
            "description": "Text with a variable, whose value only the program knows.",
            "pattern": .string(#"^(?:[^$]|\$\$|\$(?![{$]))*\$\{"#),
        ],
    ]

    private static let textPattern: String = {
        let dollar = #"\$\$|\$(?![{$])"#
        let fallback = #"(?::-(?:[^}$\u0000]|\#(dollar))*)?"#
        let reference = #"\$\{\#(VariableName.pattern)\#(fallback)\}"#
        return #"^(?:[^$\u0000]|\#(dollar)|\#(reference))*$(?!\n)"#
    }()

    // MARK: Sections

    /// The schema of a mapping with the documented keys.
    private static func section(_ path: String, title: String? = nil) -> JSONObject {
        let keys = ConfigKey.keys(in: path)
        var result = JSONObject()
        if let title { result["title"] = .string(title) }
        result["type"] = "object"
        result["additionalProperties"] = false
        let required = keys.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { result["required"] = .array(required) }
        result["properties"] = .object(
            JSONObject(keys.map { .init(name: $0.name, value: property($0)) })
        )
        return result
    }

    private static func property(_ key: ConfigKey) -> JSONValue {
        let schema: JSONObject =
            switch key.path {
            case "region": regions(key)
            case "env": environment
            case "secrets": secrets
            case "steps": steps
            case "resources": resources
            case "state": state
            default: key.isSection ? section(key.path) : key.schema.object ?? JSONObject()
            }
        return described(key, schema)
    }

    private static func described(_ key: ConfigKey, _ schema: JSONObject) -> JSONValue {
        var result = schema
        result["description"] = .string(key.summary)
        if let value = key.defaultValue { result["default"] = value }
        return .object(ordered(result, first: ["description", "default"]))
    }

    private static func ordered(
        _ object: JSONObject,
        first: [String],
        last: [String] = []
    ) -> JSONObject {
        let between = object.names.filter { !first.contains($0) && !last.contains($0) }
        let names = first + between + last
        return JSONObject(
            names.compactMap { name in object[name].map { .init(name: name, value: $0) } }
        )
    }

    private static func object(_ members: KeyValuePairs<String, JSONValue>) -> JSONObject {
        JSONObject(members.map { .init(name: $0.key, value: $0.value) })
    }

    private static func regions(_ key: ConfigKey) -> JSONObject {
        let list: JSONValue = [
            "type": "array", "minItems": 1, "uniqueItems": true, "items": key.schema,
        ]
        return object(["anyOf": [key.schema, list]])
    }

    private static var environment: JSONObject {
        object([
            "type": "object",
            "propertyNames": .pattern(VariableName.pattern),
            "additionalProperties": property(Keys.environmentValue.key),
        ])
    }

    private static var secrets: JSONObject {
        object([
            "type": "array", "uniqueItems": true,
            "items": ["anyOf": [Keys.Secrets.name.key.schema, .object(section("secrets[]"))]],
        ])
    }

    private static var steps: JSONObject {
        let words =
            ConfigKey.keys(in: "steps").first.map { described($0, section($0.path)) } ?? false
        let members = StepID.allCases.map { JSONObject.Member(name: "\($0.number)", value: words) }
        return object([
            "type": "object", "additionalProperties": false,
            "properties": .object(JSONObject(members)),
        ])
    }

    // MARK: Rules across keys

    /// Which numbers of CPUs a kind has, and which memory a size can have.
    private static var resources: JSONObject {
        var result = section("resources")
        let counts = MachineSize.Kind.allCases.map { kind -> JSONValue in
            [
                "if": named(MachineSize.all.filter { $0.kind == kind }),
                "then": ["properties": ["cpu": ["enum": .array(kind.cpus.map(JSONValue.int))]]],
            ]
        }
        let amounts = MachineSize.all.map { size -> JSONValue in
            let kin = MachineSize.all.filter { $0.kind == size.kind }
            let byCount: JSONValue = [
                "allOf": [
                    named(kin),
                    ["required": ["cpu"], "properties": ["cpu": ["const": .int(size.cpus)]]],
                ]
            ]
            let byName: JSONValue = ["allOf": [named([size]), ["not": ["required": ["cpu"]]]]]
            return [
                "if": ["anyOf": [byCount, byName]],
                "then": ["properties": ["memory": memory(of: size)]],
            ]
        }
        result["allOf"] = .array(counts + amounts)
        return result
    }

    /// Whether `size` names one of these sizes; where it is absent, the default's.
    private static func named(_ sizes: [MachineSize]) -> JSONValue {
        let names = sizes.map { JSONValue.string($0.name) }
        var result = object(["properties": ["size": ["enum": .array(names)]]])
        if !sizes.contains(.default) { result["required"] = ["size"] }
        return .object(result)
    }

    private static func memory(of size: MachineSize) -> JSONValue {
        let amounts = stride(
            from: size.memory.lowerBound,
            through: size.memory.upperBound,
            by: size.memoryStep
        )
        let texts = amounts.flatMap(MemoryNotation.spellings).joined(separator: "|")
        return [
            "anyOf": [
                [
                    "type": "integer", "minimum": .int(size.memory.lowerBound),
                    "maximum": .int(size.memory.upperBound), "multipleOf": .int(size.memoryStep),
                ],
                ["type": "string", "anyOf": [.pattern(texts), ["$ref": "#/$defs/reference"]]],
            ]
        ]
    }

    /// Which keys a store has and which it must have; where `store` is absent, those of the default.
    private static var state: JSONObject {
        var result = section("state")
        let rules = Config.StoreName.allCases.map { store -> JSONValue in
            let own = store.keys.map(\.key.name)
            let all = Config.StoreName.allCases.flatMap(\.keys).map(\.key.name)
            let foreign = all.filter { !own.contains($0) }
            var condition = object(["properties": ["store": ["const": .string(store.rawValue)]]])
            if JSONValue.string(store.rawValue) != Keys.State.store.key.defaultValue {
                condition["required"] = ["store"]
            }
            var consequence = object([
                "properties": .object(JSONObject(foreign.map { .init(name: $0, value: false) }))
            ])
            let required = store.keys.filter(\.isRequired).map { JSONValue.string($0.key.name) }
            if !required.isEmpty { consequence["required"] = .array(required) }
            return ["if": .object(condition), "then": .object(consequence)]
        }
        result["allOf"] = .array(rules)
        return result
    }
}
