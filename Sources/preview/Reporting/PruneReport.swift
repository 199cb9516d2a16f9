import PreviewAdapters
import PreviewCore
import PreviewSystem

/// What `prune` found and did, in words, as JSON, and as an exit code.
struct PruneReport {
    let findings: PruneSearch.Findings
    let isDryRun: Bool
    let paint: Paint
    /// One for each choice, once it was tried; empty before.
    var outcomes: [Pruner.Outcome] = []
    /// The width of the column of names.
    private let app: Int

    init(findings: PruneSearch.Findings, isDryRun: Bool, paint: Paint) {
        self.findings = findings
        self.isDryRun = isDryRun
        self.paint = paint
        app = max(12, findings.chosen.map(\.preview.app.count).max() ?? 0) + 2
    }

    // MARK: - Words

    /// What is to be known beside the previews that go.
    var remarks: [String] {
        findings.remarks.map { "Warning: \($0)" }
            + findings.kept.map { "\($0.app) stays: \($0.reason)." }
            + findings.unclear.map {
                "Warning: \($0.app) could not be judged: \($0.failure.message) "
                    + "[\($0.failure.code.rawValue)]"
            }
    }

    /// What is shown before the word yes is asked for.
    var question: String {
        let count = findings.chosen.count
        let noun = count == 1 ? "This preview" : "These \(count) previews"
        return "\(noun) will be destroyed, with everything on the machines:\n" + list
    }

    /// The result: what would go, or the receipt.
    var text: String {
        guard !findings.chosen.isEmpty else { return "Nothing to prune.\n" }
        guard !outcomes.isEmpty else {
            let noun = findings.chosen.count == 1 ? "preview" : "previews"
            return list + "\(findings.chosen.count) \(noun) would be destroyed."
                + " Nothing was changed.\n"
        }
        let rows = zip(findings.chosen, outcomes).map { choice, outcome in
            "\(choice.preview.app.padded(to: app))\(text(of: outcome))\n"
        }
        return paint.dim("APP".padded(to: app) + "RESULT") + "\n" + rows.joined()
            + "\(destroyed) destroyed, \(left.count) left."
            + (destroyed > 0 ? " Looked again after each.\n" : "\n")
    }

    private var list: String {
        findings.chosen.map { choice in
            let preview = choice.preview
            return "  \(preview.app.padded(to: app))\(preview.repository) @ \(preview.branch), "
                + choice.reasons.joined(separator: ", ") + "\n"
        }.joined()
    }

    private func text(of outcome: Pruner.Outcome) -> String {
        switch outcome {
        case .destroyed(let receipt):
            let more = receipt.removed.map(\.name).joined(separator: ", ")
            return paint.green("destroyed") + (more.isEmpty ? "" : ", also removed: \(more)")
        case .gone: return paint.green("destroyed") + " by somebody else meanwhile"
        case .kept(let reason): return "kept: \(reason)"
        case .failed(let failure):
            return paint.red("failed") + " [\(failure.code.rawValue)] \(failure.message)"
        case .interrupted: return paint.yellow("interrupted")
        }
    }

    // MARK: - JSON

    var json: JSONValue {
        [
            "dryRun": .bool(isDryRun),
            "previews": .array(findings.chosen.indices.map(json)),
            "kept": .array(
                findings.kept.map { ["app": .string($0.app), "reason": .string($0.reason)] }),
            "unclear": .array(
                findings.unclear.map { ["app": .string($0.app), "error": $0.failure.json] }),
            "remarks": .array(findings.remarks.map(JSONValue.string)),
            "destroyed": .int(destroyed),
            "left": .int(left.count),
        ]
    }

    private func json(of index: Int) -> JSONValue {
        let (preview, reasons) = (findings.chosen[index].preview, findings.chosen[index].reasons)
        let outcome = outcomes.isEmpty ? nil : outcomes[index]
        return [
            "app": .string(preview.app), "id": .string(preview.lineage),
            "repository": .string(preview.repository), "branch": .string(preview.branch),
            "provider": .string(preview.provider.rawValue),
            "status": .string(preview.status.rawValue),
            "createdAt": .string(preview.createdAt.text),
            "expiresAt": JSONValue(preview.expiresAt?.text),
            "reasons": .array(reasons.map(JSONValue.string)),
            "result": .string(outcome?.word ?? "chosen"),
            "removed": .array((outcome?.receipt?.removed ?? []).map { .string($0.name) }),
            "error": outcome?.failure?.json ?? .null,
        ]
    }

    // MARK: - The end

    private var destroyed: Int { outcomes.count { $0.isGone } }

    /// What was chosen and is still there, with why.
    private var left: [(app: String, reason: String)] {
        zip(findings.chosen, outcomes).compactMap { choice, outcome in
            switch outcome {
            case .destroyed, .gone, .kept: nil
            case .interrupted: (choice.preview.app, "interrupted")
            case .failed(let failure):
                (choice.preview.app, "[\(failure.code.rawValue)] \(failure.message)")
            }
        }
    }

    /// Throws what the command ends with: a record that needs recovery goes before a signal, that
    /// before what is left (exit 10), and that before what could not be judged (ENGINE section 8).
    func check() throws {
        let failures = outcomes.compactMap(\.failure) + findings.unclear.map(\.failure)
        if let damage = failures.first(where: { $0.kind == .stateNeedsRecovery }) { throw damage }
        if outcomes.contains(.interrupted) { throw CancellationError() }
        guard left.isEmpty else {
            throw Failure(
                .leftovers, .leftovers,
                "\(left.count) of \(findings.chosen.count) previews could not be destroyed",
                evidence: left.map { .init($0.app, $0.reason) },
                fix: "run it again; what was taken away stays away", retry: "preview prune")
        }
        if let unclear = findings.unclear.first { throw unclear.failure }
    }
}

extension Pruner.Outcome {
    fileprivate var word: String {
        switch self {
        case .destroyed: "destroyed"
        case .gone: "gone"
        case .kept: "kept"
        case .failed: "failed"
        case .interrupted: "interrupted"
        }
    }

    fileprivate var isGone: Bool {
        switch self {
        case .destroyed, .gone: true
        case .kept, .failed, .interrupted: false
        }
    }

    fileprivate var receipt: Destroyer.Receipt? {
        if case .destroyed(let receipt) = self { receipt } else { nil }
    }

    fileprivate var failure: Failure? {
        if case .failed(let failure) = self { failure } else { nil }
    }
}

extension Destroyer.Receipt {
    /// What the end of a run tells of it.
    var json: JSONObject {
        var data = JSONObject()
        data["app"] = .string(app)
        data["undone"] = .array(undone.map { .int($0.number) })
        data["removed"] = .array(removed.map { .string($0.name) })
        return data
    }
}
