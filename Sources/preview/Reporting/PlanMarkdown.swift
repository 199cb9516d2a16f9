import PreviewCore

/// A plan ready for a pull-request comment (SPEC section 4).
enum PlanMarkdown {
    static func text(of plan: Plan) -> String {
        var lines = [
            "### Preview plan: \(escaped(plan.repository)) @ \(escaped(plan.branch))", "",
            "App `\(plan.app)` on `\(plan.provider.rawValue)`"
                + (plan.url.map { ", \($0) \(plan.isLive ? "(live)" : "(not live yet)")" } ?? ""),
            "", "| Step | Action | Why |", "| --- | --- | --- |",
        ]
        for step in plan.steps {
            lines.append(
                "| \(step.id.number) \(escaped(step.title)) | \(step.action.rawValue) "
                    + "| \(escaped(step.reason)) |")
        }
        let changes = plan.steps.flatMap(\.changes)
        if !changes.isEmpty {
            lines += [
                "", "<details><summary>\(changes.count) changed fields</summary>", "",
                "| Field | Before | After |", "| --- | --- | --- |",
            ]
            lines += changes.map(row)
            lines += ["", "</details>"]
        }
        if let cost = plan.cost { lines += ["", "Cost: \(escaped(cost.text))"] }
        for warning in plan.warnings { lines += ["", "⚠️ \(escaped(warning.message))"] }
        lines += [
            "",
            "**\(plan.running.count) to run, \(plan.steps.count { $0.action == .none }) unchanged.**",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func row(of change: Change) -> String {
        if let source = change.knownAfter {
            return "| `\(change.field)` |  | *known after step \(source.number)* |"
        }
        if change.isSensitive { return "| `\(change.field)` | *sensitive* | *sensitive* |" }
        let before = FieldText.text(change.before, of: change.field)
        let after = FieldText.text(change.after, of: change.field)
        return "| `\(change.field)` | \(escaped(before)) | \(escaped(after)) |"
    }

    /// Text that neither ends a table cell nor becomes markup.
    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            if character.isNewline {
                result += " "
            } else {
                if "\\`*_{}[]<>|#".contains(character) { result.append("\\") }
                result.append(character)
            }
        }
    }
}
