/// A credential for Fly.io, which may hold several macaroons and older tokens at once
/// (fly/machines-api section 1.2).
package struct FlyToken: Sendable {
    private let macaroons: [String]
    private let others: [String]

    /// Reads a token in any of the forms that people have: bare, with `FlyV1` or `Bearer` before it,
    /// or several joined by commas.
    package init(_ text: String) {
        let words = text.split { $0.isWhitespace || $0 == "," }.map(String.init)
        let parts = words.filter { !["bearer", "flyv1"].contains($0.lowercased()) }
        macaroons = parts.filter(Self.isMacaroon)
        others = parts.filter { !Self.isMacaroon($0) }
    }

    private static func isMacaroon(_ part: String) -> Bool {
        ["fm1r_", "fm1a_", "fm2_"].contains { part.hasPrefix($0) }
    }

    /// The header for the Machines API and the logs, which refuse a mixture of the two kinds.
    package var machinesHeader: String {
        macaroons.isEmpty ? bearer : "FlyV1 \(macaroons.joined(separator: ","))"
    }

    /// The header for GraphQL, which takes both kinds.
    package var platformHeader: String {
        macaroons.isEmpty ? bearer : "FlyV1 \((macaroons + others).joined(separator: ","))"
    }

    private var bearer: String { "Bearer \(others.joined(separator: ","))" }

    /// Whether the token itself tells its organization: only macaroons do.
    var tellsOrganization: Bool { !macaroons.isEmpty }
}

extension FlyToken: CustomStringConvertible, CustomReflectable {
    /// Never the token itself, so that no message shows it by accident.
    package var description: String { "a token of Fly.io" }
    /// The same for what looks into values.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
