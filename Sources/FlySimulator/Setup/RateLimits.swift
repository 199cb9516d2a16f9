/// How often a call may be made: per action and identifier, a bucket of tokens that fills up again
/// (reference, section 1.7).
package struct RateLimits: Hashable, Sendable {
    /// A bucket's size and how fast it fills.
    package struct Limit: Hashable, Sendable {
        /// How many calls may come at once.
        package var burst: Double
        /// How many more each second.
        package var perSecond: Double

        /// A limit; see the properties.
        package init(burst: Double, perSecond: Double) {
            self.burst = burst
            self.perSecond = perSecond
        }
    }

    /// Every action but the two below.
    package var general: Limit?
    /// Getting a machine.
    package var getMachine: Limit?
    /// Deleting an app.
    package var deleteApp: Limit?

    /// The published figures: 1 a second with a burst of 3; 5 and 10 for getting a machine; 100 a
    /// minute for deleting apps.
    package static let documented = RateLimits(
        general: Limit(burst: 3, perSecond: 1),
        getMachine: Limit(burst: 10, perSecond: 5),
        deleteApp: Limit(burst: 100, perSecond: 100.0 / 60))

    /// No limit at all.
    package static let none = RateLimits(general: nil, getMachine: nil, deleteApp: nil)

    func limit(for action: Action) -> Limit? {
        switch action {
        case .getMachine: getMachine
        case .deleteApp: deleteApp
        case .listRegions, .graphQL, .readLogs: nil
        default: general
        }
    }
}

/// The tokens of one action and identifier.
struct TokenBucket: Sendable {
    private var tokens: Double
    private var filledAt: Instant

    init(_ limit: RateLimits.Limit, at now: Instant) {
        tokens = limit.burst
        filledAt = now
    }

    /// Takes a token, if there is one.
    mutating func take(_ limit: RateLimits.Limit, at now: Instant) -> Bool {
        tokens = min(limit.burst, tokens + (now - filledAt).seconds * limit.perSecond)
        filledAt = now
        guard tokens >= 1 else { return false }
        tokens -= 1
        return true
    }
}
