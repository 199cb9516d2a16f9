/// Makes the platform's ids, the same ones for the same seed.
struct IDGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64
    private var count: UInt64 = 0

    init(seed: UInt64) {
        state = seed
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Lower-case hexadecimal digits.
    mutating func hexadecimal(_ length: Int) -> String {
        text(length, of: "0123456789abcdef")
    }

    /// Lower-case letters and digits.
    mutating func token(_ length: Int) -> String {
        text(length, of: "0123456789abcdefghjkmnpqrstvwxyz")
    }

    /// 26 characters that sort by time, those of one millisecond in the order they were made.
    mutating func ulid(at time: Instant) -> String {
        let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
        count += 1
        func digits(_ value: UInt64, _ length: Int) -> String {
            String((0..<length).reversed().map { alphabet[Int(value >> UInt64(5 * $0) & 31)] })
        }
        return digits(UInt64(time.unixMilliseconds), 10) + digits(count, 6) + digits(next(), 10)
    }

    private mutating func text(_ length: Int, of alphabet: String) -> String {
        let letters = Array(alphabet)
        return String((0..<length).map { _ in letters[Int(next() % UInt64(letters.count))] })
    }
}
