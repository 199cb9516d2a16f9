import PreviewCore
import Testing

@Suite("Broken configuration files")
struct ConfigFuzzTests {
    @Test("mutated files of the corpus give a configuration or problems in places that exist")
    func mutations() throws {
        var numbers = RepeatableNumbers(seed: 99)
        let kinds = ["valid", "invalid", "program-only"]
        let files = try kinds.flatMap { try ConfigCorpus.files($0) }
        for file in files {
            for _ in 0..<4 {
                let bytes = mutated(file.bytes, with: files, &numbers)
                let lines = lineCount(bytes)
                for problem in ConfigCorpus.problems(bytes) {
                    #expect(problem.mark.line >= 1 && problem.mark.line <= lines + 1)
                    #expect(problem.mark.column >= 1)
                    #expect(!problem.rendered.isEmpty && !problem.message.isEmpty)
                }
            }
        }
    }

    private func mutated(
        _ bytes: [UInt8],
        with others: [ConfigCorpus.File],
        _ numbers: inout RepeatableNumbers
    ) -> [UInt8] {
        var result = bytes
        for _ in 0..<Int.random(in: 1...4, using: &numbers) {
            let place = Int.random(in: 0...result.count, using: &numbers)
            switch Int.random(in: 0..<5, using: &numbers) {
            case 0: result.insert(UInt8.random(in: 0...255, using: &numbers), at: place)
            case 1 where place < result.count: result.remove(at: place)
            case 2 where place < result.count:
                result[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
            case 3: result.removeSubrange(place...)
            default:
                let other = others.randomElement(using: &numbers)?.bytes ?? []
                let start = Int.random(in: 0...other.count, using: &numbers)
                result.insert(contentsOf: other[start...].prefix(40), at: place)
            }
        }
        return result
    }

    private func lineCount(_ bytes: [UInt8]) -> Int {
        bytes.count { $0 == 0x0A || $0 == 0x0D } + 1
    }

    @Test("a file full of problems is told in time that grows with its length only")
    func manyProblems() {
        let text = "{repo: a/b, env: {" + (0..<3000).map { "\($0)x: 1, " }.joined() + "}}"
        #expect(ConfigCorpus.problems(Array(text.utf8)).count == 3000)
    }
}
