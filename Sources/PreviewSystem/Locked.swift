import Glibc

/// A value that one thread at a time may touch.
///
/// A pthread mutex, because the thread sanitizer reports false races on `Synchronization.Mutex`.
/// Not recursive: `withLock` inside `withLock` of the same value never returns.
package final class Locked<Value: Sendable>: @unchecked Sendable {
    // Unchecked because the compiler cannot see that `value` is only reached under `mutex`.
    private var value: Value
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>

    /// Starts unlocked with `value`.
    package init(_ value: Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        let error = pthread_mutex_init(mutex, nil)
        precondition(error == 0, "pthread_mutex_init: error \(error)")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deinitialize(count: 1)
        mutex.deallocate()
    }

    /// Runs `body` with sole use of the value; `body` must be short and must not wait.
    package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
