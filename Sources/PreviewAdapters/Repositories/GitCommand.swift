/// One call of git: the words after the program's name. It never passes a shell, and what comes
/// from outside always stands behind `--` or `--end-of-options`.
package struct GitCommand: Hashable, Sendable {
    /// What this call says beyond the precautions.
    let words: [String]
    /// The arguments, with the precautions of every call in front.
    package var arguments: [String] { Self.precautions + words }

    /// Makes a call in a folder; `nil` where git needs none.
    init(in folder: String? = nil, _ arguments: [String]) {
        words = (folder.map { ["-C", $0] } ?? []) + arguments
    }

    /// Only https, ssh, git and file (and `file` not for a submodule, which the user did not name),
    /// nothing that runs commands of the repository's choice, nothing left running behind.
    ///
    /// They are arguments and not variables because git before 2.31 silently ignores the variables.
    private static let precautions: [String] = [
        "protocol.allow=never", "protocol.ext.allow=never", "protocol.fd.allow=never",
        "protocol.https.allow=always", "protocol.ssh.allow=always", "protocol.git.allow=always",
        "protocol.file.allow=user", "core.hooksPath=/dev/null", "core.fsmonitor=false",
        "gc.auto=0", "maintenance.auto=false", "submodule.recurse=false",
        "fetch.recurseSubmodules=false", "log.showSignature=false", "advice.detachedHead=false",
        "http.lowSpeedLimit=1", "http.lowSpeedTime=30",
    ].flatMap { ["-c", $0] }
}

/// How a call of git ended.
package struct GitOutcome: Hashable, Sendable {
    /// The exit status; 0 is success.
    package let status: Int32
    /// What git wrote to standard output, as bytes: names of files need not be text.
    package let output: [UInt8]
    /// What git wrote to standard error, or at least its end.
    package let errors: String

    package init(status: Int32, output: [UInt8] = [], errors: String = "") {
        self.status = status
        self.output = output
        self.errors = errors
    }

    /// Standard output without the final line break.
    var text: String {
        let text = String(decoding: output, as: UTF8.self)
        return text.hasSuffix("\n") ? String(text.dropLast()) : text
    }
}

// MARK: - Reading

extension GitCommand {
    /// All branches of a remote repository.
    static func listBranches(at url: String) -> GitCommand {
        GitCommand(["ls-remote", "--heads", "--quiet", "--", url])
    }

    /// All branches of a repository on this machine, or those that a name may mean, with subjects.
    static func listBranches(in folder: String, named name: String? = nil) -> GitCommand {
        let format = "%(objectname)%09%(refname)" + (name == nil ? "" : "%09%(contents:subject)")
        let pattern = "refs/heads" + (name.map { "/\($0)" } ?? "")
        return GitCommand(in: folder, ["for-each-ref", "--format=\(format)", "--", pattern])
    }

    /// All branches of a repository on this machine, each behind the branch it follows elsewhere, if
    /// it does.
    static func listUpstreams(in folder: String) -> GitCommand {
        GitCommand(
            in: folder, ["for-each-ref", "--format=%(upstream)%09%(refname)", "--", "refs/heads"])
    }

    /// The branch that is checked out; fails quietly when none is.
    static func checkedOutBranch(in folder: String) -> GitCommand {
        GitCommand(in: folder, ["symbolic-ref", "--quiet", "HEAD"])
    }

    /// The address of `origin` as the user wrote it.
    static func origin(in folder: String) -> GitCommand {
        GitCommand(in: folder, ["config", "--get", "remote.origin.url"])
    }

    /// The user's own ssh command.
    static var sshCommand: GitCommand { GitCommand(["config", "--get", "core.sshCommand"]) }

    /// All paths of a commit.
    static func listFiles(of commit: String, in folder: String) -> GitCommand {
        GitCommand(
            in: folder,
            ["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit]
        )
    }

    /// Type and size of the objects whose names come on standard input.
    static func checkObjects(in folder: String) -> GitCommand {
        GitCommand(in: folder, ["cat-file", "--batch-check"])
    }

    /// Succeeds if an object is there.
    static func look(for object: String, in folder: String) -> GitCommand {
        GitCommand(in: folder, ["cat-file", "-e", object])
    }

    /// The objects whose names come on standard input, each behind a line with its size.
    static func readObjects(in folder: String) -> GitCommand {
        GitCommand(in: folder, ["cat-file", "--batch"])
    }
}

// MARK: - Fetching

extension GitCommand {
    /// An empty repository without hooks, whatever templates the user has.
    static func makeRepository(in folder: String, bare: Bool, commit: String) -> GitCommand {
        // A commit of 64 digits is one of a repository that uses SHA-256.
        let format = commit.utf8.count == 64 ? ["--object-format=sha256"] : []
        let kind = bare ? ["--bare"] : []
        return GitCommand(["init", "--quiet", "--template="] + kind + format + ["--", folder])
    }

    /// Makes an address the repository's `origin`, so that relative submodules and git-lfs find it.
    static func setOrigin(_ url: String, in folder: String) -> GitCommand {
        GitCommand(in: folder, ["config", "remote.origin.url", url])
    }

    /// Allows commits without their files, which come later from `origin`.
    static func allowMissingFiles(in folder: String) -> GitCommand {
        GitCommand(in: folder, ["config", "remote.origin.promisor", "true"])
    }

    /// What a fetch asks for.
    enum Wanted: Hashable, Sendable {
        case commit(String)
        case branch(String)

        fileprivate var refspec: String {
            switch self {
            case .commit(let commit): commit
            case .branch(let name): "refs/heads/\(name)"
            }
        }
    }

    /// A fetch of the newest commits; the whole history for `depth` ``allHistory``.
    static func fetch(
        _ wanted: Wanted,
        depth: Int = 1,
        withFiles: Bool = true,
        into folder: String
    ) -> GitCommand {
        let filter = withFiles ? [] : ["--filter=blob:none"]
        return GitCommand(
            in: folder,
            ["fetch", "--no-tags", "--force", "--depth=\(depth)"] + filter
                + ["--", "origin", wanted.refspec]
        )
    }

    /// git's own word for a fetch that makes a shallow repository whole.
    static let allHistory = 2_147_483_647

    /// Fetches the objects whose names come on standard input, in one go.
    static func fetchObjects(into folder: String) -> GitCommand {
        GitCommand(
            in: folder,
            [
                "-c", "fetch.negotiationAlgorithm=noop", "fetch", "--no-tags", "--quiet",
                "--no-write-fetch-head", "--filter=blob:none", "--stdin", "origin",
            ]
        )
    }
}
