import Glibc

extension Folder {
    /// One entry of a folder, itself and not what it may link to.
    package struct Entry: Hashable, Sendable {
        /// What an entry is.
        package enum Kind: Sendable {
            case file, folder, symbolicLink, other
        }

        /// Its name; bytes that are no UTF-8 are replaced, so such an entry cannot be opened by it.
        package var name: String
        /// What it is.
        package var kind: Kind
        /// Its length in bytes.
        package var size: Int
        /// Whether its owner may execute it.
        package var isExecutable: Bool
        /// When its content last changed, in milliseconds since 1970 UTC.
        package var modifiedUnixMilliseconds: Int64
    }

    /// All entries but `.` and `..`, ordered by the bytes of their names.
    package func entries() throws(FileFailure) -> [Entry] {
        var entries: [Entry] = []
        for name in try rawEntryNames() {
            if let entry = try entry(rawName: name) { entries.append(entry) }
        }
        return entries
    }

    /// The entry `name`, or nil where there is none.
    package func entry(_ name: String) throws(FileFailure) -> Entry? {
        try checkName(name, .inspect)
        return try entry(rawName: Array(name.utf8CString))
    }

    /// The names of all entries but `.` and `..`, ordered by their bytes.
    package func entryNames() throws(FileFailure) -> [String] {
        try rawEntryNames().map(text)
    }

    /// Removes the entry `name` with all that is in it; one that is not there is success.
    ///
    /// No symbolic link is followed and no other file system entered, whatever changes meanwhile.
    package func removeTree(_ name: String) throws(FileFailure) {
        try checkName(name, .remove)
        var status = stat()
        guard fstat(descriptor.number, &status) == 0 else { throw failure(.inspect, name) }
        try removeTree(rawName: Array(name.utf8CString), device: status.st_dev)
    }

    private func removeTree(rawName: [CChar], device: dev_t) throws(FileFailure) {
        if unlinkat(descriptor.number, rawName, 0) == 0 || errno == ENOENT { return }
        // Linux says EISDIR for a folder, POSIX EPERM.
        guard errno == EISDIR || errno == EPERM else { throw failure(.remove, text(rawName)) }
        let content = try openForRemoval(rawName, device: device)
        for entry in try content.rawEntryNames() {
            try content.removeTree(rawName: entry, device: device)
        }
        guard unlinkat(descriptor.number, rawName, AT_REMOVEDIR) != 0, errno != ENOENT else {
            return
        }
        throw failure(.remove, text(rawName))
    }

    private func openForRemoval(_ rawName: [CChar], device: dev_t) throws(FileFailure) -> Folder {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let number = repeatingInterrupted { openat(descriptor.number, rawName, flags) }
        guard number >= 0 else { throw failure(.remove, text(rawName)) }
        let owned = Descriptor(owning: number)
        var status = stat()
        guard fstat(number, &status) == 0 else { throw failure(.inspect, text(rawName)) }
        guard status.st_dev == device else {
            throw FileFailure(.remove, path(of: text(rawName)), error: EXDEV)
        }
        // Package managers leave read-only folders behind; what is in them can go only like this.
        if status.st_mode & 0o700 != 0o700 { fchmod(number, 0o700) }
        return Folder(path: path(of: text(rawName)), descriptor: owned)
    }

    private func entry(rawName: [CChar]) throws(FileFailure) -> Entry? {
        var status = stat()
        guard fstatat(descriptor.number, rawName, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
            if errno == ENOENT { return nil }
            throw failure(.inspect, text(rawName))
        }
        let kind: Entry.Kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .folder
            case S_IFLNK: .symbolicLink
            default: .other
            }
        return Entry(
            name: text(rawName),
            kind: kind,
            size: Int(status.st_size),
            isExecutable: status.st_mode & S_IXUSR != 0,
            modifiedUnixMilliseconds: milliseconds(status.st_mtim)
        )
    }

    /// The names as the kernel has them, each with its terminating zero.
    private func rawEntryNames() throws(FileFailure) -> [[CChar]] {
        // A description of its own, because reading moves the position.
        let number = openRetrying(".", O_RDONLY | O_DIRECTORY)
        guard number >= 0 else { throw FileFailure(.list, path, error: errno) }
        guard let stream = fdopendir(number) else {
            let error = errno
            close(number)
            throw FileFailure(.list, path, error: error)
        }
        defer { closedir(stream) }
        var names: [[CChar]] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else { break }
            let name = rawName(of: entry)
            if text(name) != ".", text(name) != ".." { names.append(name) }
        }
        guard errno == 0 else { throw FileFailure(.list, path, error: errno) }
        return names.sorted { left, right in
            left.lexicographicallyPrecedes(right) {
                UInt8(bitPattern: $0) < UInt8(bitPattern: $1)
            }
        }
    }
}

private func rawName(of entry: UnsafeMutablePointer<dirent>) -> [CChar] {
    withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        bytes.prefix { $0 != 0 }.map(CChar.init(bitPattern:)) + [0]
    }
}

private func text(_ rawName: [CChar]) -> String {
    String(decoding: rawName.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
}
