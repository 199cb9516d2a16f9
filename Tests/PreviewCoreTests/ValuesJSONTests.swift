import PreviewCore
import PreviewTestSupport
import Testing

@Suite("JSON: read and written byte for byte")
struct ValuesJSONTests {
    private func failure(_ text: String, _ options: JSONReader.Options = .strict)
        -> JSONSyntaxError?
    {
        do throws(JSONSyntaxError) {
            _ = try JSONReader.read(text, options: options)
            return nil
        } catch {
            return error
        }
    }

    private func line(_ text: String, _ options: JSONReader.Options = .strict) throws -> String {
        String(
            decoding: JSONWriter.line(try JSONReader.read(text, options: options)), as: UTF8.self)
    }

    @Test(
        "what is written without spaces comes back byte for byte",
        arguments: [
            "null", "true", "false", "0", "-0", "1.10", "1e5", "1E-5", "-12.5e+10", "\"\"", "[]",
            "{}",
            "[1,[2,[3]],{}]", #"{"b":1,"a":2}"#, #"{"é":"ü","🎉":"\u0001"}"#,
            "123456789012345678901234567890",
            #""\"\\\b\f\n\r\t""#, #"{"a":{"b":[null,true,false,"x"]}}"#,
        ])
    func exact(_ text: String) throws {
        #expect(try line(text) == text)
    }

    @Test("escapes are read, and written only where they must be")
    func escapes() throws {
        #expect(try line(#""\u0041\/\u00e9\ud83c\udf89\u001f\u007f""#) == "\"A/é🎉\\u001f\u{7F}\"")
    }

    @Test(
        "errors have line, column and offset",
        arguments: [
            ("", 1, 1, "the text ends where a value is expected"),
            ("  ", 1, 3, "the text ends where a value is expected"),
            ("{\n \"a\": }", 2, 7, "unexpected character"),
            ("[1,]", 1, 4, "unexpected character"), ("[1 2]", 1, 4, "expected `,` or `]`"),
            ("{\"a\" 1}", 1, 6, "expected `:` after the name"),
            ("{a:1}", 1, 2, "expected a name in double quotes"),
            ("{\"a\":1,}", 1, 8, "expected a name in double quotes"),
            ("01", 1, 1, "not a number"), ("-", 1, 1, "not a number"),
            (".5", 1, 1, "unexpected character"),
            ("1.", 1, 3, "a digit must follow the decimal point"),
            ("1e", 1, 3, "a digit must follow the exponent"),
            ("tru", 1, 1, "unexpected word"), ("nulll", 1, 5, "text after the end of the document"),
            ("\"a", 1, 3, "the string is not closed"), (#""\x""#, 1, 2, "unknown escape"),
            (#""\u12xx""#, 1, 6, "expected four hexadecimal digits"),
            (#""\u12""#, 1, 4, "the escape is cut off"),
            (#""\ud800""#, 1, 8, "half of a surrogate pair"),
            (#""\udc00""#, 1, 8, "half of a surrogate pair"),
            (#""\ud800\u0041""#, 1, 14, "half of a surrogate pair"),
            ("\"a\nb\"", 1, 3, "a control character must be escaped in a string"),
            ("{\"a\":1,\n\"a\":2}", 2, 1, "the name \"a\" appears twice"),
            ("// no", 1, 1, "unexpected character"), ("\u{FEFF}1", 1, 1, "unexpected character"),
        ])
    func errors(_ text: String, _ line: Int, _ column: Int, _ message: String) throws {
        let error = try #require(failure(text), "\(text)")
        #expect(error.line == line && error.column == column, "\(text): \(error)")
        #expect(error.message == message, "\(text)")
        #expect(error.offset <= text.utf8.count)
    }

    @Test(
        "bytes that are no UTF-8 are refused in strings",
        arguments: [
            [0xC3], [0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
        ] as [[UInt8]])
    func invalidUTF8(_ bytes: [UInt8]) {
        #expect(throws: JSONSyntaxError.self) {
            try JSONReader.read([0x22] + bytes + [0x22])
        }
        #expect(throws: JSONSyntaxError.self) {
            try JSONReader.read([0x22, 0x5C, 0x6E] + bytes + [0x22])
        }
    }

    @Test("lenient reading takes comments, trailing commas, a mark and repeated names")
    func lenient() throws {
        let text = "\u{FEFF}// first\n{ /* a */ \"a\": 1, \"b\": [1, 2,], \"a\": 3, } // last"
        #expect(try line(text, .lenient) == #"{"b":[1,2],"a":3}"#)
        #expect(failure("/* open", .lenient)?.message == "the comment is not closed")
        #expect(failure("[,]", .lenient) != nil && failure("{,}", .lenient) != nil)
    }

    @Test("nesting ends at the limit, without ending the program")
    func depth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(try line(nested(128)) == nested(128))
        #expect(failure(nested(129))?.message == "nested more than 128 levels deep")
        #expect(failure(String(repeating: "{\"a\":", count: 100_000)) != nil)
    }

    @Test("repeated names are found in large objects, too")
    func repeatedNames() {
        let names = (0..<40).map { "\"n\($0)\":0" }
        #expect(failure("{\(names.joined(separator: ","))}") == nil)
        for index in [0, 15, 16, 39] {
            let text = "{\((names + [names[index]]).joined(separator: ","))}"
            #expect(failure(text)?.message == "the name \"n\(index)\" appears twice")
        }
    }

    @Test("the canonical form sorts names by UTF-16 units, at every level (RFC 8785, 3.2.3)")
    func canonical() throws {
        // The example of the RFC, with its order.
        let text = #"""
            {"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
             "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control",
             "\u00f6":"Latin Small Letter O With Diaeresis"}
            """#
        let value = try JSONReader.read(text)
        let sorted = try #require(JSONReader.read(JSONWriter.canonical(value)).object)
        #expect(
            sorted.members.map(\.value.string) == [
                "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis",
                "Euro Sign", "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh",
            ])
        let nested = try JSONReader.read(#"{"b":[{"d":1,"c":2}],"a":{"z":0,"y":0}}"#)
        #expect(
            String(decoding: JSONWriter.canonical(nested), as: UTF8.self)
                == #"{"a":{"y":0,"z":0},"b":[{"c":2,"d":1}]}"#)
        #expect(
            JSONWriter.canonical("</script>\u{7F}\u{2028}")
                == Array("\"</script>\u{7F}\u{2028}\"".utf8))
    }

    @Test("the indented form is as people write it")
    func pretty() throws {
        let value = try JSONReader.read(#"{"a":[1,{"b":[]}],"c":{}}"#)
        #expect(
            JSONWriter.pretty(value) == """
                {
                  "a": [
                    1,
                    {
                      "b": []
                    }
                  ],
                  "c": {}
                }
                """)
    }

    @Test(
        "a long list that is written element by element is the text that the whole value gives",
        arguments: [0, 1, 3])
    func prettyList(count: Int) {
        let elements: [JSONValue] = (0..<count).map { ["id": .int($0), "parts": [.int($0), []]] }
        var rest = JSONObject()
        rest["total"] = .int(count)
        rest["damaged"] = []
        var whole = JSONObject([.init(name: "sessions", value: .array(elements))])
        for member in rest.members { whole[member.name] = member.value }
        var written: [UInt8] = []
        JSONWriter.writePretty(
            "sessions", elements.map(JSONWriter.prettyElement), followedBy: rest
        ) { written += $0 }
        #expect(String(decoding: written, as: UTF8.self) == JSONWriter.pretty(.object(whole)))
    }

    @Test("numbers: whole ones by value, others by their spelling")
    func numbers() throws {
        #expect(JSONValue.number("1e3").int == 1000 && JSONValue.number("1.0").int == 1)
        #expect(JSONValue.number("1.5").int == nil && JSONValue.number("1e300").int == nil)
        #expect(JSONValue.number("1.5").double == 1.5 && JSONValue.number("-0").int == 0)
        #expect(JSONValue.string("1").int == nil && JSONValue.null.double == nil)
    }

    @Test(
        "seconds have at most three decimals and are never negative",
        arguments: [
            (0, "0"), (1, "1"), (1.5, "1.5"), (1.23456, "1.235"), (0.0004, "0"), (0.001, "0.001"),
            (99.9999, "100"), (-3, "0"), (.infinity, "0"), (.nan, "0"), (1e300, "9007199254740"),
        ] as [(Double, String)])
    func seconds(_ value: Double, _ text: String) {
        #expect(JSONValue.seconds(value) == .number(text))
    }

    @Test("members keep their order; setting replaces, adds at the end, or removes")
    func members() {
        var object = JSONObject()
        object["b"] = 1
        object["a"] = 2
        object["b"] = 3
        #expect(object.names == ["b", "a"] && object["b"] == 3 && object["c"] == nil)
        object["b"] = nil
        #expect(object.names == ["a"])
    }

    @Test("random values survive writing and reading in every form")
    func randomValues() throws {
        let random = DeterministicRandom(seed: 42)
        for _ in 0..<500 {
            let value = Self.value(random, depth: 4)
            #expect(try JSONReader.read(JSONWriter.line(value)) == value)
            #expect(try JSONReader.read(JSONWriter.pretty(value)) == value)
            let canonical = JSONWriter.canonical(value)
            #expect(JSONWriter.canonical(try JSONReader.read(canonical)) == canonical)
        }
    }

    @Test("random bytes never end the program, and what is read is written the same")
    func fuzz() throws {
        let random = DeterministicRandom(seed: 7)
        let seeds = (0..<20).map { _ in JSONWriter.line(Self.value(random, depth: 3)) }
        for round in 0..<20_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0...random.below(3) where !bytes.isEmpty {
                bytes[random.below(bytes.count)] = UInt8(random.below(256))
            }
            for options in [JSONReader.Options.strict, .lenient] {
                // Most of these are no JSON; what matters is that reading ends.
                guard let value = try? JSONReader.read(bytes, options: options) else { continue }
                #expect(try JSONReader.read(JSONWriter.line(value)) == value)
            }
        }
    }

    private static func value(_ random: DeterministicRandom, depth: Int) -> JSONValue {
        switch random.below(depth > 0 ? 7 : 5) {
        case 0: .null
        case 1: .bool(random.below(2) == 0)
        case 2: .int(random.below(1 << 40) - 1 << 39)
        case 3: .number("\(random.below(1000)).\(random.below(1000))e\(random.below(20))")
        case 4: .string(text(random))
        case 5: .array((0..<random.below(5)).map { _ in value(random, depth: depth - 1) })
        default:
            .object(
                JSONObject(
                    Set((0..<random.below(5)).map { _ in text(random) }).sorted().map {
                        .init(name: $0, value: value(random, depth: depth - 1))
                    }))
        }
    }

    private static func text(_ random: DeterministicRandom) -> String {
        let scalars: [Unicode.Scalar] = [
            "a", "\"", "\\", "\n", "\u{1}", "é", "€", "🎉", "/", "\u{7F}",
        ]
        var text = ""
        for _ in 0..<random.below(8) {
            text.unicodeScalars.append(scalars[random.below(scalars.count)])
        }
        return text
    }
}
