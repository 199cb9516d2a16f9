import Testing

/// The rules are only as good as what they take for code.
@Suite struct ScannerTests {
    @Test(
        "comments and texts are no code",
        arguments: [
            ("let a = 1 // b!", "let a = 1      "),
            ("a /* b /* c */ d */ e", "a                   e"),
            (#"f("x! // y", z)"#, #"f("       ", z)"#),
            (#"f("a\(b["c"])d")"#, #"f("   b[" "]) ")"#),
            (##"f(#"a"\(b)\#(c)"#)"##, ##"f(#"         c)"#)"##),
            (#"f("\\", g)"#, #"f("  ", g)"#),
        ]
    )
    func blanks(text: String, code: String) {
        #expect(SwiftSource(path: "", text: text).code == [code])
    }

    @Test("a text of many lines keeps its lines")
    func multiline() {
        let text = "f(\"\"\"\n    a \"b\" \\(c)\n    \"\"\") // d"
        let source = SwiftSource(path: "", text: text)
        #expect(source.code == ["f(\"\"\"", "            c)", "    \"\"\")     "])
        #expect(source.hasComment == [false, false, true])
    }

    @Test("a function is measured from its first line to its last")
    func lengths() throws {
        let text = """
            protocol P {
                func requirement(
                    a: Int) async throws
                var value: Int { get }
            }
            func f(
                a: Int = { 1 }()
            ) -> Int
            where Int: P {
                g { 4 }
            }
            """
        let measured = try FunctionLengths(source: SwiftSource(path: "", text: text)).all()
        #expect(measured.map(\.line) == [4, 6])
        #expect(measured.map(\.length) == [1, 6])
    }

    @Test("the rows of a table are not counted")
    func table() throws {
        let rows = String(repeating: "    case .one: .two\n", count: 80)
        let text = "func f() {\n    switch a {\n\(rows)    case .four: g { 4 }\n    }\n}"
        let measured = try FunctionLengths(source: SwiftSource(path: "", text: text)).all()
        #expect(measured.map(\.length) == [5])
    }
}
