/// What detection knows of a repository: the names of its files, and a way to read a few of them.
/// The same value serves a folder, a git tree and an API.
package struct RepositorySnapshot: Sendable {
    /// Files larger than this are not read (rules section 2); of lock files the head is enough.
    package static let maximumFileSize = 1 << 20

    /// What a reader gives of a file.
    package struct FileContent: Hashable, Sendable {
        /// The file, or its first bytes.
        package var bytes: [UInt8]
        /// Whether ``bytes`` is all of it.
        package var isWhole: Bool

        /// A file of which a reader may have read the head only.
        package init(_ bytes: [UInt8], isWhole: Bool = true) {
            self.bytes = bytes
            self.isWhole = isWhole
        }
    }

    let paths: PathTable
    /// Symbolic links; their content is the text of the link.
    let links: Set<String>
    /// Other repositories inside this one, which are not looked into.
    let submodules: [String]
    let read: @Sendable (String) -> FileContent?

    /// - Parameters:
    ///   - paths: every file and symbolic link, relative to the root, with `/`; any order.
    ///   - links: those that are symbolic links. Reading one gives the text of the link, as git
    ///     keeps it; it is followed to files of this repository only.
    ///   - submodules: folders that are other repositories.
    ///   - read: the content of one of ``Detector/wanted(in:)``; `nil` when it cannot be read. Of a
    ///     file over ``maximumFileSize`` it should give the first 64 KiB as not whole.
    package init(
        paths: some Sequence<String>,
        links: Set<String> = [],
        submodules: [String] = [],
        read: @escaping @Sendable (String) -> FileContent?
    ) {
        self.paths = PathTable(paths)
        self.links = links
        self.submodules = submodules.sorted()
        self.read = read
    }

    /// A snapshot of what a builder gathered.
    private init(
        _ builder: consuming Builder,
        read: @escaping @Sendable (String) -> FileContent?
    ) {
        builder.paths.finish()
        paths = builder.paths
        links = builder.links
        submodules = builder.submodules.sorted()
        self.read = read
    }

    /// Gathers paths one by one, for sources that should not hold them all as text.
    package struct Builder: ~Copyable {
        fileprivate var paths = PathTable()
        fileprivate var links: Set<String> = []
        fileprivate var submodules: [String] = []

        /// Begins without any.
        package init() {}

        /// Adds a file or, if `isLink`, a symbolic link.
        package mutating func add(_ path: String, isLink: Bool = false) {
            if isLink { links.insert(path) }
            paths.add(path)
        }

        /// Notes a folder that is another repository.
        package mutating func addSubmodule(_ path: String) { submodules.append(path) }

        /// Whether a folder lies so deep that only its being there matters: add it with a slash
        /// at its end instead of looking into it.
        package static func isTooDeep(_ folder: String) -> Bool {
            folder.utf8.count { $0 == UInt8(ascii: "/") } >= PathTable.maximumDepth
        }

        /// The snapshot; `read` as in ``RepositorySnapshot/init(paths:links:submodules:read:)``.
        package consuming func finish(
            read: @escaping @Sendable (String) -> FileContent?
        ) -> RepositorySnapshot {
            RepositorySnapshot(self, read: read)
        }
    }

    /// A snapshot whose files are all in memory.
    package init(
        files: [String: [UInt8]],
        links: Set<String> = [],
        submodules: [String] = []
    ) {
        self.init(paths: files.keys, links: links, submodules: submodules) { path in
            files[path].map { bytes in
                bytes.count <= Self.maximumFileSize
                    ? FileContent(bytes)
                    : FileContent(Array(bytes.prefix(64 << 10)), isWhole: false)
            }
        }
    }

    /// How many files the repository has, links included, whether detection looks at them or not.
    package var fileCount: Int { paths.offered }
}
