package import FoundationEssentials

/// A point in wall time, for display and for life times only; order is the serial (ENGINE section 5).
package struct Timestamp: Hashable, Comparable, Sendable, Codable {
    /// Whole seconds since 1970-01-01T00:00:00Z.
    package var seconds: Int

    package init(seconds: Int) { self.seconds = seconds }

    /// The time of a date, cut to the second.
    package init(_ date: Date) { seconds = Int(date.timeIntervalSince1970.rounded(.down)) }

    /// Reads `2026-11-24T05:51:00Z`; `nil` for anything else.
    ///
    /// By hand, as the standard parser is a hundred times slower and ten thousand records have
    /// several of these each.
    package init?(_ text: String) {
        let parts = text.utf8.split(omittingEmptySubsequences: false) { !$0.isDigit }
        let separators = text.utf8.filter { !$0.isDigit }
        guard separators.elementsEqual("--T::Z".utf8), parts.map(\.count) == [4, 2, 2, 2, 2, 2, 0]
        else { return nil }
        let numbers = parts.map { $0.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } }
        let day = Self.day(year: numbers[0], month: numbers[1], day: numbers[2])
        seconds = ((day * 24 + numbers[3]) * 60 + numbers[4]) * 60 + numbers[5]
        // What does not exist, such as a 30th of February, reads as another time.
        guard self.text == text else { return nil }
    }

    /// ISO 8601 in UTC with seconds, such as `2026-11-24T05:51:00Z`; for years 0 to 9999.
    package var text: String {
        let (day, second) = seconds.quotientAndRemainder(floor: 86400)
        let date = Self.date(ofDay: day)
        var text = ""
        func add(_ number: Int, digits: Int, _ separator: String) {
            let figures = String(number)
            text += String(repeating: "0", count: max(0, digits - figures.utf8.count)) + figures
            text += separator
        }
        add(date.year, digits: 4, "-")
        add(date.month, digits: 2, "-")
        add(date.day, digits: 2, "T")
        add(second / 3600, digits: 2, ":")
        add(second / 60 % 60, digits: 2, ":")
        add(second % 60, digits: 2, "Z")
        return text
    }

    /// Days since 1970-01-01. Years are counted from March, so that leap days come last.
    private static func day(year: Int, month: Int, day: Int) -> Int {
        let (year, month) = month > 2 ? (year, month - 3) : (year - 1, month + 9)
        let (era, yearOfEra) = year.quotientAndRemainder(floor: 400)
        let dayOfYear = (153 * month + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - daysBefore1970
    }

    private static func date(ofDay day: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = (day + daysBefore1970).quotientAndRemainder(floor: 146_097)
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let year = era * 400 + yearOfEra + (month < 10 ? 0 : 1)
        return (year, month < 10 ? month + 3 : month - 9, dayOfYear - (153 * month + 2) / 5 + 1)
    }

    /// From 0000-03-01 to 1970-01-01.
    private static let daysBefore1970 = 719_468

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

extension Int {
    /// Division that rounds down, so that the remainder is never negative.
    fileprivate func quotientAndRemainder(floor divisor: Int) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
