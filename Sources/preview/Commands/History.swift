import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct HistoryCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "history",
        abstract: "Runs with their durations.",
        discussion: """
            --stats counts recorded sessions and averages their duration per status and per step;
            the runs themselves are those of this machine.

            Examples:
              preview history
              preview history --stats
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var named: NamedPreview

    @Flag(help: "Counts and averages over all recorded sessions.")
    var stats = false

    @Option(help: ArgumentHelp("At most so many runs.", valueName: "n"))
    var limit = 20

    func execute(_ context: CommandContext) async throws {
        if stats { return try await showStatistics(context) }
        let data: DataFolder
        let folder: String
        // A destroyed preview is no longer found as recorded, but its history stays readable. Without
        // a usable configuration it is found by its record, or that failure is told.
        if named.preview == nil,
            let workspace = try? await Workspace.open(context.choices, in: context.surroundings)
        {
            (data, folder) = (workspace.records.data, workspace.folder)
        } else {
            let found = try await RecordedPreview.find(
                named.preview, context.choices, in: context.surroundings)
            (data, folder) = (found.records.data, found.folder)
        }
        let (runs, torn) = try RunLog(data: data, app: folder).read()
        if torn > 0 { context.note("Warning: \(torn) torn lines were skipped.") }
        let shown = runs.suffix(limit).reversed()
        if context.isJSON {
            return context.result(["runs": .array(try shown.map { try JSONValue.encoding($0) })])
        }
        guard !runs.isEmpty else { return context.note("No runs yet.") }
        context.result(
            context.paint.dim("STARTED               RUN       COMMAND   TOOK      RESULT"))
        for run in shown { context.result(line(of: run, context.paint)) }
    }

    private func line(of run: RunRecord, _ paint: Paint) -> String {
        let steps = run.steps.map { "\($0.step)\($0.outcome == "completed" ? "✓" : "✗")" }
            .joined(separator: " ")
        let outcome = run.exitCode == 0 ? paint.green(run.outcome) : paint.red(run.outcome)
        return "\(run.startedAt.text)  \(run.run.padded(to: 8))  \(run.command.padded(to: 8))  "
            + "\(DurationText.elapsed(run.seconds).padded(to: 8))  \(outcome)  \(steps)"
    }

    private func showStatistics(_ context: CommandContext) async throws {
        let records = try Records.find(context.choices, in: context.surroundings)
        records.fleetRemark.map(context.note)
        var statistics = SessionStatistics()
        for facts in try await records.summaries({ SessionFacts(of: $1) }).summaries {
            statistics.add(facts)
        }
        if context.isJSON { return context.result(statistics.json) }
        context.result(context.paint.dim("STATUS       SESSIONS  AVERAGE"))
        for row in statistics.statuses {
            context.result(
                "\(row.name.padded(to: 12)) \(String(row.count).padded(to: 9)) "
                    + DurationText.elapsed(row.average))
        }
        context.result("")
        context.result(context.paint.dim("STEP                       DONE     FAILED  AVERAGE"))
        for row in statistics.steps {
            let title = "\(row.step.number) \(Steps.step(row.step).title)"
            context.result(
                "\(title.padded(to: 26)) \(String(row.completed).padded(to: 8)) "
                    + "\(String(row.failed).padded(to: 7)) \(DurationText.elapsed(row.average))")
        }
    }
}

/// What is counted of one session.
struct SessionFacts: Sendable {
    let status: Session.OverallStatus
    /// How long the last success of each step took.
    let taken: [(step: StepID, seconds: Double)]
    let failed: [StepID]

    init(of session: Session) {
        status = session.overallStatus
        taken = StepID.allCases.compactMap { step in
            session.state[step].applied.map { (step, $0.seconds) }
        }
        failed = StepID.allCases.filter { session.statuses[$0] == .error }
    }
}

/// Counts and averages over recorded sessions (BEHAVIOURS I12, K7). Pure.
struct SessionStatistics {
    struct StatusRow {
        var name: String
        var count: Int
        var average: Double
    }

    struct StepRow {
        var step: StepID
        var completed: Int
        var failed: Int
        var average: Double
    }

    private var durations: [Session.OverallStatus: [Double]] = [:]
    private var stepSeconds: [StepID: [Double]] = [:]
    private var stepFailures: [StepID: Int] = [:]

    /// A session's duration is the time its recorded steps took.
    mutating func add(_ session: SessionFacts) {
        durations[session.status, default: []].append(session.taken.map(\.seconds).reduce(0, +))
        for (step, seconds) in session.taken {
            stepSeconds[step, default: []].append(seconds)
        }
        for step in session.failed { stepFailures[step, default: 0] += 1 }
    }

    var statuses: [StatusRow] {
        Session.OverallStatus.allCases.map { status in
            let values = durations[status] ?? []
            return StatusRow(
                name: status.rawValue, count: values.count, average: Self.average(values))
        }
    }

    var steps: [StepRow] {
        StepID.allCases.map { step in
            let values = stepSeconds[step] ?? []
            return StepRow(
                step: step, completed: values.count, failed: stepFailures[step] ?? 0,
                average: Self.average(values))
        }
    }

    var json: JSONValue {
        [
            "statuses": .array(
                statuses.map {
                    [
                        "status": .string($0.name), "sessions": .int($0.count),
                        "averageSeconds": .seconds($0.average),
                    ]
                }),
            "steps": .array(
                steps.map {
                    [
                        "step": .int($0.step.number), "completed": .int($0.completed),
                        "failed": .int($0.failed), "averageSeconds": .seconds($0.average),
                    ]
                }),
        ]
    }

    private static func average(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }
}
