import PreviewCore

/// Makes the failures of step 1 out of what git said: four causes that a person can tell apart,
/// each with the fix (BEHAVIOURS D1, D2, D14).
struct GitFailures: Sendable {
    /// The address, as it may be shown.
    let address: String
    /// The host, `nil` for a folder of this machine.
    let host: String?
    /// The token that was sent, if any: it is named in the fix and kept out of the evidence.
    let token: GitToken?

    /// For what git is given, or an absolute folder, and the token that is sent.
    init(address: String, token: GitToken?) {
        self.address = address
        // An address that does not parse has no host to speak of; git's own words then tell enough.
        host = (try? RepositoryReference.parse(address))?.remote?.host
        self.token = token
    }

    /// The failure of a call.
    func failure(_ outcome: GitOutcome) -> Failure {
        failure(GitTrouble(outcome.errors), evidence: evidence(outcome))
    }

    /// The failure for a trouble, whoever found it.
    func failure(_ trouble: GitTrouble, evidence: [Failure.Evidence]) -> Failure {
        let (code, kind, message, fix) = words(for: trouble)
        return Failure(code, kind, message, evidence: evidence, fix: fix)
    }

    private func words(
        for trouble: GitTrouble
    ) -> (ErrorCode, Failure.Kind, message: String, fix: String) {
        switch trouble {
        case .notFound:
            (.repositoryNotFound, .failed, "Repository not found", notFoundFix)
        case .credentialsNeeded, .permission:
            (.repositoryPermission, .authentication, permissionMessage, permissionFix)
        case .foreignOwner:
            (
                .repositoryPermission, .authentication,
                "The repository's folder belongs to another user, and git refuses to read it",
                "git config --global --add safe.directory '\(address)'"
            )
        case .unknownHostKey:
            (
                .repositoryUnreachable, .failed, "The key of the host \(host ?? "") is not trusted",
                "connect once with `ssh \(host ?? "")`, compare the key and accept it"
            )
        case .badCertificate:
            (
                .repositoryUnreachable, .failed,
                "The certificate of the host \(host ?? "") is not trusted",
                "install the authority's certificate, or name it in `git config http.sslCAInfo`"
            )
        case .unreachable:
            (
                .repositoryUnreachable, .failed,
                "The repository cannot be reached: the network or the host does not answer",
                "check the network, the proxy variables and the host's name, then try again"
            )
        case .missingCommit:
            (
                .commitMissing, .failed, "The commit is not in the repository",
                "push it first, or plan again if the branch was rewritten"
            )
        case .forbiddenTransport:
            (
                .invalidRepositoryAddress, .failed,
                "git was led to a transport that is not allowed",
                "use an https, ssh, git or file address, also in `insteadOf` and in submodules"
            )
        case .other:
            (
                .gitFailed, .failed, "git could not read the repository",
                "see the last lines; `git ls-remote \(address)` shows the same by hand"
            )
        }
    }

    private var notFoundFix: String {
        guard let host else { return "check the path: a repository, or a folder, must be there" }
        let spelling = "check the spelling of \(address)"
        guard host == "github.com" else { return spelling }
        return token == nil
            ? "\(spelling); for a private repository set GITHUB_TOKEN"
            : "\(spelling); a private repository looks missing to a token that may not read it"
    }

    private var permissionMessage: String {
        token == nil
            ? "The repository cannot be read without credentials: it is private, or not there"
            : "The token has no permission to read the repository"
    }

    private var permissionFix: String {
        guard token == nil else {
            return "give the token read access to \(address) (`Contents: read`, or the scope "
                + "`repo`), and authorise it for the organisation's single sign-on"
        }
        return host == "github.com"
            ? "set GITHUB_TOKEN to a token that may read \(address), and check the spelling"
            : "store credentials for \(host ?? address) in a git credential helper, or use an ssh "
                + "address with a key that the host knows"
    }

    /// git's last lines, without secrets and without control characters.
    func evidence(_ outcome: GitOutcome) -> [Failure.Evidence] {
        let lines = redacted(outcome.errors).split(whereSeparator: \.isNewline)
            .map { line in
                line.filter { $0.unicodeScalars.allSatisfy { !isControl($0) } }
            }
            .filter { !$0.allSatisfy(\.isWhitespace) }
        guard !lines.isEmpty else { return [.init("git", "ended with status \(outcome.status)")] }
        return [.init("last lines", lines.suffix(5).joined(separator: "\n"))]
    }

    private func redacted(_ text: String) -> String {
        var text = text
        for secret in token?.spellings ?? [] where !secret.isEmpty {
            text = text.split(separator: secret, omittingEmptySubsequences: false)
                .joined(separator: "***")
        }
        return text
    }
}

// MARK: - Failures that git does not report

extension GitFailures {
    /// The branch is not there, though the repository is.
    func noBranch(_ branch: String, among branches: [String]) -> Failure {
        let near = NearestWord.ranked(branch, among: branches, count: 5)
        return Failure(
            .branchNotFound,
            "The repository has no branch `\(branch)`",
            evidence: [
                .init("closest", near.joined(separator: ", ")),
                .init("branches", String(branches.count)),
            ],
            fix: "set `branch:` to one that exists, or push `\(branch)` first"
        )
    }

    /// A repository without any branch.
    var empty: Failure {
        Failure(
            .repositoryEmpty,
            "The repository is empty: it has no branch and no commit",
            fix: "commit something and push it"
        )
    }

    /// `branch: current` where nothing is checked out by name.
    var detached: Failure {
        Failure(
            .detachedHead,
            "No branch is checked out: HEAD is detached",
            evidence: [.init("repository", address)],
            fix: "check out a branch (`git switch NAME`), or name one in `branch:`"
        )
    }

    /// `branch: current` where there is no checkout at all.
    var noCheckout: Failure {
        Failure(
            .detachedHead,
            "`branch: current` needs a checkout on this machine",
            evidence: [.init("repository", address)],
            fix: "name a branch in `branch:`"
        )
    }

    /// The sub-application is not in the commit.
    func noPath(_ path: String, folders: Set<String>) -> Failure {
        let near = NearestWord.ranked(path, among: folders, count: 5)
        return Failure(
            .pathNotFound,
            "The repository has no folder `\(path)`",
            evidence: near.isEmpty ? [] : [.init("closest", near.joined(separator: ", "))],
            fix: "set `path:` to a folder of the repository, or leave it out for the root"
        )
    }

    /// The branch went on without the commit.
    func commitGone(_ commit: String, from branch: String) -> Failure {
        Failure(
            .commitMissing,
            "The commit is no longer on branch `\(branch)`",
            evidence: [.init("commit", commit)],
            fix: "plan again: the branch was rewritten or the commit was never pushed"
        )
    }

    /// git itself is missing.
    static var gitMissing: Failure {
        Failure(
            .gitMissing,
            "git is not installed",
            fix: "install it, such as by `apt-get install git`"
        )
    }

    /// git did not end in time.
    func timedOut(after limit: Duration, errors: String) -> Failure {
        Failure(
            .repositoryUnreachable,
            .timedOut,
            "git did not finish within \(limit.components.seconds) s",
            evidence: [.init("repository", address)]
                + evidence(GitOutcome(status: 128, errors: errors)),
            fix: "check the network and try again"
        )
    }
}

private func isControl(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
}
