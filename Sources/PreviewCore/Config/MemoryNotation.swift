/// Amounts of memory as people write them in the file: `1024` (MB), `512mb`, `1gb` (U9).
enum MemoryNotation {
    /// The same rule as a regular expression, without anchors.
    static let pattern = "[1-9][0-9]{0,6}(?:mb|gb)?"

    /// The amount in MB; `nil` for anything but up to seven digits, not beginning with 0, and a
    /// unit.
    static func megabytes(_ text: String) -> Int? {
        let isGigabytes = text.hasSuffix("gb")
        let digits = isGigabytes || text.hasSuffix("mb") ? text.dropLast(2) : Substring(text)
        guard (1...7).contains(digits.utf8.count), digits.first != "0",
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return Int(digits).map { isGigabytes ? $0 * 1024 : $0 }
    }

    /// What may have been meant by something that is no amount: `512MB`, `1.5gb`, `2 GiB`, `1g`.
    static func nearest(to text: String) -> String? {
        let compact = text.lowercased().filter { $0 != " " && $0 != "_" }
        let number = compact.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard compact.utf8.count <= 20, let amount = Double(String(number)), amount > 0 else {
            return nil
        }
        let megabytes: Double
        switch compact.dropFirst(number.count) {
        case "", "m", "mb", "mib": megabytes = amount
        case "g", "gb", "gib": megabytes = amount * 1024
        default: return nil
        }
        guard (1...9_999_999).contains(megabytes) else { return nil }
        let whole = Int(megabytes.rounded(.up))
        return whole % 1024 == 0 ? "\(whole / 1024)gb" : "\(whole)mb"
    }

    /// The possible spellings of an amount in MB.
    static func spellings(megabytes: Int) -> [String] {
        let plain = ["\(megabytes)", "\(megabytes)mb"]
        return megabytes % 1024 == 0 ? plain + ["\(megabytes / 1024)gb"] : plain
    }
}
