import Testing

@Suite struct ImportTests {
    /// What each target may import, beside `FoundationEssentials`; an arrow of the architecture page.
    private let allowed: [String: Set<String>] = [
        "PreviewData": [],
        "PreviewCore": ["PreviewData", "CLibYAML", "CCrypto", "TOMLKit"],
        "PreviewSystem": ["Glibc", "Subprocess", "SystemPackage", "CCurl", "CPreviewSystem"],
        "PreviewAdapters": ["PreviewCore", "PreviewSystem"],
        "preview": ["PreviewCore", "PreviewSystem", "PreviewAdapters", "ArgumentParser"],
        "PreviewTestSupport": ["PreviewCore", "PreviewSystem", "PreviewAdapters", "Testing"],
    ]
    /// Libraries that the core keeps behind one file each.
    private let once = ["CLibYAML", "CCrypto", "TOMLKit"]

    @Test("a target imports what the architecture allows it, and never all of Foundation")
    func imports() {
        let findings = SourceTree.sources.flatMap { source in
            modules(of: source).filter { module in
                module.name != "FoundationEssentials"
                    && allowed[source.target]?.contains(module.name) != true
            }.map {
                Finding(
                    path: source.path,
                    line: $0.line,
                    text: "\(source.target) must not import \($0.name)"
                )
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("the core reaches each C or TOML library in one file")
    func importedOnce() {
        for name in once {
            let files = SourceTree.sources.filter { source in
                modules(of: source).contains { $0.name == name }
            }
            #expect(files.count <= 1, "\(name): \(files.map(\.path))")
        }
    }

    @Test("the rule covers every target that has Swift files")
    func everyTarget() {
        #expect(Set(SourceTree.sources.map(\.target)) == Set(allowed.keys))
    }

    private func modules(of source: SwiftSource) -> [(name: String, line: Int)] {
        source.code.indices.compactMap { index in
            let pattern =
                /^\s*(?:@\w+\s+|[a-z]+\s+)*import\s+(?:(?:struct|class|enum|func|let|var)\s+)?(\w+)/
            guard let match = source.code[index].firstMatch(of: pattern) else { return nil }
            return (String(match.1), index + 1)
        }
    }
}
