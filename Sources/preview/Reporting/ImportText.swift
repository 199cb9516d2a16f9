import PreviewCore
import PreviewSystem

/// What `import` would take into the record, in words.
struct ImportText {
    let paint: Paint

    private static let labelWidth = 14

    /// Everything that was found, ending in an empty line.
    func text(of finding: Importer.Finding) -> String {
        let found = finding.found
        var lines = [
            "\(paint.bold(finding.app)) on fly → \(finding.state.repository) @ \(finding.state.branch)",
            "",
            row("machine", "\(found.machine.name) (\(found.machine.id)), \(found.state.rawValue)"),
            row("url", found.machine.url),
            row("region", found.machine.region),
            row("size", found.resources.label),
            row("addresses", list(finding.addresses)),
            row("commit", found.commit ?? "unknown"),
        ]
        if let settings = found.settings {
            lines.append(row("variables", list(settings.environment.keys.sorted())))
        }
        lines.append(row("secrets", list(finding.secrets)))
        if !finding.otherSecrets.isEmpty {
            lines.append(row("", "left alone: \(finding.otherSecrets.joined(separator: ", "))"))
        }
        lines += [row("made by", maker(of: finding)), ""]
        lines += consequences(of: finding).map { "  \($0)" } + [""]
        return lines.joined(separator: "\n") + "\n"
    }

    private func maker(of finding: Importer.Finding) -> String {
        guard let owner = finding.found.owner else { return "somebody else than preview" }
        guard let other = finding.otherLineage else { return "this record, \(owner.lineage)" }
        return "record \(other), which this one, \(finding.state.lineage), takes it from"
    }

    private func consequences(of finding: Importer.Finding) -> [String] {
        let steps = finding.found.settings == nil ? "step 2" : "steps 2 and 3"
        var lines = [
            "It is recorded as \(steps) done; what nobody saw done is left for `preview apply`.",
            "`preview destroy` takes the whole app away from then on.",
        ]
        if finding.found.owner == nil {
            lines.append(
                paint.yellow("Warning")
                    + ": `preview apply` gives it another image, other services and a boot script.")
        }
        return lines
    }

    private func row(_ label: String, _ text: String) -> String {
        // Names come from the platform, where others may have given them.
        "  \(label.padded(to: Self.labelWidth))\(TerminalText.sanitized(text))"
    }

    private func list(_ words: [String]) -> String {
        words.isEmpty ? "none" : words.joined(separator: ", ")
    }
}
