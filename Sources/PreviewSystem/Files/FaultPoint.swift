import Glibc

/// A place where a test build can be made to fail or die, named as in ENGINE section 3.
///
/// Release builds contain the names but neither the reader nor the faults.
package enum FaultPoint {
    /// The places.
    package enum Name: String, CaseIterable, Sendable {
        case lockTaken = "lock.taken"
        case temporaryWrite = "temp.write"
        case temporarySync = "temp.sync"
        case keepLink = "keep.link"
        case swapRename = "swap.rename"
        case folderSync = "folder.sync"
        case attemptSaved = "attempt.saved"
        case callBefore = "call.before"
        case callSent = "call.sent"
        case callAnswered = "call.answered"
        case outcomeBefore = "outcome.before"
        case verifyBefore = "verify.before"
    }

    /// Passes the place `name`, unless a fault is set for it: then fails, dies or never returns.
    package static func hit(_ name: Name) throws(FileFailure) {
        if let error = error(at: name) { throw FileFailure(.write, name.rawValue, error: error) }
    }

    /// The error number a file operation at `name` is to fail with, normally none.
    static func error(at name: Name) -> Int32? {
        #if DEBUG
            FaultInjection.error(at: name)
        #else
            nil
        #endif
    }

    /// Whether what is done at `name` is to be left out.
    static func skips(_ name: Name) -> Bool {
        #if DEBUG
            FaultInjection.skips(name)
        #else
            false
        #endif
    }

    /// Whether the write at `name` is to stop half-way and then fail.
    static func shortens(_ name: Name) -> Bool {
        #if DEBUG
            FaultInjection.shortens(name)
        #else
            false
        #endif
    }

    #if DEBUG
        /// Sets the fault for this process from the value of `PREVIEW_FAULT`,
        /// `<point>[:nth]:<kill|eio|enospc|short|hang|stop|skip>`, or takes it away again with nil.
        /// Beyond those of the engine, `stop` goes on after SIGCONT, and `skip` leaves out every time
        /// what is done at the point: with `lock.taken:skip` the lock is out of action.
        ///
        /// Returns false and changes nothing when the value is malformed.
        package static func configure(_ value: String?) -> Bool {
            FaultInjection.configure(value)
        }

        /// Runs `body` with a fault of its own, which no other task meets: for tests in one process.
        package static func withFault<Result>(
            _ value: String,
            _ body: () async throws -> Result
        ) async rethrows -> Result {
            guard let fault = FaultInjection.Fault(value) else {
                preconditionFailure("malformed fault \(value)")
            }
            return try await FaultInjection.$scoped.withValue(Locked(fault), operation: body)
        }
    #endif
}

#if DEBUG
    private enum FaultInjection {
        enum Effect: String {
            case kill, eio, enospc, short, hang, stop, skip
        }

        struct Fault: Sendable {
            var name: FaultPoint.Name
            var remaining: Int
            var effect: Effect

            init?(_ value: String) {
                let parts = value.split(separator: ":", omittingEmptySubsequences: false)
                    .map(String.init)
                guard parts.count == 2 || parts.count == 3,
                    let name = FaultPoint.Name(rawValue: parts[0]),
                    let effect = parts.last.flatMap(Effect.init(rawValue:)),
                    let nth = parts.count == 3 ? Int(parts[1]) : 1, nth > 0
                else { return nil }
                self.name = name
                remaining = nth
                self.effect = effect
            }
        }

        private static let ofProcess = Locked<Fault?>(nil)
        /// Goes before the one of the process.
        @TaskLocal static var scoped: Locked<Fault?>?

        private static var fault: Locked<Fault?> { scoped ?? ofProcess }

        static func configure(_ value: String?) -> Bool {
            let wanted = value.flatMap(Fault.init)
            guard value == nil || wanted != nil else { return false }
            ofProcess.withLock { $0 = wanted }
            return true
        }

        static func shortens(_ name: FaultPoint.Name) -> Bool {
            guard fault.withLock({ $0?.name == name && $0?.effect == .short }) else { return false }
            return effect(at: name) != nil
        }

        static func skips(_ name: FaultPoint.Name) -> Bool {
            fault.withLock { $0?.name == name && $0?.effect == .skip }
        }

        static func error(at name: FaultPoint.Name) -> Int32? {
            switch effect(at: name) {
            case nil, .skip: return nil
            case .stop:
                // To this thread: with kill(2) it might run on while another one takes the signal.
                raise(SIGSTOP)
                return nil
            case .eio, .short: return EIO
            case .enospc: return ENOSPC
            case .kill: kill(getpid(), SIGKILL)
            case .hang: break
            }
            while true {
                pause()
            }
        }

        /// Counts a hit; the effect when it is the one asked for.
        private static func effect(at name: FaultPoint.Name) -> Effect? {
            fault.withLock { fault in
                guard var current = fault, current.name == name, current.remaining > 0 else {
                    return nil
                }
                current.remaining -= 1
                fault = current
                return current.remaining == 0 ? current.effect : nil
            }
        }
    }
#endif
