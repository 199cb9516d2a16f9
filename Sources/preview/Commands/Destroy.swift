import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct DestroyCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "destroy",
        abstract: "Undo the steps in reverse and check that nothing is left.",
        discussion: """
            Asks for the word yes. Exit 10 means that something could not be taken away; running it
            again goes on where it stopped.

            Examples:
              preview destroy                   the preview of this preview.yaml
              preview destroy shop-4f1c9a2e     one by name
              preview destroy --yes             without asking
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var named: NamedPreview

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func execute(_ context: CommandContext) async throws {
        try await Destroying(command: "destroy", preview: named.preview, saysYes: yes).run(context)
    }
}

struct DownCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "down",
        abstract: "The same as destroy.",
        discussion: """
            Examples:
              preview down
              preview down --yes
            """)

    @OptionGroup var global: GlobalOptions

    @OptionGroup var named: NamedPreview

    @Flag(name: .shortAndLong, help: "Do not ask.")
    var yes = false

    func execute(_ context: CommandContext) async throws {
        try await Destroying(command: "down", preview: named.preview, saysYes: yes).run(context)
    }
}

/// One run of the destroyer from the command line.
private struct Destroying {
    let command: String
    let preview: String?
    let saysYes: Bool

    func run(_ context: CommandContext) async throws {
        let preview = try await RecordedPreview.find(
            preview, context.choices, in: context.surroundings)
        let text = DestroyText(paint: context.errorPaint)
        if !context.isJSON { context.errors.write(text.plan(of: preview.state)) }
        try await DestructionConsent(
            deed: "destroy it", saysYes: saysYes, command: "preview destroy"
        ).obtain(context)
        try await preview.destroy(
            in: context.recordedRun(
                command, of: preview.folder, in: preview.records.data, redactor: preview.redactor),
            lockTimeout: context.lockTimeout
        ) { receipt in
            guard !context.isJSON else { return }
            context.result(DestroyText(paint: context.paint).receipt(receipt))
        }
    }
}

/// The word yes, which destroying needs (BEHAVIOURS S5).
struct DestructionConsent {
    /// What the word is asked for, such as `destroy it`.
    let deed: String
    let saysYes: Bool
    /// The command line, without --yes.
    let command: String

    /// Asks a person, unless yes was said beforehand.
    ///
    /// - Throws: ``Failure`` of kind ``Failure/Kind/notApproved`` for every other word, and where
    ///   nobody can be asked.
    func obtain(_ context: CommandContext) async throws {
        if saysYes || context.surroundings.isSet("PREVIEW_YES") { return }
        guard context.isInteractive else {
            throw Failure(
                .nobodyToAsk, .notApproved, "destroying needs a yes and nobody can be asked",
                fix: "run it in a terminal, or say yes beforehand with --yes",
                retry: "\(command) --yes")
        }
        context.errors.write("Type yes to \(deed): ")
        switch await Terminal.readLine() {
        case .cancelled: throw CancellationError()
        case .text(let answer) where answer.trimmingSpaces() == "yes": return
        case .text, .end:
            throw Failure(.declined, .notApproved, "nothing was destroyed", retry: command)
        }
    }
}
