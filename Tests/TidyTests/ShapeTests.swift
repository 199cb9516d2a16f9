import Testing

@Suite struct ShapeTests {
    @Test("a file has at most 400 lines")
    func fileLength() {
        let findings = (SourceTree.sources + SourceTree.tests).filter { $0.lines.count > 401 }.map {
            Finding(path: $0.path, line: 401, text: "the file has \($0.lines.count - 1) lines")
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("a function has at most 70 lines")
    func functionLength() {
        let findings = (SourceTree.sources + SourceTree.tests).flatMap { source in
            FunctionLengths(source: source).all.filter { $0.length > 70 }.map {
                Finding(path: source.path, line: $0.line, text: "\($0.length) lines")
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("every package declaration is documented")
    func documentation() {
        let findings = SourceTree.sources.flatMap { source in
            source.code.indices.filter { index in
                source.code[index].contains(/^\s*(@\w+\s+|[a-z]+\s+)*package\s+(?!import\b)/)
                    && !isDocumented(source, index)
            }.map { Finding(path: source.path, line: $0 + 1, text: "no documentation") }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    /// Whether a comment of three slashes stands above a line, attributes in between aside.
    private func isDocumented(_ source: SwiftSource, _ index: Int) -> Bool {
        var above = index - 1
        while above >= 0, source.lines[above].contains(/^\s*@/) { above -= 1 }
        return above >= 0 && source.lines[above].contains(/^\s*\/\/\//)
    }
}
