/// Why git could not do what it was asked, read from what it printed. git ends with 128 in every
/// case, so the words are all there is (git 2.39, `LC_ALL=C`).
enum GitTrouble: Hashable, Sendable, CaseIterable {
    case forbiddenTransport
    case foreignOwner
    case unknownHostKey
    case badCertificate
    case notFound
    case missingCommit
    case credentialsNeeded
    case permission
    case unreachable
    case other

    /// Reads the cause from standard error. Where several lines would fit, the more particular
    /// cause wins: a refused host key also "could not read from remote repository".
    init(_ errors: String) {
        let text = errors.lowercased()
        self = Self.phrases.first { $0.phrases.contains(where: text.contains) }?.trouble ?? .other
    }

    private static let phrases: [(trouble: GitTrouble, phrases: [String])] = [
        (.forbiddenTransport, ["' not allowed"]),
        (.foreignOwner, ["detected dubious ownership"]),
        (
            .unknownHostKey,
            ["host key verification failed", "remote host identification has changed"]
        ),
        (
            .badCertificate,
            [
                "certificate problem", "certificate verification failed",
                "certificate verify failed", "no alternative certificate subject name",
            ]
        ),
        (
            .notFound,
            [
                "repository not found", "' not found", "does not appear to be a git repository",
                "not a git repository", "repository not exported", "could not be found or you don",
                "repository does not exist", "returned error: 404", "returned error: 410",
            ]
        ),
        (
            .missingCommit,
            [
                "not our ref", "couldn't find remote ref", "unadvertised object",
                "no such remote ref", "not a valid object name",
            ]
        ),
        (
            .credentialsNeeded,
            ["could not read username", "could not read password", "terminal prompts disabled"]
        ),
        (
            .permission,
            [
                "authentication failed", "permission denied (", "permission denied, please",
                "invalid username or password", "access denied", "returned error: 401",
                "returned error: 403", "not granted", "saml sso", "permission to ",
            ]
        ),
        (
            .unreachable,
            [
                "could not resolve", "failed to connect", "couldn't connect", "unable to connect",
                "connection refused", "connection reset", "connection closed", "timed out",
                "network is unreachable", "no route to host", "failure in name resolution",
                "name or service not known", "returned error: 429", "returned error: 5",
                "rpc failed", "early eof", "unexpected disconnect", "hung up unexpectedly",
                "empty reply from server", "transfer closed", "too slow", "ssl_connect",
                "gnutls", "tls connect", "ssl routines",
            ]
        ),
    ]
}
