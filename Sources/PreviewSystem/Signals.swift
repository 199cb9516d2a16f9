import CPreviewSystem
import Glibc

/// The signals that ask this process to end, as ENGINE section 4 wants them met.
package enum Signals {
    /// A request to end.
    package enum Request: Int32, CaseIterable, Sendable {
        case hangUp = 1
        case interrupt = 2
        case terminate = 15

        /// What a process ended by this request exits with.
        package var exitCode: Int32 { 128 + rawValue }
    }

    /// From now on the first HUP, INT or TERM comes out of the stream, which then finishes, and the
    /// process goes on; the second kills the groups of all commands that run and ends the process
    /// at once, exit code 128 plus its number. A HUP or INT that was ignored stays so; PIPE is
    /// ignored, so that a write to a closed pipe returns its error.
    ///
    /// To be called once, at the start.
    package static func install() throws(FileFailure) -> AsyncStream<Request> {
        let pipe = try Descriptor.makePipe()
        guard cps_signals_install(pipe.writer.number) == 0 else {
            throw FileFailure(.create, "a signal handler", error: errno)
        }
        let (stream, continuation) = AsyncStream.makeStream(of: Request.self)
        BlockingThread.start {
            var number: UInt8 = 0
            let count = repeatingInterrupted { read(pipe.reader.number, &number, 1) }
            if count == 1, let request = Request(rawValue: Int32(number)) {
                continuation.yield(request)
            }
            continuation.finish()
            // The handler keeps the number of the writing end for as long as the process runs.
            _ = Unmanaged.passRetained(pipe.writer)
        }
        return stream
    }
}
