/// What a token is, as its first characters tell: never the token itself.
package struct TokenKind: Hashable, Sendable {
    /// In words, such as `a fine-grained token`.
    package var words: String
    /// The token with all but its prefix hidden; what has no known prefix is hidden whole.
    package var masked: String

    /// A token of GitHub (docs.github.com/authentication, "About authentication to GitHub").
    package static func gitHub(_ token: String) -> TokenKind {
        kind(
            of: token,
            among: [
                ("github_pat_", "a fine-grained personal token"),
                ("ghp_", "a classic personal token"), ("gho_", "a token of an OAuth app"),
                ("ghu_", "a token of a user by a GitHub app"),
                ("ghs_", "a token of a GitHub app or an action"),
            ], otherwise: "a token of an older form")
    }

    /// A token of Fly.io (fly/machines-api section 1.2); of several in one the first decides.
    package static func fly(_ token: String) -> TokenKind {
        let words = token.split { $0.isWhitespace || $0 == "," }
        let first = words.first { !["bearer", "flyv1"].contains($0.lowercased()) } ?? ""
        return kind(
            of: String(first),
            among: [
                ("fm2_", "a macaroon"), ("fm1r_", "a macaroon"), ("fm1a_", "a macaroon"),
                ("fo1_", "a personal token of an older form"),
            ], otherwise: "a token of an older form")
    }

    private static func kind(
        of token: String, among prefixes: [(prefix: String, words: String)],
        otherwise: String
    ) -> TokenKind {
        guard let known = prefixes.first(where: { token.hasPrefix($0.prefix) }) else {
            return TokenKind(words: otherwise, masked: Redactor.mask)
        }
        return TokenKind(words: known.words, masked: known.prefix + Redactor.mask)
    }
}
