import CPreviewSystem
import Glibc

/// What differs from run to run: the wall clock and random bytes.
///
/// Waits and durations never use the wall clock; they use `ContinuousClock` (ENGINE section 5).
package enum Moment {
    /// Milliseconds since 1970-01-01T00:00:00Z by this machine's clock, which may jump.
    package static var unixMilliseconds: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
    }

    /// Random bytes fit for keys, from the kernel (getrandom(2)).
    package static func randomBytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // With flags 0 and a valid buffer the call has no way to fail once the kernel has booted.
        precondition(cps_random(&bytes, count) == 0, "getrandom: error \(errno)")
        return bytes
    }
}
