import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct PlanCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what apply would do, step by step; changes nothing.",
        discussion: """
            Compares preview.yaml with what is recorded and what is there now.

            Examples:
              preview plan                          the plan for people
              preview plan --out plan.json          save it for `preview apply plan.json`
              preview plan --detailed-exitcode      exit 2 when there is something to do
              preview plan --format markdown        for a pull-request comment
              preview plan --destroy                what destroy would take away
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, markdown
    }

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("Save the plan for apply.", valueName: "file"))
    var out: String?

    @Option(help: "How to print it.")
    var format = Format.text

    @Flag(help: "Exit 2 when there is something to do.")
    var detailedExitcode = false

    @Flag(name: .customLong("no-refresh"), help: "Plan from the record alone, without looking.")
    var noRefresh = false

    @Flag(help: "Plan to take everything away.")
    var destroy = false

    func execute(_ context: CommandContext) async throws {
        if destroy { return try await planDestroy(context) }
        let workspace = try await Workspace.open(context.choices, in: context.surroundings)
        if let out { try checkPlace(of: context.surroundings.absolute(out), in: workspace) }
        if context.verbosity > 0 { showOrigins(workspace, context) }
        let plan = try await workspace.plan(looks: !noRefresh, remark: context.remark)
        if let out {
            try SavedPlanFile(path: context.surroundings.absolute(out)).write(plan)
            context.note("Saved to \(out). `preview apply \(out)` runs it.")
        }
        show(plan, context)
        if detailedExitcode, plan.hasChanges { throw ExitCode(2) }
    }

    /// A folder without git is previewed with every file in it.
    private func checkPlace(of path: String, in workspace: Workspace) throws {
        guard let folder = workspace.plainFolder,
            let parent = Host.resolved(SavedPlanFile(path: path).parent),
            (parent + "/").hasPrefix(folder + "/"),
            !(parent + "/").hasPrefix(workspace.records.data.path + "/")
        else { return }
        throw Failure(
            .usage, .usage,
            "a plan saved here would be part of the folder that it plans, and never fit",
            evidence: [.init("folder", folder)],
            fix: "save it outside, for example with `--out /tmp/plan.json`")
    }

    private func show(_ plan: Plan, _ context: CommandContext) {
        switch context.isJSON ? .json : format {
        case .json: context.result(PlanDocument.json(of: plan, withDigests: false))
        case .markdown: context.output.write(PlanMarkdown.text(of: plan))
        case .text: context.output.write(PlanText(paint: context.paint).text(of: plan))
        }
    }

    private func showOrigins(_ workspace: Workspace, _ context: CommandContext) {
        for origin in workspace.origins {
            context.note("\(origin.name.padded(to: 10))\(origin.value)  (\(origin.origin))")
        }
    }

    private func planDestroy(_ context: CommandContext) async throws {
        let preview = try await RecordedPreview.find(
            nil, context.choices, in: context.surroundings)
        let steps = StepID.allCases.reversed().filter { preview.state.steps[$0] != nil }
        if context.isJSON || format == .json {
            return context.result([
                "format": 1, "app": .string(preview.state.app), "destroy": true,
                "lineage": .string(preview.state.lineage), "serial": .int(preview.state.serial),
                "steps": .array(steps.map { .int($0.number) }),
            ])
        }
        context.output.write(DestroyText(paint: context.paint).plan(of: preview.state))
        if detailedExitcode, !steps.isEmpty { throw ExitCode(2) }
    }
}

/// A plan in a file of the user, readable by this user alone.
struct SavedPlanFile {
    let path: String

    private static let largest = 4 << 20

    func write(_ plan: Plan) throws {
        let bytes = Array(
            (JSONWriter.pretty(PlanDocument.json(of: plan, withDigests: true)) + "\n").utf8)
        try Folder.open(parent, ownedBy: .any).write(name, bytes)
    }

    func read() throws -> Plan {
        guard let bytes = try Folder.open(parent, ownedBy: .any).read(name, limit: Self.largest)
        else {
            throw Failure(
                .planUnreadable, .usage, "there is no plan file \(path)",
                fix: "make one with `preview plan --out FILE`")
        }
        do {
            return try PlanDocument.plan(from: JSONReader.read(bytes))
        } catch let error as JSONSyntaxError {
            throw Failure(
                .planUnreadable, .usage,
                "\(path):\(error.line):\(error.column): \(error.message)",
                fix: "make a new one with `preview plan --out FILE`")
        }
    }

    /// The folder it is in.
    var parent: String {
        let parts = path.split(separator: "/").dropLast()
        return "/" + parts.joined(separator: "/")
    }

    private var name: String { path.split(separator: "/").last.map(String.init) ?? "" }
}
