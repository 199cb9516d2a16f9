import FoundationEssentials
import PreviewCore

/// User and password for a server (RFC 7617).
struct HTTPStateCredentials: Sendable {
    private let user: String
    private let password: String

    /// Reads the setting `username` and the password from the environment; `nil` without a username.
    ///
    /// - Throws: ``Failure`` where one of the two cannot be used.
    init?(_ settings: [String: String], environment: [String: String]) throws {
        guard let user = settings["username"], !user.isEmpty else { return nil }
        guard !user.contains(":") else {
            throw Failure(
                .storeSettings, .invalidConfig, "the `username` of the store `http` has a colon",
                fix: "write the name alone; the password belongs into "
                    + HTTPStore.passwordVariable)
        }
        guard let password = environment[HTTPStore.passwordVariable], !password.isEmpty else {
            throw Failure(
                .storeDenied, .authentication, "there is no password for `\(user)`",
                fix: "put it into \(HTTPStore.passwordVariable)")
        }
        self.user = user
        self.password = password
    }

    /// What the `Authorization` header says.
    var header: String { "Basic \(Data("\(user):\(password)".utf8).base64EncodedString())" }

    /// Takes the password out of what others said, as it is and as it was sent.
    var redactor: Redactor {
        Redactor([password, String(header.dropFirst("Basic ".count))])
    }

    /// What to do where a server refuses these credentials, or that there are none.
    static func fix(_ credentials: HTTPStateCredentials?) -> String {
        guard let credentials else {
            return "say `username:` and put the password into \(HTTPStore.passwordVariable)"
        }
        return "check \(HTTPStore.passwordVariable) and the rights of `\(credentials.user)`"
    }
}
