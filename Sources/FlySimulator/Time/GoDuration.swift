import PreviewCore

/// Durations as Go writes them, `1m30s`, which is how the API reads and echoes them (reference,
/// section 6).
enum GoDuration {
    private static let units: [(name: String, nanoseconds: Double)] = [
        ("ns", 1), ("us", 1e3), ("µs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9),
    ]

    /// The duration a text such as `1m30s` or `-1.5h` names; nil for anything else.
    static func parse(_ text: String) -> Duration? {
        var rest = text[...]
        let isNegative = rest.first == "-"
        if isNegative || rest.first == "+" { rest.removeFirst() }
        if rest == "0" { return .zero }
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0 == "." || ($0.isASCII && $0.isNumber) }
            rest = rest.dropFirst(number.count)
            let word = rest.prefix { $0 != "." && !($0.isASCII && $0.isNumber) }
            rest = rest.dropFirst(word.count)
            guard let amount = Double(String(number)),
                let unit = units.first(where: { $0.name == word })
            else { return nil }
            total += amount * unit.nanoseconds
        }
        guard total < Double(Int64.max) else { return nil }
        return .nanoseconds(Int64(isNegative ? -total : total))
    }

    /// The duration in a JSON value: a text, or a number in `unit`.
    static func read(_ value: JSONValue, numbersIn unit: Duration) -> Duration? {
        if let text = value.string { return parse(text) }
        return value.int.map { unit * $0 }
    }

    /// The text Go prints: the largest units first, zero units in the middle included.
    static func text(_ duration: Duration) -> String {
        let total = duration.nanoseconds
        if total < 0 { return "-" + text(.nanoseconds(-total)) }
        if total == 0 { return "0s" }
        if total < 1_000 { return "\(total)ns" }
        if total < 1_000_000 { return decimal(total, per: 1_000) + "µs" }
        if total < 1_000_000_000 { return decimal(total, per: 1_000_000) + "ms" }
        let (minutes, rest) = (total / 60_000_000_000, total % 60_000_000_000)
        let seconds = decimal(rest, per: 1_000_000_000) + "s"
        if minutes == 0 { return seconds }
        if minutes < 60 { return "\(minutes)m\(seconds)" }
        return "\(minutes / 60)h\(minutes % 60)m\(seconds)"
    }

    /// A quotient without trailing zeros.
    private static func decimal(_ value: Int64, per unit: Int64) -> String {
        let (whole, rest) = (value / unit, value % unit)
        guard rest > 0 else { return String(whole) }
        var digits = String(unit + rest).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(whole).\(digits)"
    }
}
