import PreviewCore

/// The limits of the file, which no flag overrides (ENGINE R-22).
struct Limits {
    private let workspace: Workspace

    init(_ workspace: Workspace) { self.workspace = workspace }

    /// Refuses before any call when a limit would be passed.
    func check() async throws {
        guard let most = workspace.config.limits.maxPreviews else { return }
        let alive = try await Records.entries(of: workspace.store).count { entry in
            guard case .preview(let folder, let session) = entry else { return false }
            return folder != workspace.folder && !session.state.isDestroyed
        }
        guard alive >= most else { return }
        throw Failure(
            .tooManyPreviews, .refused,
            "\(alive) other previews are recorded, and `limits.max_previews` allows \(most) in all",
            evidence: [.init("file", workspace.file.shownPath)],
            fix: "destroy one that is not needed any more, or raise the limit in the file",
            retry: "preview list")
    }
}
