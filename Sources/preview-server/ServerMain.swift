import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewServer
import PreviewSystem

/// The `preview-server` command, which `preview serve` starts.
@main
struct ServerMain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview serve",
        abstract: "The four steps as a page and an API, on the same record as the commands.",
        discussion: """
            Sessions are planned from the preview.yaml here, with project, repository and branch of
            the call in their place. Only this machine can reach it unless --address says otherwise.

            Examples:
              preview serve                                      for this preview.yaml
              preview serve --open                               and open the page
              preview serve --allow-repo 'github.com/acme/*'     for more repositories than its own
              preview serve --address 0.0.0.0 --allow-host previews.example \\
                --tls-certificate chain.pem --tls-key key.pem    for a team
            """)

    @OptionGroup var work: WorkOptions
    @OptionGroup var reach: ReachOptions

    func run() async throws {
        do {
            let code = try await Service(work: work, reach: reach).run()
            guard code == 0 else { throw ExitCode(code) }
        } catch let code as ExitCode {
            throw code
        } catch {
            throw ExitCode(Self.report(error))
        }
    }

    private static func report(_ error: any Error) -> Int32 {
        let errors = OutputChannel.standardError
        if let problems = error as? ConfigProblems {
            errors.write(problems.rendered + "\n")
            return Failure.Kind.invalidConfig.exitCode
        }
        let failure =
            (error as? Failure)
            ?? Failure(.internalError, "\(error)", fix: "please report this")
        errors.write(FailureText(paint: Paint(isOn: false)).text(of: failure))
        return failure.kind.exitCode
    }
}
