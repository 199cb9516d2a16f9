import PreviewCore
import Testing

extension Sandbox {
    /// R-37, after every test: the numbers of each log have no gap, and no run ends twice.
    func checkLogs() {
        for path in files(below: root) where path.hasSuffix("/events.jsonl") {
            var (expected, ended) = (1, Set<String>())
            for line in bytes(path).split(separator: 0x0A) {
                // A torn line belongs to a run that was killed, or to a test that tore it.
                guard let event = try? JSONReader.read(Array(line)), let run = event["run"]?.string
                else { continue }
                #expect(
                    event["seq"]?.int == expected, "R-37: \(path): gap before \(line.count) bytes")
                expected = (event["seq"]?.int ?? expected) + 1
                #expect(!ended.contains(run), "R-37: \(path): run \(run) goes on after its end")
                if event["type"]?.string == "run_end" { ended.insert(run) }
            }
        }
    }
}
