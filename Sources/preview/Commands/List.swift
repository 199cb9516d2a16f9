import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct ListCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "All recorded previews, newest first.",
        discussion: """
            Examples:
              preview list
              preview list --status failed
              preview list --project shop --limit 10 --json
            """,
        aliases: ["ls"])

    @OptionGroup var global: GlobalOptions

    @Option(help: "Only those: in_progress, completed, failed or cancelled.")
    var status: String?

    @Option(help: "Only those of a project.")
    var project: String?

    @Option(help: ArgumentHelp("Only those whose current step this is.", valueName: "n"))
    var step: Int?

    @Option(help: ArgumentHelp("At most so many.", valueName: "n"))
    var limit: Int?

    @Flag(help: "Destroyed ones too.")
    var all = false

    func validate() throws {
        if let status, Session.OverallStatus(rawValue: status) == nil {
            let words = Session.OverallStatus.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--status is one of \(words), not \"\(status)\"")
        }
        if let step, StepID(number: step) == nil {
            throw ValidationError("--step takes a step from 1 to 4, not \(step)")
        }
        if let limit, limit < 1 { throw ValidationError("--limit is at least 1") }
    }

    func execute(_ context: CommandContext) async throws {
        let records = try Records.find(context.choices, in: context.surroundings)
        records.fleetRemark.map(context.note)
        let isJSON = context.isJSON
        var (rows, damaged) = try await records.summaries { _, session in
            isWanted(session) ? Row(of: session, withDocument: isJSON) : nil
        }
        rows.sort { ($0.createdAt, $0.app) > ($1.createdAt, $1.app) }
        damaged.sort { $0.folder < $1.folder }
        let shown = limit.map { rows.prefix($0) } ?? rows[...]
        if isJSON {
            writeJSON(shown, of: rows, damaged: damaged.map(\.folder), context)
        } else {
            write(shown, of: rows, context)
            for (folder, failure) in damaged {
                context.note("Warning: \(folder): \(failure.message)")
            }
        }
    }

    private func isWanted(_ session: Session) -> Bool {
        let state = session.state
        return (all || !state.isDestroyed)
            && (status == nil || session.overallStatus.rawValue == status)
            && (project == nil || state.project == project)
            && (global.common.user == nil || state.user == global.common.user)
            && (step == nil || session.currentStep == step)
    }

    private func write(_ shown: ArraySlice<Row>, of all: [Row], _ context: CommandContext) {
        guard !all.isEmpty else { return context.note("No previews are recorded.") }
        let words = SessionText(paint: context.paint)
        let width = max(20, shown.map(\.app.count).max() ?? 0) + 2
        var text =
            context.paint.dim(
                "APP".padded(to: width) + "STATUS       STEP  UPDATED               URL") + "\n"
        for row in shown {
            let status = row.isDestroyed ? "destroyed" : row.status.rawValue
            text += row.app.padded(to: width)
            text += row.isDestroyed ? context.paint.dim(status) : words.overall(row.status)
            text += String(repeating: " ", count: max(1, 13 - status.count))
            text += "\(row.completedSteps)/4   \(row.updatedAt.text)  \(row.url ?? "-")\n"
        }
        context.output.write(text)
        let failed = all.count { $0.status == .failed }
        let completed = all.count { $0.status == .completed }
        let noun = all.count == 1 ? "preview" : "previews"
        context.note("\(all.count) \(noun), \(completed) completed, \(failed) failed")
    }

    private func writeJSON(
        _ shown: ArraySlice<Row>, of all: [Row], damaged: [String], _ context: CommandContext
    ) {
        var rest = JSONObject()
        rest["total"] = .int(all.count)
        rest["completed"] = .int(all.count { $0.status == .completed })
        rest["failed"] = .int(all.count { $0.status == .failed })
        rest["damaged"] = .array(damaged.map(JSONValue.string))
        JSONWriter.writePretty("sessions", shown.map(\.document), followedBy: rest) {
            context.output.write($0)
        }
        context.output.write("\n")
    }
}

/// What `list` keeps of a record: whole states of ten thousand previews would fill the memory.
private struct Row: Sendable {
    let app: String
    let createdAt: Timestamp
    let updatedAt: Timestamp
    let isDestroyed: Bool
    let status: Session.OverallStatus
    /// How many of the four.
    let completedSteps: Int
    let url: String?
    /// The session as JSON text, ready for ``JSONWriter/writePretty(_:_:followedBy:to:)``; empty where it
    /// is not asked for.
    let document: [UInt8]

    init(of session: Session, withDocument: Bool) {
        app = session.state.app
        createdAt = session.state.createdAt
        updatedAt = session.state.updatedAt
        isDestroyed = session.state.isDestroyed
        status = session.overallStatus
        completedSteps = session.completedSteps.count
        url = session.previewURL
        document = withDocument ? JSONWriter.prettyElement(Self.json(of: session)) : []
    }

    private static func json(of session: Session) -> JSONValue {
        guard var document = session.json.object else { return session.json }
        document["destroyedAt"] = JSONValue(session.state.destroyedAt?.text)
        document["provider"] = .string(session.state.provider.rawValue)
        return .object(document)
    }
}
