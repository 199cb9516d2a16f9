import HTTPTypes
import Hummingbird
import PreviewCore

/// Finds out whose request it is. A page carries its token in a cookie that no script reads; programs
/// carry it as a bearer token.
struct Authentication: RouterMiddleware {
    typealias Context = ServerContext

    private let tokens: ServerTokens
    private let requests: RateLimiter
    /// Wrong tokens, from all sides together.
    private let failures: RateLimiter

    init(_ tokens: ServerTokens, requestsPerSecond: Int) {
        self.tokens = tokens
        let rate = Double(requestsPerSecond)
        requests = RateLimiter(perSecond: rate, burst: 2 * rate)
        failures = RateLimiter(perSecond: rate, burst: 2 * rate)
    }

    func handle(
        _ request: Request, context: ServerContext,
        next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.token = try token(of: request)
        context.note.set(\.user, context.user)
        if let wait = requests.take(context.user ?? "") { throw Self.tooMany(wait) }
        return try await next(request, context)
    }

    private func token(of request: Request) throws -> AccessToken {
        do {
            return try tokens.find(Self.text(of: request))
        } catch let failure as Failure where failure.code == .tokenWrong {
            if let wait = failures.take("") { throw Self.tooMany(wait) }
            throw Refusal(.unauthorized, failure, headers: [.wwwAuthenticate: "Bearer"])
        }
    }

    /// The token a request carries.
    ///
    /// - Throws: ``Failure`` where it carries none, or in a cookie where it may not.
    static func text(of request: Request) throws -> String {
        if let field = request.headers[.authorization] {
            let words = field.split(separator: " ", maxSplits: 1)
            guard words.count == 2, words[0].lowercased() == "bearer" else {
                throw ServerTokens.wrong("the authorization is no bearer token")
            }
            return String(words[1])
        }
        guard let text = PageCookie.token(in: request) else {
            throw ServerTokens.wrong("the request carries no token")
        }
        // A browser adds the cookie to calls of any page of this site, whatever its port.
        let isOwn =
            switch request.headers[.secFetchSite] {
            case "same-origin": true
            case "none": request.method == .get
            case .some: false
            case nil: request.isFromOwnOrigin ?? (request.method == .get)
            }
        guard isOwn else { throw Gate.foreign("the cookie counts for calls of the own page only") }
        return text
    }

    private static func tooMany(_ seconds: Int) -> Refusal {
        Refusal(
            .tooManyRequests,
            Failure(
                .tooManyRequests, .refused, "too many requests",
                fix: "try again in \(seconds) s"),
            headers: [.retryAfter: String(seconds)])
    }
}

extension Request {
    /// Whether the page that made it came from this server; `nil` where it does not say.
    fileprivate var isFromOwnOrigin: Bool? {
        guard let origin = headers[.origin], let authority = head.authority else { return nil }
        return origin.hasSuffix("://\(authority)")
    }
}

/// The cookie in which a page carries its token: out of reach of scripts, and not sent along by pages
/// of other sites. Servers on other ports share a browser's cookies, so the port is in its name.
struct PageCookie {
    private static let prefix = "preview_token_"

    /// The token in the cookies of a request.
    static func token(in request: Request) -> String? {
        let name = Self.name(for: request)
        for field in request.headers[values: .cookie] {
            for part in field.split(separator: ";") {
                let pair = part.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if pair.count == 2, pair[0] == name { return String(pair[1]) }
            }
        }
        return nil
    }

    /// The field that sets it, or takes it back where `token` is nil.
    static func field(_ token: String?, for request: Request, isSecure: Bool) -> String {
        let lifetime = token == nil ? 0 : 30 * 86400
        return "\(name(for: request))=\(token ?? ""); Path=/; Max-Age=\(lifetime); HttpOnly; "
            + "SameSite=Strict" + (isSecure ? "; Secure" : "")
    }

    private static func name(for request: Request) -> String {
        let port = request.head.authority?.split(separator: ":").last.flatMap { Int($0) }
        return prefix + (port.map(String.init) ?? "")
    }
}
