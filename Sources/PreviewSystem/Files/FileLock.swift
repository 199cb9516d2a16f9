import Glibc

/// Exclusive use of something, by a kernel lock (flock(2)) on a file that is never removed.
///
/// Whoever dies, however, holds it no longer. The descriptor is not inherited by children, so what
/// was started under a lock does not hold it either (ENGINE ).
package final class FileLock: Sendable {
    /// Why a lock was not taken.
    package enum Failure: Error, Hashable, Sendable {
        /// Another has it; `holder` is the text it left in the file, empty if it left none.
        case held(holder: String)
        /// The waiting task was cancelled.
        case cancelled
        /// The file could not be opened or written.
        case file(FileFailure)
    }

    /// The longest holder text that is read back, in bytes.
    private static let holderLimit = 4096
    /// How often a waiter tries: a fraction of the 200 ms within which it must notice.
    private static let interval = Duration.milliseconds(40)

    private let held: Locked<Descriptor?>

    private init(_ descriptor: Descriptor) {
        held = Locked(descriptor)
    }

    deinit {
        release()
    }

    /// Gives the lock back and empties the holder text; a second call does nothing.
    ///
    /// Always called by whoever took the lock: the object alone may be let go after its last use,
    /// before the work under the lock is done.
    package func release() {
        let descriptor = held.withLock { held in
            defer { held = nil }
            return held
        }
        guard let descriptor else { return }
        // The text only ever describes a live holder; if this fails, the free lock says the same.
        ftruncate(descriptor.number, 0)
        // Closing is not enough: a child just being started has a copy until it runs its program.
        flock(descriptor.number, LOCK_UN)
    }

    /// Takes the lock and leaves `holder` in the file. Waits for it until `deadline`, or not at all
    /// if that is nil; `whenHeld` is then called with the text of the present holder, and again
    /// whenever that changes.
    package static func acquire(
        _ name: String,
        in folder: Folder,
        holder: String,
        waitingUntil deadline: ContinuousClock.Instant? = nil,
        whenHeld: @Sendable (String) -> Void = { _ in }
    ) async throws(Failure) -> FileLock {
        let descriptor: Descriptor
        do {
            descriptor = try open(name, in: folder, O_RDWR | O_CREAT)
        } catch {
            throw .file(error)
        }
        // A reader testing the lock holds it for a moment; that must not look like a holder.
        let patience = ContinuousClock.now + .milliseconds(100)
        var lastSeen: String?
        while !FaultPoint.skips(.lockTaken), flock(descriptor.number, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else {
                throw .file(folder.failure(.lock, name))
            }
            let now = ContinuousClock.now
            let seen = readHolder(descriptor)
            if now >= deadline ?? patience, now >= patience { throw .held(holder: seen) }
            if deadline != nil, seen != lastSeen, !seen.isEmpty {
                whenHeld(seen)
                lastSeen = seen
            }
            do {
                try await Task.sleep(for: interval)
            } catch {
                throw .cancelled
            }
        }
        do throws(FileFailure) {
            if let error = FaultPoint.error(at: .lockTaken) {
                throw FileFailure(.lock, folder.path(of: name), error: error)
            }
            try writeHolder(holder, to: descriptor, path: folder.path(of: name))
        } catch {
            throw .file(error)
        }
        return FileLock(descriptor)
    }

    /// The text of whoever has the lock now (empty if it left none), or nil if it is free or there
    /// is no such file. Writes nothing and works on a read-only file system.
    package static func currentHolder(
        of name: String,
        in folder: Folder
    ) throws(FileFailure) -> String? {
        let descriptor: Descriptor
        do {
            descriptor = try open(name, in: folder, O_RDONLY)
        } catch {
            if error.cause == .notFound { return nil }
            throw error
        }
        if flock(descriptor.number, LOCK_SH | LOCK_NB) == 0 { return nil }
        guard errno == EWOULDBLOCK else { throw folder.failure(.lock, name) }
        return readHolder(descriptor)
    }

    private static func open(
        _ name: String,
        in folder: Folder,
        _ flags: Int32
    ) throws(FileFailure) -> Descriptor {
        try folder.checkName(name, .lock)
        let number = folder.openRetrying(name, flags | O_NOFOLLOW | O_NONBLOCK)
        guard number >= 0 else { throw folder.failure(.lock, name) }
        return Descriptor(owning: number)
    }

    private static func readHolder(_ descriptor: Descriptor) -> String {
        var bytes = [UInt8](repeating: 0, count: holderLimit)
        let count = pread(descriptor.number, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }

    private static func writeHolder(
        _ holder: String,
        to descriptor: Descriptor,
        path: String
    ) throws(FileFailure) {
        // The text before the length: a reader in between sees a text with a tail, never none.
        let bytes = Array(holder.utf8.prefix(holderLimit))
        guard fchmod(descriptor.number, 0o600) == 0,
            pwrite(descriptor.number, bytes, bytes.count, 0) == bytes.count,
            ftruncate(descriptor.number, bytes.count) == 0
        else {
            throw FileFailure(.lock, path, error: errno, on: descriptor.number)
        }
    }
}
