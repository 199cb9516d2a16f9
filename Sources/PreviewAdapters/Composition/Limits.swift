import PreviewCore

/// The limits of the file, which no flag overrides (ENGINE R-22).
struct Limits {
    private let workspace: Workspace

    init(_ workspace: Workspace) { self.workspace = workspace }

    /// Refuses before any call when a limit would be passed.
    func check() async throws {
        try await checkNumber()
        try await checkCost()
    }

    /// What all recorded previews would cost a month, with this one as it is asked for.
    private func checkCost() async throws {
        guard let most = workspace.config.limits.maxMonthlyCostCents else { return }
        let recorded = try await StateRecord.load(
            workspace.folder, from: workspace.records.store, source: workspace.identity.source)?
            .state
        guard let own = PlanCost.machine(of: workspace.config, after: recorded)?.perMonth else {
            return
        }
        let limit = Dollars(cents: most)
        let folder = workspace.folder
        let others = try await workspace.records.summaries { name, session in
            name == folder ? nil : session.state.monthlyCost
        }.summaries.reduce(Dollars.zero, +)
        guard own + others > limit else { return }
        throw Failure(
            .tooExpensive, .refused,
            "this preview would cost \(own.text()) a month and the others \(others.text()), and "
                + "`limits.max_monthly_cost` allows \(limit.text()) in all",
            evidence: [.init("file", workspace.file.shownPath)],
            fix: "take a smaller size, destroy a preview, or raise the limit in the file",
            retry: "preview list")
    }

    private func checkNumber() async throws {
        guard let most = workspace.config.limits.maxPreviews else { return }
        let own = workspace.folder
        let alive = try await workspace.records.summaries { folder, session in
            folder != own && !session.state.isDestroyed ? folder : nil
        }.summaries.count
        guard alive >= most else { return }
        throw Failure(
            .tooManyPreviews, .refused,
            "\(alive) other previews are recorded, and `limits.max_previews` allows \(most) in all",
            evidence: [.init("file", workspace.file.shownPath)],
            fix: "destroy one that is not needed any more, or raise the limit in the file",
            retry: "preview list")
    }
}
