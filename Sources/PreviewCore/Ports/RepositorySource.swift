/// Where commits and their files come from.
package protocol RepositorySource: Sendable {
    /// Resolves the branch, by reading only.
    ///
    /// - Throws: ``Failure`` telling apart: not found, no permission, no such branch, no network.
    func head(of repository: RepositoryReference, branch: Config.Branch) async throws -> Head

    /// Recognises the project at a commit that ``head(of:branch:)`` gave. Nothing of it is run.
    func detect(_ head: Head, of repository: RepositoryReference, path: String) async throws
        -> Detection
}

/// Where a branch points.
package struct Head: Hashable, Sendable, Codable {
    /// Full commit, or the content digest of a plain folder.
    package var commit: String
    /// The branch by name, also when `current` was asked for.
    package var branch: String
    /// First line of the commit's message, where it is known without a download.
    package var subject: String?
    /// What git is given to fetch this commit from.
    package var fetchURL: String

    package init(commit: String, branch: String, subject: String? = nil, fetchURL: String) {
        self.commit = commit
        self.branch = branch
        self.subject = subject
        self.fetchURL = fetchURL
    }
}
