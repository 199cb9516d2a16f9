import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct ReportCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write a text for a bug report, without secrets.",
        discussion: """
            One file to read before it is sent: version, what `preview doctor` finds, preview.yaml
            and the record without values of `env` and secrets, the last runs and events. What
            commands and the app printed is left out.

            Examples:
              preview report                      a file in this folder
              preview report --out problem.txt
              preview report --out - | less
            """)

    @OptionGroup var global: GlobalOptions

    @Option(
        help: ArgumentHelp(
            "The file; - for standard output (default: preview-report-TIME.txt).",
            valueName: "path"))
    var out: String?

    @Option(help: ArgumentHelp("At most so many of the last events.", valueName: "n"))
    var events = 200

    func validate() throws {
        if events < 0 { throw ValidationError("--events is at least 0") }
    }

    func execute(_ context: CommandContext) async throws {
        let doctor = try await Doctor.open(context.choices, in: context.surroundings)
        let diagnosis = try await doctor.examine(
            show: { _ in },
            waiting: { context.note("Still looking: \($0.joined(separator: ", "))") }
        )
        let report = try await ProblemReport.gather(
            doctor, diagnosis: DoctorCommand.json(of: diagnosis), version: Program.version,
            extent: .init(events: events))
        context.note("The report holds:")
        for section in report.sections {
            context.note("  \(section.name.padded(to: 13)) \(section.summary)")
        }
        guard out != "-" else { return context.output.write(report.text) }
        let path = try write(report.text, context)
        if context.isJSON {
            return context.result([
                "file": .string(path),
                "sections": .array(report.sections.map { .string($0.name) }),
            ])
        }
        context.result(path)
        context.note("Look through it before you send it; nothing was sent.")
    }

    /// Writes the file and gives its path.
    private func write(_ text: String, _ context: CommandContext) throws -> String {
        let time = Clocks.now().text.filter { $0.isNumber || $0 == "T" || $0 == "Z" }
        let path = context.surroundings.absolute(out ?? "preview-report-\(time).txt")
        let parts = path.split(separator: "/")
        guard let name = parts.last else {
            throw Failure(.usage, .usage, "--out takes the path of a file")
        }
        do {
            try Folder.open("/" + parts.dropLast().joined(separator: "/"), ownedBy: .any)
                .writeUserFile(String(name), Array(text.utf8))
        } catch {
            throw Failure(
                .cannotWrite, error.description,
                fix: "name another file with --out, or use `--out -`")
        }
        return path
    }
}
