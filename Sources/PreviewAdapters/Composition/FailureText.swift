package import PreviewCore
package import PreviewSystem

/// A failure in the shape of SPEC section 3.
package struct FailureText {
    private let paint: Paint

    package init(paint: Paint) { self.paint = paint }

    /// Some lines, each with its line break.
    package func text(of failure: Failure) -> String {
        let place =
            failure.step.map { "step \($0.number), \(Steps.step($0).title): " } ?? ""
        var lines = [
            "\(paint.red("error[\(failure.code.rawValue)]")): \(place)\(failure.message)"
        ]
        for evidence in failure.evidence {
            let rows = evidence.text.split(separator: "\n", omittingEmptySubsequences: false)
            for (index, row) in rows.enumerated() {
                lines.append("  \(label(index == 0 ? evidence.label : ""))\(row)")
            }
        }
        if let fix = failure.fix { lines.append("  \(label("fix"))\(fix)") }
        if let retry = failure.retry { lines.append("  \(label("retry"))\(retry)") }
        let logs = failure.step.map { "preview logs --step \($0.number) · " } ?? ""
        lines.append("  \(label("more"))\(logs)preview explain \(failure.code.rawValue)")
        return lines.joined(separator: "\n") + "\n"
    }

    private func label(_ text: String) -> String { paint.dim(text.padded(to: 12)) + " " }
}
