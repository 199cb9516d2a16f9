package import PreviewCore
import PreviewSystem

extension GitRepository {
    /// Recognises the project at a commit. Of a remote repository only the names of the files and
    /// the few files that detection reads are fetched, where the host can do that.
    ///
    /// - Throws: ``Failure``: as ``head(of:branch:)``, or when the commit or the path is not there.
    package func detect(
        _ head: Head,
        of repository: RepositoryReference,
        path: String
    ) async throws -> Detection {
        let snapshot: RepositorySnapshot
        switch try Self.place(ofFetchURL: head.fetchURL) {
        case .plainFolder(let folder):
            snapshot = try await PlainFolder(folder).snapshot(with: path)
        case .checkout(let folder):
            let git = try localGit(folder)
            let tree = try await tree(of: head.commit, in: folder, path, git)
            snapshot = try await self.snapshot(of: tree, in: folder, git)
        case .remote(let remote):
            do {
                snapshot = try await fetchSnapshot(head, remote, path)
            } catch let failure as Failure where repository.remote == nil {
                throw Self.notPushed(head, failure)
            }
        }
        return Detector.detect(snapshot, path: path)
    }
}

// MARK: - From a repository on this machine

extension GitRepository {
    private func tree(
        of commit: String,
        in folder: String,
        _ path: String,
        _ git: GitProcess
    ) async throws -> GitTree {
        let tree = GitTree(try await git.demand(.listFiles(of: commit, in: folder)).output)
        guard tree.hasFolder(path) else { throw git.failures.noPath(path, folders: tree.folders) }
        return tree
    }

    private func snapshot(
        of tree: GitTree,
        in folder: String,
        _ git: GitProcess
    ) async throws -> RepositorySnapshot {
        let wanted = Detector.wanted(in: tree.paths)
        let objects = tree.objects(of: Set(wanted))
        let contents = try await read(wanted.compactMap { objects[$0] }, in: folder, git)
        let files = objects.compactMapValues { contents[$0] }
        return tree.snapshot { files[$0] }
    }

    /// The largest file that is read at all, for its head, and how much all of them may be together.
    private static let largestFile = 8 << 20
    private static let largestSum = 128 << 20
    /// How much of a file is kept that is too large to be read whole.
    private static let headSize = 64 << 10

    private func read(
        _ names: [String],
        in folder: String,
        _ git: GitProcess
    ) async throws -> [String: RepositorySnapshot.FileContent] {
        let input = Array(names.joined(separator: "\n").utf8)
        let check = try await git.demand(.checkObjects(in: folder), input: input)
        var sum = 0
        let small = GitObject.list(check.output, withContent: false).filter { object in
            guard object.size <= Self.largestFile else { return false }
            sum += object.size
            return sum <= Self.largestSum
        }
        let chosen = Array(small.map(\.name).joined(separator: "\n").utf8)
        let batch = try await git.demand(.readObjects(in: folder), input: chosen)
        var contents: [String: RepositorySnapshot.FileContent] = [:]
        for object in GitObject.list(batch.output, withContent: true) {
            let isWhole = object.size <= RepositorySnapshot.maximumFileSize
            let bytes = isWhole ? object.content : object.content.prefix(Self.headSize)
            contents[object.name] = .init(Array(bytes), isWhole: isWhole)
        }
        return contents
    }
}

// MARK: - From a host

extension GitRepository {
    /// Fetches the names first and the wanted files then. A host that gives out names without files
    /// but no single files is asked once more for everything.
    private func fetchSnapshot(
        _ head: Head,
        _ remote: RepositoryReference.Remote,
        _ path: String
    ) async throws -> RepositorySnapshot {
        let git = try await remoteGit(remote)
        let lean = try await withTemporaryRepository(for: head, git) {
            folder -> RepositorySnapshot? in
            _ = try await git.demand(.allowMissingFiles(in: folder))
            try await fetch(head, withFiles: false, into: folder, git)
            let tree = try await tree(of: head.commit, in: folder, path, git)
            let wanted = tree.objects(of: Set(Detector.wanted(in: tree.paths))).values
            guard try await fetch(Set(wanted), into: folder, git) else { return nil }
            return try await snapshot(of: tree, in: folder, git)
        }
        if let lean { return lean }
        return try await withTemporaryRepository(for: head, git) { folder in
            try await fetch(head, withFiles: true, into: folder, git)
            let tree = try await tree(of: head.commit, in: folder, path, git)
            return try await snapshot(of: tree, in: folder, git)
        }
    }

    private func fetch(
        _ head: Head,
        withFiles: Bool,
        into folder: String,
        _ git: GitProcess
    ) async throws {
        let exact = try await git.run(
            .fetch(.commit(head.commit), withFiles: withFiles, into: folder)
        )
        if exact.status == 0 { return }
        guard GitTrouble(exact.errors) == .missingCommit else {
            throw git.failures.failure(exact)
        }
        _ = try await git.demand(.fetch(.branch(head.branch), withFiles: withFiles, into: folder))
        let look = try await git.run(.look(for: head.commit, in: folder))
        guard look.status == 0 else {
            throw git.failures.commitGone(head.commit, from: head.branch)
        }
    }

    /// Fetches objects by their names; false where the host does not give out single ones.
    private func fetch(
        _ objects: Set<String>,
        into folder: String,
        _ git: GitProcess
    ) async throws -> Bool {
        // Asked for nothing, git would fetch the default branch.
        guard !objects.isEmpty else { return true }
        let names = Array(objects.sorted().joined(separator: "\n").utf8)
        return try await git.run(.fetchObjects(into: folder), input: names).status == 0
    }

    /// An empty repository whose `origin` is that of the commit, removed however `body` ends.
    private func withTemporaryRepository<Value>(
        for head: Head,
        _ git: GitProcess,
        _ body: (String) async throws -> Value
    ) async throws -> Value {
        let name = "preview-git-\(String(UInt64.random(in: .min ... .max), radix: 36))"
        let parent: Folder
        let folder: Folder
        do throws(FileFailure) {
            parent = try Folder.open(settings.temporaryFolder, ownedBy: .any)
            folder = try parent.makeFolder(name)
        } catch {
            throw Failure(
                .cannotWrite,
                "No temporary folder can be made",
                evidence: [.init("reason", error.description)],
                fix: "make room, or set TMPDIR to a folder that can be written"
            )
        }
        // What cannot be removed from the temporary folder is left to the system: the answer counts.
        defer { try? parent.removeTree(name) }
        _ = try await git.demand(
            .makeRepository(in: folder.path, bare: true, commit: head.commit)
        )
        _ = try await git.demand(.setOrigin(head.fetchURL, in: folder.path))
        return try await body(folder.path)
    }
}
