import HTTPTypes
import Hummingbird
import PreviewCore

/// Around every request: errors become answers, every answer gets the headers that keep a page safe,
/// and the request is logged and counted.
struct Reception: RouterMiddleware {
    typealias Context = ServerContext

    let metrics: Metrics
    let log: @Sendable (RequestRecord) -> Void

    func handle(
        _ request: Request, context: ServerContext,
        next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            response = Response(Refusal(error))
        }
        Self.secure(&response)
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        let note = context.note.all
        let record = RequestRecord(
            method: request.method.rawValue, route: context.endpointPath ?? "",
            status: response.status.code,
            seconds: Double(seconds) + (Double(attoseconds) / 1e15).rounded() / 1000,
            session: note.session, step: note.step, user: note.user)
        metrics.countRequest(
            Self.known(request.method), record.route, status: record.status,
            seconds: record.seconds)
        log(record)
        return response
    }

    /// Methods come from outside; those that no route has count as one.
    private static func known(_ method: HTTPRequest.Method) -> String {
        let methods: [HTTPRequest.Method] = [.get, .head, .post, .delete, .options, .put, .patch]
        return methods.contains(method) ? method.rawValue : "other"
    }

    private static func secure(_ response: inout Response) {
        let fields: [(HTTPField.Name, String)] = [
            (.contentSecurityPolicy, "default-src 'none'; frame-ancestors 'none'"),
            (.xContentTypeOptions, "nosniff"), (.referrerPolicy, "no-referrer"),
            (.crossOriginResourcePolicy, "same-origin"),
            (.crossOriginOpenerPolicy, "same-origin"),
        ]
        for (name, value) in fields where response.headers[name] == nil {
            response.headers[name] = value
        }
    }
}

/// A line of the request log: no query, no header, no body.
package struct RequestRecord: Hashable, Sendable {
    /// The request's method.
    package var method: String
    /// The route it matched, such as `/api/machine-setup/{id}`.
    package var route: String
    /// The status that was answered.
    package var status: Int
    /// Until the answer began.
    package var seconds: Double
    /// The session it was about, if any.
    package var session: String?
    /// The step it was about, from 1 to 4, if any.
    package var step: Int?
    /// The named user of its token.
    package var user: String?

    /// One line for people, without a line break.
    package var text: String {
        var text = "\(method) \(route) \(status) \(seconds)s"
        if let user { text += " user=\(user)" }
        if let session { text += " session=\(session)" }
        if let step { text += " step=\(step)" }
        return text
    }
}
