import ArgumentParser

@main
struct Preview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "preview")
}
