import PreviewCore
import PreviewSystem

/// What a token of GitHub may do, as the service tells (docs.github.com/rest/rate-limit, and "Scopes
/// for OAuth apps").
struct GitHubStanding: Hashable, Sendable {
    /// The scopes of a classic or OAuth token; `nil` for the other kinds, whose rights are set for
    /// each repository and not told.
    var scopes: [String]?
    /// When it ends, as GitHub writes it; `nil` for never or not told.
    var end: String?
    /// Requests left in this hour, and in all.
    var remaining: (left: Int, limit: Int)? {
        left.flatMap { left in limit.map { (left, $0) } }
    }

    private var left: Int?
    private var limit: Int?

    fileprivate init(_ response: HTTPResponse) {
        scopes = response.header("X-OAuth-Scopes").map { text in
            text.split(separator: ",").map { String($0.drop { $0 == " " }) }
                .filter { !$0.isEmpty }
        }
        end = response.header("GitHub-Authentication-Token-Expiration")
        left = response.header("X-RateLimit-Remaining").flatMap(Int.init)
        limit = response.header("X-RateLimit-Limit").flatMap(Int.init)
    }
}

extension GitHubAPI {
    /// What the token may do, by a call that does not count.
    func standing() async throws(GitHubTrouble) -> GitHubStanding {
        GitHubStanding(try await get("rate_limit", accept: Self.json, upTo: 1 << 20))
    }

    /// Why a call about the token itself did not work; `nil` for what was cancelled.
    func failure(of trouble: GitHubTrouble) -> Failure? {
        let failures = GitFailures(address: base, token: token)
        switch trouble {
        case .tokenRefused(let answer): return failures.tokenRefused(answer.evidence)
        case .rateLimited(let pause, let answer):
            return failures.rateLimited(pause: pause, answer.evidence)
        case .forbidden(let answer), .notFound(let answer):
            var failure = failures.unserved("does not let this token ask")
            failure.evidence = answer.evidence
            return failure
        case .unserved(let reason): return failures.unserved(reason)
        case .leftToGit: return failures.unserved("gave an answer of another form")
        case .settled(let failure): return failure
        case .cancelled: return nil
        }
    }
}
