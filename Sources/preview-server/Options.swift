import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewServer
import PreviewSystem

/// What the server's sessions are planned from: the flags of every command that mean something here.
struct WorkOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .long],
        help: ArgumentHelp("The configuration to use.", valueName: "path"))
    var file: String?

    @Option(
        name: [.customShort("C"), .long],
        help: ArgumentHelp("Work as if started in this folder.", valueName: "folder"))
    var directory: String?

    @Option(help: ArgumentHelp("The branch that the page begins with."))
    var branch: String?

    @Option(help: ArgumentHelp("Where previews run: local or fly.", valueName: "name"))
    var provider: String?

    @Flag(help: "Run them on this machine, whatever the file says.")
    var local = false

    @Option(help: ArgumentHelp("Another region than the file's, such as dfw."))
    var region: String?

    @Option(help: ArgumentHelp("The folder of the records.", valueName: "path"))
    var state: String?

    @Option(
        help: ArgumentHelp(
            "Variables for secrets (default: .env beside the file).", valueName: "path"))
    var envFile: String?

    @Option(
        help: ArgumentHelp(
            "A repository that calls may name beside the file's, such as github.com/acme/*.",
            valueName: "pattern"))
    var allowRepo: [String] = []

    /// The part that decides what is worked on.
    var choices: Choices {
        Choices(
            file: file, directory: directory, branch: branch,
            provider: local ? ProviderName.local.rawValue : provider, region: region, state: state,
            envFile: envFile)
    }
}

/// How the server is reached.
struct ReachOptions: ParsableArguments {
    @Option(help: "The port; 0 for any free one.")
    var port = 4747

    @Option(help: "The address to listen on.")
    var address = "127.0.0.1"

    @Option(
        help: ArgumentHelp("Another name it may be asked for under.", valueName: "name"))
    var allowHost: [String] = []

    @Option(
        help: ArgumentHelp(
            "A page's origin that may use it, such as https://portal.example.",
            valueName: "origin"))
    var allowOrigin: [String] = []

    @Option(help: ArgumentHelp("Requests a user may make in a second.", valueName: "n"))
    var rateLimit = 50

    @Option(help: ArgumentHelp("Certificate chain in PEM, for https.", valueName: "path"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("Its private key in PEM.", valueName: "path"))
    var tlsKey: String?

    @Flag(help: "Open the page in the browser.")
    var open = false

    @Flag(name: .shortAndLong, help: "Log no requests.")
    var quiet = false

    func validate() throws {
        guard (0...65535).contains(port) else {
            throw ValidationError("--port is a number from 0 to 65535")
        }
        guard (tlsCertificate == nil) == (tlsKey == nil) else {
            throw ValidationError("--tls-certificate and --tls-key belong together")
        }
        guard rateLimit >= 1 else { throw ValidationError("--rate-limit is at least 1") }
        for origin in allowOrigin {
            let scheme = origin.hasPrefix("https://") || origin.hasPrefix("http://")
            guard scheme, origin.split(separator: "/").count == 2, !origin.hasSuffix("/") else {
                throw ValidationError(
                    "--allow-origin is scheme and host, such as https://portal.example")
            }
        }
    }

    /// The settings of the server.
    ///
    /// - Throws: ``Failure`` for a certificate or key that cannot be read.
    func settings(in surroundings: Surroundings) throws -> ServerSettings {
        var settings = ServerSettings()
        settings.address = address
        settings.port = port
        settings.hosts = Set(allowHost.map { $0.lowercased() })
        settings.origins = Set(allowOrigin)
        settings.requestsPerSecond = rateLimit
        if let tlsCertificate, let tlsKey {
            settings.identity = (
                try Self.read(tlsCertificate, surroundings), try Self.read(tlsKey, surroundings)
            )
        }
        return settings
    }

    private static func read(_ path: String, _ surroundings: Surroundings) throws -> [UInt8] {
        guard let bytes = try TextFile.read(surroundings.absolute(path)) else {
            throw Failure(.cannotListen, .usage, "there is no file \(path)")
        }
        return bytes
    }
}
