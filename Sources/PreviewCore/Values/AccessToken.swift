/// A token of the server as it is kept: never itself, only its digest. A token is random and as long
/// as the digest, so that one round of SHA-256 keeps it as well as many would.
package struct AccessToken: Hashable, Sendable, Codable {
    /// What it is called in lists and revoked by; says nothing about the token.
    package var id: String
    /// SHA-256 of the token, 64 hexadecimal digits.
    package var digest: String
    /// The named user it stands for; `nil` for the server's default one.
    package var user: String?
    /// When it was made.
    package var createdAt: Timestamp

    /// A new token: the text to hand out, which nobody can tell again, and what is kept of it.
    ///
    /// `random`: 32 random bytes for the token and 4 for its name.
    package static func make(
        for user: String?, at time: Timestamp, random: (_ count: Int) -> [UInt8]
    ) -> (text: String, kept: AccessToken) {
        let text = "pvt_" + Digest.hexadecimal(random(32))
        let id = Digest.hexadecimal(random(4))
        return (text, AccessToken(text, id: id, user: user, createdAt: time))
    }

    /// What is kept of a token of any text.
    package init(_ text: String, id: String, user: String?, createdAt: Timestamp) {
        self.id = id
        digest = Digest.hex(Array(text.utf8))
        self.user = user
        self.createdAt = createdAt
    }

    /// Finds the token of a text. Takes as long for every text of one length, whatever is kept.
    package static func find(_ text: String, among tokens: [AccessToken]) -> AccessToken? {
        let wanted = Array(Digest.hex(Array(text.utf8)).utf8)
        var found: AccessToken?
        for token in tokens {
            let kept = Array(token.digest.utf8)
            var difference = UInt8(kept.count == wanted.count ? 0 : 1)
            for (left, right) in zip(kept, wanted) { difference |= left ^ right }
            if difference == 0 { found = token }
        }
        return found
    }

    /// The longest text that is looked at as a token, in bytes.
    package static let longest = 512
}

/// The names that users of the server may have.
package enum UserName {
    /// What a name consists of, for messages.
    package static let rule = "1 to 64 letters, digits, dots, dashes, underscores and @"

    /// Whether a text is one: no space, no control character, nothing that leads out of a folder.
    package static func isValid(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text != "." && text != ".."
            && text.utf8.allSatisfy { $0.isASCIIAlphanumeric || ".-_@".utf8.contains($0) }
    }
}
