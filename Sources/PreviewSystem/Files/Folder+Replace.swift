import CPreviewSystem
import Glibc

extension Folder {
    /// What to do with the file that is about to be replaced.
    package enum Exchange: Sendable {
        /// Replace it; its present content stays available under the name `keeping`, if given.
        case replace(keeping: String?)
        /// Change nothing.
        case leave
    }

    /// Puts `bytes` in the place of the file `name`, durably: at every instant the name holds the
    /// old content or the new one, complete (ENGINE section 1 "Write").
    package func write(_ name: String, _ bytes: [UInt8]) throws(FileFailure) {
        try replace(name, with: bytes) { () throws(FileFailure) in .replace(keeping: nil) }
    }

    /// Compares and swaps: `decide` sees the present content (nil where there is no file, refused
    /// beyond `limit` bytes), while no other writer using this function can change it, and says
    /// what happens. True if the file was replaced.
    ///
    /// On any failure the old content stays, except that a failure of the last sync may leave
    /// either; a failed sync is final and never tried again.
    package func exchange(
        _ name: String,
        with bytes: [UInt8],
        readingAtMost limit: Int,
        deciding decide: (_ current: [UInt8]?) -> Exchange
    ) throws(FileFailure) -> Bool {
        try replace(name, with: bytes) { () throws(FileFailure) in
            decide(try read(name, limit: limit))
        }
    }

    @discardableResult
    private func replace(
        _ name: String,
        with bytes: [UInt8],
        deciding decide: () throws(FileFailure) -> Exchange
    ) throws(FileFailure) -> Bool {
        try checkName(name, .write)
        let staged = try StagedFile.make(for: name, holding: bytes, in: self)
        let lock = try waitForFolderLock()
        // Closing is not enough: a child just being started has a copy until it runs its program.
        defer { flock(lock.number, LOCK_UN) }
        guard case .replace(let keptName) = try decide() else { return false }
        if let keptName { try keep(name, as: keptName) }
        try staged.takePlace(of: name)
        try sync()
        removeLeftovers(of: name)
        return true
    }

    /// The lock all writers of this folder take for the moment of the swap. Taken on a description
    /// of its own, so that tasks sharing this object exclude each other too.
    private func waitForFolderLock() throws(FileFailure) -> Descriptor {
        let number = openRetrying(".", O_RDONLY | O_DIRECTORY)
        guard number >= 0 else { throw FileFailure(.lock, path, error: errno) }
        let descriptor = Descriptor(owning: number)
        // A swap takes milliseconds; only a stopped process could hold it for five seconds.
        for _ in 0..<5000 {
            if flock(number, LOCK_EX | LOCK_NB) == 0 { return descriptor }
            guard errno == EWOULDBLOCK || errno == EINTR else {
                throw FileFailure(.lock, path, error: errno)
            }
            usleep(1000)
        }
        throw FileFailure(.lock, path, .busy)
    }

    /// Gives the present file `name` a second name. One that exists with the same bytes will do.
    private func keep(_ name: String, as keptName: String) throws(FileFailure) {
        try checkName(keptName, .keep)
        if let error = FaultPoint.error(at: .keepLink) {
            throw FileFailure(.keep, path(of: name), error: error, on: descriptor.number)
        }
        if linkat(descriptor.number, name, descriptor.number, keptName, 0) == 0 { return }
        switch errno {
        case ENOENT: return
        case EEXIST:
            guard try isSameContent(name, keptName) else { throw failure(.keep, keptName) }
        case EPERM, EOPNOTSUPP, ENOSYS, EMLINK: try keepCopy(of: name, as: keptName)
        default: throw failure(.keep, name)
        }
    }

    /// For file systems without hard links.
    private func keepCopy(of name: String, as keptName: String) throws(FileFailure) {
        guard let bytes = try read(name, limit: Int.max - 1) else { return }
        try StagedFile.make(for: keptName, holding: bytes, in: self).takeFreeName(keptName)
    }

    private func isSameContent(_ first: String, _ second: String) throws(FileFailure) -> Bool {
        let limit = Int.max - 1
        let isSame = try read(first, limit: limit) == read(second, limit: limit)
        if !isSame { errno = EEXIST }
        return isSame
    }

    /// Removes temporary files of writers that died. A live writer holds a lock on its own.
    private func removeLeftovers(of name: String) {
        // Leftovers hurt nobody and the next writer tries again, so no failure here counts.
        guard let names = try? entryNames() else { return }
        for leftover in names where StagedFile.isTemporary(leftover, of: name) {
            let number = openRetrying(leftover, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            guard number >= 0 else { continue }
            let file = Descriptor(owning: number)
            if flock(file.number, LOCK_EX | LOCK_NB) == 0 {
                unlinkat(descriptor.number, leftover, 0)
            }
        }
    }
}

/// New content in a temporary file, complete and synced, before it gets its name.
/// Removed again unless it took one.
private struct StagedFile: ~Copyable {
    private let folder: Folder
    private let name: String
    private var descriptor: Int32

    private init(_ name: String, _ descriptor: Int32, in folder: Folder) {
        self.folder = folder
        self.name = name
        self.descriptor = descriptor
    }

    deinit {
        unlinkat(folder.descriptor.number, name, 0)
        if descriptor >= 0 { close(descriptor) }
    }

    /// Makes, fills and syncs the file.
    static func make(
        for target: String,
        holding bytes: [UInt8],
        in folder: Folder
    ) throws(FileFailure) -> StagedFile {
        let (name, descriptor) = try makeLocked(for: target, in: folder)
        let file = StagedFile(name, descriptor, in: folder)
        try file.fill(with: bytes)
        return file
    }

    static func isTemporary(_ name: String, of target: String) -> Bool {
        name.hasPrefix(".\(target).") && name.hasSuffix(".tmp")
    }

    /// Renames it to `target`, replacing what is there. The folder is not synced yet.
    consuming func takePlace(of target: String) throws(FileFailure) {
        try closeChecked()
        if let error = FaultPoint.error(at: .swapRename) {
            throw FileFailure(.rename, folder.path(of: target), error: error)
        }
        let number = folder.descriptor.number
        guard renameat(number, name, number, target) == 0 else {
            throw folder.failure(.rename, target)
        }
    }

    /// Renames it to `target`, failing if that exists.
    consuming func takeFreeName(_ target: String) throws(FileFailure) {
        try closeChecked()
        let number = folder.descriptor.number
        guard cps_rename_noreplace(number, name, number, target) == 0 else {
            throw folder.failure(.keep, target)
        }
    }

    /// A new empty file with a lock on it, which tells other writers that it is in use.
    private static func makeLocked(
        for target: String,
        in folder: Folder
    ) throws(FileFailure) -> (String, Int32) {
        while true {
            let suffix = Moment.randomBytes(8).map { String($0, radix: 16) }.joined()
            let name = ".\(target).\(suffix).tmp"
            let number = folder.openRetrying(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW)
            guard number >= 0 else {
                if errno == EEXIST { continue }
                throw folder.failure(.create, target)
            }
            var status = stat()
            if flock(number, LOCK_EX) == 0, fstat(number, &status) == 0, status.st_nlink > 0 {
                return (name, number)
            }
            // Taken for a leftover between the two calls: begin again.
            close(number)
        }
    }

    private func fill(with bytes: [UInt8]) throws(FileFailure) {
        let path = folder.path(of: name)
        guard fchmod(descriptor, 0o600) == 0 else { throw folder.failure(.create, name) }
        if FaultPoint.shortens(.temporaryWrite) {
            _ = writeAll(bytes.prefix(bytes.count / 2), to: descriptor)
            throw FileFailure(.write, path, error: ENOSPC, on: descriptor)
        }
        let error = FaultPoint.error(at: .temporaryWrite) ?? writeAll(bytes, to: descriptor)
        if let error { throw FileFailure(.write, path, error: error, on: descriptor) }
        if let error = FaultPoint.error(at: .temporarySync) {
            throw FileFailure(.sync, path, error: error, on: descriptor)
        }
        guard fsync(descriptor) == 0 else {
            throw FileFailure(.sync, path, error: errno, on: descriptor)
        }
    }

    private mutating func closeChecked() throws(FileFailure) {
        let number = descriptor
        descriptor = -1
        // After EINTR the descriptor is closed on Linux; any other error may mean lost bytes.
        guard close(number) == 0 || errno == EINTR else { throw folder.failure(.close, name) }
    }
}
