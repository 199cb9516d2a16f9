import PreviewCore
import PreviewSystem

/// Asks the preview's own URL whether the app answers (BEHAVIOURS S16). Only that host and port are
/// ever asked.
struct Probe: Sendable {
    /// What one round of asking showed.
    enum Verdict: Hashable, Sendable {
        /// It answers: 2xx and 3xx are healthy, 4xx is up.
        case up(status: Int)
        case serverError(status: Int)
        case redirectLoop(urls: [String])
        case noAnswer(reason: String)
    }

    private static let redirectLimit = 10
    /// How long one answer may take.
    private static let patience = Duration.seconds(15)
    /// How long, and how much of, a body is listened to.
    private static let hearing = (time: Duration.seconds(1), bytes: 64 << 10)

    private let client: HTTPClient
    private let base: String
    private let overrides: [HTTPAddressOverride]

    /// Asks at `base`, the preview's URL, wherever its name leads.
    init(_ client: HTTPClient, base: String) {
        self.client = client
        self.base = base
        overrides = []
    }

    /// Asks at `base`, the preview's URL `http://<host>:<port>`, on this machine.
    init(_ client: HTTPClient, base: String, port: Int) {
        self.client = client
        self.base = base
        let host = String(base.dropFirst("http://".count).prefix { $0 != ":" && $0 != "/" })
        overrides = [
            HTTPAddressOverride(host: host, port: UInt16(clamping: port), address: "127.0.0.1")
        ]
    }

    /// Asks once for a path: HEAD, and GET where HEAD says nothing good, as not every app knows it.
    func ask(_ path: String, within limit: Duration) async -> Verdict {
        let patience = min(limit, Self.patience)
        let head = await follow(path, method: "HEAD", patience: patience)
        switch head {
        case .up(let status) where status < 400: return head
        case .redirectLoop: return head
        default: return await follow(path, method: "GET", patience: patience)
        }
    }

    private func follow(_ path: String, method: String, patience: Duration) async -> Verdict {
        var urls = [base + path]
        while let url = urls.last {
            let response: HTTPResponse
            do {
                response = try await answer(to: request(method, url, patience: patience))
            } catch {
                let isForeign = error.cause == .invalidResponse
                return .noAnswer(reason: isForeign ? "what it sends is not HTTP" : "\(error)")
            }
            guard (300..<400).contains(response.status), let target = response.header("Location"),
                let next = own(target, from: url)
            else {
                return response.status >= 500
                    ? .serverError(status: response.status) : .up(status: response.status)
            }
            urls.append(next)
            if urls.count > Self.redirectLimit { break }
        }
        return .redirectLoop(urls: urls)
    }

    private func request(_ method: String, _ url: String, patience: Duration) -> HTTPRequest {
        HTTPRequest(
            method,
            url,
            // The connection must not stay open: an open one keeps the app awake.
            headers: [HTTPHeader("Connection", "close"), HTTPHeader("Accept", "*/*")],
            timeout: patience,
            addressOverrides: overrides
        )
    }

    /// Asks for an answer that began and did not break off. Its body is heard out where that is soon
    /// over, so that no app is cut short; one that never ends, such as a stream of events, is an
    /// answer all the same.
    private func answer(to request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        let stream = try await client.stream(request)
        let failure = await withTaskGroup(of: HTTPFailure?.self) { group in
            group.addTask {
                do throws(HTTPFailure) {
                    var rest = Self.hearing.bytes
                    for try await part in stream {
                        rest -= part.count
                        if rest <= 0 { break }
                    }
                    return nil
                } catch {
                    return error
                }
            }
            group.addTask {
                // It is cancelled when the body has ended before.
                try? await Task.sleep(for: Self.hearing.time)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
        if let failure { throw failure }
        return stream.response
    }

    /// The next URL of this preview, or `nil` for one that leads elsewhere: that is the end of what
    /// may be asked, and as a redirect it is a good answer.
    private func own(_ target: String, from url: String) -> String? {
        if target.hasPrefix("//") || target.contains("://") {
            let scheme = base.prefix { $0 != "/" }
            let rest = target.hasPrefix("//") ? scheme + target : target[...]
            guard rest == base || rest.hasPrefix(base + "/") || rest.hasPrefix(base + "?") else {
                return nil
            }
            return String(rest)
        }
        if target.hasPrefix("/") { return base + target }
        let folder = url.prefix { $0 != "?" }
        guard let slash = folder.lastIndex(of: "/"), folder.count > base.count else {
            return base + "/" + target
        }
        return folder[...slash] + target
    }
}
