import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "The four steps as a page and an API.",
        discussion: """
            Starts preview-server, which lies beside this program and knows the flags:
            `preview serve --help` lists them. Ctrl-C ends it so that everything can be resumed.

            Examples:
              preview serve                  at http://127.0.0.1:4747
              preview serve --open           and open the page
              preview serve --port 8080
            """)

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("Flags of the server.", valueName: "flags"))
    var arguments: [String] = []

    /// This process becomes the server, so that signals and the exit code are its own.
    func run() throws {
        let folder = (Host.executable ?? "").split(separator: "/").dropLast()
        let program = folder.map { "/" + $0 }.joined() + "/preview-server"
        let error = Host.become(program, arguments: ["preview serve"] + arguments)
        let failure = Failure(
            .serverMissing, "preview-server cannot be started: \(error)",
            evidence: [.init("program", program)], fix: "install both, as `make install` does")
        OutputChannel.standardError.write(
            FailureText(paint: Paint(isOn: false)).text(of: failure))
        throw ExitCode(failure.kind.exitCode)
    }
}
