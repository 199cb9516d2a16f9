import CPreviewSystem
import Glibc

/// Asking a process that listens at a Unix socket.
package enum UnixSocket {
    /// Sends a request and returns the answer up to its end, which the other side makes by closing.
    ///
    /// - Throws: ``SocketFailure/refused`` where nobody listens, ``SocketFailure/timedOut`` when the
    ///   answer is not complete after `timeout`.
    package static func ask(
        _ request: [UInt8],
        at name: String,
        in folder: Folder,
        timeout: Duration
    ) async throws(SocketFailure) -> [UInt8] {
        // Bounded by the timeouts on the socket, so the thread always ends.
        let result = await BlockingThread.run { () -> Result<[UInt8], SocketFailure> in
            do throws(SocketFailure) {
                return .success(
                    try askBlocking(request, at: name, in: folder, timeout: timeout)
                )
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private static func askBlocking(
        _ request: [UInt8],
        at name: String,
        in folder: Folder,
        timeout: Duration
    ) throws(SocketFailure) -> [UInt8] {
        let deadline = ContinuousClock.now + timeout
        let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SocketFailure(error: errno) }
        let descriptor = Descriptor(owning: number)
        setTimeouts(timeout, on: descriptor)
        let connected = withUnixAddress(name, in: folder) { connect(number, $0, $1) }
        guard connected == 0 else { throw SocketFailure(error: errno) }
        var sent = 0
        while sent < request.count {
            let count = request.withUnsafeBytes { bytes in
                repeatingInterrupted {
                    send(
                        number,
                        bytes.baseAddress.map { $0 + sent },
                        request.count - sent,
                        Int32(MSG_NOSIGNAL)
                    )
                }
            }
            guard count > 0 else { throw SocketFailure(error: errno) }
            sent += count
        }
        shutdown(number, Int32(SHUT_WR))
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            guard ContinuousClock.now < deadline else { throw .timedOut }
            let count = repeatingInterrupted { read(number, &chunk, chunk.count) }
            guard count >= 0 else { throw SocketFailure(error: errno) }
            if count == 0 { return answer }
            answer += chunk[..<count]
        }
    }

    private static func setTimeouts(_ timeout: Duration, on descriptor: Descriptor) {
        let (seconds, attoseconds) = timeout.components
        var value = timeval(
            tv_sec: Int(seconds),
            tv_usec: Int(attoseconds / 1_000_000_000_000)
        )
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor.number, SOL_SOCKET, SO_RCVTIMEO, &value, size)
        setsockopt(descriptor.number, SOL_SOCKET, SO_SNDTIMEO, &value, size)
    }
}
