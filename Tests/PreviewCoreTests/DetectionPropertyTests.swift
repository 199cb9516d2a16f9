import PreviewCore
import Testing

@Suite("Detection properties")
struct DetectionPropertyTests {
    static let rows =
        DetectionCase.load("visible-cases.json") + DetectionCase.load("own-cases.json")

    @Test("the order of files does not matter", arguments: rows)
    func order(row: DetectionCase) {
        var numbers = RepeatableNumbers(seed: 7)
        let shuffled = RepositorySnapshot(
            paths: row.files.keys.sorted().shuffled(using: &numbers)
        ) { path in row.files[path].map { .init(Array($0.utf8)) } }
        #expect(Detector.detect(shuffled).json == row.actual)
    }

    @Test("an unrelated file changes nothing but the number of files", arguments: rows)
    func unrelated(row: DetectionCase) {
        var files = row.files
        for path in ["NOTES.txt", "zz/deep/notes.txt", "images/logo.png", "LICENSE"] {
            files[path] = "unrelated"
        }
        // A folder `images` beside nothing is still nothing, and so is an empty repository's.
        let other = DetectionCase(name: row.name, files: files, expected: row.expected)
        #expect(other.actual == row.actual)
    }

    @Test("detection reads only what was announced, each file once", arguments: rows)
    func wanted(row: DetectionCase) {
        let wanted = Set(Detector.wanted(in: row.files.keys))
        let reads = Detector.measured(row.snapshot).reads
        #expect(Set(reads).isSubset(of: wanted))
        #expect(Set(reads).count == reads.count)
    }

    @Test("evidence names files that are there", arguments: rows)
    func evidence(row: DetectionCase) {
        let detection = Detector.detect(row.snapshot)
        for item in detection.evidence + detection.apps.flatMap(\.evidence) {
            #expect(row.files[item.file] != nil, "\(item.file): \(item.reason)")
        }
    }

    @Test("D4: each value that is known has its reason", arguments: rows)
    func reasons(row: DetectionCase) {
        let detection = Detector.detect(row.snapshot)
        let fields = Set(detection.evidence.compactMap(\.field))
        let known: [(Detection.Field, Any?)] = [
            (.projectType, detection.projectType), (.packageManager, detection.packageManager),
            (.install, detection.commands.install), (.build, detection.commands.build),
            (.start, detection.commands.start), (.dev, detection.commands.dev),
            (.port, detection.port), (.outputDirectory, detection.outputDirectory),
        ]
        for (field, value) in known where value != nil {
            #expect(fields.contains(field), "\(field) has no reason")
        }
    }

    @Test("the answer has every field of the contract, in its order", arguments: rows)
    func contract(row: DetectionCase) {
        let names = row.actual.object?.names
        #expect(
            names == [
                "projectType", "framework", "language", "packageManager", "runtime", "commands",
                "port", "outputDirectory", "packageInfo", "apps", "evidence", "warnings",
            ]
        )
        #expect(row.actual["commands"]?.object?.names == ["install", "build", "start", "dev"])
        for app in row.actual["apps"]?.array ?? [] {
            #expect(app.object?.names.first == "path")
            #expect(Array(app.object?.names.dropFirst() ?? []) == names)
        }
    }

    @Test("a project in a folder is the same as at the root", arguments: rows)
    func inFolder(row: DetectionCase) {
        let moved = Dictionary(
            uniqueKeysWithValues: row.files.map { ("some/place/\($0.key)", Array($0.value.utf8)) }
        )
        let there = Detector.detect(RepositorySnapshot(files: moved), path: "some/place")
        let here = Detector.detect(row.snapshot)
        #expect(there.projectType == here.projectType)
        #expect(there.framework == here.framework)
        #expect(there.commands == here.commands)
        #expect(there.port == here.port)
        #expect(there.outputDirectory == here.outputDirectory)
        #expect(there.apps.map(\.projectType) == here.apps.map(\.projectType))
    }

    @Test("nothing breaks when files are damaged", arguments: rows)
    func damaged(row: DetectionCase) {
        var numbers = RepeatableNumbers(seed: row.name.utf8.reduce(1) { $0 &* 31 &+ UInt64($1) })
        for _ in 0..<5 {
            let files = row.files.mapValues { Self.damage(Array($0.utf8), using: &numbers) }
            let detection = Detector.detect(RepositorySnapshot(files: files))
            #expect(detection.json.object?.names.count == 12)
            #expect(!DetectionReport.lines(detection).isEmpty)
        }
    }

    /// Cuts, repeats, exchanges or garbles a part of a file.
    private static func damage(
        _ bytes: [UInt8],
        using numbers: inout RepeatableNumbers
    ) -> [UInt8] {
        guard !bytes.isEmpty else { return bytes }
        var result = bytes
        for _ in 0..<Int.random(in: 1...3, using: &numbers) where !result.isEmpty {
            let start = Int.random(in: 0..<result.count, using: &numbers)
            let end = min(result.count, start + Int.random(in: 1...12, using: &numbers))
            switch Int.random(in: 0..<5, using: &numbers) {
            case 0: result.removeSubrange(start..<end)
            case 1: result.insert(contentsOf: result[start..<end], at: start)
            case 2: result[start] = UInt8.random(in: 0...255, using: &numbers)
            case 3: result.removeSubrange(start...)
            default:
                let marks = Array("{}[]\"':,\\\n\0#&*!<>()=$".utf8)
                result.insert(marks.randomElement(using: &numbers) ?? 0, at: start)
            }
        }
        return result
    }
}
