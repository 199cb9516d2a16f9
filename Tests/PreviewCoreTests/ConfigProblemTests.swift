import PreviewCore
import Testing

@Suite("How problems of a configuration file look")
struct ConfigProblemTests {
    private func rendered(_ text: String) -> String {
        ConfigCorpus.problems(Array(text.utf8)).map(\.rendered).joined(separator: "\n")
    }

    @Test("as in the contract: place, code, line, caret and the nearest word")
    func sample() throws {
        let bytes = try ConfigCorpus.bytes(ConfigCorpus.folder + "/invalid/document-sample.yaml")
        #expect(
            rendered(String(decoding: bytes, as: UTF8.self)) == """
                preview.yaml:7:9: error[PV0103]: unknown region `dfv`
                  7 | region: dfv
                    |         ^^^ did you mean `dfw` (Dallas)?
                """
        )
    }

    @Test("without a nearest word, what is expected")
    func expected() {
        #expect(
            rendered("repo: a/b\nrun:\n  port: 70000  # high\n") == """
                preview.yaml:3:9: error[PV0106]: `run.port` cannot be `70000`
                  3 |   port: 70000  # high
                    |         ^^^^^ expected a whole number from 1 to 65535
                """
        )
    }

    @Test("all problems, in the order of the file")
    func order() {
        let text = "regoin: dfw\nrun: {port: 0}\nrepo: ''\nversion: 3\n"
        let lines = ConfigCorpus.problems(Array(text.utf8)).map(\.mark.line)
        #expect(lines == [1, 2, 3, 4])
    }

    @Test("line numbers of several digits keep the margin straight")
    func margin() {
        let text = "repo: a/b\n" + String(repeating: "\n", count: 98) + "path: ..\n"
        #expect(
            rendered(text) == """
                preview.yaml:100:7: error[PV0106]: `..` leads upwards with `..`
                  100 | path: ..
                      |       ^^ expected a folder inside the repository, such as apps/web
                """
        )
    }

    @Test("tabs and wide characters keep the caret under the fault")
    func alignment() {
        #expect(
            rendered("repo: a/b\nenv:\t{A: \"日本e\u{301}😀\", 9: x}\n") == """
                preview.yaml:2:19: error[PV0106]: `9` is no name for a variable
                  2 | env:    {A: "日本e\u{301}😀", 9: x}
                    |                        ^ expected letters, digits and `_`, not beginning with a digit
                """
        )
    }

    @Test("control and direction characters of the file never reach the terminal")
    func harmless() {
        let text = "repo: a/b\nregion: x # \u{202E}gnorw\u{200B}\nname: \"\\e[31m\\u202E\"\n"
        let output = rendered(text)
        #expect(
            output == """
                preview.yaml:2:9: error[PV0103]: unknown region `x`
                  2 | region: x # �gnorw�
                    |         ^ expected the code of a region: \(Self.regions)
                preview.yaml:3:7: error[PV0106]: `name` cannot be `␛[31m�`
                  3 | name: "\\e[31m\\u202E"
                    |       ^^^^^^^^^^^^^^ expected a name of 1 to 100 characters on one line
                """
        )
        let control = rendered("repo: a/b\nname: \u{1B}[31mred\n")
        #expect(control.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
    }

    private static let regions =
        "ams, arn, bom, cdg, dfw, ewr, fra, gru, iad, jnb, lax, lhr, nrt, ord, sin, sjc, syd, yyz"

    @Test("long lines are cut around the fault")
    func longLines() {
        let text = "{repo: a/b, env: {A: \(String(repeating: "x", count: 500_000))}, regoin: dfw, "
        let output = rendered(text + "hooks: {on_error: \(String(repeating: "y", count: 500))}}")
        let lines = output.split(separator: "\n")
        #expect(lines.allSatisfy { $0.unicodeScalars.count < 130 })
        #expect(lines[1].hasPrefix("  1 | …xxx") && lines[1].hasSuffix("y…"))
        let caret = lines[2].prefix { $0 != "^" }.count
        #expect(lines[1].dropFirst(caret).hasPrefix("regoin"))
    }

    @Test("a value that goes on over lines is underlined to the end of its first")
    func severalLines() {
        #expect(
            rendered("repo: a/b\nname: [a,\n  b]\n") == """
                preview.yaml:2:7: error[PV0105]: `name` is a list
                  2 | name: [a,
                    |       ^^^ expected a name of 1 to 100 characters on one line
                """
        )
    }

    @Test("the JSON form has the six fields of the contract")
    func json() {
        let problems = ConfigCorpus.problems(Array("repo: a/b\nregion: dfv\n".utf8))
        let expected: JSONValue = [
            "file": "preview.yaml", "line": 2, "column": 9, "message": "unknown region `dfv`",
            "expected": .string("the code of a region: \(Self.regions)"), "suggestion": "dfw",
        ]
        #expect(problems.first?.json == expected)
    }

    @Test("what a variable turned out to be is not shown where it may be a secret")
    func secrets() throws {
        let text = "repo: a/b\nstate: {store: http, address: \"${DATABASE_URL}\"}\n"
        let problem = try #require(ConfigCorpus.problems(Array(text.utf8)).first)
        #expect(!problem.rendered.contains("secret@"))
        #expect(problem.message == "`state.address` cannot be what `${DATABASE_URL}` stands for")
        let source = "repo: a/b\nsecrets: [{name: A, from: \"${APP_NAME}\"}]\n"
        let other = try #require(ConfigCorpus.problems(Array(source.utf8)).first)
        #expect(other.suggestion == nil)
    }

    @Test(
        "files of other tools are explained by name",
        arguments: [
            (".preview.yaml", true), ("sub/.preview.yaml", true), (".previewctl/preview.yml", true),
            ("/a/preview-config.yml", true), ("preview.yaml", false), ("preview.yml", false),
            ("my-preview-config.yml", false), ("previewctl/preview.yml", false),
        ]
    )
    func otherTools(_ path: String, _ isOther: Bool) {
        let failure = OtherToolsFile.explanation(of: path)
        #expect((failure?.code == .otherToolsFile) == isOther)
        #expect(failure == nil || failure?.kind == .invalidConfig)
    }
}
