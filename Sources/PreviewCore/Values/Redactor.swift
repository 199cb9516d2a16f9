/// Replaces known secret values by `***` in whatever came from outside, before it is stored or
/// shown (ENGINE section 7).
///
/// A value is found as it is and in the spellings in which programs pass values on: JSON-escaped,
/// percent-encoded, base64 at any alignment, hexadecimal.
package struct Redactor: Sendable {
    /// What stands in the place of a value.
    package static let mask = "***"
    /// Shorter values are left alone: they would blacken ordinary text.
    package static let shortestValue = 6

    /// All spellings by their first byte, longest first; empty when there are none at all.
    private let patterns: [[[UInt8]]]

    /// Knows the values that are long enough; the order does not matter.
    package init(_ values: some Sequence<String>) {
        let spellings = Set(
            values.filter { $0.utf8.count >= Self.shortestValue }.flatMap(Self.spellings)
        )
        var patterns = [[[UInt8]]](repeating: [], count: spellings.isEmpty ? 0 : 256)
        for spelling in spellings.sorted(by: { $0.count > $1.count }) {
            patterns[Int(spelling[0])].append(spelling)
        }
        self.patterns = patterns
    }

    /// The text without the values.
    package func redact(_ text: String) -> String {
        guard !patterns.isEmpty else { return text }
        var stream = makeStream()
        let bytes = stream.add(Array(text.utf8)) + stream.finish()
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A redactor for bytes that come in pieces: a value that is cut in two is found as well.
    package func makeStream() -> Stream { Stream(redactor: self) }

    /// Redacts bytes as they come, holding back what may be the beginning of a value.
    package struct Stream: Sendable {
        fileprivate let redactor: Redactor
        private var held: [UInt8] = []

        fileprivate init(redactor: Redactor) { self.redactor = redactor }

        /// The bytes that can be said now.
        package mutating func add(_ bytes: [UInt8]) -> [UInt8] {
            guard !redactor.patterns.isEmpty else { return bytes }
            let (done, rest) = redactor.scan(held + bytes, isComplete: false)
            held = rest
            return done
        }

        /// What was held back, at the end of the bytes.
        package mutating func finish() -> [UInt8] {
            let (done, _) = redactor.scan(held, isComplete: true)
            held = []
            return done
        }
    }

    private enum Match {
        case none
        case length(Int)
        /// The bytes end before it is decided.
        case open
    }

    private func scan(_ bytes: [UInt8], isComplete: Bool) -> (done: [UInt8], rest: [UInt8]) {
        var done: [UInt8] = []
        done.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let candidates = patterns[Int(bytes[index])]
            guard !candidates.isEmpty else {
                done.append(bytes[index])
                index += 1
                continue
            }
            switch match(candidates, in: bytes[index...], isComplete: isComplete) {
            case .none:
                done.append(bytes[index])
                index += 1
            case .length(let length):
                done += Self.mask.utf8
                index += length
            case .open: return (done, Array(bytes[index...]))
            }
        }
        return (done, [])
    }

    /// The longest candidate wins, so a longer one that may still follow is waited for.
    private func match(
        _ candidates: [[UInt8]],
        in bytes: ArraySlice<UInt8>,
        isComplete: Bool
    ) -> Match {
        for candidate in candidates {
            if bytes.starts(with: candidate) { return .length(candidate.count) }
            if !isComplete, candidate.count > bytes.count, candidate.starts(with: bytes) {
                return .open
            }
        }
        return .none
    }
}

extension Redactor {
    private static func spellings(of value: String) -> [[UInt8]] {
        let bytes = Array(value.utf8)
        let escaped = JSONWriter.line(.string(value)).dropFirst().dropLast()
        let lower = Digest.hexadecimal(bytes)
        return [
            bytes, Array(escaped), slashEscaped(escaped), Array(lower.utf8),
            Array(lower.uppercased().utf8),
            percentEncoded(bytes), percentEncoded(bytes, upper: false),
            percentEncoded(bytes, space: "+"), percentEncoded(bytes, sparing: "-._~!'()*"),
            percentEncoded(bytes, sparing: "-._~/"),
            percentEncoded(bytes, sparing: "-._~!'()*;,/?:@&=+$#"),
        ] + (0..<3).flatMap { base64(bytes, behind: $0) }
    }

    /// Some JSON writers escape `/` as well.
    private static func slashEscaped(_ text: ArraySlice<UInt8>) -> [UInt8] {
        text.flatMap { $0 == UInt8(ascii: "/") ? Array(#"\/"#.utf8) : [$0] }
    }

    /// By default as RFC 3986 section 2.3 has it; forms write `+` for a space, Python's `quote`
    /// spares `/`, and JavaScript's `encodeURIComponent` and `encodeURI` spare more characters.
    private static func percentEncoded(
        _ bytes: [UInt8],
        space: String = "%20",
        sparing spared: String = "-._~",
        upper: Bool = true
    ) -> [UInt8] {
        let plain = Set(spared.utf8)
        return bytes.flatMap { byte -> [UInt8] in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                return [byte]
            case UInt8(ascii: " "): return Array(space.utf8)
            default:
                if plain.contains(byte) { return [byte] }
                let digits = Digest.hexadecimal([byte])
                return Array("%\(upper ? digits.uppercased() : digits)".utf8)
            }
        }
    }

    /// The characters that depend on the value alone when `offset` other bytes precede it in its
    /// group of three, in both alphabets of RFC 4648.
    private static func base64(_ bytes: [UInt8], behind offset: Int) -> [[UInt8]] {
        let standard = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
        )
        let padded = [UInt8](repeating: 0, count: offset) + bytes
        let first = (offset * 8 + 5) / 6
        let characters = (first..<padded.count * 8 / 6).map { index -> UInt8 in
            let bit = index * 6
            let high = UInt16(padded[bit / 8]) << 8
            let low = bit / 8 + 1 < padded.count ? UInt16(padded[bit / 8 + 1]) : 0
            return standard[Int((high | low) >> (10 - bit % 8) & 63)]
        }
        let forURLs = characters.map { byte in
            byte == UInt8(ascii: "+")
                ? UInt8(ascii: "-") : byte == UInt8(ascii: "/") ? UInt8(ascii: "_") : byte
        }
        return [characters, forURLs]
    }
}
