import PreviewCore
import Testing

@Suite struct ErrorCodeTests {
    /// The words that may follow `preview`.
    private static let commands = Set(
        SourceTree.sources.filter { $0.target == "preview" }.flatMap(\.lines).compactMap { line in
            line.contains("commandName")
                ? line.firstMatch(of: /commandName: "([a-z]+)"/).map { String($0.1) } : nil
        }
    )

    @Test("every code is explained with causes and remedies", arguments: ErrorCode.allCases)
    func explained(code: ErrorCode) {
        let explanation = code.explanation
        #expect(!explanation.title.isEmpty && !explanation.title.hasSuffix("."))
        #expect(explanation.meaning.hasSuffix("."))
        #expect(!explanation.causes.isEmpty && !explanation.remedies.isEmpty)
        let text = explanation.text(of: code)
        #expect(text.hasPrefix("\(code.rawValue)  \(explanation.title)\n"))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    }

    @Test("no two codes have one title")
    func distinct() {
        let titles = ErrorCode.allCases.map(\.explanation.title)
        #expect(Set(titles).count == titles.count)
    }

    @Test("an explanation names only commands that exist", arguments: ErrorCode.allCases)
    func commands(code: ErrorCode) {
        for named in code.explanation.text(of: code).matches(of: /`preview\s+([a-z]+)/) {
            #expect(Self.commands.contains(String(named.1)), "preview \(named.1)")
        }
    }

    @Test("every code is one that the program can report")
    func reported() {
        let tables = ["Values/ErrorCode.swift", "Explanations/"]
        let members = SourceTree.sources.filter { source in
            source.target != "PreviewTestSupport" && !tables.contains { source.path.contains($0) }
        }.flatMap(\.code).flatMap { line in
            line.split(separator: ".", omittingEmptySubsequences: false).dropFirst().map { rest in
                String(rest.prefix { $0.isLetter || $0.isNumber })
            }
        }
        let unused = Set(ErrorCode.allCases.map { "\($0)" }).subtracting(members)
        #expect(unused.isEmpty, "nothing reports these")
    }

    @Test("the documentation lists every code as it is")
    func listed() throws {
        let page = try SourceTree.text(of: "Sources/PreviewCore/PreviewCore.docc/ErrorCodes.md")
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| PV") }.map(String.init)
        let wanted = ErrorCode.allCases.map { code in
            let explanation = code.explanation
            let exit = explanation.kind.map { "\($0.exitCode)" } ?? "0"
            return "| \(code.rawValue) | \(explanation.title) | \(exit) |"
        }
        #expect(rows == wanted)
    }
}
