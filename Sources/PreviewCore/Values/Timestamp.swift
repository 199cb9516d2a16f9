package import FoundationEssentials

/// A point in wall time, for display and for life times only; order is the serial (ENGINE section 5).
package struct Timestamp: Hashable, Comparable, Sendable, Codable {
    /// Whole seconds since 1970-01-01T00:00:00Z.
    package var seconds: Int

    package init(seconds: Int) { self.seconds = seconds }

    /// The time of a date, cut to the second.
    package init(_ date: Date) { seconds = Int(date.timeIntervalSince1970.rounded(.down)) }

    /// Reads `2026-11-24T05:51:00Z`; `nil` for anything else.
    package init?(_ text: String) {
        guard let date = try? Date(text, strategy: .iso8601) else {
            // Any other text is no time stamp, whatever the parser would say about it.
            return nil
        }
        self.init(date)
    }

    /// ISO 8601 in UTC with seconds, such as `2026-11-24T05:51:00Z`.
    package var text: String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.seconds < right.seconds
    }

    /// This time moved by seconds.
    package static func + (time: Timestamp, seconds: Int) -> Timestamp {
        Timestamp(seconds: time.seconds + seconds)
    }

    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let time = Timestamp(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "no time stamp: \(text)"))
        }
        self = time
    }

    package func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(text)
    }
}
