/// An amount of US dollars, kept in whole millionths so that sums are exact and equal everywhere.
package struct Dollars: Hashable, Comparable, Sendable {
    /// The amount in millionths of a dollar.
    package var millionths: Int

    /// An amount in millionths of a dollar.
    package init(millionths: Int) { self.millionths = millionths }

    /// An amount in cents.
    package init(cents: Int) { millionths = cents * 10_000 }

    /// An amount as a table of prices writes it, rounded to millionths; it must be finite.
    init(_ amount: Double) { millionths = Int((amount * 1_000_000).rounded()) }

    /// Nothing.
    package static let zero = Dollars(millionths: 0)

    /// Less is less.
    package static func < (left: Dollars, right: Dollars) -> Bool {
        left.millionths < right.millionths
    }

    /// The sum.
    package static func + (left: Dollars, right: Dollars) -> Dollars {
        Dollars(millionths: left.millionths + right.millionths)
    }

    /// The difference, which may be below zero.
    package static func - (left: Dollars, right: Dollars) -> Dollars {
        Dollars(millionths: left.millionths - right.millionths)
    }

    static func * (amount: Dollars, factor: Double) -> Dollars {
        Dollars(millionths: Int((Double(amount.millionths) * factor).rounded()))
    }

    /// Such as `$5.49`, or `$0.008` for an hour; `decimals` is 1 to 6, and halves are rounded away
    /// from zero.
    package func text(decimals: Int = 2) -> String {
        let digits = digits(decimals)
        return digits.sign + "$" + digits.number
    }

    /// The amount as a number with at most three decimals, as all numbers of the documents have.
    package var json: JSONValue {
        var (sign, number) = digits(3)
        while number.last == "0" { number.removeLast() }
        if number.last == "." { number.removeLast() }
        return .number(sign + number)
    }

    private func digits(_ decimals: Int) -> (sign: String, number: String) {
        let unit = (decimals..<6).reduce(1) { unit, _ in unit * 10 }
        let count = (abs(millionths) + unit / 2) / unit
        let one = 1_000_000 / unit
        return (
            millionths < 0 && count > 0 ? "-" : "",
            "\(count / one).\(String(one + count % one).dropFirst())"
        )
    }
}
