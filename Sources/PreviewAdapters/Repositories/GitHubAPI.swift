import PreviewCore
package import PreviewSystem

/// GitHub's REST and GraphQL interfaces, as one token may use them.
///
/// Facts: docs.github.com/rest (version 2022-11-28) and docs.github.com/graphql.
package struct GitHubAPI: Sendable {
    /// The address that every call begins with, without a slash at its end.
    let base: String
    let token: GitToken
    private let client: HTTPClient

    /// The address of the public service.
    package static let publicURL = "https://api.github.com"

    /// - Parameters:
    ///   - url: where the interface is, such as ``publicURL``; `nil` comes of anything but https, or
    ///     http on this machine, as the token would be readable on the way.
    ///   - token: sent with every call, to this address only.
    ///   - client: for all calls.
    package init?(url: String, token: GitToken, client: HTTPClient) {
        guard let origin = Self.origin(of: url) else { return nil }
        let host = origin.drop { $0 != "/" }.dropFirst(2)
        let isHere = ["127.0.0.1", "localhost", "[::1]"].contains { here in
            host == here || host.hasPrefix(here + ":")
        }
        guard origin.hasPrefix("https://") || isHere, !host.contains("@") else { return nil }
        base = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.token = token
        self.client = client
    }

    /// The repository at an address, if the interface has repositories of that host.
    func repository(at remote: RepositoryReference.Remote) -> GitHubRepository? {
        guard remote.identity.host == token.host, remote.segments.count == 2 else { return nil }
        return GitHubRepository(
            api: self,
            owner: remote.segments[0],
            name: remote.segments[1],
            remote: remote
        )
    }
}

// MARK: - Calls

extension GitHubAPI {
    /// How long one call may take; git gets its chance after that.
    private static let limit = Duration.seconds(30)
    /// GitHub sends one redirect for a renamed repository, and another for a renamed branch.
    private static let redirectLimit = 3
    static let json = "application/vnd.github+json"
    /// The bytes of a file as they are.
    static let raw = "application/vnd.github.raw+json"

    /// Reads a JSON document.
    func read(_ path: String, upTo limit: Int = 2 << 20) async throws(GitHubTrouble) -> JSONValue {
        try Self.document(try await get(path, accept: Self.json, upTo: limit))
    }

    /// Reads at most `limit` bytes of what is no JSON.
    func readBytes(_ path: String, upTo limit: Int) async throws(GitHubTrouble) -> [UInt8] {
        try await get(path, accept: Self.raw, upTo: limit, excess: .cut).body
    }

    /// Asks the GraphQL interface; also gives the answer's head, which tells of the rate limit.
    func query(
        _ text: String,
        _ variables: JSONValue
    ) async throws(GitHubTrouble) -> (document: JSONValue, response: HTTPResponse) {
        var call = request("POST", graphQL, accept: Self.json)
        call.headers.append(HTTPHeader("Content-Type", "application/json"))
        call.body = JSONWriter.line(["query": .string(text), "variables": variables])
        call.bodyLimit = 32 << 20
        let response = try await send(call)
        return (try Self.document(response), response)
    }

    /// Beside the REST interface; that of an Enterprise server ends in a version.
    private var graphQL: String {
        base.hasSuffix("/api/v3") ? base.dropLast("v3".count) + "graphql" : base + "/graphql"
    }

    /// A page of a list, and whether another one follows.
    func page(
        _ number: Int,
        of path: String
    ) async throws(GitHubTrouble) -> (elements: [JSONValue], isLast: Bool) {
        let response = try await get(
            "\(path)?per_page=100&page=\(number)",
            accept: Self.json,
            upTo: 2 << 20
        )
        guard let elements = try Self.document(response).array else { throw .unexpectedAnswer }
        return (elements, response.header("Link")?.contains(#"rel="next""#) != true)
    }

    /// Follows redirects by itself: the token must not go to another host, which libcurl could not
    /// promise for a header of our own.
    func get(
        _ path: String,
        accept: String,
        upTo limit: Int,
        excess: HTTPRequest.Excess = .fail
    ) async throws(GitHubTrouble) -> HTTPResponse {
        var call = request("GET", "\(base)/\(path)", accept: accept)
        call.bodyLimit = limit
        call.excess = excess
        for _ in 0...Self.redirectLimit {
            let response = try await send(call)
            guard (300..<400).contains(response.status) else { return response }
            guard let target = response.header("Location"),
                Self.origin(of: target) == Self.origin(of: base)
            else { throw .unserved("leads to another host") }
            call.url = target
        }
        throw .unserved("leads round in circles")
    }

    private func request(_ method: String, _ url: String, accept: String) -> HTTPRequest {
        HTTPRequest(
            method,
            url,
            headers: [
                HTTPHeader("Accept", accept),
                HTTPHeader("Authorization", "Bearer \(token.value)"),
                HTTPHeader("X-GitHub-Api-Version", "2022-11-28"),
            ],
            timeout: Self.limit
        )
    }

    /// Sends a call; whatever is neither success nor redirect is a trouble.
    private func send(_ call: HTTPRequest) async throws(GitHubTrouble) -> HTTPResponse {
        let response: HTTPResponse
        do throws(HTTPFailure) {
            response = try await client.send(call)
        } catch {
            switch error.cause {
            case .cancelled: throw .cancelled
            case .bodyTooLarge: throw .leftToGit
            default: throw .unserved("cannot be reached: \(error)")
            }
        }
        guard (200..<400).contains(response.status) else { throw GitHubTrouble(response) }
        return response
    }

    private static func document(_ response: HTTPResponse) throws(GitHubTrouble) -> JSONValue {
        do throws(JSONSyntaxError) {
            return try JSONReader.read(response.body)
        } catch {
            throw .unexpectedAnswer
        }
    }

    /// Scheme, host and port of an http or https address, lower case; `nil` for any other.
    private static func origin(of url: String) -> String? {
        for scheme in ["https://", "http://"] where url.lowercased().hasPrefix(scheme) {
            let host = url.dropFirst(scheme.count).prefix { !["/", "?", "#", "\\"].contains($0) }
            return host.isEmpty ? nil : scheme + host.lowercased()
        }
        return nil
    }
}
