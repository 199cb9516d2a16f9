import PreviewCore
import PreviewSystem

/// One repository of GitHub, read through its interface. Every answer is what git would have given,
/// or a ``GitHubTrouble``.
struct GitHubRepository: Sendable {
    let api: GitHubAPI
    let owner: String
    let name: String
    let remote: RepositoryReference.Remote

    var failures: GitFailures { GitFailures(address: remote.fetchURL, token: api.token) }

    private var path: String { "repos/\(escaped(owner))/\(escaped(name))" }
}

// MARK: - Branches

extension GitHubRepository {
    /// How many pages of branches are read for near matches; git lists the rest in one go.
    private static let pageLimit = 10

    /// Where a branch points, with the first line of its commit's message.
    func head(of branch: String) async throws(GitHubTrouble) -> Head {
        let answer: JSONValue
        do throws(GitHubTrouble) {
            answer = try await api.read("\(path)/branches/\(escaped(branch))")
        } catch .notFound {
            throw try await absence(of: branch)
        }
        // GitHub leads from the old name of a branch to the new one; git knows only the new one.
        guard answer["name"]?.string == branch else { throw try await absence(of: branch) }
        guard let commit = answer["commit"]?["sha"]?.string, isObjectName(commit) else {
            throw .unexpectedAnswer
        }
        let message = answer["commit"]?["commit"]?["message"]?.string ?? ""
        return Head(
            commit: commit,
            branch: branch,
            subject: message.split(whereSeparator: \.isNewline).first.map(String.init),
            fetchURL: remote.fetchURL
        )
    }

    /// Why a branch is not there: no repository, no branch at all, or other branches only.
    private func absence(of branch: String) async throws(GitHubTrouble) -> GitHubTrouble {
        var names: [String] = []
        for number in 1...Self.pageLimit {
            let page = try await api.page(number, of: "\(path)/branches")
            names += page.elements.compactMap { $0["name"]?.string }
            guard page.isLast else { continue }
            if names.isEmpty { return .settled(failures.empty) }
            // Pushed in between: git looks once more.
            if names.contains(branch) { return .unserved("told of the branch and then did not") }
            return .settled(failures.noBranch(branch, among: names))
        }
        return .leftToGit
    }
}

// MARK: - Files

extension GitHubRepository {
    /// The largest listing that is taken, about 30,000 files: it is parsed as a whole.
    private static let largestListing = 8 << 20
    /// How many single files are read at most; git fetches many at once.
    private static let singleFileLimit = 16

    /// The files of a commit, with the content of those that detection reads.
    ///
    /// `path` is a folder that must be there; an empty one is the root.
    func snapshot(
        of commit: String,
        with path: String
    ) async throws(GitHubTrouble) -> RepositorySnapshot {
        let listing = try await listing(of: commit)
        let tree = GitTree(listing.lines)
        guard tree.hasFolder(path) else {
            throw .settled(failures.noPath(path, folders: tree.folders))
        }
        let wanted = Detector.wanted(in: tree.paths)
        let objects = tree.objects(of: Set(wanted))
        let chosen = ReadingBounds.chosen(wanted.compactMap { objects[$0] }) {
            listing.sizes[$0] ?? .max
        }
        let contents = try await contents(of: chosen, sizes: listing.sizes)
        let files = objects.compactMapValues { contents[$0] }
        return tree.snapshot { files[$0] }
    }

    private func listing(
        of commit: String
    ) async throws(GitHubTrouble) -> (lines: [GitTree.Line], sizes: [String: Int]) {
        let answer = try await api.read(
            "\(path)/git/trees/\(commit)?recursive=1",
            upTo: Self.largestListing
        )
        guard let entries = answer["tree"]?.array, let isCut = answer["truncated"]?.bool else {
            throw .unexpectedAnswer
        }
        guard !isCut else { throw .leftToGit }
        var lines: [GitTree.Line] = []
        var sizes: [String: Int] = [:]
        for entry in entries where entry["type"]?.string != "tree" {
            guard let mode = entry["mode"]?.string, let type = entry["type"]?.string,
                let object = entry["sha"]?.string, isObjectName(object),
                let path = entry["path"]?.string
            else { throw .unexpectedAnswer }
            lines.append(GitTree.Line(mode: mode, type: type, object: object, path: path))
            sizes[object] = entry["size"]?.int
        }
        return (lines, sizes)
    }

    /// Contents by the names of their objects: texts by one query, what a query cannot give one by one.
    private func contents(
        of objects: [String],
        sizes: [String: Int]
    ) async throws(GitHubTrouble) -> [String: RepositorySnapshot.FileContent] {
        func size(_ object: String) -> Int { sizes[object] ?? 0 }
        var contents: [String: RepositorySnapshot.FileContent] = [:]
        let distinct = Set(objects).sorted()
        for batch in GitHubBlobQuery.batches(of: distinct, size: size) {
            for (object, text) in try await batch.texts(of: self) {
                contents[object] = .init(text)
            }
        }
        let rest = distinct.filter { contents[$0] == nil }
        guard rest.count <= Self.singleFileLimit else { throw .leftToGit }
        for object in rest {
            contents[object] = try await content(of: object, size: size(object))
        }
        return contents
    }

    private func content(
        of object: String,
        size: Int
    ) async throws(GitHubTrouble) -> RepositorySnapshot.FileContent {
        let isWhole = ReadingBounds.isReadWhole(size)
        let bytes = try await api.readBytes(
            "\(path)/git/blobs/\(object)",
            upTo: isWhole ? size : ReadingBounds.headSize
        )
        guard isWhole ? GitObject.blobName(of: bytes) == object : !bytes.isEmpty else {
            throw .unserved("gave another file than the one asked for")
        }
        return ReadingBounds.content(bytes, size: size)
    }
}

/// The text files of a commit that one GraphQL query asks for.
struct GitHubBlobQuery: Hashable, Sendable {
    /// Full names of blobs.
    private(set) var objects: [String] = []
    private var sum = 0

    /// Beyond some 500 KB a text comes cut, and is of no use.
    private static let largestText = 400_000
    /// GitHub ends queries after ten seconds; these are answered in one.
    private static let largestCount = 500
    private static let largestSum = 4 << 20

    /// As few queries as do it, nearly always one; files too large for any are left out.
    static func batches(of objects: [String], size: (String) -> Int) -> [GitHubBlobQuery] {
        var batches: [GitHubBlobQuery] = []
        var batch = GitHubBlobQuery()
        for object in objects where size(object) <= largestText {
            let isFull = batch.objects.count == largestCount
            if isFull || batch.sum + size(object) > largestSum {
                batches.append(batch)
                batch = GitHubBlobQuery()
            }
            batch.objects.append(object)
            batch.sum += size(object)
        }
        return batch.objects.isEmpty ? batches : batches + [batch]
    }

    /// Asks for the texts. Whatever is missing, binary, cut or recoded on its way is left out, as its
    /// digest tells.
    func texts(
        of repository: GitHubRepository
    ) async throws(GitHubTrouble) -> [String: [UInt8]] {
        let (document, response) = try await repository.api.query(text, variables(repository))
        let kinds = (document["errors"]?.array ?? []).compactMap { $0["type"]?.string }
        guard !kinds.contains("RATE_LIMITED") else {
            throw GitHubTrouble(rateLimitIn: response)
        }
        guard let answers = document["data"]?["repository"]?.object else {
            throw .unserved("could not answer a query")
        }
        var texts: [String: [UInt8]] = [:]
        for (index, object) in objects.enumerated() {
            guard let text = answers["f\(index)"]?["text"]?.string else { continue }
            let bytes = Array(text.utf8)
            if GitObject.blobName(of: bytes) == object { texts[object] = bytes }
        }
        return texts
    }

    /// One alias a file. The names come in variables, so that nothing of a repository is ever part of
    /// the query's text.
    private var text: String {
        let declared = objects.indices.map { "$f\($0): GitObjectID!" }.joined(separator: ", ")
        let fields = objects.indices.map { "f\($0): object(oid: $f\($0)) { ...text }" }
            .joined(separator: " ")
        return "query($owner: String!, $name: String!, \(declared)) "
            + "{ repository(owner: $owner, name: $name) { \(fields) } } "
            + "fragment text on Blob { text }"
    }

    private func variables(_ repository: GitHubRepository) -> JSONValue {
        let names = objects.enumerated().map { index, object in
            JSONObject.Member(name: "f\(index)", value: .string(object))
        }
        return .object(
            JSONObject(
                [
                    .init(name: "owner", value: .string(repository.owner)),
                    .init(name: "name", value: .string(repository.name)),
                ] + names
            )
        )
    }
}

/// Whether a text is the full name of an object, as GitHub has them: SHA-1.
private func isObjectName(_ text: String) -> Bool {
    text.utf8.count == 40
        && text.utf8.allSatisfy { byte in
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
        }
}
