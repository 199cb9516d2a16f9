import NIOConcurrencyHelpers
package import PreviewCore

/// The tokens that open the server: read again when their file has changed, so that one that is
/// revoked ends at once.
package final class ServerTokens: Sendable {
    /// Where tokens come from.
    package struct Source: Sendable {
        /// Differs whenever the tokens may have changed.
        package var changed: @Sendable () throws -> Int64
        /// Reads all tokens that are good now.
        package var read: @Sendable () throws -> [AccessToken]

        package init(
            changed: @escaping @Sendable () throws -> Int64,
            read: @escaping @Sendable () throws -> [AccessToken]
        ) {
            self.changed = changed
            self.read = read
        }
    }

    private struct Contents {
        var changed: Int64?
        var tokens: [AccessToken] = []
    }

    private let source: Source
    private let fixed: [AccessToken]
    private let contents = NIOLockedValueBox(Contents())

    /// `fixed`: tokens that count besides those of the source, for as long as the server runs.
    package init(_ source: Source, fixed: [AccessToken]) {
        self.source = source
        self.fixed = fixed
    }

    /// The token of a text.
    ///
    /// - Throws: ``ErrorCode/tokenWrong`` where there is none, or what keeps them from being read.
    func find(_ text: String) throws -> AccessToken {
        guard text.utf8.count <= AccessToken.longest,
            let token = AccessToken.find(text, among: try all())
        else { throw Self.wrong("the token is not known here") }
        return token
    }

    /// Whether a token still counts.
    func holds(_ token: AccessToken) -> Bool {
        // Tokens that cannot be read open nothing.
        (try? all().contains(token)) ?? false
    }

    private func all() throws -> [AccessToken] {
        let changed = try source.changed()
        let tokens = try contents.withLockedValue { contents in
            if contents.changed != changed {
                contents.tokens = try source.read()
                contents.changed = changed
            }
            return contents.tokens
        }
        return tokens + fixed
    }

    /// The failure of a request without a usable token.
    static func wrong(_ reason: String) -> Failure {
        Failure(
            .tokenWrong, .authentication, reason,
            fix:
                "send `Authorization: Bearer TOKEN` with the token that was printed at the start, or "
                + "one of `preview token create`")
    }
}
