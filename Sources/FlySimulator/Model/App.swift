import PreviewCore

/// An app: a name, its addresses and its secrets. Machines know the app they belong to.
struct App: Sendable {
    struct Address: Sendable {
        var ip: String
        var type: String
        var region: String
        var serviceName: String
        var network: JSONValue
        /// The other half of an `egress_pair`.
        var second: String?
        var createdAt: Instant

        var isPublic: Bool { ["shared_v4", "v4", "v6"].contains(type) }
        var isEgress: Bool { type.hasPrefix("egress") }
    }

    struct Volume: Sendable {
        var id: String
        var name: String
        var region: String
        var sizeGB: Int
        var machine: String?
        var isDestroyed = false
        var createdAt: Instant
    }

    let id: String
    let number: Int
    let name: String
    let organization: String
    let network: String
    let idempotencyKey: String?
    let createdAt: Instant
    var addresses: [Address] = []
    var volumes: [Volume] = []
    var secrets: SecretVault
    var hadMachines = false
    /// When it was asked to go; it stays to be seen for a moment.
    var deletedAt: Instant?
    /// When it could no longer be seen; from then on only its name is held for a while.
    var goneAt: Instant?
    var log = LogBook()
    var sight: Sight
    /// Since when it has had a public address, for its name to resolve.
    var addressedAt: Instant?
    var hasPublicAddress: Bool { addresses.contains(where: \.isPublic) }
}
