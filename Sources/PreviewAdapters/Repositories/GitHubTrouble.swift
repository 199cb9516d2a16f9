import PreviewCore
import PreviewSystem

/// Why GitHub's interface did not give what was asked for.
enum GitHubTrouble: Error {
    /// 401: the token is wrong, expired or revoked.
    case tokenRefused(Answer)
    /// 404: not there, or not for this token; GitHub does not say which.
    case notFound(Answer)
    /// 403 or 451 that is no rate limit: missing right, single sign-on, blocked.
    case forbidden(Answer)
    /// No more requests for a while; the words tell how long, where that is known.
    case rateLimited(pause: String?, Answer)
    /// Nobody's trouble: more than the interface gives out, or a commit that it does not know.
    case leftToGit
    /// Anything else that git may be better at; the words go on after "GitHub's API".
    case unserved(String)
    /// It did answer, and this is what came of it.
    case settled(Failure)
    case cancelled

    static let unexpectedAnswer = GitHubTrouble.unserved("gave an answer of another form")

    /// What the service said, for the evidence.
    struct Answer: Hashable, Sendable {
        var status: Int
        /// GitHub's own words, empty for none.
        var message = ""
        /// What GitHub's support asks for.
        var requestID: String?
        /// Where the token can be authorised for single sign-on.
        var authorizationURL: String?
    }
}

// MARK: - From an answer

extension GitHubTrouble {
    /// Reads an answer that is no success.
    init(_ response: HTTPResponse) {
        let answer = Answer(response)
        switch response.status {
        case 401: self = .tokenRefused(answer)
        case 403 where Self.isRateLimit(response, answer), 429:
            self = .rateLimited(pause: Self.pause(response), answer)
        case 403, 451: self = .forbidden(answer)
        case 404: self = .notFound(answer)
        // An empty repository, or no such commit.
        case 409, 422: self = .leftToGit
        default: self = .unserved("answered with status \(response.status)")
        }
    }

    /// A rate limit that a GraphQL answer tells of, whose status is a success.
    init(rateLimitIn response: HTTPResponse) {
        self = .rateLimited(pause: Self.pause(response), Answer(response))
    }

    /// Both kinds of limits (docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api):
    /// the hourly one empties a counter, the secondary ones may be known by their words alone.
    private static func isRateLimit(_ response: HTTPResponse, _ answer: Answer) -> Bool {
        response.header("X-RateLimit-Remaining") == "0" || response.header("Retry-After") != nil
            || answer.message.lowercased().contains("rate limit")
    }

    /// The hourly counter's reset, or the seconds to wait after a secondary limit. Where neither is
    /// told, nothing is guessed.
    private static func pause(_ response: HTTPResponse) -> String? {
        if response.header("X-RateLimit-Remaining") == "0",
            let seconds = response.header("X-RateLimit-Reset").flatMap(Int.init)
        {
            return "until \(Timestamp(seconds: seconds).text)"
        }
        return response.header("Retry-After").flatMap(Int.init).map { "for the next \($0) s" }
    }
}

extension GitHubTrouble.Answer {
    fileprivate init(_ response: HTTPResponse) {
        status = response.status
        // A proxy in between answers in other forms; the status then tells enough.
        let document = try? JSONReader.read(response.body)
        message = document?["message"]?.string ?? ""
        requestID = response.header("X-GitHub-Request-Id")
        authorizationURL = response.header("X-GitHub-SSO")
            .flatMap { $0.split(separator: "url=").dropFirst().first }
            .map { String($0.prefix { $0 != ";" && $0 != " " }) }
    }

    var evidence: [Failure.Evidence] {
        let words = message.isEmpty ? "" : ", \"\(message)\""
        return [.init("GitHub's API", "status \(status)\(words)")]
            + (requestID.map { [.init("request id", $0)] } ?? [])
    }
}

// MARK: - For people

extension GitHubTrouble {
    /// Whether asking git would be no use: it would be refused with the same token, or the question
    /// is answered. Over ssh git has keys of its own.
    func isFinal(over scheme: RepositoryReference.Scheme) -> Bool {
        switch self {
        case .settled, .cancelled: true
        case .tokenRefused, .notFound, .forbidden: scheme != .ssh
        case .rateLimited, .leftToGit, .unserved: false
        }
    }

    /// The failure to report, or to remark on when git goes on instead; `nil` where there is nothing
    /// to say.
    func failure(of repository: GitHubRepository) -> Failure? {
        let failures = repository.failures
        switch self {
        case .tokenRefused(let answer):
            return failures.tokenRefused(answer.evidence)
        case .notFound(let answer):
            return failures.failure(.notFound, evidence: answer.evidence)
        case .forbidden(let answer):
            var failure = failures.failure(.permission, evidence: answer.evidence)
            if let url = answer.authorizationURL {
                failure.fix = "authorise the token for the organisation's single sign-on: \(url)"
            }
            return failure
        case .rateLimited(let pause, let answer):
            return failures.rateLimited(pause: pause, answer.evidence)
        case .unserved(let reason): return failures.unserved(reason)
        case .settled(let failure): return failure
        case .leftToGit, .cancelled: return nil
        }
    }
}

extension GitFailures {
    /// The host does not know the token.
    func tokenRefused(_ evidence: [Failure.Evidence]) -> Failure {
        let variable = token?.variable ?? "GITHUB_TOKEN"
        return Failure(
            .tokenRefused,
            .authentication,
            "GitHub does not accept the token in \(variable)",
            evidence: evidence,
            fix: "make a new token and set \(variable) to it, or unset \(variable): public "
                + "repositories need none"
        )
    }

    /// The token has no requests left.
    func rateLimited(pause: String?, _ evidence: [Failure.Evidence]) -> Failure {
        Failure(
            .rateLimited,
            "GitHub's API takes no more requests of this token \(pause ?? "for now")",
            evidence: evidence,
            fix: "wait, or use another token: every user has a limit of their own"
        )
    }

    /// The interface does not work; `reason` goes on after its name.
    func unserved(_ reason: String) -> Failure {
        Failure(
            .repositoryUnreachable,
            "GitHub's API \(reason)",
            fix: "see www.githubstatus.com, and check the network and the proxy variables"
        )
    }
}
