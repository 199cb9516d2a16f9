import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

/// What this program is called and which version it is.
enum Program {
    static let version = "0.1.0"
}

struct VersionCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print the version.",
        discussion: """
            Examples:
              preview version
              preview version --json
            """)

    @OptionGroup var global: GlobalOptions

    func execute(_ context: CommandContext) async throws {
        if context.isJSON {
            context.result([
                "version": .string(Program.version), "stateFormat": .int(StateFile.format),
                "planFormat": .int(PlanDocument.format),
            ])
        } else {
            context.result("preview \(Program.version)")
        }
    }
}

struct CompletionsCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print the completion script of a shell.",
        discussion: """
            Examples:
              preview completions bash > /etc/bash_completion.d/preview
              preview completions zsh > ~/.zfunc/_preview
              preview completions fish > ~/.config/fish/completions/preview.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The shell.")
    var shell: Shell

    func execute(_ context: CommandContext) async throws {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        context.output.write(Preview.completionScript(for: kind))
    }
}

struct UnlockCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract: "Break a lock after showing its holder.",
        discussion: """
            A live holder on this machine is never overridden; the kernel frees the lock of a
            process that ended.

            Examples:
              preview unlock 7f3a9c21
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The id of the lock, as the message about it shows.")
    var id: String

    @Option(help: "App name; default: that of preview.yaml, else whichever has this lock.")
    var app: String?

    func execute(_ context: CommandContext) async throws {
        let records = try Records.find(context.choices, in: context.surroundings)
        let store = records.store
        var folders = try await store.list().sorted()
        if let app {
            folders = [try await RecordPlace.folder(named: app, in: store)]
            // Without a usable configuration there is no own record to add.
        } else if let own = try? await Workspace.open(context.choices, in: context.surroundings),
            !folders.contains(own.folder)
        {
            // A first run that was killed may have left its lock and no record yet.
            folders.append(own.folder)
        }
        for folder in folders {
            guard let holder = try await store.holder(of: folder), holder.id == id else { continue }
            context.note("\(folder) is locked by \(holder.text)")
            return try await store.breakLock(of: folder, heldBy: id)
        }
        throw Failure(
            .nothingRecorded, "nobody holds a lock \(id)",
            evidence: [.init("looked in", records.place)],
            fix: "nothing has to be unlocked; a lock ends with the process that held it")
    }
}
