import Glibc

extension Folder {
    /// The bytes of a file that belongs to the user and not to the record, through a link if it is
    /// one; nil where there is none.
    package func readUserFile(_ name: String, limit: Int) throws(FileFailure) -> [UInt8]? {
        try checkName(name, .open)
        let number = openRetrying(name, O_RDONLY | O_NONBLOCK)
        guard number >= 0 else {
            if errno == ENOENT { return nil }
            throw failure(.open, name)
        }
        let file = try ReadableFile(Descriptor(owning: number), path: path(of: name))
        return try file.readAll(limit: limit)
    }

    /// Writes a file that belongs to the user and not to the record, such as a configuration: with
    /// the permissions the umask leaves, through a link if it is one.
    package func writeUserFile(_ name: String, _ bytes: [UInt8]) throws(FileFailure) {
        try checkName(name, .write)
        let number = repeatingInterrupted {
            openat(descriptor.number, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        }
        guard number >= 0 else { throw failure(.write, name) }
        let file = Descriptor(owning: number)
        if let error = writeAll(bytes, to: file.number) {
            throw FileFailure(.write, path(of: name), error: error, on: file.number)
        }
    }
}
