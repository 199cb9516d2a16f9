import ArgumentParser
import PreviewAdapters
import PreviewCore

/// The flags every command takes (SPEC section 3).
protocol GlobalFlags: Sendable {
    var file: String? { get }
    var common: CommonOptions { get }
}

/// The flags every command takes, with `-f` for the file.
struct GlobalOptions: ParsableArguments, GlobalFlags {
    @Option(
        name: [.customShort("f"), .long],
        help: ArgumentHelp("The configuration to use.", valueName: "path"))
    var file: String?

    @OptionGroup var common: CommonOptions
}

/// The same for a command in which `-f` means something else, as it does for logs everywhere.
struct GlobalOptionsWithoutShortFile: ParsableArguments, GlobalFlags {
    @Option(help: ArgumentHelp("The configuration to use.", valueName: "path"))
    var file: String?

    @OptionGroup var common: CommonOptions
}

/// The flags that have one name everywhere.
struct CommonOptions: ParsableArguments {
    @Option(
        name: [.customShort("C"), .long],
        help: ArgumentHelp("Work as if started in this folder.", valueName: "folder"))
    var directory: String?

    @Option(help: ArgumentHelp("Another branch than the file's; `current` is the checked-out one."))
    var branch: String?

    @Option(help: ArgumentHelp("Where it runs: local or fly.", valueName: "name"))
    var provider: String?

    @Flag(help: "Run it on this machine, whatever the file says.")
    var local = false

    @Option(help: ArgumentHelp("Another region than the file's, such as dfw."))
    var region: String?

    @Option(help: ArgumentHelp("The folder of the record.", valueName: "path"))
    var state: String?

    @Option(
        help: ArgumentHelp(
            "Variables for secrets (default: .env beside the file).", valueName: "path"))
    var envFile: String?

    @Option(
        help: ArgumentHelp("The previews of a named user of the server.", valueName: "name"))
    var user: String?

    @Flag(help: "Machine-readable output on standard output.")
    var json = false

    @Flag(name: .shortAndLong, help: "Only results and errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Say where values come from; twice also what is called.")
    var verbose: Int

    @Flag(help: "No colours (also: NO_COLOR).")
    var noColor = false

    @Flag(help: "Never ask; implied by CI or by no terminal.")
    var nonInteractive = false

    @Option(
        help: ArgumentHelp("How long to wait for another run, such as 30s.", valueName: "duration"))
    var lockTimeout: String?

    @Option(
        help: ArgumentHelp(
            "How long the whole command may take, such as 20m.", valueName: "duration"))
    var timeout: String?
}

extension GlobalFlags {
    /// The part of the flags that decides what is worked on.
    var choices: Choices {
        Choices(
            file: file, directory: common.directory, branch: common.branch,
            provider: common.local ? ProviderName.local.rawValue : common.provider,
            region: common.region, state: common.state, envFile: common.envFile,
            user: common.user)
    }
}

/// The preview a command is about.
struct NamedPreview: ParsableArguments {
    @Argument(help: "App name or session id; default: that of preview.yaml.")
    var preview: String?
}
