/// The files of a commit, as `ls-tree -r -z` lists them.
struct GitTree: Sendable {
    /// Files and symbolic links.
    private(set) var paths: [String] = []
    /// Paths of symbolic links.
    private(set) var links: Set<String> = []
    /// Folders that are other repositories.
    private(set) var submodules: [String] = []
    /// Read again for the few objects that are wanted: half a million names would fill the memory.
    private let listing: [UInt8]

    /// Reads the listing.
    init(_ listing: [UInt8]) {
        self.listing = listing
        for line in listing.split(separator: 0) {
            guard let entry = Entry(line) else { continue }
            switch entry.mode {
            case "160000": submodules.append(entry.path)
            case "120000":
                links.insert(entry.path)
                paths.append(entry.path)
            default: paths.append(entry.path)
            }
        }
    }

    /// The names of the objects of some paths.
    func objects(of wanted: Set<String>) -> [String: String] {
        var objects: [String: String] = [:]
        for line in listing.split(separator: 0) {
            guard let entry = Entry(line), wanted.contains(entry.path) else { continue }
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
        let mode: String
        let object: String
        let path: String

        init?(_ line: ArraySlice<UInt8>) {
            guard let tab = line.firstIndex(of: UInt8(ascii: "\t")) else { return nil }
            let fields = line[..<tab].split(separator: UInt8(ascii: " "))
            guard fields.count == 3 else { return nil }
            mode = String(decoding: fields[0], as: UTF8.self)
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
