/// How far this machine's clock and another one are apart.
package struct ClockDifference: Hashable, Sendable {
    /// Whose clock the other one is, such as `fly` or a store's place.
    package var other: String
    /// How much later this machine's clock is, in seconds; negative where it is behind.
    package var ahead: Int

    /// Up to here clocks count as equal: an answer's `Date` is cut to the second and was on its way.
    private static let unseen = 5
    /// From here on times of life are judged by the other clock (ENGINE section 5), and leases and
    /// signed requests are not far from being refused (S3 allows 15 minutes).
    private static let tolerance = 300

    /// Compares two readings of about the same moment.
    package init(own: Timestamp, other: Timestamp, of name: String) {
        self.other = name
        ahead = own.seconds - other.seconds
    }

    /// What is to be said of it.
    package var finding: Finding {
        let distance = abs(ahead)
        guard distance > Self.unseen else { return .ok("the same as that of \(other)") }
        let words =
            "this machine's clock is \(DurationText.elapsed(Double(distance))) "
            + "\(ahead > 0 ? "ahead of" : "behind") that of \(other)"
        let fix = "let the clock be set from the network: `timedatectl set-ntp true`"
        guard distance > Self.tolerance else {
            return .warning(words, code: .clocksDiffer, fix: fix)
        }
        return .failed(Failure(.clocksDiffer, words, fix: fix))
    }
}
