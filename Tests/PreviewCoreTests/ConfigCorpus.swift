import FoundationEssentials
import PreviewCore
import Testing

/// The shared corpus of configuration files in `Tests/Corpus/config`.
enum ConfigCorpus {
    /// One file, by its path below the corpus, and its content.
    struct File: CustomTestStringConvertible, Sendable {
        let path: String
        let bytes: [UInt8]

        var testDescription: String { path }
    }

    /// A problem as the table `expected.tsv` and the tests compare it.
    struct Expectation: Hashable, CustomStringConvertible {
        let place: String
        let code: String
        let suggestion: String

        var description: String { "\(place) \(code) \(suggestion)" }
    }

    /// What the corpus takes for the environment.
    static let environment = [
        "APP_NAME": "shop", "REGION": "fra", "EMPTY": "", "WRONG": "nowhere",
        "TOKEN_FILE": "~/.token", "MEMORY": "1gb",
        "DATABASE_URL": "postgres://user:secret@db.example.com/previews",
    ]

    static var parser: ConfigParser {
        ConfigParser(file: "preview.yaml", folder: "/home/ann/shop", home: "/home/ann") {
            environment[$0]
        }
    }

    static let folder = repository + "/Tests/Corpus/config"

    /// The root of the repository.
    static let repository = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()

    /// The files of a folder of the corpus, by name.
    static func files(_ kind: String) throws -> [File] {
        try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(kind)").sorted().map {
            File(path: "\(kind)/\($0)", bytes: try bytes("\(folder)/\(kind)/\($0)"))
        }
    }

    static func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path)))
    }

    /// The expected problems of every file that is refused, in file order.
    static func expectations() throws -> [String: [Expectation]] {
        let table = String(decoding: try bytes("\(folder)/expected.tsv"), as: UTF8.self)
        var result: [String: [Expectation]] = [:]
        for line in table.split(separator: "\n") where !line.hasPrefix("#") {
            let cells = line.split(separator: "\t").map(String.init)
            let expectation = Expectation(place: cells[1], code: cells[2], suggestion: cells[3])
            result[cells[0], default: []].append(expectation)
        }
        return result
    }

    /// The problems that the parser finds.
    static func problems(_ bytes: [UInt8]) -> [ConfigProblem] {
        do throws(ConfigProblems) {
            _ = try parser.parse(bytes)
            return []
        } catch {
            return error.problems
        }
    }
}

extension ConfigCorpus.Expectation {
    init(_ problem: ConfigProblem) {
        place = "\(problem.mark.line):\(problem.mark.column)"
        code = problem.code.rawValue
        suggestion = problem.suggestion?.word ?? "-"
    }
}
