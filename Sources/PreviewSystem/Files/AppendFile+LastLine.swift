import Glibc

extension AppendFile {
    /// The longest line that is looked back at, in bytes.
    private static let longestLine = 1 << 20

    /// Adds the line that `make` gives, with its end, after looking at the last complete line there
    /// is, without its end (nil in an empty file). Other writers that use this function wait
    /// meanwhile, so lines can be numbered without a gap.
    ///
    /// - Throws: ``FileFailure``; ``FileFailure/Cause/busy`` where another writer was not done within
    ///   `patience`. Nothing is written then.
    package func append(
        within patience: Duration, following make: (_ last: [UInt8]?) -> [UInt8]
    ) throws(FileFailure) {
        try lock(within: patience)
        defer { flock(descriptor.number, LOCK_UN) }
        try append(make(try lastLine()))
    }

    /// Takes the file's lock. To add a line takes less than a millisecond; only a stopped process has
    /// it for long.
    private func lock(within patience: Duration) throws(FileFailure) {
        let end = ContinuousClock.now + patience
        while flock(descriptor.number, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else {
                throw FileFailure(.lock, path, error: errno)
            }
            guard ContinuousClock.now < end else { throw FileFailure(.lock, path, .busy) }
            usleep(1000)
        }
    }

    private func lastLine() throws(FileFailure) -> [UInt8]? {
        let size = Int(lseek(descriptor.number, 0, SEEK_END))
        var (window, tail) = (4096, [UInt8]())
        repeat {
            tail = try bytes(from: max(0, size - window), to: size)
            let ends = tail.indices.reversed().lazy.filter { tail[$0] == UInt8(ascii: "\n") }
            if let end = ends.first {
                let start = tail[..<end].lastIndex(of: UInt8(ascii: "\n"))
                if let start { return Array(tail[(start + 1)..<end]) }
                if window >= size { return Array(tail[..<end]) }
            }
            window *= 4
        } while window <= Self.longestLine && window / 4 < size
        return nil
    }

    private func bytes(from start: Int, to end: Int) throws(FileFailure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: end - start)
        let count = repeatingInterrupted {
            pread(descriptor.number, &bytes, bytes.count, start)
        }
        guard count >= 0 else { throw FileFailure(.read, path, error: errno) }
        return Array(bytes.prefix(count))
    }
}
