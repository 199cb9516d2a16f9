package import PreviewCore
import PreviewSystem

/// One line of `runs.jsonl`: a run of a command that changed or tried to change something.
package struct RunRecord: Hashable, Sendable, Codable {
    /// Eight hexadecimal digits; the run's events and its lock carry the same.
    package var run: String
    /// Such as `apply`.
    package var command: String
    /// Who ran it.
    package var user: String
    /// Wall time of the start.
    package var startedAt: Timestamp
    /// How long it took, by a clock that does not jump.
    package var seconds: Double
    /// `done`, or the code of the failure.
    package var outcome: String
    /// The exit status of the process; 0 is success.
    package var exitCode: Int32
    /// The steps that ended in this run, in order; a repeated step is there twice.
    package var steps: [StepResult]

    package init(
        run: String, command: String, user: String, startedAt: Timestamp, seconds: Double,
        outcome: String, exitCode: Int32, steps: [StepResult]
    ) {
        self.run = run
        self.command = command
        self.user = user
        self.startedAt = startedAt
        self.seconds = seconds
        self.outcome = outcome
        self.exitCode = exitCode
        self.steps = steps
    }

    /// How one step ended in this run.
    package struct StepResult: Hashable, Sendable, Codable {
        /// From 1 to 4.
        package var step: Int
        /// How long it took; 0 for one that failed.
        package var seconds: Double
        /// `completed` or the code of the failure.
        package var outcome: String

        package init(step: Int, seconds: Double, outcome: String) {
            self.step = step
            self.seconds = seconds
            self.outcome = outcome
        }
    }
}

/// The runs of a preview on this machine. Its loss never blocks a command.
package struct RunLog: Sendable {
    /// The log's name in the preview's folder.
    package static let fileName = "runs.jsonl"
    private static let largest = 64 << 20

    private let data: DataFolder
    private let app: String

    package init(data: DataFolder, app: String) {
        self.data = data
        self.app = app
    }

    /// Adds a run, if anything is recorded of the preview.
    package func append(_ record: RunRecord) {
        // A run that cannot be noted has still happened; nothing depends on this file.
        guard let folder = try? data.folder(of: app), let value = try? JSONValue.encoding(record)
        else { return }
        try? folder.append(JSONWriter.line(value) + [0x0A], to: Self.fileName)
    }

    /// The runs, oldest first, and how many lines were torn.
    package func read() throws -> (runs: [RunRecord], torn: Int) {
        guard
            let bytes = try translating({
                try data.folder(of: app)?.read(Self.fileName, limit: Self.largest)
            })
        else { return ([], 0) }
        var (runs, torn) = ([RunRecord](), 0)
        for line in bytes.split(separator: 0x0A) {
            // A torn line is skipped and counted (ENGINE R-35).
            if let run = try? JSONReader.read(Array(line)).decoded(as: RunRecord.self) {
                runs.append(run)
            } else {
                torn += 1
            }
        }
        return (runs, torn)
    }
}
