import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct ValidateCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "validate",
        abstract: "Check preview.yaml; exit 65 when something is wrong.",
        discussion: """
            All problems are shown in one run, each with file, line and column.

            Examples:
              preview validate
              preview validate -f other.yaml --json
            """)

    @OptionGroup var global: GlobalOptions

    func execute(_ context: CommandContext) async throws {
        guard let file = try ConfigFile.find(context.choices, in: context.surroundings) else {
            throw OtherTools.notFound(context)
        }
        _ = try ConfigParser(
            file: file.shownPath, folder: file.folder, home: context.surroundings.home,
            environment: { context.surroundings.environment[$0] }
        ).parse(file.bytes)
        if context.isJSON {
            context.result(["problems": []])
        } else {
            context.result("\(file.shownPath) is valid.")
        }
    }
}

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
        let text = try await NewConfig(folder: folder, context: context).text()
        if print { return context.output.write(text) }
        try target.writeUserFile(name, Array(text.utf8))
        context.result("Wrote \(name). `preview plan` shows what it would do.")
    }
}

struct DetectCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "detect",
        abstract: "What step 1 would find; nothing of the repository is run.",
        discussion: """
            Examples:
              preview detect                     this folder
              preview detect ../shop --json      another one, for programs
              preview detect acme/shop --branch feature/cart --path apps/web
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "A folder, a URL or owner/name; default: this folder.")
    var repository: String?

    @Option(help: ArgumentHelp("The application inside the repository.", valueName: "folder"))
    var path: String?

    func execute(_ context: CommandContext) async throws {
        let detection = try await Detecting(context: context).detect(repository, path: path ?? "")
        if context.isJSON { return context.result(detection.json) }
        for line in DetectionReport.lines(detection) { context.result(line) }
    }
}

/// Finds out about a repository that no preview.yaml has to name.
private struct Detecting {
    let context: CommandContext

    func detect(_ text: String?, path: String) async throws -> Detection {
        let folder = try ConfigFile.folder(context.choices, in: context.surroundings)
        let text = text ?? "."
        let source = GitRepository(
            .init(
                environment: context.surroundings.environment, baseFolder: folder,
                homeFolder: context.surroundings.home,
                temporaryFolder: context.surroundings.value("TMPDIR") ?? "/tmp",
                token: Tokens(context.surroundings).gitHub))
        let absolute = text.hasPrefix("/") ? text : "\(folder)/\(text)"
        // What is a folder here is meant as one, even where it also reads as owner/name.
        if let local = Host.resolved(absolute), context.choices.branch == nil {
            return try Detector.detect(FolderSnapshot(local), path: path)
        }
        let reference: RepositoryReference
        do throws(InvalidRepositoryAddress) {
            reference = try RepositoryReference.parse(text)
        } catch {
            throw Failure(
                .invalidRepositoryAddress, .usage, "\(text) is no folder here and no address",
                evidence: [.init("expected", error.expected)])
        }
        let branch = context.choices.branch.map { $0 == "current" ? .current : Config.Branch.named($0) }
        let head = try await source.head(of: reference, branch: branch ?? .named("main"))
        return try await source.detect(head, of: reference, path: path)
    }
}

/// A preview.yaml for the repository in a folder.
private struct NewConfig {
    let folder: String
    let context: CommandContext

    func text() async throws -> String {
        let detection = try Detector.detect(FolderSnapshot(folder), path: "")
        let source = GitRepository(
            .init(
                environment: context.surroundings.environment, baseFolder: folder,
                homeFolder: context.surroundings.home,
                temporaryFolder: context.surroundings.value("TMPDIR") ?? "/tmp"))
        let here = try RepositoryReference.parse(".")
        let origin = try await source.origin(of: here)
        let head = try? await source.head(of: here, branch: .current)  // nil: nothing checked out
        return ConfigTemplate(
            name: origin?.remote?.name ?? here.name(of: folder), repository: ".",
            branch: head == nil ? "main" : "current", provider: .local, detection: detection
        ).text
    }
}

/// Configuration files of other tools (SPEC section 2).
enum OtherTools {
    static func notFound(_ context: CommandContext) -> Failure {
        let found: [String]
        do {
            let folder = try Folder.open(
                ConfigFile.folder(context.choices, in: context.surroundings), ownedBy: .any)
            found = try folder.entryNames().compactMap(OtherToolsFile.explanation)
        } catch {
            // The folder cannot be looked into; that the file is not found says enough.
            found = []
        }
        return ConfigFile.notFound(ConfigFile.name, others: found)
    }
}
