import PreviewCore
import PreviewSystem

/// Fetches temporary credentials: from AWS's token service for a web identity (GitHub Actions,
/// Kubernetes), and from the endpoint that a container is given (ECS, EKS).
struct AWSCredentialRequests: Sendable {
    let environment: AWSEnvironment
    /// The region of the token service.
    let region: String
    let http: HTTPClient
    /// Without a proxy: containers' endpoints are beside the container.
    let direct: HTTPClient
    let retries: RetryPolicy
    let now: @Sendable () -> Timestamp

    /// Where the relative addresses of ECS are.
    private static let containerOrigin = "http://169.254.170.2"
    /// Hosts that are trusted without TLS, as in AWS's own tools.
    private static let plainHosts = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]

    /// Trades the token in a file for credentials of a role.
    func assumeRole(
        _ role: String, withTokenIn path: String, session: String?
    ) async throws -> AWSCredentials {
        guard let token = try secret(in: path) else {
            throw Failure.s3Settings(
                "there is no file \(path), which AWS_WEB_IDENTITY_TOKEN_FILE names",
                fix: "correct the variable, or unset it")
        }
        let address =
            environment.value("AWS_ENDPOINT_URL_STS") ?? environment.value("AWS_ENDPOINT_URL")
            ?? "https://sts.\(region).\(AWSEnvironment.domain(of: region))"
        let form = [
            ("Action", "AssumeRoleWithWebIdentity"), ("Version", "2011-06-15"),
            ("RoleArn", role), ("RoleSessionName", session ?? "preview"),
            ("WebIdentityToken", token),
        ]
        let body = form.map { "\($0)=\(escaped($1))" }.joined(separator: "&")
        let response = try await send(
            HTTPRequest(
                "POST", address.hasSuffix("/") ? address : address + "/",
                headers: [.init("Content-Type", "application/x-www-form-urlencoded")],
                body: Array(body.utf8), timeout: .seconds(20), bodyLimit: 1 << 20,
                isIdempotent: true),
            through: http, from: "AWS's token service")
        // An answer that cannot be read has no credentials in it.
        let answer = try? XMLElement(parsing: response.body)
        let found = answer?["AssumeRoleWithWebIdentityResult"]?["Credentials"]
        return try credentials("AWS's token service", response) {
            found?[$0 == "Token" ? "SessionToken" : $0]?.text
        }
    }

    /// The credentials of the container this runs in; `nil` outside of one.
    func fromContainer() async throws -> AWSCredentials? {
        let relative = environment.value("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        guard
            let address = relative.map({ Self.containerOrigin + $0 })
                ?? environment.value("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        else { return nil }
        guard isTrusted(address) else {
            throw Failure.s3Settings(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of this host",
                fix: "correct the variable, or unset it")
        }
        var headers: [HTTPHeader] = []
        if let token = try containerToken() { headers.append(.init("Authorization", token)) }
        let response = try await send(
            HTTPRequest(
                "GET", address, headers: headers, connectTimeout: .seconds(2),
                timeout: .seconds(5), bodyLimit: 1 << 20),
            through: direct, from: "the container's credentials")
        // An answer that cannot be read has no credentials in it.
        let answer = try? JSONReader.read(response.body)
        return try credentials("the container's credentials", response) { answer?[$0]?.string }
    }

    private func containerToken() throws -> String? {
        guard let path = environment.value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") else {
            return environment.value("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        }
        return try secret(in: path)
    }

    /// A file's content without the line end that editors add.
    private func secret(in path: String) throws -> String? {
        try environment.text(of: path).map { text in
            String(text.reversed().drop { $0.isWhitespace }.reversed())
        }
    }

    private func isTrusted(_ address: String) -> Bool {
        if address.hasPrefix("https://") { return true }
        guard address.hasPrefix("http://") else { return false }
        let authority = address.dropFirst("http://".count).prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else { return false }
        let host =
            authority.hasPrefix("[")
            ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        return host == "localhost" || host == "[::1]" || isLoopback(host)
            || Self.plainHosts.contains(String(host))
    }

    private func isLoopback(_ host: Substring) -> Bool {
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.first == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    private func send(
        _ request: HTTPRequest, through client: HTTPClient, from source: String
    ) async throws -> HTTPResponse {
        let response: HTTPResponse
        do throws(HTTPFailure) {
            response = try await retries.run(request) { (request, attempt) throws(HTTPFailure) in
                try await client.send(request, attempt: attempt)
            }
        } catch {
            if error.cause == .cancelled { throw CancellationError() }
            throw Failure(
                .storeUnavailable, "\(source) cannot be reached",
                evidence: [.init("cause", "\(error)")], fix: "look at the network and try again")
        }
        guard response.status == 200 else {
            throw refusal(source, response, reason: "answered with \(response.status)")
        }
        return response
    }

    private func credentials(
        _ source: String, _ response: HTTPResponse, _ field: (String) -> String?
    ) throws -> AWSCredentials {
        guard let access = field("AccessKeyId"), let secret = field("SecretAccessKey"),
            let token = field("Token"), !access.isEmpty, !secret.isEmpty
        else { throw refusal(source, response, reason: "gave no credentials") }
        // With fractions of a second or without; a quarter of an hour is the shortest there is.
        let end = field("Expiration").flatMap { text in
            Timestamp("\(text.prefix { $0 != "." && $0 != "Z" })Z")
        }
        return AWSCredentials(
            accessKey: access, secretKey: secret, sessionToken: token, expires: end ?? now() + 900)
    }

    private func refusal(_ source: String, _ response: HTTPResponse, reason: String) -> Failure {
        let isPassing = response.status >= 500 || response.status == 429
        return Failure(
            isPassing ? .storeUnavailable : .storeDenied, isPassing ? .failed : .authentication,
            "\(source) \(reason)", evidence: S3Trouble(response).evidence,
            fix: "check the role, its trust and the token")
    }
}
