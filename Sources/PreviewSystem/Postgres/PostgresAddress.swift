import CPostgres

/// Where a database is, as a URL that libpq understands, with the rest from `PGUSER`, `PGPASSFILE`
/// and the other variables and files that libpq reads by itself.
package struct PostgresAddress: Sendable {
    /// With the password, if it has one: never shown.
    let url: String
    private let secrets: [String]
    /// Server and database for people, as far as the URL names them.
    package private(set) var place = ""

    /// Reads a URL such as `postgres://ann@db.example.com/previews?sslmode=verify-full`.
    package init(_ url: String) throws(PostgresFailure) {
        guard url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") else {
            throw PostgresFailure(.address, "the address does not begin with postgres://")
        }
        if let trouble = PostgresLibrary.trouble { throw PostgresFailure(.library, trouble) }
        self.url = url
        secrets = Self.secrets(in: url)
        let options = try parsed()
        let host = options["host"] ?? options["hostaddr"] ?? "the standard server"
        place = redact(options["dbname"].map { "\(host)/\($0)" } ?? host)
        for port in (options["port"] ?? "").split(separator: ",") {
            guard let number = Int(port), (1...65535).contains(number) else {
                throw PostgresFailure(.address, "the port is no number from 1 to 65535")
            }
        }
        if let mode = options["sslmode"], !Self.modes.contains(mode) {
            throw PostgresFailure(
                .address, "sslmode is one of \(Self.modes.joined(separator: ", "))")
        }
    }

    /// Of `sslmode`; libpq looks at it only when it connects.
    private static let modes = [
        "disable", "allow", "prefer", "require", "verify-ca", "verify-full",
    ]

    private func parsed() throws(PostgresFailure) -> [String: String] {
        var error: UnsafeMutablePointer<CChar>?
        guard let options = libpq.parse(url, &error) else {
            defer { if let error { libpq.free_memory(error) } }
            // What follows the first quotation mark may be the whole address.
            let words = error.map { String(cString: $0) } ?? "it cannot be read"
            let reason = words.prefix { $0 != "\"" && !$0.isNewline }
            throw PostgresFailure(.address, redact("\(reason)".trimmingSuffix(": ")))
        }
        defer { libpq.options_free(options) }
        return PostgresLibrary.values(options)
    }

    /// A text without anything that may be part of a password. A part that is too short to be told
    /// from ordinary text goes only where it stands alone.
    ///
    /// `more`: a password that is not in the address.
    func redact(_ text: String, and more: String? = nil) -> String {
        var text = text
        let all = (secrets + [more ?? ""]).filter { !$0.isEmpty }
        for secret in all.sorted(by: { $0.count > $1.count }) {
            for range in text.ranges(of: secret).reversed() {
                let neighbours = [text[..<range.lowerBound].last, text[range.upperBound...].first]
                let isAlone = neighbours.allSatisfy { $0?.isPartOfWord != true }
                if isAlone || secret.count >= Self.shortest {
                    text.replaceSubrange(range, with: "***")
                }
            }
        }
        return text
    }

    private static let shortest = 6

    /// Everything that may be the password or a part of it, also where the address is written so
    /// badly that libpq takes it for something else.
    private static func secrets(in url: String) -> [String] {
        guard let start = url.firstRange(of: "://")?.upperBound else { return [] }
        var parts: [Substring] = []
        if let end = url[start...].lastIndex(of: "@") {
            let user = url[start..<end]
            if let colon = user.firstIndex(of: ":") {
                let password = user[user.index(after: colon)...]
                parts += [password] + password.split { "@/:?#&=".contains($0) }
            }
        }
        for name in ["password=", "sslpassword="] {
            for range in url.ranges(of: name) {
                parts.append(url[range.upperBound...].prefix { $0 != "&" })
            }
        }
        return parts.flatMap { [String($0), $0.decodingPercents] }.filter { !$0.isEmpty }
    }
}

extension Character {
    fileprivate var isPartOfWord: Bool { isLetter || isNumber || self == "_" }
}

extension StringProtocol {
    fileprivate func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : String(self)
    }

    /// With `%41` and the like as the bytes that they stand for.
    fileprivate var decodingPercents: String {
        var bytes: [UInt8] = []
        var rest = Substring(self).utf8[...]
        while let byte = rest.popFirst() {
            let digits = rest.prefix(2)
            if byte == UInt8(ascii: "%"), digits.count == 2,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
