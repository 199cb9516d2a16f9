import PreviewCore

/// The files of a commit, as `ls-tree -r -z` lists them. The listing is read again for each
/// question: half a million paths as text would fill the memory.
struct GitTree: Sendable {
    private let listing: [UInt8]

    /// Takes the listing.
    init(_ listing: [UInt8]) { self.listing = listing }

    /// One file, symbolic link or submodule, in git's own words.
    struct Line: Hashable, Sendable {
        /// Such as `100644`.
        var mode: String
        /// `blob` or `commit`.
        var type: String
        /// The full name of the object.
        var object: String
        var path: String
    }

    /// Puts together a listing that somebody else gives line by line.
    init(_ lines: some Sequence<Line>) {
        var listing: [UInt8] = []
        for line in lines {
            listing += "\(line.mode) \(line.type) \(line.object)\t\(line.path)\0".utf8
        }
        self.listing = listing
    }

    private var entries: some Sequence<Entry> {
        listing.split(separator: 0).lazy.compactMap(Entry.init)
    }

    /// Files and symbolic links.
    var paths: some Sequence<String> {
        entries.lazy.filter { $0.kind != .submodule }.map(\.path)
    }

    /// The whole tree for detection; `read` gives the content of the files it wants.
    func snapshot(
        read: @escaping @Sendable (String) -> RepositorySnapshot.FileContent?
    ) -> RepositorySnapshot {
        var builder = RepositorySnapshot.Builder()
        for entry in entries {
            switch entry.kind {
            case .file: builder.add(entry.path)
            case .link: builder.add(entry.path, isLink: true)
            case .submodule: builder.addSubmodule(entry.path)
            }
        }
        return builder.finish(read: read)
    }

    /// The names of the objects of some paths.
    func objects(of wanted: Set<String>) -> [String: String] {
        var objects: [String: String] = [:]
        for entry in entries where wanted.contains(entry.path) {
            objects[entry.path] = entry.object
        }
        return objects
    }

    /// Whether there is a folder of that path; the root always is.
    func hasFolder(_ path: String) -> Bool {
        path.isEmpty || paths.contains { $0.hasPrefix("\(path)/") }
    }

    /// All folders, for near matches.
    var folders: Set<String> {
        var folders: Set<String> = []
        for path in paths {
            var folder = path[...]
            while let slash = folder.lastIndex(of: "/") {
                folder = folder[..<slash]
                // Whoever is in already has brought its parents.
                if !folders.insert(String(folder)).inserted { break }
            }
        }
        return folders
    }

    /// One line: mode, type and object, a tab, the path. A path that is no UTF-8 gets replacement
    /// characters; nothing that detection knows is called so.
    private struct Entry {
        /// By git's modes; every other one is a file.
        enum Kind: String {
            case file = "100644"
            case link = "120000"
            case submodule = "160000"
        }

        let kind: Kind
        let object: String
        let path: String

        init?(_ line: ArraySlice<UInt8>) {
            guard let tab = line.firstIndex(of: UInt8(ascii: "\t")) else { return nil }
            let fields = line[..<tab].split(separator: UInt8(ascii: " "))
            guard fields.count == 3 else { return nil }
            kind = Kind(rawValue: String(decoding: fields[0], as: UTF8.self)) ?? .file
            object = String(decoding: fields[2], as: UTF8.self)
            path = String(decoding: line[line.index(after: tab)...], as: UTF8.self)
        }
    }
}

/// What `cat-file --batch` and `--batch-check` say of one object.
struct GitObject: Hashable, Sendable {
    let name: String
    let size: Int
    /// Empty after a check.
    let content: ArraySlice<UInt8>

    /// The name that git gives to a file of this content, in repositories that use SHA-1.
    static func blobName(of content: [UInt8]) -> String {
        Digest.hexadecimal(Digest.sha1(Array("blob \(content.count)\0".utf8) + content))
    }

    /// Reads the answers: object, type, size and a line end, then after a batch the content and a
    /// line end. Missing objects are left out.
    static func list(_ output: [UInt8], withContent: Bool) -> [GitObject] {
        var objects: [GitObject] = []
        var rest = output[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let header = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
            rest = rest[(end + 1)...]
            guard header.count == 3, let size = Int(header[2]) else { continue }
            var content: ArraySlice<UInt8> = []
            if withContent {
                guard rest.count > size else { break }
                content = rest.prefix(size)
                rest = rest.dropFirst(size + 1)
            }
            objects.append(GitObject(name: String(header[0]), size: size, content: content))
        }
        return objects
    }
}
