import PreviewCore

/// A point in the simulator's time, in nanoseconds since 1970-01-01T00:00:00Z.
package struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since 1970, the unit of the log cursor.
    package var nanoseconds: Int64

    /// A point in time.
    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// A point in time written as `2026-11-24T05:51:00Z`; nil for anything else.
    package init?(_ text: String) {
        guard let time = Timestamp(text) else { return nil }
        nanoseconds = Int64(time.seconds) * 1_000_000_000
    }

    /// Whole seconds since 1970, as in `expires_at` of a lease.
    package var unixSeconds: Int { Int(nanoseconds / 1_000_000_000) }

    /// Milliseconds since 1970, as in events.
    package var unixMilliseconds: Int { Int(nanoseconds / 1_000_000) }

    /// RFC 3339 in UTC with whole seconds.
    package var text: String { Timestamp(seconds: unixSeconds).text }

    /// RFC 3339 in UTC with nanoseconds, as log entries carry it.
    package var preciseText: String {
        let rest = String(nanoseconds % 1_000_000_000)
        let digits = String(repeating: "0", count: 9 - rest.count) + rest
        return "\(text.dropLast()).\(digits)Z"
    }

    /// The form of the `Date` header (RFC 9110, section 5.6.7).
    var httpText: String {
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        // 1970 began on a Thursday.
        let day = days[unixSeconds / 86_400 % 7]
        let parts = text.split { ["-", "T", "Z"].contains($0) }
        let month = months[(Int(parts[1]) ?? 1) - 1]
        return "\(day), \(parts[2]) \(month) \(parts[0]) \(parts[3]) GMT"
    }

    /// Whether one time is before the other.
    package static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    /// This time moved by a duration.
    package static func + (time: Instant, duration: Duration) -> Instant {
        Instant(nanoseconds: time.nanoseconds + duration.nanoseconds)
    }

    /// The time that passed from `right` to `left`.
    package static func - (left: Instant, right: Instant) -> Duration {
        .nanoseconds(left.nanoseconds - right.nanoseconds)
    }
}

extension Duration {
    /// Whole nanoseconds; three centuries fit.
    var nanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }

    /// Seconds with a fraction.
    var seconds: Double { Double(nanoseconds) / 1_000_000_000 }
}
