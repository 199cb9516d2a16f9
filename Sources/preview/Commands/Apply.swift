import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct ApplyCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Go through the steps one by one, asking before each.",
        discussion: """
            Steps that are done and unchanged are checked, not run again. An interrupted run is
            resumed; nothing is ever made twice. The last line on standard output is the URL.

            Examples:
              preview apply                 all four steps, one question each
              preview apply --step 1        exactly one step
              preview apply --through 2     the steps up to 2
              preview apply --yes           without asking
              preview apply plan.json       what a saved plan says, if it still fits
              preview apply --retry-from 4  step 4 again, although nothing differs
              preview apply --adopt         take over what another record made
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("A plan saved by `preview plan --out`.", valueName: "plan-file"))
    var planFile: String?

    @Option(help: ArgumentHelp("Run exactly this step, 1 to 4.", valueName: "n"))
    var step: Int?

    @Option(help: ArgumentHelp("Run the steps up to this one.", valueName: "n"))
    var through: Int?

    @Option(help: ArgumentHelp("Run from this step on, done or not.", valueName: "n"))
    var retryFrom: Int?

    @Flag(name: .shortAndLong, help: "Run without asking (also: PREVIEW_YES=1).")
    var yes = false

    @Flag(help: "Take over the app that another record made of the same branch.")
    var adopt = false

    func validate() throws {
        for (name, value) in [
            ("--step", step), ("--through", through), ("--retry-from", retryFrom),
        ] {
            guard let value, StepID(number: value) == nil else { continue }
            throw ValidationError("\(name) takes a step from 1 to 4, not \(value)")
        }
        guard step == nil || through == nil else {
            throw ValidationError("--step and --through exclude each other")
        }
    }

    func execute(_ context: CommandContext) async throws {
        let selection: Applier.Selection =
            switch (step.flatMap(StepID.init(number:)), through.flatMap(StepID.init(number:))) {
            case (let one?, _): .only(one)
            case (nil, let last?): .through(last)
            case (nil, nil): .all
            }
        try await Applying(
            command: "apply", selection: selection,
            retryFrom: retryFrom.flatMap(StepID.init(number:)), planFile: planFile, saysYes: yes,
            adopts: adopt
        ).run(context)
    }
}

struct UpCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "All steps: the same as apply.",
        discussion: """
            Examples:
              preview up           one question before each step
              preview up --yes     without asking
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(name: .shortAndLong, help: "Run without asking (also: PREVIEW_YES=1).")
    var yes = false

    func execute(_ context: CommandContext) async throws {
        try await Applying(command: "up", selection: .all, saysYes: yes).run(context)
    }
}

/// One run of the applier from the command line.
struct Applying {
    let command: String
    let selection: Applier.Selection
    var retryFrom: StepID?
    var planFile: String?
    let saysYes: Bool
    var adopts = false

    func run(_ context: CommandContext) async throws {
        let workspace = try await Workspace.open(context.choices, in: context.surroundings)
        var request = workspace.request
        request.selection = selection
        request.retryFrom = retryFrom
        request.adopts = adopts
        request.lockTimeout = context.lockTimeout
        if let planFile {
            request.saved = try SavedPlanFile(path: context.surroundings.absolute(planFile)).read()
        }
        try await workspace.apply(
            request, approver: approver(context),
            in: context.recordedRun(
                command, of: workspace.folder, in: workspace.records.data,
                redactor: workspace.redactor)
        ) { finish($0, context) }
    }

    private func approver(_ context: CommandContext) -> any Approver {
        if saysYes || context.surroundings.isSet("PREVIEW_YES") {
            return StandingApprover(context: context)
        }
        return context.isInteractive ? PromptApprover(context: context) : NobodyToAsk()
    }

    /// Says how it ended.
    private func finish(_ state: State, _ context: CommandContext) {
        guard !context.isJSON else { return }
        let session = Session(of: state, isLocked: false)
        context.note(SummaryText(paint: context.errorPaint).text(of: session))
        if let url = session.previewURL { context.result(url) }
    }
}
