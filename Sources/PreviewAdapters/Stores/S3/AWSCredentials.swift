import PreviewCore
import PreviewSystem

/// Keys that sign requests.
struct AWSCredentials: Hashable, Sendable, CustomStringConvertible {
    var accessKey: String
    var secretKey: String
    /// Sent with each request where the keys are temporary.
    var sessionToken: String?
    /// When they end, `nil` for never.
    var expires: Timestamp?

    /// Nothing that is secret.
    var description: String { "credentials" }
}

/// Finds credentials where AWS's tools look for them, in their order: environment, web identity,
/// shared files, container. Temporary ones are renewed before they end.
actor AWSCredentialChain {
    private let environment: AWSEnvironment
    private let requests: AWSCredentialRequests
    private let now: @Sendable () -> Timestamp
    private var known: AWSCredentials?
    /// How long before their end credentials are renewed, in seconds.
    private static let early = 300

    /// `requests`: how temporary credentials are fetched. `now`: the wall clock.
    init(
        _ environment: AWSEnvironment, requests: AWSCredentialRequests,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.environment = environment
        self.requests = requests
        self.now = now
    }

    /// The credentials to sign with now.
    ///
    /// - Throws: ``Failure`` with ``ErrorCode/storeDenied`` where there are none.
    func credentials() async throws -> AWSCredentials {
        if let known, !ends(known, within: Self.early) { return known }
        do {
            let found = try await find()
            known = found
            return found
        } catch {
            // Those that are still good will do while their source has trouble.
            if let known, !ends(known, within: 0) { return known }
            throw error
        }
    }

    /// Forgets credentials that a server takes for expired; true if others can be had.
    func forget(_ credentials: AWSCredentials) -> Bool {
        if known == credentials { known = nil }
        return credentials.sessionToken != nil
    }

    private func ends(_ credentials: AWSCredentials, within seconds: Int) -> Bool {
        credentials.expires.map { $0 <= now() + seconds } ?? false
    }

    private func find() async throws -> AWSCredentials {
        if let keys = keys(
            environment.value("AWS_ACCESS_KEY_ID"), environment.value("AWS_SECRET_ACCESS_KEY"),
            environment.value("AWS_SESSION_TOKEN"))
        {
            return keys
        }
        if let file = environment.value("AWS_WEB_IDENTITY_TOKEN_FILE"),
            let role = environment.value("AWS_ROLE_ARN")
        {
            return try await requests.assumeRole(
                role, withTokenIn: file, session: environment.value("AWS_ROLE_SESSION_NAME"))
        }
        if let credentials = try await ofProfile() { return credentials }
        if let credentials = try await requests.fromContainer() { return credentials }
        throw Failure(
            .storeDenied, .authentication, "there are no credentials for the store",
            evidence: [
                .init(
                    "looked at",
                    "AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE, profile "
                        + "\(environment.profileName), AWS_CONTAINER_CREDENTIALS_FULL_URI")
            ],
            fix: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
    }

    private func ofProfile() async throws -> AWSCredentials? {
        let profile = try environment.profile()
        if let keys = keys(
            profile["aws_access_key_id"], profile["aws_secret_access_key"],
            profile["aws_session_token"])
        {
            return keys
        }
        if let file = profile["web_identity_token_file"], let role = profile["role_arn"] {
            return try await requests.assumeRole(
                role, withTokenIn: file, session: profile["role_session_name"])
        }
        let others = [
            "role_arn", "credential_process", "sso_session", "sso_start_url", "login_session",
        ]
        guard let other = others.first(where: { profile[$0] != nil }) else { return nil }
        let name = environment.profileName
        throw Failure.s3Settings(
            "profile `\(name)` gets its credentials by `\(other)`, which is not read here",
            fix: "let AWS's own tool do it: "
                + "eval \"$(aws configure export-credentials --profile \(name) --format env)\"")
    }

    private func keys(_ access: String?, _ secret: String?, _ token: String?) -> AWSCredentials? {
        guard let access, let secret, !access.isEmpty, !secret.isEmpty else { return nil }
        return AWSCredentials(
            accessKey: access, secretKey: secret, sessionToken: token?.isEmpty == true ? nil : token
        )
    }
}
