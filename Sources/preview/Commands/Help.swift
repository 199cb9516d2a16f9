import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

/// `preview help`, with topics beside the commands (BEHAVIOURS M10).
struct HelpCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "help",
        abstract: "Show a command with examples, or a topic.",
        discussion: """
            Topics: config, steps, exit-codes, environment, files.

            Examples:
              preview help apply
              preview help config
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(
        help: "A command or topic.",
        completion: .list(HelpTopic.allCases.map(\.rawValue)))
    var words: [String] = []

    func execute(_ context: CommandContext) async throws {
        guard let first = words.first else {
            return context.result(Preview.helpMessage(for: Preview.self))
        }
        if let topic = HelpTopic(rawValue: first) { return context.result(topic.text) }
        var command: any ParsableCommand.Type = Preview.self
        for word in words {
            guard
                let next = command.configuration.allSubcommands.first(where: {
                    $0.answers(to: word)
                })
            else {
                throw Failure(
                    .usage, .usage,
                    "there is no command or topic \"\(words.joined(separator: " "))\"",
                    evidence: [
                        .init("topics", HelpTopic.allCases.map(\.rawValue).joined(separator: ", "))
                    ],
                    retry: "preview help")
            }
            command = next
        }
        context.result(Preview.helpMessage(for: command))
    }
}

extension ParsableCommand {
    /// Whether a word names this command.
    static func answers(to word: String) -> Bool {
        configuration.commandName == word || configuration.aliases.contains(word)
    }
}

extension CommandConfiguration {
    var allSubcommands: [any ParsableCommand.Type] {
        subcommands + groupedSubcommands.flatMap(\.subcommands)
    }
}

/// What can be read about besides commands.
enum HelpTopic: String, CaseIterable {
    case config, steps, environment, files
    case exitCodes = "exit-codes"

    var text: String {
        switch self {
        case .config: Self.keyTable
        case .steps: Self.stepList
        case .exitCodes: Self.exitCodeTable
        case .environment: Self.environmentTable
        case .files: Self.fileList
        }
    }

    private static var keyTable: String {
        let rows = ConfigKey.all.map { key in
            "  \(key.path.padded(to: 26))\(key.summary)"
                + (key.defaultValue.map { " Default: \(FieldText.text($0, of: key.path))." } ?? "")
        }
        return """
            preview.yaml: only `repo` is required.

            \(rows.joined(separator: "\n"))

            ${VAR} and ${VAR:-default} in texts come from the environment, $$ is a dollar.
            `preview schema` prints the JSON Schema for editors.
            """
    }

    private static var stepList: String {
        Steps.all.map { step in
            "\(step.id.number)  \(step.title)\n"
                + step.subActions.map { "     - \($0)" }.joined(separator: "\n")
        }.joined(separator: "\n\n")
            + "\n\nA step runs only when those before it are done. A failed step can be tried again; "
            + "what is done is not done twice."
    }

    private static let exitCodeTable = """
        0    done, or nothing to do
        1    a step or operation failed
        2    changes pending (plan --detailed-exitcode only)
        3    not approved: declined, or nobody to ask
        4    the plan is stale
        5    locked by another run
        6    refused by a limit or policy
        7    the record needs recovery: damaged, of a newer format, or somebody else's
        8    authentication or permission
        9    timed out
        10   something is left after destroy
        64   wrong usage
        65   preview.yaml is invalid
        129, 130, 143   interrupted by HUP, INT or TERM; what was done is recorded
        """

    private static let environmentTable = """
        A flag goes before PREVIEW_*, that before the provider's own variable, that before the file.

        PREVIEW_FILE              the configuration, like --file
        PREVIEW_STATE             the folder of the record, like --state
        PREVIEW_BRANCH            like --branch
        PREVIEW_PROVIDER          like --provider
        PREVIEW_REGION            like --region (also FLY_REGION)
        PREVIEW_YES               like --yes
        PREVIEW_NON_INTERACTIVE   like --non-interactive
        PREVIEW_DEBUG             like -v twice
        GITHUB_TOKEN, GH_TOKEN    for repositories at github.com, which are then read by its API
        GITHUB_API_URL            another address of that API (https://api.github.com)
        GITHUB_SERVER_URL         another server that the token is for (https://github.com)
        CI                        implies --non-interactive
        NO_COLOR                  no colours

        The app gets PORT, HOST, PREVIEW, PREVIEW_URL, PREVIEW_APP_NAME, PREVIEW_BRANCH,
        PREVIEW_COMMIT, PREVIEW_PROVIDER, PREVIEW_REGION and PREVIEW_EXPIRES_AT.
        """

    private static let fileList = """
        preview.yaml                    what you want; checked in
        .env                            values of secrets; never checked in
        .preview/<app>/state.json       the record: what was applied and is being attempted
        .preview/<app>/state.json.<n>   the last five good versions before it
        .preview/<app>/events.jsonl     everything the runs said
        .preview/<app>/runs.jsonl       the runs
        .preview/<app>/logs/            what commands and the app printed
        .preview/<app>/checkout/        the code of a local preview
        """
}
