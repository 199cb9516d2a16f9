import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct ExportCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what another tool would need.",
        discussion: """
            Made from preview.yaml and from what step 1 found, or would find now. Secrets are named in
            it, never written. An existing file is not touched without --force.

            Examples:
              preview export fly.toml
              preview export fly.toml --print
            """)

    enum Target: String, ExpressibleByArgument, CaseIterable {
        case flyToml = "fly.toml"
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The file to write: fly.toml, for Fly's own tool.")
    var target: Target

    @Flag(help: "Show the file instead of writing it.")
    var print = false

    @Flag(help: "Overwrite an existing file.")
    var force = false

    func execute(_ context: CommandContext) async throws {
        let path = try ConfigFile.folder(context.choices, in: context.surroundings)
        let folder = try Folder.open(path, ownedBy: .any)
        let name = target.rawValue
        if !print, !force, try folder.entry(name) != nil {
            throw Failure(
                .usage, .usage, "\(name) exists already and was not touched",
                fix: "`--print` shows what would be written, `--force` overwrites it",
                retry: "preview export \(name) --force")
        }
        let workspace = try await Workspace.open(context.choices, in: context.surroundings)
        let state = try await StateRecord.load(
            workspace.folder, from: workspace.records.store, source: workspace.identity.source)?
            .state
        let text = FlyToml(
            app: state.flatMap { $0.isDestroyed ? nil : $0.app } ?? workspace.folder,
            config: workspace.config,
            detected: try await detected(state, workspace)
        ).text
        if !print { try folder.writeUserFile(name, Array(text.utf8)) }
        if context.isJSON {
            context.result([
                "file": .string(name), "isWritten": .bool(!print), "text": .string(text),
            ])
        } else if print {
            context.output.write(text)
        } else {
            context.result("Wrote \(name). `fly deploy` reads it.")
        }
    }

    /// What step 1 found, or what it would find.
    private func detected(
        _ state: State?, _ workspace: Workspace
    ) async throws -> DetectedRepository {
        if let recorded = state?.output(of: DetectRepository()) { return recorded }
        let (config, identity) = (workspace.config, workspace.identity)
        let source = workspace.git.forReading
        let head = try await source.head(of: config.repository, branch: config.branch)
        let detection = try await source.detect(head, of: config.repository, path: config.path)
        return DetectedRepository(detection, head: head, identity: identity, description: "")
    }
}
