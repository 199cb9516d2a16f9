import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct InitCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Recognise the repository here and write a commented preview.yaml.",
        discussion: """
            Nothing of the repository is run. An existing file is not touched without --force.

            Examples:
              preview init
              preview init --print
              preview init --force
            """)

    @OptionGroup var global: GlobalOptions

    @Flag(help: "Show the file instead of writing it.")
    var print = false

    @Flag(help: "Overwrite an existing file.")
    var force = false

    func execute(_ context: CommandContext) async throws {
        let folder = try ConfigFile.folder(context.choices, in: context.surroundings)
        let name = context.choices.file ?? ConfigFile.name
        let target = try Folder.open(folder, ownedBy: .any)
        if !print, !force, try target.entry(name) != nil {
            throw Failure(
                .usage, .usage, "\(name) exists already and was not touched",
                fix: "`--print` shows what would be written, `--force` overwrites it",
                retry: "preview init --force")
        }
        let config = NewConfig(folder: folder, context: context)
        let text = try await config.text()
        context.note(try config.recognised())
        if print { return context.output.write(text) }
        try target.writeUserFile(name, Array(text.utf8))
        context.result("Wrote \(name). `preview plan` shows what it would do.")
    }
}

/// A preview.yaml for the repository in a folder.
private struct NewConfig {
    let folder: String
    let context: CommandContext

    func text() async throws -> String {
        let source = context.surroundings.git(baseFolder: folder)
        let here = try RepositoryReference.parse(".")
        let origin = try await source.origin(of: here)
        // Without a checked-out branch there is none that could be followed.
        let head = try? await source.head(of: here, branch: .current)
        return ConfigTemplate(
            name: origin?.remote?.name ?? here.name(of: folder), repository: ".",
            branch: head == nil ? "main" : "current", provider: .local
        ).render()
    }

    /// What was recognised, for the person to see; it stays out of the file so that it follows the
    /// repository.
    func recognised() throws -> String {
        let detection = Detector.detect(try FolderSnapshot.make(of: folder))
        guard let type = detection.framework ?? detection.projectType else {
            return
                "Nothing was recognised here: say how it runs in `run:` (`preview detect` helps)."
        }
        let start =
            detection.commands.start.map { "starts with `\($0)`" }
            ?? (detection.isStatic ? "is served as files" : "has no start command yet")
        return "Recognised \(type): it \(start). `preview detect` shows why."
    }
}
