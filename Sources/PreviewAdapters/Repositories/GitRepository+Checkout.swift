package import PreviewCore
import PreviewSystem

extension GitRepository {
    /// Makes a folder hold exactly the files of a commit: phase `clone` of a boot. May be repeated;
    /// ignored files such as `node_modules` stay.
    ///
    /// - Parameters:
    ///   - head: the commit and where it comes from, as ``head(of:branch:)`` gave it.
    ///   - folder: an absolute folder; its last part is made if need be.
    ///   - onLine: takes what git prints, live.
    /// - Returns: warnings for the user.
    /// - Throws: ``Failure``, `CancellationError`.
    package func checkOut(
        _ head: Head,
        into folder: String,
        onLine: @escaping @Sendable (String) async -> Void
    ) async throws -> [String] {
        let source = try Self.place(ofFetchURL: head.fetchURL)
        if case .plainFolder(let path) = source {
            try await PlainFolder(path).copy(to: folder, expecting: head.commit)
            return []
        }
        let git = try await git(for: source)
        try Self.removeLeftovers(in: folder)
        var checkout = GitCheckout(
            fetchURL: head.fetchURL,
            commit: head.commit,
            branch: head.branch,
            folder: folder,
            hasLargeFileSupport: hasLargeFileSupport,
            token: git.failures.token
        )
        var next = checkout.first()
        while true {
            switch next {
            case .run(let command, .captured):
                next = checkout.next(after: try await git.run(command))
            case .run(let command, .shown):
                next = checkout.next(after: try await git.show(command, onLine))
            case .done(let warnings): return warnings
            case .failed(let failure): throw failure
            }
        }
    }

    /// The variables for git commands that fetch from an address or an absolute folder: for whoever
    /// runs a ``GitCheckout`` on its own. They hold the token, if it is for that host.
    package func variables(forFetchURL fetchURL: String) async throws -> [String: String] {
        try await git(for: Self.place(ofFetchURL: fetchURL)).environment.variables
    }

    /// What ``Head/fetchURL`` leads to.
    static func place(ofFetchURL fetchURL: String) throws -> Place {
        if fetchURL.hasPrefix("/") { return try place(atFolder: fetchURL) }
        // It was parsed before it was recorded, so the reason would only tell of a damaged record.
        guard let remote = (try? RepositoryReference.parse(fetchURL))?.remote else {
            throw Failure(
                .invalidRepositoryAddress,
                "What is recorded as the repository's address is none",
                fix: "plan again"
            )
        }
        return .remote(remote)
    }

    func git(for place: Place) async throws -> GitProcess {
        switch place {
        case .remote(let remote): try await remoteGit(remote)
        case .checkout(let folder), .plainFolder(let folder): try localGit(folder)
        }
    }

    static func removeLeftovers(in path: String) throws {
        do throws(FileFailure) {
            let git = try Folder.make(path).folder(".git")
            for leftover in GitCheckout.leftovers {
                try git.remove(String(leftover.dropFirst(".git/".count)))
            }
        } catch {
            if error.cause == .notFound { return }
            throw Failure(
                .cannotWrite,
                "The checkout cannot be written",
                evidence: [.init("reason", error.description)],
                fix: "make \(path) writable, or remove it"
            )
        }
    }
}
