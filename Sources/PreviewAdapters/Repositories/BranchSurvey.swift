import PreviewCore

/// Which branches of recorded previews are gone from where they came (`prune --merged`). Each
/// repository is asked once.
struct BranchSurvey {
    /// What is known of a branch.
    enum Finding: Hashable, Sendable {
        case gone
        case there
        /// Never pushed from the checkout in this folder, so its absence elsewhere says nothing.
        case onlyHere(folder: String)
    }

    /// The branches of one place.
    fileprivate struct Listing {
        var names: Set<String>
        /// For a checkout with an origin: its branches that follow none of the origin's.
        var unpushed: Set<String> = []
    }

    private let git: GitRepository
    private var listings: [RepositoryIdentity: Result<Listing, any Error>] = [:]

    init(_ git: GitRepository) { self.git = git }

    /// Looks for the branch of a preview.
    ///
    /// - Throws: ``Failure`` when the repository cannot be asked, or has no branch at all, which
    ///   says more about the answer than about this branch.
    mutating func find(_ preview: PruneCandidate) async throws -> Finding {
        // What step 1 fetched from tells how the repository is reached.
        switch try place(of: preview) {
        case .remote(let remote): return try await branches(at: remote).find(preview.branch)
        case .plainFolder: return .there
        case .checkout(let folder):
            let own = try await branches(in: folder)
            // A folder whose name is refused as an address stands for itself.
            let reference = try? RepositoryReference.parse(folder)
            guard let reference, let origin = try await git.origin(of: reference) else {
                return own.find(preview.branch)
            }
            if own.unpushed.contains(preview.branch) { return .onlyHere(folder: folder) }
            if let remote = origin.remote {
                return try await branches(at: remote).find(preview.branch)
            }
            let place = origin.folder(relativeTo: folder, home: git.settings.homeFolder)
            return try await branches(in: place ?? origin.text).find(preview.branch)
        }
    }

    private func place(of preview: PruneCandidate) throws -> GitRepository.Place {
        do {
            return try GitRepository.place(ofFetchURL: preview.fetchURL ?? preview.repository)
        } catch {
            // A checkout that is gone had an origin, perhaps, which can still be asked.
            guard let remote = (try? RepositoryReference.parse(preview.repository))?.remote else {
                throw error
            }
            return .remote(remote)
        }
    }

    private mutating func branches(
        at remote: RepositoryReference.Remote
    ) async throws -> Listing {
        try await remembering(remote.identity) { try await $0.remoteBranches(remote) }
    }

    private mutating func branches(in folder: String) async throws -> Listing {
        let identity = RepositoryIdentity(host: "", owner: "", name: folder)
        return try await remembering(identity) { try await $0.ownBranches(in: folder) }
    }

    private mutating func remembering(
        _ identity: RepositoryIdentity, _ list: (GitRepository) async throws -> Listing
    ) async throws -> Listing {
        if let known = listings[identity] { return try known.get() }
        let result: Result<Listing, any Error>
        do {
            result = .success(try await list(git))
        } catch {
            // A signal is no answer of the repository's.
            if error is CancellationError { throw error }
            result = .failure(error)
        }
        listings[identity] = result
        return try result.get()
    }
}

extension BranchSurvey.Listing {
    fileprivate func find(_ branch: String) -> BranchSurvey.Finding {
        names.contains(branch) ? .there : .gone
    }
}

extension GitRepository {
    fileprivate func remoteBranches(
        _ remote: RepositoryReference.Remote
    ) async throws -> BranchSurvey.Listing {
        let git = try await remoteGit(remote)
        let names = GitBranch.list(
            try await git.demand(.listBranches(at: remote.fetchURL)).text
        ).map(\.name)
        guard !names.isEmpty else { throw git.failures.empty }
        return BranchSurvey.Listing(names: Set(names))
    }

    fileprivate func ownBranches(in folder: String) async throws -> BranchSurvey.Listing {
        let git = try localGit(folder)
        let branches = GitBranch.list(try await git.demand(.listUpstreams(in: folder)).text)
        guard !branches.isEmpty else { throw git.failures.empty }
        return BranchSurvey.Listing(
            names: Set(branches.map(\.name)),
            unpushed: Set(branches.filter(\.commit.isEmpty).map(\.name)))
    }
}
