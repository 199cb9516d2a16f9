import CPreviewSystem
import Glibc

/// The children of this process, for one that stays and looks after others.
package enum Children {
    /// A child that has ended.
    package struct Ended: Hashable, Sendable {
        /// Its number, free to be used again.
        package var pid: Int32
        /// How it ended.
        package var ending: ProcessEnding
    }

    /// Held while a child is started and looked up, and while one is waited for, so that a child
    /// that ends at once is still there when it is looked up. The value means nothing; `Void` would
    /// take no room, and the thread sanitizer then sees a race on what lies behind it.
    private static let gate = Locked(false)

    /// Makes this process the parent of all orphans among its descendants (prctl(2),
    /// PR_SET_CHILD_SUBREAPER), so that none escapes it by starting another and ending.
    package static func adoptOrphans() {
        let result = cps_become_subreaper()
        precondition(result == 0, "PR_SET_CHILD_SUBREAPER: error \(errno)")
    }

    /// Waits for every child, own or adopted, as it ends, so that no zombie stays; never finishes.
    ///
    /// Called once, and only in a process that runs no command with `Command.run` or
    /// `Command.streamLines`: those wait for their children themselves.
    package static func endings() -> AsyncStream<Ended> {
        let (stream, continuation) = AsyncStream.makeStream(of: Ended.self)
        BlockingThread.start {
            while true {
                if let ended = waitForOne() {
                    continuation.yield(ended)
                } else {
                    // No child at all: there is nothing to block on.
                    usleep(50_000)
                }
            }
        }
        return stream
    }

    static func identifying<Value, Failure: Error>(
        _ start: () throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try gate.withLock { (_: inout Bool) throws(Failure) in try start() }
    }

    private static func waitForOne() -> Ended? {
        var information = siginfo_t()
        let found = repeatingInterrupted {
            waitid(P_ALL, 0, &information, WEXITED | WNOWAIT)
        }
        guard found == 0 else { return nil }
        return gate.withLock { _ in
            var status: Int32 = 0
            let pid = repeatingInterrupted { waitpid(-1, &status, WNOHANG) }
            guard pid > 0 else { return nil }
            // The low seven bits hold the signal, the next byte the exit code (wait(2)).
            let signal = status & 0x7f
            let ending: ProcessEnding =
                signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
            return Ended(pid: pid, ending: ending)
        }
    }
}
