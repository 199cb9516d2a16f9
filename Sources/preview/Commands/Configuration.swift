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
        let file = try ConfigFile.require(context.choices, in: context.surroundings)
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
        let source = try context.surroundings.source(
            context.surroundings.git(baseFolder: folder), remark: context.remark)
        let absolute = text.hasPrefix("/") ? text : "\(folder)/\(text)"
        // What is a folder here is meant as one, even where it also reads as owner/name.
        if let local = Host.resolved(absolute), context.choices.branch == nil {
            return try Detector.detect(FolderSnapshot.make(of: local), path: path)
        }
        let reference: RepositoryReference
        do throws(InvalidRepositoryAddress) {
            reference = try RepositoryReference.parse(text)
        } catch {
            throw Failure(
                .invalidRepositoryAddress, .usage,
                "\(CredentialMask.masked(text)) is no folder here and no address",
                evidence: [.init("expected", error.expected)])
        }
        let branch = context.choices.branch.map {
            $0 == "current" ? .current : Config.Branch.named($0)
        }
        let head = try await source.head(of: reference, branch: branch ?? .named("main"))
        return try await source.detect(head, of: reference, path: path)
    }
}
