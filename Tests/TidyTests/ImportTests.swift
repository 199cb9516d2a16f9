import Testing

@Suite struct ImportTests {
    /// What each target may import, beside `FoundationEssentials`; an arrow of the architecture page.
    private let allowed: [String: Set<String>] = [
        "PreviewData": [],
        "PreviewCore": ["PreviewData", "CLibYAML", "CCrypto", "CTOMLPlusPlus"],
        "PreviewSystem": [
            "Glibc", "Subprocess", "SystemPackage", "CCurl", "CPreviewSystem", "CPostgres",
        ],
        "PreviewAdapters": ["PreviewData", "PreviewCore", "PreviewSystem"],
        "preview": [
            "PreviewData", "PreviewCore", "PreviewSystem", "PreviewAdapters", "ArgumentParser",
        ],
        "PreviewServer": [
            "PreviewCore", "Hummingbird", "HummingbirdCore", "HummingbirdTLS", "NIOCore",
            "NIOConcurrencyHelpers", "HTTPTypes", "Logging", "ServiceLifecycle",
        ],
        "preview-server": [
            "PreviewServer", "PreviewCore", "PreviewSystem", "PreviewAdapters", "ArgumentParser",
        ],
        "PreviewTestSupport": ["PreviewCore", "PreviewSystem", "PreviewAdapters", "Testing"],
        "FlySimulator": [
            "PreviewCore", "PreviewSystem", "Glibc", "HummingbirdCore", "NIOCore", "NIOPosix",
            "HTTPTypes", "Logging", "ServiceLifecycle",
        ],
        "preview-flysim": ["FlySimulator", "PreviewSystem", "ArgumentParser"],
    ]
    /// Libraries that the core keeps behind one file each.
    private let once = ["CLibYAML", "CCrypto", "TOMLKit"]

    @Test("a target imports what the architecture allows it, and never all of Foundation")
    func imports() throws {
        let findings = try SourceTree.sources.flatMap { source in
            try modules(of: source).filter { module in
                module.text != "FoundationEssentials"
                    && allowed[source.target]?.contains(module.text) != true
            }.map {
                Finding(
                    path: source.path,
                    line: $0.line,
                    text: "\(source.target) must not import \($0.text)"
                )
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("the core reaches each C or TOML library in one file")
    func importedOnce() throws {
        let importers = try SourceTree.sources.flatMap { source in
            try modules(of: source).map { (library: $0.text, path: source.path) }
        }
        for name in once {
            let files = importers.filter { $0.library == name }.map(\.path)
            #expect(files.count <= 1, "\(name): \(files)")
        }
    }

    @Test("the rule covers every target that has Swift files")
    func everyTarget() {
        #expect(Set(SourceTree.sources.map(\.target)) == Set(allowed.keys))
    }

    private func modules(of source: SwiftSource) throws -> [(line: Int, text: String)] {
        try source.matches(of: #"^[ @a-z]*\bimport (?:(?:struct|class|enum|func) )?(\w+)"#)
    }
}
