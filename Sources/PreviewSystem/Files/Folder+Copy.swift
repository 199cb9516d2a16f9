import Glibc

extension Folder {
    /// Makes the file `name` a copy of the one in `source`, in the place of whatever file or link
    /// has that name. Its owner alone may read, write and, where asked for, execute it.
    ///
    /// It is not made durable and a crash may leave half of it: for copies that can be made again.
    package func copyFile(
        _ name: String,
        from source: Folder,
        isExecutable: Bool
    ) throws(FileFailure) {
        guard let original = try source.file(name) else {
            throw FileFailure(.read, source.path(of: name), .notFound)
        }
        try remove(name)
        let number = openRetrying(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
        guard number >= 0 else { throw failure(.create, name) }
        let copy = Descriptor(owning: number)
        guard fchmod(number, isExecutable ? 0o700 : 0o600) == 0 else {
            throw failure(.create, name)
        }
        var offset = 0
        while true {
            let bytes = try original.read(at: offset, count: 1 << 20)
            if bytes.isEmpty { break }
            if let error = writeAll(bytes, to: copy.number) {
                throw FileFailure(.write, path(of: name), error: error, on: copy.number)
            }
            offset += bytes.count
        }
    }

    /// Makes `name` a symbolic link with the text `target`, in the place of whatever file or link
    /// has that name. Nothing looks at where it leads.
    package func makeLink(_ name: String, to target: String) throws(FileFailure) {
        try remove(name)
        guard symlinkat(target, descriptor.number, name) == 0 else {
            throw failure(.create, name)
        }
    }
}
