import PreviewCore
import PreviewSystem

extension GitRepository {
    /// git for a repository of this machine.
    func localGit(_ folder: String) throws -> GitProcess {
        var environment = settings.environment
        // Where the folder's own repository is broken, none further up is to be taken for it.
        let parent = folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)]
        environment["GIT_CEILING_DIRECTORIES"] = parent.isEmpty ? "/" : String(parent)
        return GitProcess(
            program: try program,
            environment: GitEnvironment(inherited: environment),
            limit: settings.limit,
            failures: GitFailures(address: folder, token: nil),
            trace: settings.trace
        )
    }

    /// git for an address, with the token if the address is of the token's host.
    func remoteGit(_ remote: RepositoryReference.Remote) async throws -> GitProcess {
        GitProcess(
            program: try program,
            environment: try await environment(for: remote),
            limit: settings.limit,
            failures: GitFailures(address: remote.fetchURL, token: token(for: remote)),
            trace: settings.trace
        )
    }

    /// The absolute path of git.
    package var program: String {
        get throws {
            let path = settings.environment["PATH"] ?? ""
            guard let program = Command.locate("git", in: path) else {
                throw GitFailures.gitMissing
            }
            return program
        }
    }

    /// Whether large files can be fetched.
    package var hasLargeFileSupport: Bool {
        Command.locate("git-lfs", in: settings.environment["PATH"] ?? "") != nil
    }

    /// The token, if it is for the host of an https address.
    func token(for remote: RepositoryReference.Remote) -> GitToken? {
        guard let token = settings.token, remote.scheme == .https, remote.host == token.host
        else { return nil }
        return token
    }

    func environment(
        for remote: RepositoryReference.Remote
    ) async throws -> GitEnvironment {
        GitEnvironment(
            inherited: settings.environment,
            token: token(for: remote),
            endpoint: remote.port.map { "\(remote.host):\($0)" },
            sshCommand: remote.scheme == .ssh ? try await sshCommand : nil
        )
    }

    /// The user's own ssh command. The variable that keeps ssh from asking would hide it.
    private var sshCommand: String? {
        get async throws {
            let process = GitProcess(
                program: try program,
                environment: GitEnvironment(inherited: settings.environment),
                limit: settings.limit,
                failures: GitFailures(address: "", token: nil),
                trace: settings.trace
            )
            let outcome = try await process.run(.sshCommand)
            return outcome.status == 0 ? outcome.text : nil
        }
    }
}
