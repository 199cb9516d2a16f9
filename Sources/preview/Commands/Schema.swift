import ArgumentParser
import PreviewCore
import PreviewData
import PreviewSystem

struct SchemaCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print a JSON Schema, for editors and programs.",
        discussion: """
            Examples:
              preview schema > preview.schema.json
              preview schema event
            """)

    enum Document: String, ExpressibleByArgument, CaseIterable {
        case config, state, plan, event
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Which document.")
    var document = Document.config

    func execute(_ context: CommandContext) async throws {
        let bytes =
            switch document {
            case .config: PreviewData.configSchema
            case .state: PreviewData.stateSchema
            case .plan: PreviewData.planSchema
            case .event: PreviewData.eventSchema
            }
        context.output.write(bytes)
    }
}
