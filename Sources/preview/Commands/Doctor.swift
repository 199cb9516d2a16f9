import ArgumentParser
import PreviewAdapters
import PreviewCore
import PreviewSystem

struct DoctorCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look for everything that is known to cause trouble, with the fix.",
        discussion: """
            Checks the file, the record and its store, the repository, tokens, the provider, this
            machine, and what runs. It repairs nothing; a store may be asked to refuse a write.
            Exit code 0: nothing failed; there may be remarks. 1: at least one check failed.

            Examples:
              preview doctor
              preview doctor --json            for programs; no secret is in it
              preview doctor --provider fly    as if the file said fly
            """)

    @OptionGroup var global: GlobalOptions

    func execute(_ context: CommandContext) async throws {
        let doctor = try await Doctor.open(context.choices, in: context.surroundings)
        let text = DoctorText(paint: context.paint)
        if !context.isJSON { context.output.write(text.heading(doctor.subject)) }
        let diagnosis = try await doctor.examine(
            show: { result in
                if !context.isJSON { context.output.write(text.text(of: result)) }
            },
            waiting: { context.note("Still looking: \($0.joined(separator: ", "))") }
        )
        if context.isJSON {
            context.result(Self.json(of: diagnosis))
        } else {
            context.output.write(text.summary(of: diagnosis))
        }
        if diagnosis.count(.failed) > 0 { throw ExitCode(Failure.Kind.failed.exitCode) }
    }

    /// The document of `--json`.
    static func json(of diagnosis: Diagnosis) -> JSONValue {
        var document = JSONObject()
        document["version"] = .string(Program.version)
        for member in diagnosis.json.members { document[member.name] = member.value }
        return .object(document)
    }
}
