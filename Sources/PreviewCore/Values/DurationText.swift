/// Durations as people write them in the file: `90s`, `5m`, `1h`, `7d` (U9).
package enum DurationText {
    private static let units: [(letter: Character, seconds: Int)] = [
        ("d", 86400), ("h", 3600), ("m", 60), ("s", 1),
    ]

    /// The same rule as a regular expression, without anchors.
    static let pattern = "[0-9]{1,6}[smhd]"

    /// The length in seconds; `nil` for anything but up to six digits and one of `s m h d`. A bare
    /// or negative number is none.
    package static func seconds(_ text: String) -> Int? {
        guard let unit = units.first(where: { $0.letter == text.last }) else { return nil }
        let digits = text.utf8.dropLast()
        guard (1...6).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return Int(text.dropLast()).map { $0 * unit.seconds }
    }

    /// A length in the largest unit that leaves a whole number: 3600 is `1h`, 90 is `90s`.
    package static func text(seconds: Int) -> String {
        guard seconds > 0, let unit = units.first(where: { seconds % $0.seconds == 0 }) else {
            return "0s"
        }
        return "\(seconds / unit.seconds)\(unit.letter)"
    }

    /// What may have been meant by something that is no duration: `90` by seconds, `5 min`, `1h30m`,
    /// `1.5h`, `-5m`; `nil` when it says no length at all.
    static func nearest(to text: String) -> String? {
        var (rest, total) = (Substring(text.lowercased()), 0.0)
        rest.removeAll { $0 == "-" || $0 == " " || $0 == "_" }
        guard !rest.isEmpty, rest.utf8.count <= 20 else { return nil }
        if seconds("\(rest)s") ?? 0 > 0 { return "\(rest)s" }
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            let word = rest.dropFirst(number.count).prefix { $0.isASCII && $0.isLetter }
            guard let amount = Double(String(number)), let unit = seconds(inUnit: word) else {
                return nil
            }
            total += amount * unit
            rest = rest.dropFirst(number.count + word.count)
            if word.isEmpty, !rest.isEmpty { return nil }
        }
        let seconds = total.rounded(.up)
        guard seconds >= 1, seconds < 86400 * 1_000_000 else { return nil }
        let nearest = Self.text(seconds: Int(seconds))
        return Self.seconds(nearest) == nil ? nil : nearest
    }

    private static func seconds(inUnit word: Substring) -> Double? {
        switch word {
        case "", "s", "sec", "secs", "second", "seconds": 1
        case "ms", "msec", "millisecond", "milliseconds": 0.001
        case "m", "min", "mins", "minute", "minutes": 60
        case "h", "hr", "hrs", "hour", "hours": 3600
        case "d", "day", "days": 86400
        case "w", "week", "weeks": 7 * 86400
        default: nil
        }
    }
}
