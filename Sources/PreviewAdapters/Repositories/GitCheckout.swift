package import PreviewCore

/// Brings a folder to exactly one commit, one git command after the other.
///
/// It only decides; whoever has it runs the commands, which is how the supervisor's poll loop and
/// plain `async` code share it. Every command may be repeated, so a run that was killed is simply
/// begun again. Files that the repository ignores, such as `node_modules`, stay.
package struct GitCheckout: Sendable {
    /// What is to be done next.
    package enum Next: Hashable, Sendable {
        /// Run this and call ``next(after:)`` with how it ended.
        case run(GitCommand, Output)
        /// The folder is at the commit. The warnings are for the user.
        case done(warnings: [String])
        /// It cannot be brought there.
        case failed(Failure)
    }

    /// For whom a command's output is.
    package enum Output: Hashable, Sendable {
        /// For the user, live. The outcome's `errors` must have the last lines of it.
        case shown
        /// For ``next(after:)`` alone.
        case captured
    }

    /// Files that a killed git leaves in the folder and that stop the next one. They are to be
    /// removed, where present, before the first command: nobody else uses the folder.
    package static let leftovers = [
        ".git/index.lock", ".git/shallow.lock", ".git/config.lock", ".git/HEAD.lock",
        ".git/packed-refs.lock",
    ]

    private let fetchURL: String
    private let commit: String
    private let branch: String
    private let folder: String
    private let hasLargeFileSupport: Bool
    private let failures: GitFailures
    private var stage = Stage.makeRepository
    private var warnings: [String] = []

    /// How far back the branch is fetched where the host does not give out single commits.
    private static let depths = [1, 100, GitCommand.allHistory]

    private enum Stage: Hashable {
        case makeRepository, setOrigin, lookForCommit, fetchCommit
        /// Index into ``depths``.
        case fetchBranch(Int)
        case lookAgain(Int)
        case checkOut, clean, verify, lookForSubmodules, updateSubmodules, lookForLargeFiles
    }

    /// - Parameters:
    ///   - fetchURL: an address or an absolute folder, as ``Head/fetchURL`` gives it.
    ///   - commit: the full commit.
    ///   - branch: the branch it was seen on, for hosts that do not give out single commits.
    ///   - folder: the absolute folder; made if need be.
    ///   - hasLargeFileSupport: whether `git-lfs` is installed.
    ///   - token: the token that is sent, to keep it out of failures.
    package init(
        fetchURL: String,
        commit: String,
        branch: String,
        folder: String,
        hasLargeFileSupport: Bool,
        token: GitToken? = nil
    ) {
        self.fetchURL = fetchURL
        self.commit = commit
        self.branch = branch
        self.folder = folder
        self.hasLargeFileSupport = hasLargeFileSupport
        failures = GitFailures(address: fetchURL, token: token)
    }

    /// What to do first.
    package func first() -> Next { run(stage) }

    /// What to do after the last command that was asked for has ended.
    package mutating func next(after outcome: GitOutcome) -> Next {
        let isSuccess = outcome.status == 0
        switch stage {
        case .lookForCommit: return go(to: isSuccess ? .checkOut : .fetchCommit)
        case .fetchCommit: return afterFetchingCommit(outcome)
        case .lookAgain(let tries): return afterLooking(isSuccess, tries: tries)
        case .lookForSubmodules:
            return go(to: isSuccess ? .updateSubmodules : .lookForLargeFiles)
        case .lookForLargeFiles: return afterLookingForLargeFiles(outcome)
        default: break
        }
        guard isSuccess else { return .failed(failures.failure(outcome)) }
        switch stage {
        case .makeRepository: return go(to: .setOrigin)
        case .setOrigin: return go(to: .lookForCommit)
        case .fetchBranch(let tries): return go(to: .lookAgain(tries))
        case .checkOut: return go(to: .clean)
        case .clean: return go(to: .verify)
        case .verify: return afterVerifying(outcome)
        default: return go(to: .lookForLargeFiles)
        }
    }

    private mutating func go(to stage: Stage) -> Next {
        self.stage = stage
        return run(stage)
    }

    private func run(_ stage: Stage) -> Next {
        let command = GitCommand.self
        return switch stage {
        case .makeRepository:
            .run(command.makeRepository(in: folder, bare: false, commit: commit), .captured)
        case .setOrigin: .run(command.setOrigin(fetchURL, in: folder), .captured)
        case .lookForCommit, .lookAgain: .run(command.look(for: commit, in: folder), .captured)
        case .fetchCommit: .run(command.fetch(.commit(commit), into: folder), .shown)
        case .fetchBranch(let tries):
            .run(
                command.fetch(.branch(branch), depth: Self.depths[tries], into: folder),
                .shown
            )
        case .checkOut:
            .run(
                command.checkOut(commit, in: folder, withLargeFiles: hasLargeFileSupport),
                .shown
            )
        case .clean: .run(command.clean(folder), .shown)
        case .verify: .run(command.head(in: folder), .captured)
        case .lookForSubmodules:
            .run(command.look(for: "\(commit):.gitmodules", in: folder), .captured)
        case .updateSubmodules: .run(command.updateSubmodules(in: folder), .shown)
        case .lookForLargeFiles: .run(command.listLargeFiles(in: folder), .captured)
        }
    }
}

// MARK: - Decisions

extension GitCheckout {
    private mutating func afterFetchingCommit(_ outcome: GitOutcome) -> Next {
        if outcome.status == 0 { return go(to: .checkOut) }
        guard GitTrouble(outcome.errors) == .missingCommit else {
            return .failed(failures.failure(outcome))
        }
        return go(to: .fetchBranch(0))
    }

    private mutating func afterLooking(_ isThere: Bool, tries: Int) -> Next {
        if isThere { return go(to: .checkOut) }
        if tries + 1 < Self.depths.count { return go(to: .fetchBranch(tries + 1)) }
        return .failed(failures.commitGone(commit, from: branch))
    }

    private mutating func afterVerifying(_ outcome: GitOutcome) -> Next {
        guard outcome.text == commit else {
            return .failed(
                Failure(
                    .gitFailed,
                    "The checkout is not at the planned commit",
                    evidence: [.init("planned", commit), .init("found", outcome.text)],
                    fix: "remove \(folder) and try again"
                )
            )
        }
        return go(to: .lookForSubmodules)
    }

    private mutating func afterLookingForLargeFiles(_ outcome: GitOutcome) -> Next {
        let count = outcome.output.count { $0 == 0 }
        if count > 0, !hasLargeFileSupport {
            warnings.append(
                "git-lfs is not installed: \(count) large \(count == 1 ? "file is a" : "files are") "
                    + "pointer\(count == 1 ? "" : "s") without content"
            )
        }
        return .done(warnings: warnings)
    }
}

// MARK: - Commands

extension GitCommand {
    /// Makes the files those of a commit, whatever was changed.
    fileprivate static func checkOut(
        _ commit: String,
        in folder: String,
        withLargeFiles: Bool
    ) -> GitCommand {
        let filter =
            withLargeFiles
            ? [
                "filter.lfs.smudge=git-lfs smudge -- %f",
                "filter.lfs.process=git-lfs filter-process",
            ]
            : ["filter.lfs.smudge=", "filter.lfs.process=", "filter.lfs.required=false"]
        return GitCommand(
            in: folder,
            filter.flatMap { ["-c", $0] } + [
                "checkout", "--quiet", "--force", "--detach", commit, "--",
            ]
        )
    }

    /// Removes what is neither of the commit nor ignored by it.
    fileprivate static func clean(_ folder: String) -> GitCommand {
        GitCommand(in: folder, ["clean", "-ffd", "--quiet"])
    }

    /// The commit that is checked out.
    fileprivate static func head(in folder: String) -> GitCommand {
        GitCommand(in: folder, ["rev-parse", "--verify", "HEAD"])
    }

    /// Fetches submodules, and theirs.
    fileprivate static func updateSubmodules(in folder: String) -> GitCommand {
        GitCommand(
            in: folder,
            ["submodule", "--quiet", "update", "--init", "--recursive", "--force", "--depth=1"]
        )
    }

    /// The files whose content git-lfs keeps, each ended by a NUL.
    fileprivate static func listLargeFiles(in folder: String) -> GitCommand {
        GitCommand(in: folder, ["ls-files", "-z", "--", ":(attr:filter=lfs)"])
    }
}
