/// A credential for Fly.io, which may hold several macaroons and older tokens at once
/// (fly/machines-api section 1.2).
package struct FlyToken: Sendable {
    private let macaroons: [String]
    private let others: [String]

    /// Reads a token in any of the forms that people have: bare, with `FlyV1` or `Bearer` before it,
    /// or several joined by commas.
    package init(_ text: String) {
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        let bare = words.filter { !["bearer", "flyv1"].contains($0.lowercased()) }
        let parts = bare.joined(separator: ",").split(separator: ",").map(String.init)
        macaroons = parts.filter(Self.isMacaroon)
        others = parts.filter { !Self.isMacaroon($0) }
    }

    private static func isMacaroon(_ part: String) -> Bool {
        ["fm1r_", "fm1a_", "fm2_"].contains { part.hasPrefix($0) }
    }

    /// The header for the Machines API and the logs, which refuse a mixture of the two kinds.
    var machinesHeader: String {
        macaroons.isEmpty ? "Bearer \(others.joined(separator: ","))" : "FlyV1 \(joinedMacaroons)"
    }

    /// The header for GraphQL, which takes both kinds.
    var platformHeader: String {
        macaroons.isEmpty
            ? machinesHeader : "FlyV1 \((macaroons + others).joined(separator: ","))"
    }

    /// Whether the token itself tells its organization: only macaroons do.
    var tellsOrganization: Bool { !macaroons.isEmpty }

    private var joinedMacaroons: String { macaroons.joined(separator: ",") }
}
