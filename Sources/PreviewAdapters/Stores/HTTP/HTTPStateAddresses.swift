import PreviewCore

/// Where a server has the document and the lock of each preview.
struct HTTPStateAddresses: Sendable {
    /// What stands for a preview's name in an address.
    static let placeholder = "{app}"

    private let documents: String
    private let locks: String
    private let unlocks: String

    /// Reads `address`, `lock_address` (by default the address itself) and `unlock_address` (by
    /// default where the locks are).
    ///
    /// - Throws: ``ErrorCode/storeSettings`` for an address that cannot be used, or not safely.
    init(_ settings: [String: String]) throws {
        guard let address = settings["address"], !address.isEmpty else {
            throw Failure(
                .storeSettings, .invalidConfig, "the store `http` has no `address`",
                fix: "name where a record is: `address: https://states.example/{app}`")
        }
        documents = try Self.checked(address, key: "address")
        locks =
            try settings["lock_address"].map { try Self.checked($0, key: "lock_address") }
            ?? documents
        unlocks =
            try settings["unlock_address"].map { try Self.checked($0, key: "unlock_address") }
            ?? locks
    }

    /// Where all documents are, with the place of a name.
    var all: String { documents }

    /// Where the document of a preview is; `lockID` says under which lock it is written.
    func document(of app: String, lockID: String? = nil) -> String {
        let address = Self.address(documents, of: app)
        guard let lockID else { return address }
        return "\(address)\(address.contains("?") ? "&" : "?")ID=\(escaped(lockID))"
    }

    /// Where the lock of a preview is taken.
    func lock(of app: String) -> String { Self.address(locks, of: app) }

    /// Where the lock of a preview is given back.
    func unlock(of app: String) -> String { Self.address(unlocks, of: app) }

    /// Whether locks are never at a document's own address, so that POST and DELETE may be used for them:
    /// there they would overwrite and remove the document.
    var hasSeparateLocks: Bool {
        [locks, unlocks].allSatisfy { Self.withoutQuery($0) != Self.withoutQuery(documents) }
    }

    private static func address(_ template: String, of app: String) -> String {
        template.replacing(placeholder, with: escaped(app))
    }

    private static func withoutQuery(_ template: String) -> Substring {
        template.prefix { $0 != "?" }
    }

    private static func checked(_ address: String, key: String) throws -> String {
        func refused(_ reason: String, _ fix: String) -> Failure {
            Failure(
                .storeSettings, .invalidConfig, "`\(key)` of the store `http` \(reason)", fix: fix)
        }
        guard let host = host(of: address) else {
            throw refused(
                "is no address of a web server", "write it as `https://states.example/{app}`")
        }
        guard !host.text.contains("@") else {
            throw refused(
                "holds credentials, and addresses are shown",
                "say `username:` and put the password into \(HTTPStore.passwordVariable)")
        }
        guard host.isSecure || isThisMachine(host.text) else {
            throw refused(
                "would send the record and the password unencrypted",
                "use https; http is for a server on this machine")
        }
        guard address.contains(placeholder) else {
            throw refused(
                "names one record for all previews",
                "put {app} where the name of the preview belongs: `https://states.example/{app}`")
        }
        return address
    }

    /// Host and port of a web address without fragment, blanks or backslashes; `nil` for any other.
    private static func host(of address: String) -> (text: Substring, isSecure: Bool)? {
        let isClean = address.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "\\") && byte != UInt8(ascii: "#")
        }
        guard isClean else { return nil }
        for (scheme, isSecure) in [("https://", true), ("http://", false)]
        where address.lowercased().hasPrefix(scheme) {
            let host = address.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
            return host.isEmpty ? nil : (host, isSecure)
        }
        return nil
    }

    private static func isThisMachine(_ host: Substring) -> Bool {
        ["127.0.0.1", "localhost", "[::1]"].contains { here in
            host.lowercased() == here || host.lowercased().hasPrefix(here + ":")
        }
    }
}
