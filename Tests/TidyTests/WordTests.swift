import Testing

/// What ends a program instead of reporting a failure.
private let crashes = [
    (#"\btry!"#, "try! ends the program"),
    (#"\bas!"#, "as! ends the program"),
    (#"[\w)\]?]!(?!=)"#, "a forced unwrap ends the program"),
]

@Suite struct WordTests {
    @Test(
        "what a program must not say is not in the sources",
        arguments: crashes + [
            (#"(^|[^.\w])(print|debugPrint|dump)\("#, "writes past the terminal"),
            (#"\bfatalError\("#, "use precondition"),
            (#"\bpublic\b"#, "there is no public interface"),
            (#"\bTask\.detached\b"#, "a task that nobody waits for"),
        ]
    )
    func bannedInSources(pattern: String, why: String) throws {
        let findings = try SourceTree.sources.flatMap { try $0.findings(pattern, why) }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("tests neither force nor cast with a crash", arguments: crashes)
    func bannedInTests(pattern: String, why: String) throws {
        let findings = try SourceTree.tests.flatMap { try $0.findings(pattern, why) }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("nothing is left to be done later")
    func leftForLater() {
        let words = ["FIX" + "ME", "TO" + "DO", "XX" + "X"]
        let findings = (SourceTree.sources + SourceTree.tests).flatMap { source in
            source.lines.indices.filter { index in
                words.contains { word in
                    source.lines[index].split { !$0.isLetter }.contains(Substring(word))
                }
            }.map { Finding(path: source.path, line: $0 + 1, text: "left for later") }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("a lost error says why the loss is right")
    func lostErrors() throws {
        let findings = try SourceTree.sources.flatMap { source in
            try source.findings(#"\btry\?"#, "try? without a comment").filter { finding in
                let index = finding.line - 1
                return !source.hasComment[max(0, index - 3)...index].contains(true)
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("the environment is read in one place of each program")
    func environment() throws {
        let readers = [
            "Sources/PreviewAdapters/Composition/Surroundings.swift",
            "Sources/PreviewSystem/Host.swift",
            "Sources/preview-flysim/Main.swift",
        ]
        let pattern = #"\bgetenv\b|\bProcessInfo\b|\bHost\.environment\b"#
        let findings = try SourceTree.sources.filter { !readers.contains($0.path) }.flatMap {
            try $0.findings(pattern, "reads the environment")
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("the core reaches nothing outside itself")
    func pureCore() throws {
        let pattern =
            #"\b(FileManager|ContinuousClock|SuspendingClock|Task\.sleep|Date\.now)\b"#
            + #"|\b(SystemRandomNumberGenerator|UUID|Date)\(\)|\.random\(in:|\.shuffled\("#
        let findings = try SourceTree.sources.filter { $0.target == "PreviewCore" }.flatMap {
            try $0.findings(pattern, "an effect in the core")
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("unchecked sendability stays in PreviewSystem, with its reason")
    func uncheckedSendable() throws {
        let pattern = #"@unchecked\s+Sendable|nonisolated\(unsafe\)"#
        let findings = try SourceTree.sources.flatMap { source in
            try source.findings(pattern, "unchecked").filter {
                let index = $0.line - 1
                let hasReason = source.hasComment[max(0, index - 4)...index].contains(true)
                return source.target != "PreviewSystem" || !hasReason
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("no file names a folder of somebody's machine")
    func machinePaths() throws {
        let folders = ["work", "root", "farm"].joined(separator: "|")
        let pattern = try Regex("(^|[^A-Za-z0-9_.~/])/(\(folders))/")
        var findings: [Finding] = []
        for path in try SourceTree.files(below: "") where !path.hasPrefix(".") {
            let text = try SourceTree.text(of: path)
            for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
                .enumerated() where line.contains("/") && line.contains(pattern)
            {
                findings.append(Finding(path: path, line: index + 1, text: String(line)))
            }
        }
        #expect(findings.isEmpty, "\(findings.report)")
    }
}
