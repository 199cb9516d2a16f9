import Glibc

/// An open folder, and the files directly in it.
///
/// Everything is done relative to the open folder, so nobody can slip another one in between; a
/// name is that of one entry, never a path, and symbolic links are never followed. What is made
/// here is for this user alone: files 0600, folders 0700, under any umask (ENGINE R-24).
package final class Folder: Sendable {
    /// Whose folder may be opened.
    package enum Ownership: Sendable {
        /// Only this user's, and not through a symbolic link: for what the program keeps itself.
        case own
        /// Anybody's, the last part of the path may be a link: for what a user points at.
        case any
    }

    /// The path it was opened by, for messages and for handing to other programs.
    package let path: String
    let descriptor: Descriptor

    init(path: String, descriptor: Descriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    /// Opens a folder that exists.
    package static func open(
        _ path: String,
        ownedBy ownership: Ownership = .own
    ) throws(FileFailure) -> Folder {
        try open(path, named: path, in: AT_FDCWD, ownership)
    }

    /// Opens a folder, making its last part (0700, durable) if it is not there.
    package static func make(_ path: String) throws(FileFailure) -> Folder {
        let parent = try open(parentPath(of: path), ownedBy: .any)
        return try parent.makeFolder(lastPart(of: path))
    }

    /// Opens the folder `name` in this one.
    package func folder(
        _ name: String,
        ownedBy ownership: Ownership = .own
    ) throws(FileFailure) -> Folder {
        try checkName(name, .open)
        return try Self.open(path(of: name), named: name, in: descriptor.number, ownership)
    }

    /// Opens the folder `name` in this one, making it (0700, durable) if it is not there; one that
    /// is there and open to others is closed to them.
    package func makeFolder(_ name: String) throws(FileFailure) -> Folder {
        try checkName(name, .makeFolder)
        let isNew = mkdirat(descriptor.number, name, 0o700) == 0
        if !isNew && errno != EEXIST { throw failure(.makeFolder, name) }
        let folder = try folder(name)
        var status = stat()
        guard fstat(folder.descriptor.number, &status) == 0 else { throw failure(.inspect, name) }
        if status.st_mode & 0o777 != 0o700, fchmod(folder.descriptor.number, 0o700) != 0 {
            throw failure(.makeFolder, name)
        }
        if isNew { try sync() }
        return folder
    }

    /// The bytes of the file `name`, or nil where there is none.
    package func read(_ name: String, limit: Int) throws(FileFailure) -> [UInt8]? {
        guard let file = try file(name) else { return nil }
        return try file.readAll(limit: limit)
    }

    /// The plain file `name`, opened for reading, or nil where there is none.
    package func file(_ name: String) throws(FileFailure) -> ReadableFile? {
        try checkName(name, .open)
        let number = openRetrying(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        guard number >= 0 else {
            if errno == ENOENT { return nil }
            throw failure(.open, name)
        }
        return try ReadableFile(Descriptor(owning: number), path: path(of: name))
    }

    /// Opens the file `name` for adding lines at its end, making it if it is not there.
    package func appending(to name: String) throws(FileFailure) -> AppendFile {
        try checkName(name, .append)
        let flags = O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK
        let number = openRetrying(name, flags)
        guard number >= 0 else { throw failure(.append, name) }
        return try AppendFile(Descriptor(owning: number), path: path(of: name))
    }

    /// Adds `bytes` at the end of the file `name` with one write call, making the file if need be.
    package func append(_ bytes: [UInt8], to name: String) throws(FileFailure) {
        try appending(to: name).append(bytes)
    }

    /// Removes the file or symbolic link `name`; one that is not there is success.
    package func remove(_ name: String) throws(FileFailure) {
        try checkName(name, .remove)
        guard unlinkat(descriptor.number, name, 0) != 0, errno != ENOENT else { return }
        throw failure(.remove, name)
    }

    /// Where the symbolic link `name` points, as written in it; nothing is followed.
    package func linkTarget(_ name: String) throws(FileFailure) -> String {
        try checkName(name, .read)
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlinkat(descriptor.number, name, &target, target.count)
        guard count >= 0 else { throw failure(.read, name) }
        return String(
            decoding: target.prefix(count).map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
    }

    /// Bytes an unprivileged user can still write here, where the file system tells.
    package func freeBytes() -> Int64? {
        availableBytes(on: descriptor.number)
    }

    /// Makes what was made, renamed or removed in this folder durable.
    package func sync() throws(FileFailure) {
        if let error = FaultPoint.error(at: .folderSync) {
            throw FileFailure(.sync, path, error: error)
        }
        guard fsync(descriptor.number) == 0 else {
            throw FileFailure(.sync, path, error: errno, on: descriptor.number)
        }
    }

    /// A file of this folder, opened anew with O_CLOEXEC; made with mode 0600 where asked for.
    func openRetrying(_ name: String, _ flags: Int32) -> Int32 {
        repeatingInterrupted { openat(descriptor.number, name, flags | O_CLOEXEC, 0o600) }
    }

    /// The path of an entry, for messages.
    func path(of name: String) -> String {
        path.hasSuffix("/") ? path + name : path + "/" + name
    }

    /// A failure on an entry of this folder, with the current error number.
    func failure(_ operation: FileFailure.Operation, _ name: String) -> FileFailure {
        FileFailure(operation, path(of: name), error: errno, on: descriptor.number)
    }

    func checkName(_ name: String, _ operation: FileFailure.Operation) throws(FileFailure) {
        guard isSingleName(name) else {
            throw FileFailure(operation, path(of: name), .unsafeName)
        }
    }

    private static func open(
        _ path: String,
        named name: String,
        in parent: Int32,
        _ ownership: Ownership
    ) throws(FileFailure) -> Folder {
        let follow = ownership == .own ? O_NOFOLLOW : 0
        let number = repeatingInterrupted {
            openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow)
        }
        guard number >= 0 else {
            let error = errno
            // O_DIRECTORY hides the link that O_NOFOLLOW has met behind ENOTDIR.
            if error == ENOTDIR, isSymbolicLink(name, in: parent) {
                throw FileFailure(.open, path, .symbolicLink)
            }
            throw FileFailure(.open, path, error: error)
        }
        let folder = Folder(path: path, descriptor: Descriptor(owning: number))
        if ownership == .own { try folder.checkOwner() }
        return folder
    }

    private func checkOwner() throws(FileFailure) {
        var status = stat()
        guard fstat(descriptor.number, &status) == 0 else {
            throw FileFailure(.inspect, path, error: errno)
        }
        guard status.st_uid == geteuid() else {
            throw FileFailure(.open, path, .foreignOwner(status.st_uid))
        }
    }
}

private func isSymbolicLink(_ name: String, in parent: Int32) -> Bool {
    var status = stat()
    return fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0
        && status.st_mode & S_IFMT == S_IFLNK
}

private func isSingleName(_ name: String) -> Bool {
    !name.isEmpty && name != "." && name != ".."
        && !name.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
}

private func parentPath(of path: String) -> String {
    let trimmed = withoutTrailingSlashes(path)
    guard let slash = trimmed.lastIndex(of: "/") else { return "." }
    return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
}

private func lastPart(of path: String) -> String {
    let trimmed = withoutTrailingSlashes(path)
    guard let slash = trimmed.lastIndex(of: "/") else { return String(trimmed) }
    return String(trimmed[trimmed.index(after: slash)...])
}

private func withoutTrailingSlashes(_ path: String) -> Substring {
    var rest = path[...]
    while rest.count > 1, rest.last == "/" {
        rest.removeLast()
    }
    return rest
}
