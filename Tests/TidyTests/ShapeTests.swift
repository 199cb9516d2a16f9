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
    func functionLength() throws {
        let findings = try (SourceTree.sources + SourceTree.tests).flatMap { source in
            try FunctionLengths(source: source).all().filter { $0.length > 70 }.map {
                Finding(path: source.path, line: $0.line, text: "\($0.length) lines")
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("every package declaration is documented")
    func documentation() {
        let requirements = Requirements(of: SourceTree.sources)
        let findings = SourceTree.sources.flatMap { source in
            Documentation(source: source, requirements: requirements).missing.map {
                Finding(path: source.path, line: $0, text: "no documentation")
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }
}
