import PreviewAdapters
import PreviewCore
import PreviewSystem

/// What `preview doctor` says to people.
struct DoctorText {
    let paint: Paint

    private static let nameWidth = 16

    /// The line above the checks.
    func heading(_ subject: String?) -> String {
        paint.bold(subject ?? "No preview") + "\n\n"
    }

    /// The lines of a check: one a finding, with what to do below it.
    func text(of result: CheckResult) -> String {
        var name = result.name
        return result.findings.map { finding in
            defer { name = "" }
            return lines(of: finding, named: name).map { $0 + "\n" }.joined()
        }.joined()
    }

    /// The last lines: how many findings there are of each kind.
    func summary(of diagnosis: Diagnosis) -> String {
        func counted(_ outcome: Finding.Outcome, _ one: String, _ many: String) -> String {
            let count = diagnosis.count(outcome)
            return "\(count) \(count == 1 ? one : many)"
        }
        let failed = counted(.failed, "failure", "failures")
        let parts = [
            counted(.ok, "fine", "fine"), counted(.warning, "remark", "remarks"),
            diagnosis.count(.failed) > 0 ? paint.red(failed) : failed,
            counted(.skipped, "skipped", "skipped"),
        ]
        return "\n" + parts.joined(separator: ", ") + "\n"
    }

    private func lines(of finding: Finding, named name: String) -> [String] {
        let code = finding.code.map { "[\($0.rawValue)]" } ?? ""
        let detail: String
        switch finding.outcome {
        case .ok: detail = finding.detail
        case .skipped: detail = paint.dim("skipped: " + finding.detail)
        case .warning: detail = paint.yellow("remark\(code)") + ": " + finding.detail
        case .failed: detail = paint.red("error\(code)") + ": " + finding.detail
        }
        let head = "  \(mark(finding.outcome)) \(name.padded(to: Self.nameWidth))\(detail)"
        let evidence = finding.evidence.flatMap { rows($0.label, $0.text) }
        let more = finding.outcome == .failed ? finding.code : nil
        return [head] + evidence + (finding.fix.map { rows("fix", $0) } ?? [])
            + (more.map { rows("more", "preview explain \($0.rawValue)") } ?? [])
    }

    private func mark(_ outcome: Finding.Outcome) -> String {
        switch outcome {
        case .ok: paint.green("✓")
        case .warning: paint.yellow("!")
        case .failed: paint.red("✗")
        case .skipped: paint.dim("-")
        }
    }

    /// A label and what stands behind it, below the finding.
    private func rows(_ label: String, _ text: String) -> [String] {
        let margin = String(repeating: " ", count: Self.nameWidth + 4)
        return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map {
            index, row in
            margin + paint.dim((index == 0 ? label : "").padded(to: 10)) + " " + row
        }
    }
}
