import PreviewCore
import PreviewTestSupport
import Testing

@Suite("The JSON Schema of preview.yaml")
struct ConfigSchemaTests {
    @Test("the published file is what the program writes")
    func published() throws {
        let file = ConfigCorpus.repository + "/schema/preview.schema.json"
        #expect(String(decoding: try ConfigCorpus.bytes(file), as: UTF8.self) == ConfigSchema.text)
    }

    @Test("it describes every documented key with its default")
    func descriptions() throws {
        for key in ConfigKey.all {
            let property = try #require(Self.property(key.path), "\(key.path)")
            #expect(property["description"]?.string == key.summary)
            #expect(property["default"] == key.defaultValue)
        }
    }

    @Test("an independent validator agrees with the parser about every file of the corpus")
    func corpus() async throws {
        let kinds = [("valid", "accept"), ("invalid", "refuse"), ("program-only", "accept")]
        var expected: [String: String] = [:]
        var documents: [(name: String, value: JSONValue)] = []
        for (kind, verdict) in kinds {
            for file in try ConfigCorpus.files(kind) {
                // What is no document cannot be shown to a validator.
                guard let root = try? YAMLReader.read(file.bytes), let value = root.json else {
                    #expect(kind == "program-only")
                    continue
                }
                expected[file.path] = verdict
                documents.append((file.path, value))
            }
        }
        let verdicts = try await SchemaValidator.verdicts(
            documents.map(\.value),
            schema: "preview.schema.json"
        )
        for (document, verdict) in zip(documents, verdicts) {
            #expect(verdict == expected[document.name], "\(document.name)")
        }
    }

    @Test("parser and validator agree about documents that nobody has thought of")
    func generated() async throws {
        var generator = ConfigGenerator(seed: 4711)
        let documents = (0..<1500).map { _ in generator.document() }
        let verdicts = try await SchemaValidator.verdicts(documents, schema: "preview.schema.json")
        for (document, verdict) in zip(documents, verdicts) {
            let text = Self.yaml(document)
            let problems = ConfigCorpus.problems(Array(text.utf8))
            #expect((problems.isEmpty ? "accept" : "refuse") == verdict, "\(text) \(problems)")
        }
        #expect(verdicts.count { $0 == "accept" } > 200)
    }

    @Test("both know the same control, format and space characters of Unicode")
    func characters() async throws {
        let special: [Unicode.GeneralCategory] = [
            .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator,
        ]
        let scalars = (1...0x10FFFF).compactMap { Unicode.Scalar(UInt32($0)) }.filter {
            special.contains($0.properties.generalCategory)
        }
        let neighbours = scalars.flatMap { [$0.value - 1, $0.value, $0.value + 1] }
        let texts = neighbours.compactMap(Unicode.Scalar.init).flatMap {
            ["./a\($0)b", "./a\($0)"]
        }
        let verdicts = try await SchemaValidator.verdicts(
            texts.map { ["repo": .string($0)] },
            schema: "preview.schema.json"
        )
        for (text, verdict) in zip(texts, verdicts) {
            let escapes = text.unicodeScalars.map { scalar in
                let digits = String(scalar.value, radix: 16)
                return "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
            let problems = ConfigCorpus.problems(Array("repo: \"\(escapes.joined())\"".utf8))
            #expect((problems.isEmpty ? "accept" : "refuse") == verdict, "\(escapes)")
        }
    }

    /// JSON is YAML but for a few characters, which need escapes.
    private static func yaml(_ document: JSONValue) -> String {
        String(decoding: JSONWriter.line(document), as: UTF8.self).unicodeScalars.map { scalar in
            switch scalar {
            case "\u{7F}": #"\x7F"#
            case "\u{85}": #"\N"#
            case "\u{2028}": #"\L"#
            default: String(scalar)
            }
        }.joined()
    }

    /// The schema of a key's value.
    private static func property(_ path: String) -> JSONValue? {
        let parts = path.split(separator: ".").map(String.init)
        return parts.reduce(ConfigSchema.document) { schema, part in
            switch part {
            case "NAME": schema?["additionalProperties"]
            case "N": schema?["properties"]?["1"]
            case "secrets[]": schema?["properties"]?["secrets"]?["items"]?["anyOf"]?.array?.last
            default: schema?["properties"]?[part]
            }
        }
    }
}

extension YAMLNode {
    /// The value in JSON by the core schema's types; `nil` where JSON has no such value.
    var json: JSONValue? {
        if let items {
            let values = items.compactMap(\.json)
            return values.count == items.count ? .array(values) : nil
        }
        if let entries {
            var object = JSONObject()
            for entry in entries {
                guard let value = entry.value.json else { return nil }
                object[entry.key.text ?? ""] = value
            }
            return .object(object)
        }
        switch scalar {
        case .null: return .null
        case .bool(let flag): return .bool(flag)
        case .int(let number): return .int(number)
        case .float(let number): return number.isFinite ? .number("\(number)") : nil
        case .string(let text): return .string(text)
        case nil: return nil
        }
    }
}
