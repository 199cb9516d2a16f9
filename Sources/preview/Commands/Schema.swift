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
            """)

    enum Document: String, ExpressibleByArgument, CaseIterable {
        case config
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: "Which document.")
    var document = Document.config

    func execute(_ context: CommandContext) async throws {
        let bytes =
            switch document {
            case .config: PreviewData.configSchema
            }
        context.output.write(bytes)
    }
}
