import CPreviewSystem
import Glibc

extension Folder {
    /// What a path inside a folder leads to.
    package enum Found: Sendable {
        case file(ReadableFile)
        case folder
        /// Nothing, or nothing that may be reached: a link that leads out, a pipe, a device.
        case nothing
    }

    /// Looks up a relative path that may have several parts. Links are followed inside this folder
    /// only; whatever leads out of it is not there (openat2(2)).
    package func find(beneath path: String) throws(FileFailure) -> Found {
        let number = repeatingInterrupted {
            cps_open_beneath(descriptor.number, path.isEmpty ? "." : path)
        }
        guard number >= 0 else {
            switch errno {
            case ENOENT, ENOTDIR, EXDEV, ELOOP, EACCES, ENAMETOOLONG, EINVAL, ENXIO: return .nothing
            default: throw failure(.open, path)
            }
        }
        let opened = Descriptor(owning: number)
        var status = stat()
        guard fstat(number, &status) == 0 else { throw failure(.inspect, path) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file(try ReadableFile(opened, path: self.path(of: path)))
        case S_IFDIR: return .folder
        default: return .nothing
        }
    }
}
