/// One detection's view of a snapshot: reads each wanted file once, parses it once, and collects
/// what was wrong with it. Lives for one call and stays on one task.
final class Survey {
    let snapshot: RepositorySnapshot
    let catalogue: Catalogue
    let patterns = PatternCache()
    private let wanted: Set<String>
    private var contents: [String: RepositorySnapshot.FileContent?] = [:]
    private var texts: [String: String] = [:]
    private var documents: [String: JSONValue] = [:]
    private var folders: [String: Folder.Listing] = [:]
    private(set) var warnings: [String] = []
    /// Files that were asked of the snapshot's reader, in order: the measure of the work done.
    private(set) var reads: [String] = []

    init(_ snapshot: RepositorySnapshot, catalogue: Catalogue) {
        self.snapshot = snapshot
        self.catalogue = catalogue
        wanted = Set(WantedFiles.select(from: snapshot.paths))
    }

    /// Adds a remark once.
    func warn(_ message: String) {
        if !warnings.contains(message) { warnings.append(message) }
    }

    /// The file of that name as the repository spells it; a link counts if it leads to a file.
    func file(_ path: String) -> String? {
        guard let found = snapshot.paths.file(path) else { return nil }
        guard snapshot.links.contains(found) else { return found }
        return target(of: found) == nil ? nil : found
    }

    /// What lies directly in a folder.
    func listing(of folder: String) -> Folder.Listing {
        if let known = folders[folder] { return known }
        let listing = Folder.Listing(snapshot.paths.entries(in: folder))
        folders[folder] = listing
        return listing
    }

    /// The bytes of a file, or `nil` when it is absent, too large, not wanted or not really there.
    func content(_ path: String) -> RepositorySnapshot.FileContent? {
        if let known = contents[path] { return known }
        let content = fetch(path)
        contents[path] = .some(content)
        return content
    }

    private func fetch(_ path: String) -> RepositorySnapshot.FileContent? {
        guard let target = snapshot.links.contains(path) ? target(of: path) : path,
            wanted.contains(target), let content = readOnce(target)
        else { return nil }
        if content.bytes.starts(with: Array("version https://git-lfs".utf8)) {
            warn("\(path) is kept in Git LFS; its content was not looked at")
            return nil
        }
        return content
    }

    private func readOnce(_ path: String) -> RepositorySnapshot.FileContent? {
        reads.append(path)
        guard let content = snapshot.read(path) else {
            warn("\(path) cannot be read")
            return nil
        }
        guard content.bytes.count > RepositorySnapshot.maximumFileSize else { return content }
        return .init(Array(content.bytes.prefix(64 << 10)), isWhole: false)
    }

    /// Follows a link through at most eight others to a file of this repository.
    private func target(of link: String) -> String? {
        var path = link
        for _ in 0..<8 {
            guard snapshot.links.contains(path) else { return snapshot.paths.file(path) }
            guard wanted.contains(path), let content = readOnce(path),
                let next = RelativePath.resolve(
                    String(decoding: content.bytes, as: UTF8.self),
                    from: RelativePath.folder(of: path)
                )
            else {
                warn("\(link) is a link that leads out of the repository; it was not followed")
                return nil
            }
            path = next
        }
        return nil
    }

    /// A file as text with line feeds only; damaged UTF-8 is replaced and told. Of a file that is
    /// too large, the beginning if that is enough, else nothing.
    func text(_ path: String, headIsEnough: Bool = false) -> String? {
        if let known = texts[path] { return known }
        guard let content = content(path) else { return nil }
        guard content.isWhole || headIsEnough else {
            warn("\(path) is larger than 1 MiB; it was not read")
            return nil
        }
        var bytes = content.bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        if bytes.contains(0x0D) { bytes.removeAll { $0 == 0x0D } }
        let text = String(decoding: bytes, as: UTF8.self)
        if content.isWhole, !text.utf8.elementsEqual(bytes) {
            warn("\(path) is not valid UTF-8; the damaged characters were replaced")
        }
        texts[path] = text
        return text
    }

    /// A file as a document; `nil` when it is absent or broken, which is told once.
    func document(_ path: String, as format: Manifests.Format) -> JSONValue? {
        if let known = documents[path] { return known.isNull ? nil : known }
        guard let text = text(path) else { return nil }
        do throws(Manifests.Problem) {
            let value = try Manifests.read(text, as: format)
            documents[path] = value
            return value.isNull ? nil : value
        } catch {
            warn("\(path):\(error.line):\(error.column): \(error.message); the file was ignored")
            documents[path] = .null
            return nil
        }
    }
}

/// Arithmetic of paths inside a repository.
enum RelativePath {
    /// The folder a path lies in; `""` for the root.
    static func folder(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return String(path[..<slash])
    }

    /// The last part of a path.
    static func name(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
        return String(path[path.utf8.index(after: slash)...])
    }

    /// A folder and a name.
    static func join(_ folder: String, _ name: String) -> String {
        folder.isEmpty ? name : (name.isEmpty ? folder : folder + "/" + name)
    }

    /// A path as written in a file of a folder, without `.` and `..`; `nil` when it is absolute or
    /// leads out of the repository.
    static func resolve(_ written: String, from folder: String) -> String? {
        guard !written.hasPrefix("/"), !written.contains("\\") else { return nil }
        var parts = folder.split(separator: "/").map(String.init)
        for part in written.split(separator: "/") {
            switch part {
            case ".": continue
            case "..":
                guard !parts.isEmpty else { return nil }
                parts.removeLast()
            default: parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }
}
