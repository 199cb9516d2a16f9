import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

/// The `preview` command.
@main
struct Preview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "A running copy of a branch, set up in four steps you start one by one.",
        discussion: """
            Declared in preview.yaml, planned before anything happens, applied on this machine.

            Start here:
              preview init       write preview.yaml for the repository in this folder
              preview plan       see the four steps and what each would do
              preview apply      go through them, one question each
              preview open       look at it
              preview destroy    take everything away again

            `preview help COMMAND` shows a command with examples, `preview explain CODE` an error.
            """,
        version: Program.version,
        subcommands: [Supervise.self, ServeStatic.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Set up",
                subcommands: [
                    InitCommand.self, ValidateCommand.self, DetectCommand.self, PlanCommand.self,
                    ApplyCommand.self, UpCommand.self, DestroyCommand.self, DownCommand.self,
                    CancelCommand.self, PruneCommand.self,
                ]),
            CommandGroup(
                name: "Look",
                subcommands: [
                    StatusCommand.self, ListCommand.self, LogsCommand.self, HistoryCommand.self,
                    OpenCommand.self, URLCommand.self, ExportCommand.self,
                ]),
            CommandGroup(
                name: "Machine",
                subcommands: [
                    StartCommand.self, StopCommand.self, RestartCommand.self, ExecCommand.self,
                    ExtendCommand.self, PinCommand.self,
                ]),
            CommandGroup(
                name: "Serve",
                subcommands: [ServeCommand.self, TokenCommand.self]),
            CommandGroup(
                name: "Record",
                subcommands: [StateCommand.self, ImportCommand.self, UnlockCommand.self]),
            CommandGroup(
                name: "Help",
                subcommands: [
                    DoctorCommand.self, ReportCommand.self, ExplainCommand.self, HelpCommand.self,
                    SchemaCommand.self,
                    CompletionsCommand.self, VersionCommand.self,
                ]),
        ])
}

extension Preview {
    /// Parses and runs, after a look at the command's name: a slip in it is answered with the
    /// nearest one.
    static func main() async {
        if let slip = CommandSlip(in: Array(CommandLine.arguments.dropFirst())) {
            OutputChannel.standardError.write(
                FailureText(paint: Paint(isOn: false)).text(of: slip.failure))
            exit(withError: ExitCode(slip.failure.kind.exitCode))
        }
        do {
            var command = try parseAsRoot()
            guard var asynchronous = command as? any AsyncParsableCommand else {
                return try command.run()
            }
            try await asynchronous.run()
        } catch {
            exit(withError: error)
        }
    }
}

/// A word in the place of a command that is none.
struct CommandSlip {
    let failure: Failure

    /// Finds it among the arguments; `nil` when the words name a command.
    init?(in arguments: [String]) {
        var (parent, path) = (Preview.self as any ParsableCommand.Type, ["preview"])
        for word in arguments {
            let children = parent.configuration.allSubcommands
            if children.isEmpty || word.hasPrefix("-") { return nil }
            guard let child = children.first(where: { $0.answers(to: word) }) else {
                failure = Self.failure(word, among: children, in: path.joined(separator: " "))
                return
            }
            (parent, path) = (child, path + [word])
        }
        return nil
    }

    private static func failure(
        _ word: String, among commands: [any ParsableCommand.Type], in path: String
    ) -> Failure {
        let names = commands.compactMap { command -> String? in
            let configuration = command.configuration
            return configuration.shouldDisplay ? configuration.commandName : nil
        }
        let near = NearestWord.ranked(word, among: names, count: 1).first
        return Failure(
            .usage, .usage, "there is no command `\(path) \(TerminalText.sanitized(word))`",
            fix: near.map { "did you mean `\(path) \($0)`?" }, retry: "\(path) --help")
    }
}
