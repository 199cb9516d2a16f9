import PreviewAdapters
import PreviewCore

/// The limits of the file, which no flag overrides (ENGINE R-22).
struct Limits {
    let workspace: Workspace

    /// Refuses before any call when a limit would be passed.
    func check() async throws {
        guard let most = workspace.config.limits.maxPreviews else { return }
        let own = workspace.folder
        let alive = try await Records.summaries(of: workspace.store) { folder, session in
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
