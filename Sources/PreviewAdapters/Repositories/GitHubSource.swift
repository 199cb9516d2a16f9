package import PreviewCore

/// Repositories of GitHub by its interface, where a token is there and the interface can serve;
/// everything else, and whatever it cannot serve, by git. Both give the same for the same commit.
package struct GitHubSource: RepositorySource {
    private let git: GitRepository
    private let api: GitHubAPI?
    private let remark: @Sendable (Failure) -> Void

    /// - Parameters:
    ///   - git: for every other repository, and in place of the interface.
    ///   - api: `nil` without a token: git alone is asked then.
    ///   - remark: told why git goes on where the interface did not work.
    package init(
        git: GitRepository,
        api: GitHubAPI?,
        remark: @escaping @Sendable (Failure) -> Void
    ) {
        self.git = git
        self.api = api
        self.remark = remark
    }

    /// As ``GitRepository/head(of:branch:)``, with the subject where the interface was asked.
    ///
    /// - Throws: ``Failure``, also when the host does not accept the token. `CancellationError`.
    package func head(
        of repository: RepositoryReference,
        branch: Config.Branch
    ) async throws -> Head {
        guard case .named(let name) = branch, BranchName.problem(in: name) == nil,
            let hosted = hosted(repository)
        else { return try await git.head(of: repository, branch: branch) }
        return try await serve(hosted) { () async throws(GitHubTrouble) in
            try await hosted.head(of: name)
        } otherwise: {
            try await git.head(of: repository, branch: branch)
        }
    }

    /// As ``GitRepository/detect(_:of:path:)``: by one listing and one query where the interface is
    /// asked.
    ///
    /// - Throws: ``Failure``, `CancellationError`.
    package func detect(
        _ head: Head,
        of repository: RepositoryReference,
        path: String
    ) async throws -> Detection {
        // What was recorded and no longer parses is git's to report.
        guard let hosted = (try? RepositoryReference.parse(head.fetchURL)).flatMap(hosted) else {
            return try await git.detect(head, of: repository, path: path)
        }
        return try await serve(hosted) { () async throws(GitHubTrouble) in
            do throws(GitHubTrouble) {
                let snapshot = try await hosted.snapshot(of: head.commit, with: path)
                return Detector.detect(snapshot, path: path)
            } catch .notFound {
                // The branch was there a moment ago, so it is the commit: git knows more about it.
                throw .leftToGit
            }
        } otherwise: {
            try await git.detect(head, of: repository, path: path)
        }
    }

    private func hosted(_ repository: RepositoryReference) -> GitHubRepository? {
        repository.remote.flatMap { api?.repository(at: $0) }
    }

    /// Asks the interface, then git. Where both fail, git's failure also says what the other's was.
    private func serve<Value: Sendable>(
        _ repository: GitHubRepository,
        _ ask: () async throws(GitHubTrouble) -> Value,
        otherwise askGit: () async throws -> Value
    ) async throws -> Value {
        let trouble: GitHubTrouble
        do throws(GitHubTrouble) {
            return try await ask()
        } catch {
            trouble = error
        }
        let failure = trouble.failure(of: repository)
        if trouble.isFinal(over: repository.remote.scheme) {
            throw failure ?? CancellationError() as any Error
        }
        if var failure {
            failure.message += "; git is used instead"
            remark(failure)
        }
        do {
            return try await askGit()
        } catch var refusal as Failure {
            if let failure { refusal.evidence.append(.init("GitHub's API", failure.message)) }
            throw refusal
        }
    }
}
