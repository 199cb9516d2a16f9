import Glibc

/// A thread of its own for calls that block, so that they never hold one of the few threads that
/// `async` code shares.
package enum BlockingThread {
    /// Starts `body` on a new thread and returns at once; nobody waits for the thread's end.
    package static func start(_ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(ThreadBody(run: body)).toOpaque()
        let error = pthread_create(&thread, &attributes, runThreadBody, context)
        precondition(error == 0, "pthread_create: error \(error)")
    }

    /// Runs `body` on a new thread and waits for its value without blocking the caller's thread.
    ///
    /// Cancelling the waiting task does not end `body`.
    package static func run<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value
    ) async -> Value {
        await withCheckedContinuation { continuation in
            start { continuation.resume(returning: body()) }
        }
    }

    /// Lets time pass, also when the task is cancelled: for ends that, once begun, go on.
    package static func pause(_ duration: Duration) async {
        let (seconds, attoseconds) = duration.components
        let microseconds = seconds * 1_000_000 + attoseconds / 1_000_000_000_000
        await run { _ = usleep(UInt32(clamping: microseconds)) }
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

private func runThreadBody(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    // The signals a run handles go to other threads; here they would only interrupt a read, and a
    // write to a closed pipe is to return its error.
    var handled = sigset_t()
    sigemptyset(&handled)
    for signal in [SIGHUP, SIGINT, SIGTERM, SIGPIPE] {
        sigaddset(&handled, signal)
    }
    pthread_sigmask(SIG_BLOCK, &handled, nil)
    Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
