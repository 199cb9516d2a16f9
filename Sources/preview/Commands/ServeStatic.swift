import ArgumentParser
import PreviewAdapters

/// The app of a static site: serves a folder on a port of the loopback address until it is ended.
struct ServeStatic: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "__serve-static",
        shouldDisplay: false
    )

    @Argument var root: String
    @Argument var port: Int

    func run() throws {
        try StaticServer.serve(root: root, port: port)
    }
}
