import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct ImportCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take an app that exists on Fly.io into the record.",
        discussion: """
            For an app whose record was lost, that a team-mate or a CI job made, or that was made by
            hand. preview.yaml says which preview it becomes. Shows what would be recorded and asks;
            the machine gets this record's marks and goes on running. Only what was seen counts as
            done: `preview plan` shows afterwards what differs and what is still to run. A record that
            had the app before may no longer touch it.

            Examples:
              preview import shop-4f1c9a2e
              preview import shop-4f1c9a2e --yes
              preview import shop-4f1c9a2e --branch feature/cart
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(help: "The app's name on Fly.io.")
    var app: String

    @Flag(name: .shortAndLong, help: "Do not ask (also: PREVIEW_YES=1).")
    var yes = false

    func validate() throws {
        guard AppName(app) == nil else { return }
        throw ValidationError(
            "import takes the name of an app, of small letters, digits and dashes, not \"\(app)\"")
    }

    func execute(_ context: CommandContext) async throws {
        let workspace = try await Workspace.open(context.choices, in: context.surroundings)
        let finding = try await workspace.importable(app)
        if !context.isJSON {
            context.errors.write(ImportText(paint: context.errorPaint).text(of: finding))
        }
        try await obtainConsent(context)
        try await workspace.take(
            finding,
            in: context.recordedRun(
                "import", of: workspace.folder, in: workspace.records.data,
                redactor: workspace.redactor),
            lockTimeout: context.lockTimeout
        ) { _ in
            guard !context.isJSON else { return }
            context.result("Imported \(app). `preview plan` shows what differs.")
        }
    }

    /// - Throws: ``Failure`` of kind ``Failure/Kind/notApproved`` for anything but a yes.
    private func obtainConsent(_ context: CommandContext) async throws {
        if yes || context.surroundings.isSet("PREVIEW_YES") { return }
        let again = "preview import \(app)"
        guard context.isInteractive else {
            throw Failure(
                .nobodyToAsk, .notApproved, "importing needs a yes and nobody can be asked",
                fix: "run it in a terminal, or say yes beforehand with --yes",
                retry: "\(again) --yes")
        }
        context.errors.write(
            context.errorPaint.bold("Take it into the record?") + " [y]es, [n]o: ")
        // A question that cannot be shown is a no.
        if context.errors.isOpen {
            switch await Terminal.readLine() {
            case .cancelled: throw CancellationError()
            case .end: context.errors.write("\n")
            case .text(let answer):
                if ["y", "yes"].contains(answer.trimmingSpaces().lowercased()) { return }
            }
        }
        throw Failure(.declined, .notApproved, "nothing was imported", retry: again)
    }
}
