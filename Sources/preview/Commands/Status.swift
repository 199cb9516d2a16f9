import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct StatusCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "How far a preview is, what its machine does, and both clocks.",
        discussion: """
            --live looks at the repository, too, and fails when the provider cannot be asked. On a
            terminal it goes on looking every two seconds until Ctrl-C; in a pipe and with --json it
            looks once.

            Examples:
              preview status                  the preview of this preview.yaml
              preview status --live           what the provider says now, and from now on
              preview status --json           the session, for programs
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var named: NamedPreview

    @Flag(help: "Show what the provider reports, on a terminal until Ctrl-C.")
    var live = false

    func execute(_ context: CommandContext) async throws {
        let goesOn =
            live && !context.isJSON && Terminal.isTerminal(context.output.descriptor)
            && context.surroundings.value("TERM") != "dumb"
        guard goesOn else { return try await show(context) }
        try await show(context, from: Self.topOfScreen)
        while context.output.isOpen {
            try await Task.sleep(for: .seconds(2))
            do {
                try await show(context, from: Self.topOfScreen)
            } catch let failure as Failure where failure.code == .nothingRecorded {
                return context.result("It was destroyed.")
            }
        }
    }

    /// The cursor to the first line, and nothing below it (ECMA-48: CUP, ED).
    private static let topOfScreen = "\u{1B}[H\u{1B}[J"

    /// Looks once and shows it; `start` goes before the text, so that both appear at once.
    private func show(_ context: CommandContext, from start: String = "") async throws {
        let preview = try await RecordedPreview.find(
            named.preview, context.choices, in: context.surroundings)
        guard !preview.state.isDestroyed else {
            throw Failure(
                .nothingRecorded, "\(preview.state.app) was destroyed",
                fix: "`preview apply` sets it up again")
        }
        let session = try await preview.session(looks: live, remark: context.remark)
        let machine = try await machine(of: preview)
        if context.isJSON {
            return context.result(json(of: session, machine: machine))
        }
        let text = SessionText(paint: context.paint).text(
            of: session, machine: machine, isDetailed: live, now: Clocks.now(),
            config: preview.workspace?.config)
        context.output.write(start + text)
    }

    private func machine(of preview: RecordedPreview) async throws -> MachineStatus? {
        guard let machine = preview.state.output(of: AllocateMachine())?.machine else { return nil }
        do {
            let world = try preview.world(reporter: Silence())
            return try await world.provider.inspect(machine)
                ?? MachineStatus(state: .lost, detail: "the machine is gone")
        } catch let failure as Failure where !live {
            return MachineStatus(state: .unknown, detail: failure.message)
        }
    }

    private func json(of session: Session, machine: MachineStatus?) -> JSONValue {
        guard var document = session.json.object else { return session.json }
        var details = machine?.json.object
        details?["createdAt"] = JSONValue(machine?.createdAt?.text)
        details?["id"] = JSONValue(session.machine?.id)
        document["machine"] = details.map(JSONValue.object) ?? .null
        document["deployed"] = .bool(machine?.isDeployed ?? false)
        document["expiresAt"] = JSONValue(session.state.expiresAt?.text)
        document["chosenEnd"] = JSONValue(session.state.chosenEnd?.text)
        document["readAt"] = .string(Clocks.now().text)
        return .object(document)
    }
}

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
        let store = try Records.store(context.choices, in: context.surroundings)
        var (sessions, damaged) = ([Session](), [(folder: String, failure: Failure)]())
        for entry in try await Records.entries(of: store) {
            switch entry {
            case .preview(_, let session): if isWanted(session) { sessions.append(session) }
            case .damaged(let folder, let failure): damaged.append((folder, failure))
            }
        }
        sessions.sort { ($0.state.createdAt, $0.state.app) > ($1.state.createdAt, $1.state.app) }
        let shown = limit.map { Array(sessions.prefix($0)) } ?? sessions
        if context.isJSON {
            context.result(json(shown, of: sessions, damaged: damaged.map(\.folder)))
        } else {
            write(shown, of: sessions, context)
            for (folder, failure) in damaged.sorted(by: { $0.folder < $1.folder }) {
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

    private func write(_ shown: [Session], of all: [Session], _ context: CommandContext) {
        guard !all.isEmpty else { return context.note("No previews are recorded.") }
        let words = SessionText(paint: context.paint)
        let width = max(20, shown.map(\.state.app.count).max() ?? 0) + 2
        var text =
            context.paint.dim(
                "APP".padded(to: width) + "STATUS       STEP  UPDATED               URL") + "\n"
        for session in shown {
            let status = session.state.isDestroyed ? "destroyed" : session.overallStatus.rawValue
            let painted =
                session.state.isDestroyed
                ? context.paint.dim(status) : words.overall(session.overallStatus)
            text += session.state.app.padded(to: width) + painted
            text += String(repeating: " ", count: max(1, 13 - status.count))
            text += "\(session.completedSteps.count)/4   \(session.state.updatedAt.text)  "
            text += (session.previewURL ?? "-") + "\n"
        }
        context.output.write(text)
        let failed = all.count { $0.overallStatus == .failed }
        let completed = all.count { $0.overallStatus == .completed }
        let noun = all.count == 1 ? "preview" : "previews"
        context.note("\(all.count) \(noun), \(completed) completed, \(failed) failed")
    }

    private func json(_ shown: [Session], of all: [Session], damaged: [String]) -> JSONValue {
        [
            "sessions": .array(
                shown.map { session in
                    guard var document = session.json.object else { return session.json }
                    document["destroyedAt"] = JSONValue(session.state.destroyedAt?.text)
                    document["provider"] = .string(session.state.provider.rawValue)
                    return .object(document)
                }),
            "total": .int(all.count),
            "completed": .int(all.count { $0.overallStatus == .completed }),
            "failed": .int(all.count { $0.overallStatus == .failed }),
            "damaged": .array(damaged.sorted().map(JSONValue.string)),
        ]
    }
}
