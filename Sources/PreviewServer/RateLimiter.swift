import NIOConcurrencyHelpers

/// How often something may happen per key: a bucket each, refilled steadily.
final class RateLimiter: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: ContinuousClock.Instant
    }

    private let perSecond: Double
    private let burst: Double
    private let buckets = NIOLockedValueBox<[String: Bucket]>([:])

    /// Keys come from outside; beyond so many the full buckets, which mean nothing, are forgotten.
    private static let mostKeys = 10_000

    init(perSecond: Double, burst: Double) {
        self.perSecond = perSecond
        self.burst = burst
    }

    /// Takes one; gives the seconds to wait when there is none, rounded up.
    func take(_ key: String, at now: ContinuousClock.Instant = .now) -> Int? {
        buckets.withLockedValue { buckets in
            if buckets.count >= Self.mostKeys {
                buckets = buckets.filter { level(of: $0.value, at: now) < burst }
            }
            var bucket = buckets[key] ?? Bucket(tokens: burst, at: now)
            bucket = Bucket(tokens: level(of: bucket, at: now), at: now)
            defer { buckets[key] = bucket }
            guard bucket.tokens >= 1 else {
                return max(1, Int(((1 - bucket.tokens) / perSecond).rounded(.up)))
            }
            bucket.tokens -= 1
            return nil
        }
    }

    private func level(of bucket: Bucket, at now: ContinuousClock.Instant) -> Double {
        let (seconds, attoseconds) = (now - bucket.at).components
        let elapsed = Double(seconds) + Double(attoseconds) / 1e18
        return min(burst, bucket.tokens + elapsed * perSecond)
    }
}
