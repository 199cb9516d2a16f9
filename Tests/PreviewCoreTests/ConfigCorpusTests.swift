import PreviewCore
import Testing

@Suite("The corpus of configuration files")
struct ConfigCorpusTests {
    @Test("every valid file is accepted", arguments: try ConfigCorpus.files("valid"))
    func valid(_ file: ConfigCorpus.File) {
        let problems = ConfigCorpus.problems(file.bytes).map(\.rendered)
        #expect(problems == [])
    }

    @Test(
        "every invalid file is refused with all its problems in their places",
        arguments: try ConfigCorpus.files("invalid") + ConfigCorpus.files("program-only")
    )
    func invalid(_ file: ConfigCorpus.File) throws {
        let expected = try #require(ConfigCorpus.expectations()[file.path])
        let problems = ConfigCorpus.problems(file.bytes)
        #expect(problems.map(ConfigCorpus.Expectation.init) == expected)
        for problem in problems {
            #expect(!problem.message.isEmpty)
            let hasAdvice = problem.expected != nil || problem.suggestion != nil
            #expect(hasAdvice || problem.code == .yamlSyntax || problem.code == .documentLimit)
        }
    }

    @Test("the table names no file that is not there")
    func table() throws {
        let files = try ConfigCorpus.files("invalid") + ConfigCorpus.files("program-only")
        #expect(Set(try ConfigCorpus.expectations().keys) == Set(files.map(\.path)))
        #expect(try ConfigCorpus.files("valid").count + files.count >= 150)
    }
}
