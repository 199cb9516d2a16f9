import PreviewCore

/// Checkouts of this machine that another machine is to clone: it can only have what their `origin`
/// has (SPEC section 8).
extension GitRepository {
    /// A commit of a checkout, to be fetched from the checkout's `origin`.
    ///
    /// - Throws: ``Failure`` where there is no origin that another machine could reach.
    func pushed(_ head: Head, of repository: RepositoryReference) async throws -> Head {
        guard let remote = try await origin(of: repository)?.remote else {
            throw Self.unreachable(head.fetchURL)
        }
        var head = head
        // By https, whatever the spelling here: the machine has nobody's ssh key.
        head.fetchURL = remote.scheme == .ssh ? remote.url : remote.fetchURL
        return head
    }

    /// A folder that nobody but this machine can read.
    static func unreachable(_ folder: String) -> Failure {
        Failure(
            .repositoryNotFound, "this folder has no `origin` that the machine could clone",
            evidence: [.init("folder", folder)],
            fix: "push it to a host and add that as `origin`, or run it here with --local",
            retry: "preview plan --local")
    }

    /// What a failed look at the origin of a checkout means: most likely that it lacks the commit.
    static func notPushed(_ head: Head, _ failure: Failure) -> Failure {
        guard [.commitMissing, .branchNotFound, .repositoryEmpty].contains(failure.code) else {
            return failure
        }
        return Failure(
            .commitMissing, "commit \(head.commit.prefix(7)) is not at the repository's origin yet",
            evidence: [.init("origin", head.fetchURL)],
            fix: "push it first: `git push origin \(head.branch)`", retry: "preview apply")
    }
}
