import ArgumentParser
import PreviewAdapters

/// The supervisor of a local preview: this program started again by the provider `local`, which
/// hands it its order and takes its first word on descriptors of its own.
struct Supervise: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "__supervise",
        shouldDisplay: false
    )

    @Argument var root: String
    @Argument var app: String

    func run() async throws {
        throw ExitCode(await Supervisor.run(root: root, app: app))
    }
}
