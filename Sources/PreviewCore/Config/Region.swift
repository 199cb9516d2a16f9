/// A region of Fly.io, by its code.
///
/// From superfly/docs `reference/regions.html.markerb` as of 2026-08-07. Retired codes are those of
/// older price pages that are no longer listed there; each names the current region that is nearest
/// by the distance between the airports that the codes stand for.
package struct Region: Hashable, Sendable {
    /// Three letters, such as `dfw`.
    package let code: String
    /// The city it stands in or near.
    package let city: String

    private init(_ code: String, _ city: String) {
        self.code = code
        self.city = city
    }

    /// A current region of that code.
    package init?(code: String) {
        guard let region = Self.all.first(where: { $0.code == code }) else { return nil }
        self = region
    }

    /// The default of SPEC section 2.
    package static let `default` = Region("dfw", "Dallas")

    /// The current regions, by code.
    package static let all = [
        Region("ams", "Amsterdam"), Region("arn", "Stockholm"), Region("bom", "Mumbai"),
        Region("cdg", "Paris"), Region("dfw", "Dallas"), Region("ewr", "Secaucus"),
        Region("fra", "Frankfurt"), Region("gru", "Sao Paulo"), Region("iad", "Ashburn"),
        Region("jnb", "Johannesburg"), Region("lax", "Los Angeles"), Region("lhr", "London"),
        Region("nrt", "Tokyo"), Region("ord", "Chicago"), Region("sin", "Singapore"),
        Region("sjc", "San Jose"), Region("syd", "Sydney"), Region("yyz", "Toronto"),
    ]

    /// A region that existed once: its city, and the nearest current one.
    static func retired(_ code: String) -> (city: String, nearest: Region)? {
        guard let (city, nearest) = retired[code], let region = Region(code: nearest) else {
            return nil
        }
        return (city, region)
    }

    /// The region somebody may have meant, by code or by city.
    static func nearest(to text: String) -> Region? {
        if let code = NearestWord.find(text, among: all.map(\.code)) { return Region(code: code) }
        let city = NearestWord.find(text, among: all.map(\.city))
        return all.first { $0.city == city }
    }

    private static let retired: [String: (city: String, nearest: String)] = [
        "atl": ("Atlanta", "iad"), "bog": ("Bogota", "iad"), "bos": ("Boston", "ewr"),
        "den": ("Denver", "dfw"), "eze": ("Ezeiza", "gru"), "gdl": ("Guadalajara", "dfw"),
        "gig": ("Rio de Janeiro", "gru"), "hkg": ("Hong Kong", "sin"), "maa": ("Chennai", "bom"),
        "mad": ("Madrid", "cdg"), "mia": ("Miami", "iad"), "otp": ("Bucharest", "fra"),
        "phx": ("Phoenix", "lax"), "qro": ("Queretaro", "dfw"), "scl": ("Santiago", "gru"),
        "sea": ("Seattle", "sjc"), "waw": ("Warsaw", "arn"), "yul": ("Montreal", "yyz"),
    ]
}
