/// A region of Fly.io, by its code; the list is that of ``FlyCatalogue``.
package struct Region: Hashable, Sendable {
    /// Three letters, such as `dfw`.
    package let code: String
    /// The city it stands in or near, without its state.
    package let city: String

    /// Reads a row of the table; `nil` for one that lacks a field.
    init?(_ row: JSONValue) {
        guard let code = row["code"]?.string, let city = Self.city(row) else { return nil }
        (self.code, self.city) = (code, city)
    }

    /// A current region of that code.
    package init?(code: String) {
        guard let region = Self.all.first(where: { $0.code == code }) else { return nil }
        self = region
    }

    /// The default of SPEC section 2.
    package static let `default`: Region = {
        guard let region = Region(code: "dfw") else {
            preconditionFailure("the table of regions has no dfw")
        }
        return region
    }()

    /// The current regions, by code.
    package static var all: [Region] { FlyCatalogue.standard.regions }

    /// A region that existed once: its city, and the nearest current one.
    static func retired(_ code: String) -> (city: String, nearest: Region)? {
        guard let city = FlyCatalogue.standard.retired[code],
            let region = nearestCurrent[code].flatMap(Region.init(code:))
        else { return nil }
        return (city, region)
    }

    /// The region somebody may have meant, by code or by city.
    static func nearest(to text: String) -> Region? {
        if let code = NearestWord.find(text, among: all.map(\.code)) { return Region(code: code) }
        let city = NearestWord.find(text, among: all.map(\.city))
        return all.first { $0.city == city }
    }

    /// The city of a row, which may come with its state or an older name.
    static func city(_ row: JSONValue) -> String? {
        guard let text = row["city"]?.string else { return nil }
        var name = text.prefix { $0 != "," && $0 != "(" }
        while name.last == " " { name.removeLast() }
        return String(name)
    }

    /// For each retired code the current one that is nearest, by the distance between the airports
    /// that the codes stand for.
    private static let nearestCurrent = [
        "atl": "iad", "bog": "iad", "bos": "ewr", "den": "dfw", "eze": "gru", "gdl": "dfw",
        "gig": "gru", "hkg": "sin", "maa": "bom", "mad": "cdg", "mia": "iad", "otp": "fra",
        "phx": "lax", "qro": "dfw", "scl": "gru", "sea": "sjc", "waw": "arn", "yul": "yyz",
    ]
}
