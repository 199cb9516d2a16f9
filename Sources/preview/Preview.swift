import ArgumentParser

@main
struct Preview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview", subcommands: [Supervise.self, ServeStatic.self])
}
