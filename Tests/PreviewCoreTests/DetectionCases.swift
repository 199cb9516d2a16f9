import FoundationEssentials
import PreviewCore
import Testing

/// One row of a table of projects: files, and the part of the answer that matters.
struct DetectionCase: Sendable, CustomTestStringConvertible {
    let name: String
    let files: [String: String]
    let expected: JSONValue

    var testDescription: String { name }

    /// All rows of a file in `Tests/Fixtures/detection`.
    static func load(_ file: String) -> [DetectionCase] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Fixtures/detection")
        guard let data = FileManager.default.contents(atPath: folder.appending(path: file).path),
            let document = try? JSONReader.read(Array(data), options: .lenient)
        else { return [] }
        return (document["cases"]?.array ?? []).compactMap { row in
            guard let name = row["name"]?.string, let expected = row["expect"] else { return nil }
            let files = (row["files"]?.object?.members ?? []).map {
                ($0.name, $0.value.string ?? "")
            }
            return DetectionCase(
                name: name,
                files: Dictionary(files) { _, last in last },
                expected: expected
            )
        }
    }

    var snapshot: RepositorySnapshot {
        RepositorySnapshot(files: files.mapValues { Array($0.utf8) })
    }

    /// What was detected.
    var actual: JSONValue { Detector.detect(snapshot).json }
}

/// Compares the part of an answer that is written down.
enum DetectionComparison {
    /// Where the answer differs, one line each.
    static func differences(_ expected: JSONValue, _ actual: JSONValue, at place: String)
        -> [String]
    {
        switch expected {
        case .object(let object):
            return object.members.flatMap { member in
                if member.name == "apps" {
                    return apps(member.value, actual["apps"] ?? .null, at: place)
                }
                return differences(
                    member.value,
                    actual[member.name] ?? "absent",
                    at: "\(place).\(member.name)"
                )
            }
        case .string(let text) where place.contains(".commands."):
            return plain(text) == plain(actual.string ?? "null")
                ? [] : ["\(place): \(text), not \(actual.string ?? "null")"]
        default:
            guard expected != actual else { return [] }
            return ["\(place): \(JSONWriter.pretty(expected)), not \(JSONWriter.pretty(actual))"]
        }
    }

    /// `npm run build` and `npm build` count as one.
    private static func plain(_ command: String) -> String {
        command.replacing(" run ", with: " ")
    }

    /// All listed applications with the listed fields, and no others.
    private static func apps(_ expected: JSONValue, _ actual: JSONValue, at place: String)
        -> [String]
    {
        let wanted = expected.array ?? []
        let found = actual.array ?? []
        let unlisted = found.compactMap { $0["path"]?.string }.filter { path in
            !wanted.contains { $0["path"]?.string == path }
        }
        return unlisted.map { "\(place).apps: \($0) is no application" }
            + wanted.flatMap { app -> [String] in
                let path = app["path"]?.string ?? ""
                guard let match = found.first(where: { $0["path"]?.string == path }) else {
                    return ["\(place).apps: \(path) is missing"]
                }
                return differences(app, match, at: "\(place).apps[\(path)]")
            }
    }
}

@Suite("Detection tables")
struct DetectionTableTests {
    @Test("every visible case is recognised", arguments: DetectionCase.load("visible-cases.json"))
    func visible(row: DetectionCase) {
        let differences = DetectionComparison.differences(row.expected, row.actual, at: "")
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    }

    @Test("projects of every kind are recognised", arguments: DetectionCase.load("own-cases.json"))
    func own(row: DetectionCase) {
        let differences = DetectionComparison.differences(row.expected, row.actual, at: "")
        #expect(differences.isEmpty, "\(differences.joined(separator: "\n"))")
    }

    @Test("the tables were found")
    func tables() {
        #expect(DetectionCase.load("visible-cases.json").count == 52)
    }
}
