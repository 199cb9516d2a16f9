import CPreviewSystem
import Glibc

/// An open file descriptor, closed with its last reference.
///
/// Everything that keeps one open beyond a function keeps it in here, so that no path leaks one.
/// All are opened close-on-exec.
package final class Descriptor: Sendable {
    /// The number, valid as long as this object lives.
    package let number: Int32

    /// Takes over `number`, an open descriptor nobody else closes.
    package init(owning number: Int32) {
        self.number = number
    }

    deinit {
        close(number)
    }

    /// Both ends of a new pipe.
    package static func makePipe() throws(FileFailure) -> (reader: Descriptor, writer: Descriptor) {
        var ends: [Int32] = [-1, -1]
        guard cps_pipe(&ends) == 0 else {
            throw FileFailure(.create, "a pipe", error: errno)
        }
        return (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
    }
}

/// Repeats a system call that a signal has interrupted.
func repeatingInterrupted<Result: BinaryInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

/// Writes all of `bytes` to `descriptor`, or returns the error number of the call that failed. One
/// that somebody has made non-blocking is waited for.
func writeAll(_ bytes: some Collection<UInt8>, to descriptor: Int32) -> Int32? {
    let written: Int32?? = bytes.withContiguousStorageIfAvailable { buffer in
        var rest = UnsafeRawBufferPointer(buffer)
        while let start = rest.baseAddress, rest.count > 0 {
            let count = repeatingInterrupted { write(descriptor, start, rest.count) }
            if count < 0 {
                guard errno == EAGAIN else { return errno }
                waitUntilWritable(descriptor)
                continue
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return nil
    }
    if let written { return written }
    return writeAll(Array(bytes), to: descriptor)
}

private func waitUntilWritable(_ descriptor: Int32) {
    var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    _ = repeatingInterrupted { poll(&request, 1, -1) }
}

/// How a wait for a descriptor came out.
enum Readiness: Sendable {
    /// There is something to read, or it has ended or failed.
    case readable
    case timeOver
    case cancelled
}

/// Waits on a thread of its own until `descriptor` can be read, the deadline is over (nil: none) or
/// the task is cancelled. The caller keeps the descriptor open.
func waitUntilReadable(
    _ descriptor: Int32,
    until deadline: ContinuousClock.Instant? = nil
) async -> Readiness {
    // With no descriptor to spare only a cancellation goes unnoticed.
    let bell = try? Descriptor.makePipe()
    return await withTaskCancellationHandler {
        await BlockingThread.run {
            var requests = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: bell?.reader.number ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            let count = repeatingInterrupted {
                poll(&requests, nfds_t(requests.count), pollTimeout(until: deadline))
            }
            if requests[1].revents != 0 { return .cancelled }
            return count == 0 ? .timeOver : .readable
        }
    } onCancel: {
        if let bell { _ = writeAll([0], to: bell.writer.number) }
    }
}

/// Milliseconds as poll(2) takes them, rounded up; -1 for no deadline.
func pollTimeout(until deadline: ContinuousClock.Instant?) -> Int32 {
    guard let deadline else { return -1 }
    let left = deadline - ContinuousClock.now
    return left <= .zero ? 0 : Int32(clamping: Int((left / .milliseconds(1)).rounded(.up)))
}
