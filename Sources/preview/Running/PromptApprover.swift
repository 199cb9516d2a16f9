import PreviewCore
import PreviewSystem

/// Asks a person before each step (SPEC section 3).
final class PromptApprover: Approver {
    private let context: CommandContext
    /// Whether the person said `a`: all that remain.
    private let saidAll = Locked(false)

    init(context: CommandContext) { self.context = context }

    func approve(_ step: PlannedStep, in plan: Plan) async throws -> Approval {
        show(step)
        if saidAll.withLock({ $0 }) { return .standing }
        while true {
            context.errors.write(prompt(for: step))
            // A prompt that cannot be shown is a no.
            guard context.errors.isOpen else { return .declined }
            switch await Terminal.readLine() {
            case .cancelled: throw CancellationError()
            case .end:
                context.errors.write("\n")
                return .declined
            case .text(let answer):
                switch answer.trimmingSpaces().lowercased() {
                case "y", "yes": return .given
                case "a", "all":
                    saidAll.withLock { $0 = true }
                    return .given
                case "d", "details": context.errors.write(details(of: step))
                default: return .declined
                }
            }
        }
    }

    func adopts(_ refusal: Failure) async throws -> Bool {
        let width = refusal.evidence.map(\.label.count).max() ?? 0
        let evidence = refusal.evidence.map {
            "  " + $0.label.padded(to: width + 2) + $0.text + "\n"
        }
        context.errors.write("\n" + evidence.joined())
        context.errors.write(context.errorPaint.bold("Take it over?") + " [y]es, [n]o: ")
        guard context.errors.isOpen else { return false }
        switch await Terminal.readLine() {
        case .cancelled: throw CancellationError()
        case .end:
            context.errors.write("\n")
            return false
        case .text(let answer):
            return ["y", "yes"].contains(answer.trimmingSpaces().lowercased())
        }
    }

    private func show(_ step: PlannedStep) {
        let lines = PlanText(paint: context.errorPaint).lines(of: step)
        context.errors.write("\n" + lines.joined(separator: "\n") + "\n\n")
    }

    private func prompt(for step: PlannedStep) -> String {
        let paint = context.errorPaint
        let question = paint.bold("Step \(step.id.number): \(step.title).")
        return "\(question) Run it? [y]es, [n]o, [a]ll that remain, [d]etails: "
    }

    private func details(of step: PlannedStep) -> String {
        let input = PlanDocument.inputWithoutDigests(of: step)
        var lines = ["  \(step.summary).", "  Why: \(step.reason)."]
        if let input { lines += ["  What the step is given:"] + indented(JSONWriter.pretty(input)) }
        return "\n" + lines.joined(separator: "\n") + "\n\n"
    }

    private func indented(_ text: String) -> [String] {
        text.split(separator: "\n").map { "    \($0)" }
    }
}

/// Approves everything: `--yes`.
struct StandingApprover: Approver {
    let context: CommandContext

    func approve(_ step: PlannedStep, in plan: Plan) async throws -> Approval {
        if !context.isJSON, !context.isQuiet {
            let lines = PlanText(paint: context.errorPaint).lines(of: step)
            context.errors.write("\n" + lines.joined(separator: "\n") + "\n\n")
        }
        return .standing
    }
}

extension String {
    /// Without spaces and tabs at both ends.
    func trimmingSpaces() -> String {
        var rest = self[...].drop { $0 == " " || $0 == "\t" }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return String(rest)
    }
}
