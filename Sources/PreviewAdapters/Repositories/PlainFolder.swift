import PreviewCore
import PreviewSystem

/// A folder that is no git repository: its commit is the digest of its files (SPEC section 8).
///
/// What a tool made or fetched, `.git`, `.preview` and `.env*` do not belong to it. A committed
/// `dist` or `build` does, as detection recognises it too.
package struct PlainFolder: Sendable {
    /// The absolute path.
    let path: String

    /// A folder by its absolute path.
    package init(_ path: String) { self.path = path }

    /// The digest that stands for a commit, 64 hexadecimal digits.
    ///
    /// SHA-256 of the line `preview-folder 1` and then, for every file and symbolic link in the
    /// order of a walk that sorts each folder's entries by the bytes of their names: one letter
    /// (`F` file, `X` executable file, `L` link), the path from the folder on, a NUL, and the
    /// SHA-256 (32 bytes) of the content, which of a link is its text. Empty folders, sockets and
    /// devices do not count.
    ///
    /// - Throws: ``Failure`` for what cannot be read. `CancellationError`.
    package func digest() async throws -> String {
        try await blocking { stop throws(FileFailure) in
            var hasher = SHA256Hasher()
            hasher.update("preview-folder 1\n".utf8)
            try add(try Folder.open(path, ownedBy: .any), at: "", to: &hasher, stop)
            return Digest.hexadecimal(hasher.finish())
        }
    }

    /// Makes another folder hold the same files, and nothing else that the digest sees. What it
    /// does not see there, such as `node_modules`, stays.
    ///
    /// - Parameters:
    ///   - destination: an absolute folder; its last part is made if need be.
    ///   - commit: the digest that the files must have.
    /// - Throws: ``Failure`` when something cannot be read or written, or when the files are no
    ///   longer those of the commit. `CancellationError`.
    package func copy(to destination: String, expecting commit: String) async throws {
        try await blocking { stop throws(FileFailure) in
            let source = try Folder.open(path, ownedBy: .any)
            try mirror(source, in: try Folder.make(destination), stop)
        }
        let copied = try await PlainFolder(destination).digest()
        guard copied == commit else {
            throw Failure(
                .commitMissing,
                "The folder has changed since it was planned",
                evidence: [.init("planned", commit), .init("found", copied)],
                fix: "plan again"
            )
        }
    }
}

// MARK: - Snapshot

extension PlainFolder {
    /// The files as detection sees them.
    ///
    /// - Throws: ``Failure`` when the folder cannot be read or has no folder of that path.
    ///   `CancellationError`.
    func snapshot(with path: String) async throws -> RepositorySnapshot {
        let (snapshot, siblings) = try await blocking { _ throws(FileFailure) in
            let siblings = try siblingsOfMissing(path)
            return (try FolderSnapshot.make(of: self.path), siblings)
        }
        if let siblings {
            throw GitFailures(address: self.path, token: nil).noPath(path, folders: siblings)
        }
        return snapshot
    }

    /// The paths of the folders beside the first part of `path` that is no folder; `nil` when all
    /// of it is there. No link is followed.
    private func siblingsOfMissing(_ path: String) throws(FileFailure) -> Set<String>? {
        var folder = try Folder.open(self.path, ownedBy: .any)
        var place = ""
        for part in path.split(separator: "/").map(String.init) {
            let folders = try folder.entries().filter { $0.kind == .folder }
            guard folders.contains(where: { $0.name == part }) else {
                return Set(folders.map { place + $0.name })
            }
            folder = try folder.folder(part, ownedBy: .any)
            place += "\(part)/"
        }
        return nil
    }
}

// MARK: - Digest

extension PlainFolder {
    private func add(
        _ folder: Folder,
        at path: String,
        to hasher: inout SHA256Hasher,
        _ stop: Stop
    ) throws(FileFailure) {
        for entry in try Self.seenEntries(of: folder) where !stop.isAsked {
            let entryPath = path + entry.name
            guard entry.kind != .folder else {
                let inner = try folder.folder(entry.name, ownedBy: .any)
                try add(inner, at: entryPath + "/", to: &hasher, stop)
                continue
            }
            let letter = entry.kind == .symbolicLink ? "L" : entry.isExecutable ? "X" : "F"
            hasher.update("\(letter)\(entryPath)\0".utf8)
            hasher.update(try Self.contentDigest(of: entry, in: folder, stop))
        }
    }

    private static func contentDigest(
        of entry: Folder.Entry,
        in folder: Folder,
        _ stop: Stop
    ) throws(FileFailure) -> [UInt8] {
        var hasher = SHA256Hasher()
        if entry.kind == .symbolicLink {
            hasher.update(try folder.linkTarget(entry.name).utf8)
        } else if let file = try folder.file(entry.name) {
            var offset = 0
            while !stop.isAsked {
                let bytes = try file.read(at: offset, count: 1 << 20)
                if bytes.isEmpty { break }
                hasher.update(bytes)
                offset += bytes.count
            }
        }
        return hasher.finish()
    }
}

// MARK: - Copy

extension PlainFolder {
    private func mirror(
        _ source: Folder,
        in target: Folder,
        _ stop: Stop
    ) throws(FileFailure) {
        let wanted = try Self.seenEntries(of: source)
        try Self.clear(target, for: wanted)
        for entry in wanted where !stop.isAsked {
            switch entry.kind {
            case .folder:
                let inner = try source.folder(entry.name, ownedBy: .any)
                try mirror(inner, in: try target.makeFolder(entry.name), stop)
            case .symbolicLink:
                try target.makeLink(entry.name, to: try source.linkTarget(entry.name))
            case .file, .other:
                try target.copyFile(entry.name, from: source, isExecutable: entry.isExecutable)
            }
        }
    }

    /// Removes what the digest would see and what is in the way, and nothing else.
    private static func clear(
        _ target: Folder,
        for wanted: [Folder.Entry]
    ) throws(FileFailure) {
        let kinds = Dictionary(wanted.map { ($0.name, $0.kind) }) { first, _ in first }
        for entry in try target.entries() where kinds[entry.name] != entry.kind {
            let isInTheWay = kinds[entry.name] != nil
            let isExtra = try isSeen(entry, in: target)
            if isInTheWay || isExtra { try target.removeTree(entry.name) }
        }
    }
}

// MARK: - What belongs to it

extension PlainFolder {
    private static func seenEntries(of folder: Folder) throws(FileFailure) -> [Folder.Entry] {
        var seen: [Folder.Entry] = []
        for entry in try folder.entries() where try isSeen(entry, in: folder) {
            seen.append(entry)
        }
        return seen
    }

    private static func isSeen(
        _ entry: Folder.Entry,
        in folder: Folder
    ) throws(FileFailure) -> Bool {
        if entry.name.hasPrefix(".env") || entry.name == ".git" { return false }
        switch entry.kind {
        case .file, .symbolicLink: return true
        case .other: return false
        case .folder: break
        }
        if entry.name == "cache", folder.path.hasSuffix("/.yarn") { return false }
        guard SkippedFolders.contains(entry.name) else { return true }
        let visible = SkippedFolders.visibleFiles(in: entry.name)
        guard !visible.isEmpty else { return false }
        let names = try folder.folder(entry.name, ownedBy: .any).entryNames()
        return names.contains(where: visible.contains)
    }
}

// MARK: - A thread of its own

/// Tells a blocking walk that nobody waits for it any more.
private final class Stop: Sendable {
    private let flag = Locked(false)

    var isAsked: Bool { flag.withLock { $0 } }

    func ask() { flag.withLock { $0 = true } }
}

/// Runs a walk without holding up other tasks; a cancelled one ends early and has no value.
private func blocking<Value: Sendable>(
    _ walk: @escaping @Sendable (Stop) throws(FileFailure) -> Value
) async throws -> Value {
    let stop = Stop()
    let result = await withTaskCancellationHandler {
        await BlockingThread.run { () -> Result<Value, FileFailure> in
            do throws(FileFailure) {
                return .success(try walk(stop))
            } catch {
                return .failure(error)
            }
        }
    } onCancel: {
        stop.ask()
    }
    try Task.checkCancellation()
    switch result {
    case .success(let value): return value
    case .failure(let failure):
        throw Failure(
            .cannotRead,
            "The folder's files cannot be read",
            evidence: [.init("reason", failure.description)],
            fix: "make the files readable, or move them out of the folder"
        )
    }
}
