import NIOConcurrencyHelpers
import PreviewCore

/// What the server counts, as Prometheus reads it. Labels are routes, verbs and outcomes: never a
/// user, a session or a repository.
final class Metrics: Sendable {
    /// One row of a table: a name with its labels.
    private struct Key: Hashable, Comparable {
        var name: String
        var labels: String

        static func < (left: Key, right: Key) -> Bool {
            (left.name, left.labels) < (right.name, right.labels)
        }
    }

    private struct Sum {
        var count = 0
        var seconds = 0.0
        /// How many took at most as long as each of ``Metrics/bounds``.
        var within = [Int](repeating: 0, count: Metrics.bounds.count)
    }

    private struct Contents {
        var counters: [Key: Int] = [:]
        var durations: [Key: Sum] = [:]
        var readers = 0
    }

    private static let bounds = [0.005, 0.05, 0.5, 1, 5, 15, 60, 300, 900]
    private let contents = NIOLockedValueBox(Contents())

    /// A request that was answered.
    func countRequest(_ method: String, _ route: String, status: Int, seconds: Double) {
        let labels = "method=\"\(method)\",route=\"\(route)\""
        add("preview_http_requests_total", labels + ",status=\"\(status)\"")
        observe("preview_http_request_duration_seconds", labels, seconds)
    }

    /// A run of this server that has ended; `outcome` is `done` or the code of the failure.
    func countRun(_ verb: String, outcome: String) {
        add("preview_runs_total", "verb=\"\(verb)\",outcome=\"\(outcome)\"")
    }

    /// A step that was run by this server; `seconds` where it succeeded.
    func countStep(_ step: StepID, result: String, seconds: Double?) {
        add("preview_steps_total", "step=\"\(step.number)\",result=\"\(result)\"")
        if let seconds {
            observe("preview_step_duration_seconds", "step=\"\(step.number)\"", seconds)
        }
    }

    /// A reader of events came or went.
    func addReaders(_ count: Int) { contents.withLockedValue { $0.readers += count } }

    private func add(_ name: String, _ labels: String) {
        contents.withLockedValue { $0.counters[Key(name: name, labels: labels), default: 0] += 1 }
    }

    private func observe(_ name: String, _ labels: String, _ seconds: Double) {
        contents.withLockedValue { contents in
            var sum = contents.durations[Key(name: name, labels: labels)] ?? Sum()
            sum.count += 1
            sum.seconds += seconds
            for (index, bound) in Self.bounds.enumerated() where seconds <= bound {
                sum.within[index] += 1
            }
            contents.durations[Key(name: name, labels: labels)] = sum
        }
    }

    /// The text format, version 0.0.4.
    func text(runsUnderWay: Int) -> String {
        let contents = contents.withLockedValue { $0 }
        var lines: [String] = []
        func head(_ name: String, _ kind: String) {
            let line = "# TYPE \(name) \(kind)"
            if !lines.contains(line) { lines.append(line) }
        }
        for (key, count) in contents.counters.sorted(by: { $0.key < $1.key }) {
            head(key.name, "counter")
            lines.append("\(key.name){\(key.labels)} \(count)")
        }
        for (key, sum) in contents.durations.sorted(by: { $0.key < $1.key }) {
            head(key.name, "histogram")
            for (bound, count) in zip(Self.bounds, sum.within) {
                lines.append("\(key.name)_bucket{\(key.labels),le=\"\(bound)\"} \(count)")
            }
            lines.append("\(key.name)_bucket{\(key.labels),le=\"+Inf\"} \(sum.count)")
            lines.append("\(key.name)_sum{\(key.labels)} \(sum.seconds)")
            lines.append("\(key.name)_count{\(key.labels)} \(sum.count)")
        }
        for (name, value) in [
            ("preview_event_readers", contents.readers), ("preview_runs_under_way", runsUnderWay),
        ] {
            head(name, "gauge")
            lines.append("\(name) \(value)")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}
