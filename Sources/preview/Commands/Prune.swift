import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct PruneCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Destroy what is past its ttl, or what the flags select.",
        discussion: """
            Without a selection it takes what is past the end of its life. Several selections narrow
            it down. Pinned previews stay, extended ones until their time, and those of another
            machine. It asks for the word yes, destroys several at once, goes on past failures, and
            ends with a receipt; exit 10 means that something is left.

            Examples:
              preview prune --dry-run              what would go, and why
              preview prune --yes                  what is past its ttl
              preview prune --older-than 7d        what was begun more than a week ago
              preview prune --status failed --older-than 1d
              preview prune --merged               whose branch is gone from its repository
            """,
        aliases: ["gc"])

    @OptionGroup var global: GlobalOptions

    @Option(
        help: ArgumentHelp("Those begun longer ago, such as 7d or 12h.", valueName: "duration"))
    var olderThan: String?

    @Option(help: "Those with this status: in_progress, completed, failed or cancelled.")
    var status: String?

    @Flag(help: "Those whose branch is gone from its repository.")
    var merged = false

    @Flag(help: "Only show what would go.")
    var dryRun = false

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func validate() throws { _ = try selection() }

    private func selection() throws -> PruneSelection {
        var selection = PruneSelection(isMerged: merged)
        if let olderThan {
            guard let seconds = DurationText.seconds(olderThan) else {
                throw ValidationError(
                    "--older-than takes a duration such as 7d or 12h, not \"\(olderThan)\"")
            }
            selection.olderThan = seconds
        }
        if let status {
            guard let wanted = Session.OverallStatus(rawValue: status) else {
                let words = Session.OverallStatus.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--status is one of \(words), not \"\(status)\"")
            }
            selection.status = wanted
        }
        return selection
    }

    func execute(_ context: CommandContext) async throws {
        let records = try Records.find(context.choices, in: context.surroundings)
        records.fleetRemark.map(context.note)
        let selection = try selection()
        if merged { context.note("Asking the repositories for their branches…") }
        let findings = try await PruneSearch(
            selection, records: records, surroundings: context.surroundings
        ).find()
        let report = PruneReport(findings: findings, isDryRun: dryRun, paint: context.paint)
        if !context.isJSON { report.remarks.forEach(context.note) }
        guard !dryRun, !findings.chosen.isEmpty else {
            show(report, context)
            if !dryRun { try report.check() }
            return
        }
        if !context.isJSON, !(context.isQuiet && yes) { context.errors.write(report.question) }
        try await DestructionConsent(
            deed: "destroy \(findings.chosen.count == 1 ? "it" : "them")", saysYes: yes,
            command: "preview prune"
        ).obtain(context)
        var done = report
        done.outcomes = await Pruning(records: records, context: context)
            .prune(findings, by: selection)
        show(done, context)
        try done.check()
    }

    private func show(_ report: PruneReport, _ context: CommandContext) {
        if context.isJSON { return context.result(report.json) }
        context.output.write(report.text)
    }
}

/// Destroys what was found, each preview as a run of its own that only its own log tells in full.
private struct Pruning {
    let records: Records
    let context: CommandContext

    func prune(
        _ findings: PruneSearch.Findings, by selection: PruneSelection
    ) async -> [Pruner.Outcome] {
        await Pruner(selection, host: context.surroundings.host).prune(
            findings.chosen, now: findings.time
        ) { preview, check in
            try await destroy(preview, check)
        }
    }

    private func destroy(
        _ preview: PruneCandidate, _ check: @Sendable (State) throws -> Void
    ) async throws -> Destroyer.Receipt {
        let recorded = try await RecordedPreview.named(
            preview.folder, in: records, context.surroundings)
        let run = context.recordedRun(
            "prune", of: preview.folder, in: records.data, redactor: recorded.redactor,
            show: presenter(of: preview.app))
        var receipt: Destroyer.Receipt?
        try await run.perform {
            let destroyed = try await Destroyer(
                world: try recorded.world(reporter: run.reporter),
                store: records.store.passingFaultPoints, holder: run.holder
            ).destroy(preview.folder, lockTimeout: context.lockTimeout, check: check)
            receipt = destroyed
            return destroyed.json
        }
        guard let receipt else { throw CancellationError() }
        return receipt
    }

    /// Shows each line with the preview it is about: several go on at once.
    private func presenter(of app: String) -> @Sendable (LoggedEvent) -> Void {
        let errors = context.errors
        let reporter = HumanReporter(
            paint: context.errorPaint, isQuiet: context.isQuiet || context.isJSON,
            write: { errors.write($0) })
        return { logged in
            var logged = logged
            logged.event.message = "\(app): \(logged.event.message)"
            reporter.show(logged)
        }
    }
}
