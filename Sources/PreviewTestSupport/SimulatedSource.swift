package import PreviewCore

/// A repository whose branches a test can move. Every look counts as an effect.
package actor SimulatedSource: RepositorySource {
    /// Commit of each branch.
    package private(set) var branches: [String: String]
    private var detection: Detection
    private var failure: Failure?
    private let effects: Effects

    /// Has these branches, and an app of Node that `npm start` starts.
    package init(effects: Effects, branches: [String: String] = ["main": SimulatedSource.commit(1)])
    {
        self.effects = effects
        self.branches = branches
        var detection = Detection()
        detection.projectType = "node"
        detection.runtime = .init(name: "node", version: "22", source: "package.json engines")
        detection.commands.install = "npm ci"
        detection.commands.start = "npm start"
        detection.port = 3000
        detection.scripts = ["start"]
        self.detection = detection
    }

    /// A full commit that is made of a number.
    package static func commit(_ number: Int) -> String {
        String(Digest.hex("commit \(number)".utf8).prefix(40))
    }

    /// Moves a branch, or makes it.
    package func move(_ branch: String = "main", to commit: String) {
        branches[branch] = commit
    }

    /// Lets every look fail from now on; `nil` lets them succeed again.
    package func fail(with failure: Failure?) {
        self.failure = failure
    }

    /// Changes what is recognised from now on.
    package func recognise(_ detection: Detection) {
        self.detection = detection
    }

    package func head(
        of repository: RepositoryReference,
        branch: Config.Branch
    ) async throws -> Head {
        try look("source.head") {
            let name =
                switch branch {
                case .named(let name): name
                case .current: "main"
                }
            guard let commit = branches[name] else {
                throw Failure(.branchNotFound, "the branch `\(name)` does not exist")
            }
            return Head(
                commit: commit,
                branch: name,
                subject: "Change \(commit.suffix(2))",
                fetchURL: "https://github.com/acme/shop"
            )
        }
    }

    package func detect(
        _ head: Head,
        of repository: RepositoryReference,
        path: String
    ) async throws -> Detection {
        try look("source.detect") { detection }
    }

    private func look<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
        let lost = Failure(.repositoryUnreachable, "the repository did not answer")
        return try effects.perform(name, failure: lost) {
            if let failure { throw failure }
            return try body()
        }
    }
}
