import HTTPTypes
import Hummingbird
import PreviewCore

/// Lets in only requests that were meant for this server by a page that may make them: against DNS
/// rebinding and calls across sites (SPEC section 7).
struct Gate: RouterMiddleware {
    typealias Context = ServerContext

    private let hosts: Set<String>
    private let origins: Set<String>
    private let scheme: String

    init(_ settings: ServerSettings) {
        hosts = settings.hosts.union(["127.0.0.1", "localhost", "[::1]", settings.address])
        origins = settings.origins
        scheme = settings.identity == nil ? "http" : "https"
    }

    func handle(
        _ request: Request, context: ServerContext,
        next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let authority = try authority(of: request)
        guard let origin = request.headers[.origin] else {
            try refuseForeignFetch(request)
            return try await next(request, context)
        }
        if origin == "\(scheme)://\(authority)" { return try await next(request, context) }
        guard origins.contains(origin) else {
            throw Self.foreign("pages of other origins may not use this server")
        }
        var response =
            request.isPreflight ? Self.preflight(request) : try await answer(request, context, next)
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.vary] = "Origin"
        response.headers[.accessControlExposeHeaders] = "Retry-After"
        response.headers[.crossOriginResourcePolicy] = "cross-origin"
        return response
    }

    /// An error needs the headers of its origin as well, or the page cannot read it.
    private func answer(
        _ request: Request, _ context: ServerContext,
        _ next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch {
            return Response(Refusal(error))
        }
    }

    private func authority(of request: Request) throws -> String {
        guard let authority = request.head.authority, !authority.isEmpty else {
            throw Refusal.badRequest("the request names no host")
        }
        let name =
            authority.hasPrefix("[")
            ? authority.prefix { $0 != "]" } + "]" : authority.prefix { $0 != ":" }
        guard hosts.contains(name.lowercased()) else {
            throw Self.foreign(
                "this server is not asked for under that name", fix: "use `--allow-host` for it")
        }
        return authority
    }

    /// Browsers say where a request without an origin comes from: a form, an image, a link. Only
    /// pages may be opened from elsewhere.
    private func refuseForeignFetch(_ request: Request) throws {
        guard request.isForAPI, let site = request.headers[.secFetchSite],
            site != "same-origin", site != "none"
        else { return }
        throw Self.foreign("another site may not make this call")
    }

    private static func preflight(_ request: Request) -> Response {
        var headers: HTTPFields = [
            .accessControlAllowMethods: "GET, POST, DELETE",
            .accessControlAllowHeaders: "Authorization, Content-Type, Last-Event-ID",
            .accessControlMaxAge: "600",
        ]
        if request.headers[.accessControlRequestPrivateNetwork] == "true" {
            headers[.accessControlAllowPrivateNetwork] = "true"
        }
        return Response(status: .noContent, headers: headers)
    }

    static func foreign(_ message: String, fix: String? = nil) -> Failure {
        Failure(.foreignRequest, .refused, message, fix: fix)
    }
}

extension Request {
    /// Whether it is a call and not for a page.
    var isForAPI: Bool { uri.path.hasPrefix("/api/") }

    fileprivate var isPreflight: Bool {
        method == .options && headers[.accessControlRequestMethod] != nil
    }
}

extension HTTPField.Name {
    static let secFetchSite = named("Sec-Fetch-Site")
    static let crossOriginOpenerPolicy = named("Cross-Origin-Opener-Policy")
    static let referrerPolicy = named("Referrer-Policy")
    static let lastEventID = named("Last-Event-ID")
    static let accessControlRequestPrivateNetwork = named("Access-Control-Request-Private-Network")
    static let accessControlAllowPrivateNetwork = named("Access-Control-Allow-Private-Network")

    /// A field by its name, which is one.
    static func named(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("no field name: \(name)") }
        return name
    }
}
