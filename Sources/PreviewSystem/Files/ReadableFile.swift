import Glibc

/// A plain file opened for reading. What replaces it under its name later is not seen here.
package final class ReadableFile: Sendable {
    /// The path it was opened by, for messages.
    package let path: String
    /// When its content last changed, in milliseconds since 1970 UTC, as it was when opened.
    package let modifiedUnixMilliseconds: Int64
    private let descriptor: Descriptor

    init(_ descriptor: Descriptor, path: String) throws(FileFailure) {
        let status = try plainFileStatus(of: descriptor, path: path)
        self.descriptor = descriptor
        self.path = path
        modifiedUnixMilliseconds = milliseconds(status.st_mtim)
    }

    /// Its length in bytes now.
    package func size() throws(FileFailure) -> Int {
        Int(try plainFileStatus(of: descriptor, path: path).st_size)
    }

    /// Up to `count` bytes from `offset` on; fewer only at the end, none beyond it.
    package func read(at offset: Int, count: Int) throws(FileFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let got = bytes.withUnsafeMutableBytes { buffer in
                repeatingInterrupted {
                    pread(
                        descriptor.number,
                        UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).baseAddress,
                        count - filled,
                        offset + filled
                    )
                }
            }
            if got < 0 { throw FileFailure(.read, path, error: errno) }
            if got == 0 { break }
            filled += got
        }
        bytes.removeLast(count - filled)
        return bytes
    }

    /// The whole content, refused when it is longer than `limit` bytes.
    package func readAll(limit: Int) throws(FileFailure) -> [UInt8] {
        guard try size() <= limit else { throw FileFailure(.read, path, .tooLarge(limit: limit)) }
        // One byte more than allowed, since the file may be growing meanwhile.
        let wanted = min(try size(), limit) + 1
        var bytes = try read(at: 0, count: wanted)
        while bytes.count >= wanted, bytes.count <= limit {
            let more = try read(at: bytes.count, count: min(limit + 1 - bytes.count, 65536))
            if more.isEmpty { break }
            bytes += more
        }
        guard bytes.count <= limit else { throw FileFailure(.read, path, .tooLarge(limit: limit)) }
        return bytes
    }
}

/// A plain file to whose end lines are added, each with one write call, so that the lines of
/// several writers never mix.
package final class AppendFile: Sendable {
    /// The path it was opened by, for messages.
    package let path: String
    /// The descriptor, for handing the file to a child as its output.
    package let descriptor: Descriptor
    private let needsNewline: Locked<Bool>

    init(_ descriptor: Descriptor, path: String) throws(FileFailure) {
        let status = try plainFileStatus(of: descriptor, path: path)
        guard status.st_mode & 0o777 == 0o600 || fchmod(descriptor.number, 0o600) == 0 else {
            throw FileFailure(.append, path, error: errno)
        }
        self.descriptor = descriptor
        self.path = path
        var last: UInt8 = 0
        let isTorn =
            status.st_size > 0
            && pread(descriptor.number, &last, 1, Int(status.st_size) - 1) == 1
            && last != UInt8(ascii: "\n")
        needsNewline = Locked(isTorn)
    }

    /// Adds `bytes`, which bring their own line end. A line that a killed writer left unfinished
    /// is ended first, so that it spoils nothing but itself.
    package func append(_ bytes: [UInt8]) throws(FileFailure) {
        let prefix: [UInt8] = needsNewline.withLock { isTorn in
            defer { isTorn = false }
            return isTorn ? [UInt8(ascii: "\n")] : []
        }
        let line = prefix + bytes
        let written = repeatingInterrupted { write(descriptor.number, line, line.count) }
        if written < 0 {
            throw FileFailure(.append, path, error: errno, on: descriptor.number)
        }
        guard written == line.count else {
            needsNewline.withLock { $0 = true }
            let free = availableBytes(on: descriptor.number)
            throw FileFailure(.append, path, .noSpace(freeBytes: free))
        }
    }

    /// Makes what was added durable.
    package func sync() throws(FileFailure) {
        guard fsync(descriptor.number) == 0 else {
            throw FileFailure(.sync, path, error: errno, on: descriptor.number)
        }
    }
}

private func plainFileStatus(
    of descriptor: Descriptor,
    path: String
) throws(FileFailure) -> stat {
    var status = stat()
    guard fstat(descriptor.number, &status) == 0 else {
        throw FileFailure(.inspect, path, error: errno)
    }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileFailure(.open, path, .wrongKind) }
    return status
}

func milliseconds(_ time: timespec) -> Int64 {
    Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}
