package import PreviewCore
import PreviewSystem

/// Repositories by git itself: remote ones by a shallow fetch of only what is read, checkouts of
/// this machine as they stand, and folders that are no repository at all.
package struct GitRepository: RepositorySource {
    /// What the process was started with, as far as git needs it.
    package struct Settings: Sendable {
        /// The variables of this program; git gets a prepared copy.
        package var environment: [String: String]
        /// The absolute folder that local paths are relative to.
        package var baseFolder: String
        /// The user's home folder, for paths that begin with `~`.
        package var homeFolder: String?
        /// Where fetched commits are unpacked for a moment.
        package var temporaryFolder: String
        /// Sent to its own host only.
        package var token: GitToken?
        /// Whether the machine that will clone is another one: then a checkout stands for its `origin`.
        package var isMachineElsewhere = false
        /// How long one call of git may take.
        package var limit: Duration
        /// Told of every call of git.
        package var trace: GitCall.Trace?

        package init(
            environment: [String: String],
            baseFolder: String,
            homeFolder: String? = nil,
            temporaryFolder: String,
            token: GitToken? = nil,
            limit: Duration = .seconds(60)
        ) {
            self.environment = environment
            self.baseFolder = baseFolder
            self.homeFolder = homeFolder
            self.temporaryFolder = temporaryFolder
            self.token = token
            self.limit = limit
        }
    }

    let settings: Settings

    /// Nothing is looked at before the first question.
    package init(_ settings: Settings) {
        self.settings = settings
    }

    /// The same for looking only: a checkout stands for itself, wherever its commits are to run.
    package var forReading: GitRepository {
        var settings = settings
        settings.isMachineElsewhere = false
        return GitRepository(settings)
    }

    /// Where the branch points now (BEHAVIOURS D1, D2).
    ///
    /// - Throws: ``Failure``: not found, no permission, no such branch (with near matches), not
    ///   reachable, empty, nothing checked out, or git missing. `CancellationError`.
    package func head(
        of repository: RepositoryReference,
        branch: Config.Branch
    ) async throws -> Head {
        if case .named(let name) = branch, let problem = BranchName.problem(in: name) {
            throw Failure(.branchNotFound, problem, fix: "set `branch:` to a branch's name")
        }
        switch try place(of: repository) {
        case .remote(let remote): return try await remoteHead(remote, branch)
        case .checkout(let folder):
            let head = try await localHead(folder, branch)
            return settings.isMachineElsewhere ? try await pushed(head, of: repository) : head
        case .plainFolder(let folder):
            guard !settings.isMachineElsewhere else { throw Self.unreachable(folder) }
            guard case .named(let name) = branch else {
                throw GitFailures(address: folder, token: nil).noCheckout
            }
            let commit = try await PlainFolder(folder).digest()
            return Head(commit: commit, branch: name, fetchURL: folder)
        }
    }

    /// The address of the `origin` of a local checkout; `nil` for remote addresses, for folders that
    /// are missing or have no origin, and where the origin's address is of no accepted form.
    ///
    /// - Throws: ``Failure`` when git is missing. `CancellationError`.
    package func origin(of repository: RepositoryReference) async throws -> RepositoryReference? {
        // A folder that is not there is step 1's to report.
        guard case .checkout(let folder)? = try? place(of: repository) else { return nil }
        let outcome = try await localGit(folder).run(.origin(in: folder))
        // An origin that cannot be understood is as good as none: the folder's path names it then.
        return outcome.status == 0 ? try? RepositoryReference.parse(outcome.text) : nil
    }
}

// MARK: - Where a repository is

extension GitRepository {
    /// What an address leads to.
    enum Place {
        case remote(RepositoryReference.Remote)
        /// A repository in an absolute folder, with or without checked-out files.
        case checkout(String)
        case plainFolder(String)
    }

    func place(of repository: RepositoryReference) throws -> Place {
        if let remote = repository.remote { return .remote(remote) }
        let folder = repository.folder(
            relativeTo: settings.baseFolder,
            home: settings.homeFolder
        )
        guard let folder else {
            throw Failure(
                .repositoryNotFound,
                "Repository not found",
                evidence: [.init("path", repository.text)],
                fix: "write the path without `~`: the home folder is not known"
            )
        }
        return try Self.place(atFolder: folder)
    }

    /// A folder is a repository if it is one itself; one that only lies in a checkout is a plain
    /// folder, or `repo: .` of an example would mean the whole repository that holds it.
    static func place(atFolder path: String) throws -> Place {
        do throws(FileFailure) {
            let folder = try Folder.open(path, ownedBy: .any)
            if try folder.entry(".git") != nil { return .checkout(path) }
            // What git itself looks for in a bare repository.
            for name in ["HEAD", "objects", "refs"] where try folder.entry(name) == nil {
                return .plainFolder(path)
            }
            return .checkout(path)
        } catch {
            throw Failure(
                .repositoryNotFound,
                error.cause == .permissionDenied ? .authentication : .failed,
                "Repository not found",
                evidence: [.init("path", path), .init("reason", "\(error)")],
                fix: "check the path: a repository, or a folder, must be there"
            )
        }
    }
}

// MARK: - Branches

extension GitRepository {
    private func remoteHead(
        _ remote: RepositoryReference.Remote,
        _ branch: Config.Branch
    ) async throws -> Head {
        let git = try await remoteGit(remote)
        guard case .named(let name) = branch else { throw git.failures.noCheckout }
        let listing = try await git.demand(.listBranches(at: remote.fetchURL))
        let branches = GitBranch.list(listing.text)
        let found = try Self.branch(name, among: branches, git.failures)
        return Head(commit: found.commit, branch: name, fetchURL: remote.fetchURL)
    }

    private func localHead(_ folder: String, _ branch: Config.Branch) async throws -> Head {
        let git = try localGit(folder)
        let name =
            switch branch {
            case .named(let name): name
            case .current: try await checkedOutBranch(in: folder, git)
            }
        // A pattern also lists what lies below it, so the exact name is looked for.
        let named = try await git.demand(.listBranches(in: folder, named: name))
        if let found = GitBranch.list(named.text).first(where: { $0.name == name }) {
            return Head(
                commit: found.commit,
                branch: name,
                subject: found.subject,
                fetchURL: folder
            )
        }
        let all = GitBranch.list(try await git.demand(.listBranches(in: folder)).text)
        let found = try Self.branch(name, among: all, git.failures)
        return Head(commit: found.commit, branch: name, fetchURL: folder)
    }

    private func checkedOutBranch(in folder: String, _ git: GitProcess) async throws -> String {
        let outcome = try await git.run(.checkedOutBranch(in: folder))
        guard outcome.status <= 1 else { throw git.failures.failure(outcome) }
        guard outcome.text.hasPrefix(GitBranch.prefix) else { throw git.failures.detached }
        return String(outcome.text.dropFirst(GitBranch.prefix.count))
    }

    private static func branch(
        _ name: String,
        among branches: [GitBranch],
        _ failures: GitFailures
    ) throws -> GitBranch {
        guard !branches.isEmpty else { throw failures.empty }
        guard let found = branches.first(where: { $0.name == name }) else {
            throw failures.noBranch(name, among: branches.map(\.name))
        }
        return found
    }
}
