import PreviewCore
import Testing

@Suite("Reading YAML")
struct YAMLReaderTests {
    private func read(
        _ text: String,
        limits: YAMLLimits = .config
    ) throws(YAMLFailure) -> YAMLNode? {
        try YAMLReader.read(Array(text.utf8), limits: limits)
    }

    private func failure(_ text: String, limits: YAMLLimits = .config) -> YAMLFailure? {
        do throws(YAMLFailure) {
            _ = try read(text, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test("every value has its line and column, counted from 1")
    func places() throws {
        let root = try #require(try read("a: 1\nb:\n  - x\n  - {c: ü, d: y}\n"))
        #expect(root.mark == Mark(line: 1, column: 1))
        #expect(root["a"]?.mark == Mark(line: 1, column: 4))
        #expect(root["a"]?.end == Mark(line: 1, column: 5))
        let items = try #require(root["b"]?.items)
        #expect(items[0].mark == Mark(line: 3, column: 5))
        #expect(items[1]["c"]?.mark == Mark(line: 4, column: 9))
        #expect(items[1]["d"]?.mark == Mark(line: 4, column: 15))
        #expect(items[1].entries?[1].key.mark == Mark(line: 4, column: 12))
    }

    @Test("a byte order mark takes no column")
    func byteOrderMark() throws {
        let root = try #require(try read("\u{FEFF}a: b\n"))
        #expect(root["a"]?.mark == Mark(line: 1, column: 4))
    }

    @Test(
        "types are those of the core schema of YAML 1.2",
        arguments: [
            ("~", .null), ("null", .null), ("NULL", .null), ("nUll", .string("nUll")),
            ("true", .bool(true)), ("FALSE", .bool(false)), ("yes", .string("yes")),
            ("on", .string("on")), ("n", .string("n")), ("0", .int(0)), ("-17", .int(-17)),
            ("+5", .int(5)), ("017", .int(17)), ("0o17", .int(15)), ("0xfF", .int(255)),
            ("0o8", .string("0o8")), ("0x", .string("0x")), ("-0x1", .string("-0x1")),
            ("0b1", .string("0b1")), ("1_000", .string("1_000")), ("1:30", .string("1:30")),
            ("1.5", .float(1.5)), (".5", .float(0.5)), ("5.", .float(5)), (".", .string(".")),
            ("1e3", .float(1000)), ("1E-2", .float(0.01)), ("1e", .string("1e")),
            ("-.inf", .float(-.infinity)), ("+.INF", .float(.infinity)),
            ("inf", .string("inf")), ("99999999999999999999", .float(1e20)),
            ("0xFFFFFFFFFFFFFFFFF", .float(0x1p68)), ("1.2.3", .string("1.2.3")),
            ("2024-01-31", .string("2024-01-31")), ("\"1\"", .string("1")),
            ("'true'", .string("true")),
            ("!!str 1", .string("1")), ("!!int \"1\"", .int(1)), ("! 1", .string("1")),
            ("!!float 1", .float(1)), ("!!bool \"true\"", .bool(true)), ("!!int x", .string("x")),
            ("１", .string("１")),
        ] as [(String, YAMLScalar)]
    )
    func types(_ text: String, _ scalar: YAMLScalar) throws {
        #expect(try read("- \(text)\n")?.items?.first?.scalar == scalar)
    }

    @Test("`.nan` is a number")
    func notANumber() throws {
        guard case .float(let value) = try read("- .NaN\n")?.items?.first?.scalar else {
            Issue.record("no number")
            return
        }
        #expect(value.isNaN)
    }

    @Test(
        "documents without a value are empty",
        arguments: ["", "\n", "# a\n", "---\n", "---\n...\n"]
    )
    func empty(_ text: String) throws {
        #expect(try read(text) == nil)
    }

    @Test("an alias stands for its anchor, in its own place")
    func aliases() throws {
        let root = try #require(try read("a: &x {k: v}\nb: *x\n"))
        #expect(root["b"]?["k"]?.text == "v")
        #expect(root["b"]?.mark == Mark(line: 2, column: 4))
        #expect(root["b"]?["k"]?.mark == Mark(line: 1, column: 11))
    }

    @Test("an anchor set again names its newest value")
    func redefinedAnchor() throws {
        let root = try #require(try read("[&x 1, *x, &x 2, *x, &x [&x 3, *x], *x]"))
        let items = try #require(root.items)
        #expect(items[1].text == "1")
        #expect(items[3].text == "2")
        #expect(items[4].items?[1].text == "3")
        #expect(items[5].items?.count == 2)
    }

    @Test("merged keys stand behind a mapping's own, and the first of several wins")
    func merges() throws {
        let root = try #require(
            try read("- &a {x: 1, y: 1}\n- &b {y: 2, z: 2}\n- {<<: [*a, *b], x: 0}\n")
        )
        let merged = try #require(root.items?[2])
        #expect(merged.entries?.map(\.key.text) == ["x", "y", "z"])
        #expect(merged.entries?.map(\.value.text) == ["0", "1", "2"])
        let quoted = try #require(try read("{\"<<\": {a: b}, c: d}"))
        #expect(quoted.entries?.map(\.key.text) == ["<<", "c"])
    }

    @Test("merges may be nested")
    func nestedMerges() throws {
        let root = try #require(try read("a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b, z: 3}\n"))
        #expect(root["c"]?.entries?.map(\.key.text) == ["z", "y", "x"])
    }

    @Test("an alias that leads back into itself, or nowhere, is refused in its place")
    func badAliases() {
        #expect(failure("a: &x [*x]\n")?.mark == Mark(line: 1, column: 8))
        #expect(failure("a: &x 1\nb: &x {c: [*x]}\n")?.mark == Mark(line: 2, column: 12))
        #expect(failure("a: *nobody\n")?.mark == Mark(line: 1, column: 4))
    }

    @Test("a hundred levels are read and one more is refused, with or without aliases")
    func depth() {
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        #expect(failure(nested(100)) == nil)
        #expect(failure(nested(101))?.mark == Mark(line: 1, column: 101))
        #expect(failure(String(repeating: "[", count: 1 << 20))?.cause == .limit)
        #expect(failure(String(repeating: "{a: ", count: 1 << 18))?.cause == .limit)
        #expect(failure("- &a \(nested(50))\n- \(nested(49).replacing("[]", with: "[*a]"))") == nil)
        #expect(
            failure("- &a \(nested(50))\n- \(nested(50).replacing("[]", with: "[*a]"))")?.cause
                == .limit
        )
    }

    @Test("a file of 1 MiB is read and one byte more is refused")
    func size() {
        let text = "a: \"" + String(repeating: "x", count: (1 << 20) - 5) + "\""
        #expect(failure(text) == nil)
        #expect(failure(text + " ")?.cause == .limit)
        #expect(failure(text + " ", limits: YAMLLimits(bytes: 2 << 20)) == nil)
    }

    @Test("aliases may not multiply without bound")
    func bomb() {
        let lines = (1...9).map { level in
            "- &l\(level) [" + (0..<9).map { _ in "*l\(level - 1)" }.joined(separator: ", ") + "]"
        }
        let text = "- &l0 [a, b]\n" + lines.joined(separator: "\n")
        #expect(failure(text)?.cause == .limit)
        let few = YAMLLimits(bytes: 1000, aliasedValues: 3)
        #expect(failure("[&a [1, 2], *a]", limits: few) == nil)
        #expect(failure("[&a [1, 2], *a, *a]", limits: few)?.mark == Mark(line: 1, column: 17))
    }

    @Test("a second document is refused where it begins")
    func secondDocument() {
        #expect(failure("a\n--- b\n")?.mark == Mark(line: 2, column: 1))
        #expect(failure("a\n...\n") == nil)
    }

    @Test("duplicate keys are refused, in long mappings too, whatever their quotes")
    func duplicates() {
        let first = failure("a: 1\n'a': 2\n")
        #expect(first?.cause == .duplicateKey)
        #expect(first?.mark == Mark(line: 2, column: 1))
        let many = (0..<500).map { "k\($0): x\n" }.joined()
        #expect(failure(many) == nil)
        #expect(failure(many + "k77: x\n")?.mark == Mark(line: 501, column: 1))
    }

    @Test("what leaves the rest readable does not hide it")
    func problems() throws {
        let document = try YAMLReader.document(Array("a: *x\nb: 1\nb: 2\nc: !t d\n---\n".utf8))
        #expect(document.problems.map(\.mark.line) == [1, 3, 5])
        #expect(document.root?["c"]?.text == "d")
        #expect(document.foreignTags.map(\.tag) == ["!t"])
    }

    @Test("bytes that are no UTF-8 are refused at the first wrong one")
    func encoding() {
        let cases: [([UInt8], Mark)] = [
            (Array("a: b\nü: ".utf8) + [0xFF], Mark(line: 2, column: 4)),
            ([0xC3], Mark(line: 1, column: 1)),
            (Array("a\r\nb".utf8) + [0xED, 0xA0, 0x80], Mark(line: 2, column: 2)),
            ([0xFF, 0xFE, 0x61, 0x00], Mark(line: 1, column: 1)),
        ]
        for (bytes, mark) in cases {
            #expect(throws: YAMLFailure.self) { try YAMLReader.read(bytes) }
            do throws(YAMLFailure) {
                _ = try YAMLReader.read(bytes)
            } catch {
                #expect(error.mark == mark)
            }
        }
    }

    @Test(
        "line breaks that only YAML 1.1 knows are refused, and kept when escaped",
        arguments: [("\u{85}", "\\N"), ("\u{2028}", "\\L"), ("\u{2029}", "\\P")]
    )
    func oldLineBreaks(_ character: String, _ escape: String) throws {
        #expect(failure("a: é\nb: \"x\(character)y\"\n")?.mark == Mark(line: 2, column: 6))
        #expect(try read("b: \"x\(escape)y\"\n")?["b"]?.text == "x\(character)y")
    }

    @Test("random bytes never crash the reader")
    func randomBytes() {
        var numbers = RepeatableNumbers(seed: 20_240)
        let pieces = [
            "- ", "a: ", "[", "]", "{", "}", "&x ", "*x", "<<: ", "\n", "  ", "\"", "'", "|",
        ]
        for round in 0..<4000 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...60, using: &numbers) {
                let isPiece = round % 2 == 0 || Bool.random(using: &numbers)
                bytes += isPiece ? Array((pieces.randomElement(using: &numbers) ?? "").utf8) : []
                if !isPiece { bytes.append(UInt8.random(in: 0...255, using: &numbers)) }
            }
            // Both outcomes are right; the process must live.
            _ = try? YAMLReader.document(bytes)
        }
    }
}
