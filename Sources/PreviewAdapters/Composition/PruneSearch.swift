package import PreviewCore

/// Finds the previews that `prune` is to destroy, among everything recorded in a store.
package struct PruneSearch: Sendable {
    /// What was found.
    package struct Findings: Sendable {
        /// In order of their names.
        package var chosen: [Pruner.Choice] = []
        /// What would be chosen but for a reason, which follows the colon.
        package var kept: [(app: String, reason: String)] = []
        /// What could not be judged.
        package var unclear: [(app: String, failure: Failure)] = []
        /// Remarks, such as on clocks that differ.
        package var remarks: [String] = []
        fileprivate var times: [ProviderName: Timestamp] = [:]

        /// The time by which a preview was judged.
        package func time(of preview: PruneCandidate) -> Timestamp {
            times[preview.provider] ?? Clocks.now()
        }
    }

    private let selection: PruneSelection
    private let records: Records
    private let surroundings: Surroundings

    package init(_ selection: PruneSelection, records: Records, surroundings: Surroundings) {
        self.selection = selection
        self.records = records
        self.surroundings = surroundings
    }

    /// Looks at every record, and asks the providers for the time and git for branches where that
    /// decides. Changes nothing.
    package func find() async throws -> Findings {
        var findings = Findings()
        let (found, damaged) = try await records.summaries {
            PruneCandidate(folder: $0, session: $1)
        }
        var previews = found
        findings.unclear += damaged.map { ($0.folder, $0.failure) }
        previews.sort { $0.app < $1.app }
        if selection.looksAtClock { try await compareClocks(previews, &findings) }
        var survey = BranchSurvey(source)
        for preview in previews {
            let time = findings.time(of: preview)
            switch selection.verdict(on: preview, at: time, host: surroundings.host) {
            case .pass: break
            case .keep(let reason): findings.kept.append((preview.app, reason))
            case .take(let reasons):
                guard selection.isMerged else {
                    findings.chosen.append(Pruner.Choice(preview, reasons: reasons))
                    continue
                }
                try await look(for: preview, reasons, &survey, &findings)
            }
        }
        findings.unclear.sort { $0.app < $1.app }
        return findings
    }

    /// Asks each provider once what time it is (ENGINE section 5).
    private func compareClocks(
        _ previews: [PruneCandidate], _ findings: inout Findings
    ) async throws {
        for name in ProviderName.allCases {
            let own = { (preview: PruneCandidate) in
                preview.provider == name && preview.host ?? surroundings.host == surroundings.host
            }
            guard let preview = previews.first(where: own) else { continue }
            do {
                let recorded = try await RecordedPreview.named(
                    preview.folder, in: records, surroundings)
                let provider = try recorded.world(reporter: Silence()).provider
                let judged = JudgedTime(
                    own: Clocks.now(), provider: try await provider.time(), of: name)
                findings.times[name] = judged.now
                if let remark = judged.remark { findings.remarks.append(remark) }
            } catch let failure as Failure {
                findings.remarks.append(
                    "\(name.rawValue) was not asked for the time (\(failure.message)); "
                        + "this machine's clock is used")
            }
        }
    }

    private func look(
        for preview: PruneCandidate, _ reasons: [String], _ survey: inout BranchSurvey,
        _ findings: inout Findings
    ) async throws {
        do {
            switch try await survey.find(preview) {
            case .there: break
            case .gone:
                findings.chosen.append(
                    Pruner.Choice(
                        preview, reasons: reasons + ["its branch \(preview.branch) is gone"]))
            case .onlyHere(let folder):
                findings.kept.append(
                    (preview.app, "its branch \(preview.branch) was never pushed from \(folder)"))
            }
        } catch let failure as Failure {
            findings.unclear.append((preview.app, failure))
        }
    }

    private var source: GitRepository {
        surroundings.git(baseFolder: surroundings.workingDirectory)
    }
}
