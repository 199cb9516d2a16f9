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
