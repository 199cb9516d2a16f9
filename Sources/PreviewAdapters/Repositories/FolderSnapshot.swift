package import PreviewCore
package import PreviewSystem

/// A folder of this machine as detection sees it. Symbolic links are noted, not followed; folders
/// that detection skips, and other repositories inside, are not looked into.
package enum FolderSnapshot {
    /// Walks a folder, named by an absolute path. The files are read later, when detection asks for
    /// them, and as they are then. Throws when the folder itself cannot be opened or listed; what
    /// cannot be read below it is left out.
    package static func make(of path: String) throws(FileFailure) -> RepositorySnapshot {
        let root = try Folder.open(path, ownedBy: .any)
        var walk = FolderWalk()
        walk.visit(root, try root.entries(), at: "")
        return walk.builder.finish { content(of: $0, in: root) }
    }

    /// The file, its head if it is large, or the text of a link; `nil` when it cannot be read.
    private static func content(
        of path: String,
        in root: Folder
    ) -> RepositorySnapshot.FileContent? {
        do throws(FileFailure) {
            var folder = root
            let parts = path.split(separator: "/").map(String.init)
            for name in parts.dropLast() { folder = try folder.folder(name, ownedBy: .any) }
            guard let name = parts.last, let entry = try folder.entry(name) else { return nil }
            if entry.kind == .symbolicLink {
                return .init(Array(try folder.linkTarget(name).utf8))
            }
            guard let file = try folder.file(name) else { return nil }
            guard entry.size > RepositorySnapshot.maximumFileSize else {
                return .init(try file.readAll(limit: RepositorySnapshot.maximumFileSize))
            }
            return .init(try file.read(at: 0, count: 64 << 10), isWhole: false)
        } catch {
            // Detection says that the file cannot be read, and goes on with the others.
            return nil
        }
    }
}

/// Goes through folders depth first, so that few of them are open at a time.
private struct FolderWalk: ~Copyable {
    /// Entries that are looked at, at most: no folder may keep the program for long.
    private static let maximumCount = 1_000_000

    var builder = RepositorySnapshot.Builder()
    private var count = 0

    mutating func visit(_ folder: Folder, _ entries: [Folder.Entry], at place: String) {
        for entry in entries where count < Self.maximumCount {
            count += 1
            let path = place + entry.name
            switch entry.kind {
            case .file: builder.add(path)
            case .symbolicLink: builder.add(path, isLink: true)
            case .folder: enter(entry.name, of: folder, at: path)
            case .other: continue
            }
        }
    }

    private mutating func enter(_ name: String, of folder: Folder, at path: String) {
        guard !RepositorySnapshot.Builder.isTooDeep(path) else { return builder.add(path + "/") }
        let isSkipped = SkippedFolders.contains(name)
        let visible = SkippedFolders.visibleFiles(in: name)
        guard !isSkipped || !visible.isEmpty else { return }
        // A folder that may not be read has nothing to recognise, and a vanished one neither.
        guard let inner = try? folder.folder(name, ownedBy: .any),
            let entries = try? inner.entries()
        else { return }
        if entries.contains(where: { $0.name == ".git" }) {
            builder.addSubmodule(path)
        } else if isSkipped {
            let files = entries.filter { $0.kind == .file && visible.contains($0.name) }
            visit(inner, files, at: path + "/")
        } else {
            visit(inner, entries, at: path + "/")
        }
    }
}
