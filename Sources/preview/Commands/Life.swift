import ArgumentParser
import PreviewAdapters
import PreviewCore

struct ExtendCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "extend",
        abstract: "Let a preview live longer than its ttl.",
        discussion: """
            The duration is added to the end of its life, or to now where that is past. What you say
            here goes before the ttl of preview.yaml, also in a later apply.

            Examples:
              preview extend 24h
              preview extend 7d shop-4f1c9a2e
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: ArgumentHelp("How much longer, such as 12h or 7d.", valueName: "duration"))
    var duration: String

    @OptionGroup var named: NamedPreview

    func validate() throws { _ = try seconds() }

    private func seconds() throws -> Int {
        guard let seconds = DurationText.seconds(duration), seconds > 0 else {
            throw ValidationError(
                "extend takes a duration such as 12h or 7d, not \"\(duration)\"; "
                    + "`preview pin` removes the end altogether")
        }
        return seconds
    }

    func execute(_ context: CommandContext) async throws {
        try await ChangingLife(command: "extend", preview: named.preview)
            .run(.extend(try seconds()), context)
    }
}

struct PinCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin",
        abstract: "Let a preview live until it is destroyed by name.",
        discussion: """
            Its ttl no longer counts, and prune leaves it alone, whatever the selection.

            Examples:
              preview pin
              preview pin shop-4f1c9a2e
              preview pin --remove              the ttl of preview.yaml counts again
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var named: NamedPreview

    @Flag(help: "Take back what pin or extend said: the ttl of preview.yaml counts again.")
    var remove = false

    func execute(_ context: CommandContext) async throws {
        try await ChangingLife(command: "pin", preview: named.preview)
            .run(remove ? .unpin : .pin, context)
    }
}

/// A change of the end of a preview's life, as a run under the lock.
private struct ChangingLife {
    let command: String
    let preview: String?

    func run(_ wish: LifeChange.Wish, _ context: CommandContext) async throws {
        let preview = try await RecordedPreview.find(
            preview, context.choices, in: context.surroundings)
        let run = context.recordedRun(
            command, of: preview.folder, in: preview.records.data, redactor: preview.redactor)
        try await run.perform {
            let receipt = try await LifeChange(
                world: try preview.world(reporter: run.reporter),
                store: preview.records.store.passingFaultPoints, holder: run.holder
            ).make(wish, of: preview.folder, lockTimeout: context.lockTimeout)
            if !context.isJSON {
                context.result(LifeText(now: Clocks.now()).text(of: receipt, wish))
            }
            var data = JSONObject()
            data["app"] = .string(receipt.state.app)
            data["expiresAt"] = JSONValue(receipt.state.expiresAt?.text)
            data["chosenEnd"] = JSONValue(receipt.state.chosenEnd?.text)
            data["previousExpiresAt"] = JSONValue(receipt.before?.text)
            data["isChanged"] = .bool(receipt.isChanged)
            return data
        }
    }
}
