import ArgumentParser
import PreviewCore

struct ExplainCommand: PreviewCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "What an error code means and what to do; works offline.",
        discussion: """
            Examples:
              preview explain PV0412
              preview explain              every code with its title
            """)

    @OptionGroup var global: GlobalOptions

    @Argument(
        help: "The code, such as PV0412.",
        completion: .list(ErrorCode.allCases.map(\.rawValue)))
    var code: String?

    func execute(_ context: CommandContext) async throws {
        guard let code else {
            if context.isJSON {
                return context.result(["codes": .array(ErrorCode.allCases.map(json))])
            }
            for code in ErrorCode.allCases {
                context.result("\(code.rawValue)  \(code.explanation.title)")
            }
            return
        }
        guard let known = ErrorCode(rawValue: code.uppercased()) else {
            throw Failure(
                .usage, .usage, "there is no code \(code)",
                fix: "`preview explain` lists all codes", retry: "preview explain")
        }
        if context.isJSON { return context.result(json(of: known)) }
        context.result(known.explanation.text(of: known))
    }

    private func json(of code: ErrorCode) -> JSONValue {
        let explanation = code.explanation
        return [
            "code": .string(code.rawValue), "title": .string(explanation.title),
            "text": .string(explanation.text(of: code)),
        ]
    }
}
