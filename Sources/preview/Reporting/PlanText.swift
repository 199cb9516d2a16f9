import PreviewCore
import PreviewSystem

/// A plan in words for a terminal (SPEC section 3).
struct PlanText {
    let paint: Paint

    private static let titleWidth = 25
    private static let fieldWidth = 24

    /// The whole plan, ending in a newline.
    func text(of plan: Plan) -> String {
        var lines = [heading(of: plan), ""]
        for step in plan.steps { lines += self.lines(of: step) + [""] }
        if let url = plan.url {
            lines.append("  URL    \(url) \(paint.dim(plan.isLive ? "(live)" : "(not live yet)"))")
        }
        if let cost = plan.cost { lines.append("  Cost   \(cost.text)") }
        if plan.provider == .local { lines.append("  Cost   nothing: it runs on this machine") }
        for drift in plan.drift {
            lines.append("  Drift  step \(drift.step.number): \(drift.message)")
        }
        for warning in plan.warnings { lines += self.lines(of: warning) }
        lines += ["", summary(of: plan)]
        return lines.joined(separator: "\n") + "\n"
    }

    private func heading(of plan: Plan) -> String {
        let place = plan.path.isEmpty ? "" : " (\(plan.path))"
        let name = paint.bold("\(plan.repository) @ \(plan.branch)\(place)")
        return "\(name) → \(plan.app) on \(plan.provider.rawValue)"
    }

    private func lines(of warning: Plan.Warning) -> [String] {
        let fix = warning.fix.map { ["           \(paint.dim("fix")) \($0)"] } ?? []
        return [
            "  \(paint.yellow("Warning")) [\(warning.code.rawValue)] \(warning.message)"
        ] + fix
    }

    /// One step: its line, its sub-actions and its changes.
    func lines(of step: PlannedStep) -> [String] {
        let title = "  \(step.id.number)  " + step.title.padded(to: Self.titleWidth)
        let subActions = Steps.step(step.id).subActions
        return ["\(paint.bold(title))\(action(of: step))\(reason(of: step))"]
            + wrapped(subActions, width: 90).map { "       \(paint.dim($0))" }
            + step.changes.map { "       \(text(of: $0, in: step))" }
    }

    private func reason(of step: PlannedStep) -> String {
        guard let seconds = step.lastSeconds else { return step.reason }
        return "\(step.reason); took \(DurationText.elapsed(seconds)) last time"
    }

    private func action(of step: PlannedStep) -> String {
        let word = step.action.rawValue.padded(to: 9)
        return switch step.action {
        case .none: paint.dim("· \(word)")
        case .create: paint.green("+ \(word)")
        case .update: paint.yellow("~ \(word)")
        case .replace: paint.red("± \(word)")
        case .resume: paint.yellow("↻ \(word)")
        case .wait: paint.dim("… \(word)")
        }
    }

    private func text(of change: Change, in step: PlannedStep) -> String {
        let field = change.field.padded(to: Self.fieldWidth)
        if let source = change.knownAfter {
            return "\(field)\(paint.dim("(known after step \(source.number))"))"
        }
        let force = change.forcesReplacement ? paint.red("  forces replacement") : ""
        if change.isSensitive { return "\(field)(sensitive) \(word(for: change))\(force)" }
        let after = FieldText.text(change.after, of: change.field)
        let subject = change.field == "commit" ? subject(of: step) : ""
        guard !change.before.isNull else { return "\(field)\(after)\(subject)\(force)" }
        let before = FieldText.text(change.before, of: change.field)
        return "\(field)\(before) → \(after)\(subject)\(force)"
    }

    private func word(for change: Change) -> String {
        if change.before.isNull { return "new" }
        return change.after.isNull ? "removed" : "changed"
    }

    private func subject(of step: PlannedStep) -> String {
        guard let subject = step.input?["subject"]?.string else { return "" }
        return "  \(paint.dim("\"\(subject)\""))"
    }

    private func summary(of plan: Plan) -> String {
        let (running, waiting) = (plan.running.count, plan.steps.count { $0.action == .wait })
        let unchanged = plan.steps.count - running - waiting
        guard running + waiting > 0 else {
            return "Plan: nothing to do, \(unchanged) unchanged. Nothing was changed."
        }
        let waits = waiting > 0 ? ", \(waiting) waiting for what comes before" : ""
        return "Plan: \(running) \(running == 1 ? "step" : "steps") to run\(waits), "
            + "\(unchanged) unchanged. "
            + "Nothing was changed. `preview apply` goes through them one by one."
    }

    /// Phrases joined by dots, as many on a line as fit; none is broken.
    private func wrapped(_ phrases: [String], width: Int) -> [String] {
        phrases.reduce(into: []) { lines, phrase in
            if let last = lines.last, last.count + phrase.count + 3 <= width {
                lines[lines.count - 1] = "\(last) · \(phrase)"
            } else {
                lines.append(phrase)
            }
        }
    }
}

/// Values of fields as people read them.
enum FieldText {
    static func text(_ value: JSONValue, of field: String) -> String {
        switch (field, value) {
        case (_, .null): "none"
        case ("commit", .string(let commit)): String(commit.prefix(7))
        case ("resources.memory", .number(let megabytes)): "\(megabytes) MB"
        case (_, .string(let text)) where field.hasPrefix("env."): "\"\(text)\""
        case (_, .string(let text)): text
        case (_, .bool(let flag)): flag ? "yes" : "no"
        case (_, .number(let literal)): literal
        default: JSONWriter.pretty(value)
        }
    }
}
