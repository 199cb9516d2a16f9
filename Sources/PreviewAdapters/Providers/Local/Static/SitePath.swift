/// The path of a request, decoded and known to be harmless.
struct SitePath: Hashable {
    /// The parts, without empty ones; none is hidden, `.` or `..`.
    var parts: [String]
    /// Whether it asks for a folder.
    var endsWithSlash: Bool

    /// Relative to the root of the site, without slashes at its ends.
    var relative: String { parts.joined(separator: "/") }

    /// Reads the target of a request, in origin or absolute form (RFC 9112 section 3.2); `nil` for
    /// what may not be served: a way out of the root, hidden files, a NUL, malformed escapes.
    init?(target: String) {
        guard let decoded = Self.percentDecoded(Self.path(of: target)),
            decoded.first == UInt8(ascii: "/"), !decoded.contains(0)
        else { return nil }
        let parts = decoded.split(separator: UInt8(ascii: "/")).map {
            String(decoding: $0, as: UTF8.self)
        }
        // `.well-known` is made to be fetched (RFC 8615); everything else with a dot is private.
        guard parts.allSatisfy({ !$0.hasPrefix(".") || $0 == ".well-known" }) else { return nil }
        self.parts = parts
        endsWithSlash = decoded.last == UInt8(ascii: "/")
    }

    /// Where a folder is redirected to: this path with a slash at its end, never beginning with
    /// two, which would name another host.
    var asFolder: String {
        parts.map { "/" + Self.percentEncoded($0) }.joined() + "/"
    }

    private static func path(of target: String) -> Substring {
        var rest = target[...]
        for scheme in ["http://", "https://"] where rest.lowercased().hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            guard let slash = rest.firstIndex(of: "/") else { return "/" }
            rest = rest[slash...]
        }
        return rest.prefix { $0 != "?" && $0 != "#" }
    }

    private static func percentDecoded(_ text: Substring) -> [UInt8]? {
        var decoded: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                decoded.append(byte)
                continue
            }
            guard rest.count >= 2, let high = hexValue(rest.removeFirst()),
                let low = hexValue(rest.removeFirst())
            else { return nil }
            decoded.append(high << 4 | low)
        }
        return decoded
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func percentEncoded(_ text: String) -> String {
        let plain = Set(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@".utf8
        )
        return text.utf8.map { byte in
            if plain.contains(byte) { return String(UnicodeScalar(byte)) }
            let digits = String(byte, radix: 16, uppercase: true)
            return "%" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
    }
}
