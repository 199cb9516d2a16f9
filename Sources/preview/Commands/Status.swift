import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct StatusCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "How far a preview is, what its machine does, and both clocks.",
        discussion: """
            Examples:
              preview status                  the preview of this preview.yaml
              preview status --live           what the provider says now
              preview status --json           the session, for programs
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var named: NamedPreview

    @Flag(help: "Ask the provider, and fail when it cannot be asked.")
    var live = false

    func execute(_ context: CommandContext) async throws {
        let preview = try await RecordedPreview.find(
            named.preview, context.choices, in: context.surroundings)
        let isLocked = try await preview.store.holder(of: preview.folder) != nil
        let session = Session(
            of: preview.state, isLocked: isLocked, stale: try await stale(preview))
        let machine = try await machine(of: preview)
        if context.isJSON {
            return context.result(json(of: session, machine: machine))
        }
        context.output.write(
            SessionText(paint: context.paint).text(
                of: session, machine: machine, now: Clocks.now(),
                config: preview.workspace?.config))
    }

    /// Completed steps whose input no longer follows from the file, as far as the record tells.
    private func stale(_ preview: RecordedPreview) async throws -> Set<StepID> {
        guard let workspace = preview.workspace, workspace.config.provider == preview.state.provider
        else { return [] }
        let plan = try await Planning(workspace: workspace, looks: live).plan()
        return Set(plan.steps.filter { $0.action != .none }.map(\.id))
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
        document["machine"] =
            machine.map {
                [
                    "state": .string($0.state.rawValue), "detail": JSONValue($0.detail),
                    "commit": JSONValue($0.commit), "since": JSONValue($0.since?.text),
                    "idleStopAt": JSONValue($0.idleStopAt?.text), "restarts": .int($0.restarts),
                    "region": JSONValue($0.region),
                ]
            } ?? .null
        document["expiresAt"] = JSONValue(session.state.expiresAt?.text)
        document["readAt"] = .string(Clocks.now().text)
        return .object(document)
    }
}
