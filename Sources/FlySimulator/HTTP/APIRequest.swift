package import PreviewCore

/// A request to one of the platform's two APIs, as a value.
package struct APIRequest: Sendable {
    /// Which of the two base URLs it was sent to.
    package enum Surface: String, Sendable {
        /// `https://api.machines.dev`: everything under `/v1`.
        case machines
        /// `https://api.fly.io`: GraphQL and logs.
        case platform
    }

    /// The API that was asked.
    package var surface: Surface
    /// `GET`, `POST`, …
    package var method: String
    /// The path as sent, percent-encoded, without the query.
    package var path: String
    /// The decoded pairs of the query, in order; a name may repeat.
    package var query: [(name: String, value: String)]
    /// The headers by lower-case name.
    package var headers: [String: String]
    /// The body, empty for none.
    package var body: [UInt8]

    /// A request; `target` is the path with its query.
    package init(
        _ method: String, _ target: String, surface: Surface = .machines,
        headers: [String: String] = [:], body: [UInt8] = []
    ) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.surface = surface
        self.method = method
        path = String(parts.first ?? "")
        query = parts.count > 1 ? Self.pairs(of: parts[1]) : []
        self.headers = Dictionary(
            headers.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { $1 })
        self.body = body
    }

    /// A request with a JSON body.
    package init(
        _ method: String, _ target: String, surface: Surface = .machines,
        headers: [String: String] = [:], json: JSONValue
    ) {
        let typed = headers.merging(["content-type": "application/json"]) { given, _ in given }
        self.init(
            method, target, surface: surface, headers: typed, body: JSONWriter.line(json))
    }

    /// The first value of a query parameter.
    func queryValue(_ name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    /// Every value of a query parameter, comma lists taken apart.
    func queryList(_ name: String) -> [String] {
        query.filter { $0.name == name }
            .flatMap { $0.value.split(separator: ",") }
            .map { $0.trimmingSpaces }.filter { !$0.isEmpty }
    }

    /// A query parameter read as Go's ParseBool does; an absent or odd one is false.
    func queryFlag(_ name: String) -> Bool {
        ["1", "t", "T", "true", "TRUE", "True"].contains(queryValue(name) ?? "")
    }

    private static func pairs(of query: Substring) -> [(name: String, value: String)] {
        query.split(separator: "&").map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = sides.count > 1 ? sides[1] : ""
            return (decoded(sides[0], plusIsSpace: true), decoded(value, plusIsSpace: true))
        }
    }

    /// Percent-decoding; what is no valid escape stays as it is.
    static func decoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(code)
                rest.removeFirst(2)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension StringProtocol {
    /// Without spaces at both ends.
    var trimmingSpaces: String {
        let start = drop { $0 == " " }
        guard let end = start.lastIndex(where: { $0 != " " }) else { return "" }
        return String(start[...end])
    }
}
