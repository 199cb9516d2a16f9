/// What one look of `preview doctor` showed.
package struct Finding: Hashable, Sendable {
    /// How it stands.
    package var outcome: Outcome
    /// What was seen, in one line without a final full stop.
    package var detail: String
    /// The code of what is wrong; always there where ``outcome`` is ``Outcome/failed``.
    package var code: ErrorCode?
    /// Facts that show the cause.
    package var evidence: [Failure.Evidence] = []
    /// What to do about it; always there where ``outcome`` is ``Outcome/failed``.
    package var fix: String?

    /// How a look ended. Only ``failed`` makes `preview doctor` fail.
    package enum Outcome: String, Hashable, Sendable, CaseIterable {
        case ok, warning, failed
        /// Nothing was looked at, for the reason in ``Finding/detail``.
        case skipped
    }

    private init(_ outcome: Outcome, _ detail: String) {
        self.outcome = outcome
        self.detail = detail
    }

    /// All is well.
    package static func ok(_ detail: String) -> Finding { Finding(.ok, detail) }

    /// There was nothing to look at.
    package static func skipped(_ reason: String) -> Finding { Finding(.skipped, reason) }

    /// Something to know, which stops nothing.
    package static func warning(
        _ detail: String, code: ErrorCode? = nil, fix: String? = nil
    ) -> Finding {
        var finding = Finding(.warning, detail)
        finding.code = code
        finding.fix = fix
        return finding
    }

    /// Something that stops a session, a step, or the way to the app.
    package static func failed(_ failure: Failure) -> Finding {
        var finding = Finding(.failed, failure.message)
        finding.code = failure.code
        finding.evidence = failure.evidence
        finding.fix =
            failure.fix ?? failure.retry.map { "run `\($0)`" }
            ?? "see `preview explain \(failure.code.rawValue)`"
        return finding
    }

    /// The same finding with every text put through a function, such as a redactor's.
    package func mapTexts(_ transform: (String) -> String) -> Finding {
        var finding = self
        finding.detail = transform(detail)
        finding.evidence = evidence.map { .init($0.label, transform($0.text)) }
        finding.fix = fix.map(transform)
        return finding
    }
}

/// The findings of one check, in the order in which they were made; never empty.
package struct CheckResult: Hashable, Sendable {
    /// What was looked at, such as `state folder`; the same in every run.
    package var name: String
    /// What was seen.
    package var findings: [Finding]
    /// How long it took.
    package var seconds: Double

    package init(name: String, findings: [Finding], seconds: Double) {
        self.name = name
        self.findings = findings
        self.seconds = seconds
    }

    /// One object a finding, under the names that `preview doctor --json` uses.
    package var json: [JSONValue] {
        findings.map { finding in
            [
                "name": .string(name), "outcome": .string(finding.outcome.rawValue),
                "detail": .string(finding.detail), "code": JSONValue(finding.code?.rawValue),
                "evidence": .array(
                    finding.evidence.map {
                        ["label": .string($0.label), "text": .string($0.text)]
                    }),
                "fix": JSONValue(finding.fix),
                "documentation": JSONValue(
                    finding.code.map { "preview explain \($0.rawValue)" }),
                "seconds": .seconds(seconds),
            ]
        }
    }
}
