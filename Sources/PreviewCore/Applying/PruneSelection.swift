/// What `prune` takes (BEHAVIOURS K6, S9). Several conditions narrow it down; without any it is what
/// is past the end of its life. Pure.
package struct PruneSelection: Hashable, Sendable {
    /// Seconds since the preview was begun.
    package var olderThan: Int?
    /// Only those of this status; `nil` for any.
    package var status: Session.OverallStatus?
    /// Only those whose branch is gone, which is asked of git and not told here.
    package var isMerged: Bool

    package init(
        olderThan: Int? = nil, status: Session.OverallStatus? = nil, isMerged: Bool = false
    ) {
        self.olderThan = olderThan
        self.status = status
        self.isMerged = isMerged
    }

    /// What becomes of one preview.
    package enum Verdict: Hashable, Sendable {
        /// Taken for these reasons, in words; with ``isMerged``, if its branch is gone.
        case take([String])
        /// Would be taken, but for this.
        case keep(String)
        /// None of its business.
        case pass
    }

    /// Judges a preview at a time, on a machine of this name.
    ///
    /// What a person said about the end of its life goes before everything: a pinned preview is
    /// destroyed by name only, an extended one not before that time.
    package func verdict(
        on preview: PruneCandidate, at now: Timestamp, host: String
    ) -> Verdict {
        guard let reasons = reasons(for: preview, at: now) else { return .pass }
        switch preview.chosenEnd {
        case .never: return .keep("it is pinned")
        case .at(let end) where end > now: return .keep("it was extended until \(end.text)")
        case .at, nil: break
        }
        if let other = preview.host, other != host { return .keep("it runs on \(other)") }
        return .take(reasons)
    }

    /// Whether time decides.
    package var looksAtClock: Bool {
        olderThan != nil || (status == nil && !isMerged)
    }

    private func reasons(for preview: PruneCandidate, at now: Timestamp) -> [String]? {
        var reasons: [String] = []
        if let olderThan {
            let age = now.seconds - preview.createdAt.seconds
            guard age > olderThan else { return nil }
            reasons.append("begun \(DurationText.elapsed(Double(age))) ago")
        }
        if let status {
            guard preview.status == status else { return nil }
            reasons.append(status.rawValue)
        }
        if olderThan == nil, status == nil, !isMerged {
            guard let end = preview.expiresAt, end <= now else { return nil }
            let past = DurationText.elapsed(Double(now.seconds - end.seconds))
            reasons.append("past its end of life for \(past)")
        }
        return reasons
    }
}

/// What `prune` knows of a recorded preview: little, as there may be ten thousand of them.
package struct PruneCandidate: Hashable, Sendable {
    /// The name its record is kept under.
    package var folder: String
    /// The session's id.
    package var lineage: String
    /// The app's name, as people see it.
    package var app: String
    /// The repository's address as the record has it.
    package var repository: String
    /// The branch by name.
    package var branch: String
    /// What git fetches the branch from, where step 1 was done.
    package var fetchURL: String?
    /// Who runs it.
    package var provider: ProviderName
    /// The machine it runs on, where it is `local`.
    package var host: String?
    /// When its record began, for `--older-than`.
    package var createdAt: Timestamp
    /// When its life ends; `nil` for never.
    package var expiresAt: Timestamp?
    /// What a person said of its end, if anything.
    package var chosenEnd: ChosenEnd?
    /// How far it got.
    package var status: Session.OverallStatus

    /// The preview of a session; `nil` for one that is destroyed.
    package init?(folder: String, session: Session) {
        let state = session.state
        guard !state.isDestroyed else { return nil }
        self.folder = folder
        lineage = state.lineage
        app = state.app
        repository = state.repository
        branch = state.branch
        // Not by way of the whole result: this is done for every record there is.
        fetchURL = state[.repository].applied?.output["fetchUrl"]?.string
        provider = state.provider
        host = state.host
        createdAt = state.createdAt
        expiresAt = state.expiresAt
        chosenEnd = state.chosenEnd
        status = session.overallStatus
    }
}

/// The time by which the lives of previews are judged (ENGINE section 5).
package struct JudgedTime: Hashable, Sendable {
    /// The time that life times are compared with.
    package var now: Timestamp
    /// What is to be said of it, if anything.
    package var remark: String?

    /// How far two clocks may be apart, in seconds.
    private static let tolerance = 300

    /// Compares this machine's clock with the provider's; `nil` for a provider without a clock of
    /// its own.
    package init(own: Timestamp, provider: Timestamp?, of name: ProviderName) {
        now = own
        guard let provider, abs(provider.seconds - own.seconds) > Self.tolerance else { return }
        now = provider
        let difference = DurationText.elapsed(Double(abs(provider.seconds - own.seconds)))
        let word = provider < own ? "ahead of" : "behind"
        remark =
            "this machine's clock is \(difference) \(word) that of \(name.rawValue), "
            + "whose time is used"
    }
}
