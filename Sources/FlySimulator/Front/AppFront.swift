import PreviewSystem

/// The public side of apps over HTTP: stands for `https://{app}.fly.dev`.
///
/// An app is named by the host, `{app}.localhost:PORT`, or by the path, `/_app/{app}/…`, which is
/// taken off. Bodies are passed on whole, not as they come; connections cannot be upgraded.
struct AppFront: Sendable {
    let world: FlyWorld
    private let client = HTTPClient(userAgent: "preview-flysim")

    init(world: FlyWorld) {
        self.world = world
    }

    /// Headers that are between two neighbours only (RFC 9110, section 7.6.1).
    private static let hopByHop: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade", "content-length", "host", "date",
    ]

    /// Answers a public request.
    @Sendable func answer(_ request: WebRequest) async -> APIAnswer {
        guard let (app, target) = Self.app(of: request) else { return .notRouted }
        let destination = await world.destination(forApp: app)
        var answer: APIAnswer
        switch destination {
        case .nowhere:
            answer = APIAnswer(404)
            answer.delivery = .dropped
            return answer
        case .failure(let status): answer = APIAnswer(status)
        case .script(let response):
            answer = APIAnswer(
                response.status, body: Array(response.body.utf8),
                headers: response.headers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        case .process(let machine, let port):
            answer = await forward(request, target: target, app: app, port: port)
            await world.finish(machine: machine)
        }
        answer = await world.identified(answer)
        answer.headers.append(("Via", "1.1 fly.io"))
        if answer.header("server") == nil { answer.headers.append(("Server", "Fly")) }
        if request.method == "HEAD" {
            answer.headers.append(("Content-Length", String(answer.body.count)))
            answer.body = []
        }
        return answer
    }

    private func forward(
        _ request: WebRequest, target: String, app: String, port: Int
    ) async -> APIAnswer {
        let host = "\(app).localhost"
        let kept = request.headers.filter { !Self.hopByHop.contains($0.name.lowercased()) }
        let added = [
            ("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Port", "443"), ("Fly-Client-IP", "127.0.0.1"),
        ]
        do throws(HTTPFailure) {
            let response = try await client.send(
                HTTPRequest(
                    request.method, "http://\(host):\(port)\(target)",
                    headers: (kept.map { ($0.name, $0.value) } + added).map { HTTPHeader($0, $1) },
                    body: request.body.isEmpty ? nil : request.body,
                    addressOverrides: [
                        HTTPAddressOverride(
                            host: host, port: UInt16(port), address: "127.0.0.1")
                    ]))
            return APIAnswer(
                response.status, body: response.body,
                headers: response.headers.filter {
                    !Self.hopByHop.contains($0.name.lowercased())
                }.map { ($0.name, $0.value) })
        } catch {
            return APIAnswer(502)
        }
    }

    /// The app that a request is for, and the target as the app sees it.
    private static func app(of request: WebRequest) -> (app: String, target: String)? {
        let prefix = "/_app/"
        if request.target.hasPrefix(prefix) {
            let rest = request.target.dropFirst(prefix.count)
            let name = rest.prefix { $0 != "/" && $0 != "?" }
            let target = rest.dropFirst(name.count)
            return (String(name), target.hasPrefix("/") ? String(target) : "/\(target)")
        }
        let host = request.host.prefix { $0 != ":" }
        guard host.hasSuffix(".localhost") else { return nil }
        return (String(host.dropLast(".localhost".count)), request.target)
    }
}
