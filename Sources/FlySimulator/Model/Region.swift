import PreviewCore

/// A region as the API lists it (reference, section 9).
struct Region: Sendable {
    let code: String
    let name: String
    let latitude: String
    let longitude: String
    /// The placement alias it belongs to; empty where there is none.
    let group: String
    let geography: String
    let hasGateway: Bool

    private init(
        _ code: String, _ name: String, _ latitude: String, _ longitude: String,
        _ group: String, _ geography: String, gateway: Bool = true
    ) {
        self.code = code
        self.name = name
        self.latitude = latitude
        self.longitude = longitude
        self.group = group
        self.geography = geography
        hasGateway = gateway
    }

    /// The 18 current ones; the alias `us` takes those of the United States only.
    static let all: [Region] = [
        Region("ams", "Amsterdam, Netherlands", "52.37", "4.89", "eu", "europe"),
        Region("arn", "Stockholm, Sweden", "59.65", "17.92", "eu", "europe"),
        Region("bom", "Mumbai, India", "19.09", "72.87", "apac", "asia_pacific"),
        Region("cdg", "Paris, France", "48.86", "2.35", "eu", "europe"),
        Region("dfw", "Dallas, Texas (US)", "32.78", "-96.81", "us", "north_america"),
        Region("ewr", "Secaucus, NJ (US)", "40.79", "-74.06", "us", "north_america"),
        Region("fra", "Frankfurt, Germany", "50.03", "8.57", "eu", "europe"),
        Region(
            "gru", "Sao Paulo, Brazil", "-23.55", "-46.63", "sa", "south_america", gateway: false),
        Region("iad", "Ashburn, Virginia (US)", "39.02", "-77.54", "us", "north_america"),
        Region(
            "jnb", "Johannesburg, South Africa", "-26.13", "28.23", "", "africa", gateway: false),
        Region("lax", "Los Angeles, California (US)", "33.94", "-118.41", "us", "north_america"),
        Region("lhr", "London, United Kingdom", "51.52", "-0.6", "eu", "europe"),
        Region("nrt", "Tokyo, Japan", "35.62", "139.75", "apac", "asia_pacific"),
        Region("ord", "Chicago, Illinois (US)", "41.89", "-87.64", "us", "north_america"),
        Region("sin", "Singapore, Singapore", "1.3", "103.86", "apac", "asia_pacific"),
        Region("sjc", "San Jose, California (US)", "37.35", "-121.96", "us", "north_america"),
        Region("syd", "Sydney, Australia", "-33.87", "151.21", "apac", "asia_pacific"),
        Region("yyz", "Toronto, Canada", "43.64", "-79.39", "na", "north_america"),
    ]

    /// The regions that an expression such as `iad,eu,any` names, in order of preference, or nil
    /// if a part of it is neither a region nor an alias.
    static func expand(_ expression: String) -> [String]? {
        var codes: [String] = []
        for part in expression.split(separator: ",").map(\.trimmingSpaces) {
            let named = all.filter { $0.matches(part) }.map(\.code)
            guard !named.isEmpty else { return nil }
            codes += named.filter { !codes.contains($0) }
        }
        return codes.isEmpty ? nil : codes
    }

    private func matches(_ part: String) -> Bool {
        switch part {
        case "any": true
        case "us", "usa": group == "us"
        case "na": group == "us" || group == "na"
        case "eu", "apac", "sa": group == part
        default: code == part
        }
    }

    var json: JSONValue {
        .object([
            ("name", .string(name)), ("code", .string(code)), ("latitude", .number(latitude)),
            ("longitude", .number(longitude)), ("gateway_available", .bool(hasGateway)),
            ("requires_paid_plan", false), ("deprecated", false),
            ("geo_region", .string(geography)), ("mpg_available", .bool(group != "")),
            ("capacity", 1000),
        ])
    }
}
