import HTTPTypes
import Hummingbird
import NIOCore
package import PreviewCore

/// What there is to ask for.
struct Routes: Sendable {
    let previews: any Previews
    let runs: RunRegistry
    let streams: EventStreams
    let metrics: Metrics
    let tokens: ServerTokens
    let isSecure: Bool

    /// The router with every route.
    func router(
        gate: Gate, authentication: Authentication, log: @escaping @Sendable (RequestRecord) -> Void
    ) -> Router<ServerContext> {
        let router = Router(context: ServerContext.self, options: [.autoGenerateHeadEndpoints])
        router.add(middleware: Reception(metrics: metrics, log: log))
        router.add(middleware: gate)
        add(open, to: router)
        add(PageFile.all.map { (RouterPath($0.path), [(.get, $0.answer)]) }, to: router)
        add(protected, to: router.group().add(middleware: authentication))
        return router
    }

    private typealias Handler = @Sendable (Request, ServerContext) async throws -> Response
    private typealias Table = [(path: RouterPath, answers: [(HTTPRequest.Method, Handler)])]

    /// For everybody who may reach the server.
    private var open: Table {
        [
            ("/healthz", [(.get, health)]),
            ("/metrics", [(.get, measurements)]),
            ("/openapi.json", [(.get, description)]),
        ]
    }

    /// For whoever has a token.
    private var protected: Table {
        [
            ("/api/sign-in", [(.post, signIn)]),
            ("/api/sign-out", [(.post, signOut)]),
            ("/api/suggestion", [(.get, suggestion)]),
            ("/api/sessions", [(.get, sessions)]),
            ("/api/machine-setup", [(.get, openSession), (.post, runStep)]),
            ("/api/machine-setup/{id}", [(.get, session), (.delete, destroy)]),
            ("/api/machine-setup/{id}/events", [(.get, events)]),
            ("/api/machine-setup/{id}/plan", [(.get, plan)]),
            ("/api/machine-setup/{id}/cancel", [(.post, cancel)]),
            ("/api/machine-setup/{id}/machine", [(.get, machine)]),
            ("/api/machine-setup/{id}/machine/{verb}", [(.post, changeMachine)]),
        ]
    }

    /// A method that a path does not have is told apart from a path that is not there.
    private func add(_ table: Table, to group: some RouterMethods<ServerContext>) {
        let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"]
            .compactMap(HTTPRequest.Method.init(rawValue:))
        for (path, answers) in table {
            for (method, handler) in answers { group.on(path, method: method, use: handler) }
            let allowed = answers.map(\.0)
            let list = (allowed + (allowed.contains(.get) ? [.head] : [])).map(\.rawValue)
                .joined(separator: ", ")
            for method in methods where !allowed.contains(method) {
                group.on(path, method: method) { _, _ -> Response in
                    var refusal = Refusal.badRequest(
                        "this address does not take that method", .methodNotAllowed)
                    refusal.headers[.allow] = list
                    throw refusal
                }
            }
        }
    }

    // MARK: For everybody

    @Sendable private func health(_ request: Request, _ context: ServerContext) -> Response {
        Response(json: ["status": "ok"])
    }

    @Sendable private func measurements(
        _ request: Request, _ context: ServerContext
    ) async -> Response {
        let text = metrics.text(runsUnderWay: await runs.count)
        return Response(
            status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// The description of everything here, as it is written in `openapi.json`.
    @Sendable private func description(_ request: Request, _ context: ServerContext) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: PackageResources.openapi_json)))
    }

    // MARK: The page's token

    /// A page that was opened with a token in its fragment leaves it here and gets a cookie.
    @Sendable private func signIn(
        _ request: Request, _ context: ServerContext
    ) throws -> Response {
        var response = Response(json: ["success": true])
        response.headers[.setCookie] = PageCookie.field(
            try Authentication.text(of: request), for: request, isSecure: isSecure)
        return response
    }

    @Sendable private func signOut(_ request: Request, _ context: ServerContext) -> Response {
        var response = Response(json: ["success": true])
        response.headers[.setCookie] = PageCookie.field(nil, for: request, isSecure: isSecure)
        return response
    }

    // MARK: Sessions

    @Sendable private func suggestion(
        _ request: Request, _ context: ServerContext
    ) async throws -> Response {
        let wish = try await previews.suggestion()
        return Response(json: [
            "success": true, "projectId": .string(wish.project),
            "githubRepo": .string(wish.repository), "githubBranch": .string(wish.branch),
        ])
    }

    @Sendable private func openSession(
        _ request: Request, _ context: ServerContext
    ) async throws -> Response {
        let query = try request.query()
        guard let project = query["projectId"], !project.isEmpty,
            let repository = query["githubRepo"], !repository.isEmpty
        else { throw Refusal.badRequest("projectId and githubRepo are required") }
        let branch = query["githubBranch"] ?? "main"
        let (session, isNew) = try await previews.open(
            SessionWish(project: project, repository: repository, branch: branch),
            for: context.user)
        context.note.set(\.session, session.state.lineage)
        return Response(json: [
            "success": true, "session": session.json, "isNew": .bool(isNew),
        ])
    }

    @Sendable private func session(
        _ request: Request, _ context: ServerContext
    ) async throws -> Response {
        let id = try sessionID(in: context)
        let session = try await previews.session(id, of: context.user)
        return Response(json: ["success": true, "session": session.json])
    }

    @Sendable private func sessions(
        _ request: Request, _ context: ServerContext
    ) async throws -> Response {
        let query = try request.query()
        let status = try query["status"].map { text in
            guard let status = Session.OverallStatus(rawValue: text) else {
                let words = Session.OverallStatus.allCases.map(\.rawValue).joined(separator: ", ")
                throw Refusal.badRequest("status is one of \(words)")
            }
            return status
        }
        let limit = try query["limit"].map { text in
            guard let limit = Int(text), (1...10_000).contains(limit) else {
                throw Refusal.badRequest("limit is a number from 1 to 10000")
            }
            return limit
        }
        let project = query["project"]
        let found = try await previews.sessions(of: context.user).filter { session in
            (status == nil || session.overallStatus == status)
                && (project == nil || session.state.project == project)
        }
        return Response(json: [
            "success": true, "total": .int(found.count),
            "sessions": .array(found.prefix(limit ?? found.count).map(\.json)),
        ])
    }

    /// All events of a session, and whatever comes. The number of the last one that a reader has is
    /// sent by a browser that connects again, or given as `after`.
    @Sendable private func events(
        _ request: Request, _ context: ServerContext
    ) async throws -> Response {
        let id = try sessionID(in: context)
        let text = try request.headers[.lastEventID] ?? request.query()["after"] ?? "0"
        guard let seq = Int(text), seq >= 0 else {
            throw Refusal.badRequest("Last-Event-ID is the number of an event")
        }
        let token = context.token
        let body = try await streams.body(
            of: id, for: context.user, after: seq, on: context.channel,
            while: { [tokens] in token.map(tokens.holds) ?? false })
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
    }

    /// The session that the path names.
    ///
    /// - Throws: ``ErrorCode/nothingRecorded`` for what is no id at all.
    func sessionID(in context: ServerContext) throws -> String {
        let id = context.parameters.get("id") ?? ""
        guard Identifier.isUUID(id) else { throw Failure.unknownSession }
        context.note.set(\.session, id)
        return id
    }
}

extension Failure {
    /// One answer for a session that is unknown and for one that is somebody else's.
    package static let unknownSession = Failure(
        .nothingRecorded, "there is no such session",
        fix: "create or get it with `GET /api/machine-setup`")
}
