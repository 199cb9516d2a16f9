import PreviewCore
import Testing

/// Manifests are other people's files: broken ones are tried in numbers.
@Suite("Detection of broken TOML")
struct DetectionTOMLTests {
    private static let seeds = [
        """
        # a comment
        title = "TOML" # behind
        [owner]
        name = 'x'
        dob = 1979-05-27T07:32:00-08:00
        [[products]]
        name = "Hammer"
        sku = 738_594_937
        nested = { a = 1, b.c = [1, 2.5, -inf, nan, 0xFF, 0o7, 0b1] }
        [a."b.c".'d']
        text = \"\"\"
        long \\
          [ {
        \"\"\"
        raw = '''
        [ = ]'''
        list = [
          [ 1, 2 ],
          [ { x = true } , "]" ],
        ]
        time = 07:32:00.999
        date = 1979-05-27
        """,
        """
        [package]
        name = "a"
        [dependencies]
        b = { version = "1", features = ["c"] }
        [[bin]]
        name = "d"
        """,
        "[tool.uv]\n[tool.poetry.dependencies]\npython = \"^3.10\"\n[project]\nscripts = {}\n",
    ]

    @Test(
        "headers without a name are refused",
        arguments: ["[{", "[ =", "[[,]]", "x = 1\n[ {a}]", "[.]", "[é]"]
    )
    func headers(text: String) {
        let detection = detect(text)
        #expect(
            detection.warnings.contains { $0.hasPrefix("Cargo.toml:") },
            "\(detection.warnings)"
        )
    }

    @Test("brackets inside values and strings are no headers")
    func values() {
        #expect(detect(Self.seeds[0]).warnings.isEmpty)
    }

    @Test("nothing breaks on damaged files", arguments: 0..<8)
    func damaged(seed: Int) {
        var numbers = RepeatableNumbers(seed: UInt64(seed))
        let marks = Array("[]{}=\"'.,#\n -+_0123456789abcdefinxozTZ:\\\t".utf8)
        for _ in 0..<400 {
            var bytes = Array(Self.seeds[seed % Self.seeds.count].utf8)
            for _ in 0..<Int.random(in: 1...6, using: &numbers) {
                let place = Int.random(in: 0..<bytes.count, using: &numbers)
                switch Int.random(in: 0..<4, using: &numbers) {
                case 0: bytes[place] = marks.randomElement(using: &numbers) ?? 0
                case 1: bytes.insert(marks.randomElement(using: &numbers) ?? 0, at: place)
                case 2: bytes.removeSubrange(place..<min(bytes.count, place + 4))
                default: bytes[place] = UInt8.random(in: 0...255, using: &numbers)
                }
                if bytes.isEmpty { bytes = [0x5B] }
            }
            let snapshot = RepositorySnapshot(files: ["Cargo.toml": bytes])
            #expect(Detector.detect(snapshot).language == "rust")
        }
    }

    private func detect(_ text: String) -> Detection {
        Detector.detect(RepositorySnapshot(files: ["Cargo.toml": Array(text.utf8)]))
    }
}
