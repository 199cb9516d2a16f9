import ArgumentParser
import PreviewAdapters

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
                    CancelCommand.self,
                ]),
            CommandGroup(
                name: "Look",
                subcommands: [
                    StatusCommand.self, ListCommand.self, LogsCommand.self, HistoryCommand.self,
                    OpenCommand.self, URLCommand.self,
                ]),
            CommandGroup(
                name: "Machine",
                subcommands: [
                    StartCommand.self, StopCommand.self, RestartCommand.self, ExecCommand.self,
                ]),
            CommandGroup(
                name: "Record",
                subcommands: [StateCommand.self, UnlockCommand.self]),
            CommandGroup(
                name: "Help",
                subcommands: [
                    ExplainCommand.self, HelpCommand.self, SchemaCommand.self,
                    CompletionsCommand.self, VersionCommand.self,
                ]),
        ])
}
