import Glibc

/// What an unprivileged user can still put on a file system (statvfs(3)).
package struct FileSystemRoom: Hashable, Sendable {
    /// In bytes.
    package let bytes: Int64
    /// How many files can still be made; `nil` on file systems without such a bound.
    package let files: Int64?

    /// That of the file system an open descriptor is on.
    init?(of descriptor: Int32) {
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { return nil }
        bytes = Int64(clamping: status.f_bavail) * Int64(clamping: status.f_frsize)
        files = status.f_files == 0 ? nil : Int64(clamping: status.f_favail)
    }
}

extension Folder {
    /// What can still be put on its file system; `nil` where nothing tells.
    package var room: FileSystemRoom? { FileSystemRoom(of: descriptor.number) }

    /// Whether this process may make files in it, as far as permissions tell.
    package var isWritable: Bool {
        faccessat(descriptor.number, ".", W_OK | X_OK, AT_EACCESS) == 0
    }
}
