/// Speaks HTTP through libcurl: HTTP/2 where TLS agrees on it, else HTTP/1.1.
///
/// Many requests may be under way at once; all are worked on by one thread, which begins with the
/// first of them. Connections are kept and used again as the requests allow. Only GET and HEAD are
/// ever sent a second time unasked (ENGINE section 6). Certificates are always checked, and no
/// redirect takes an Authorization or Cookie header of the request to another host, port or scheme.
package final class HTTPClient: Sendable {
    /// Told of every exchange when it has ended, on the thread that works on all of them: it must
    /// be short and must not wait.
    package typealias Trace = @Sendable (HTTPExchange) -> Void

    private let network: HTTPNetwork
    private let userAgent: String
    private let keepsCookies: Bool
    private let trace: Trace?
    private let loop = Locked<CurlLoop?>(nil)

    /// A client that costs nothing until it is used. If it keeps cookies, it gives them back as
    /// browsers do, in memory and to the end of its life.
    package init(
        userAgent: String,
        network: HTTPNetwork = HTTPNetwork(),
        keepsCookies: Bool = false,
        trace: Trace? = nil
    ) {
        self.userAgent = userAgent
        self.network = network
        self.keepsCookies = keepsCookies
        self.trace = trace
    }

    deinit {
        loop.withLock { $0?.stop() }
    }

    /// Sends the request and waits for the whole response; cancelling the task ends it at once.
    package func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        try await send(request, attempt: 1)
    }

    /// Sends it once; `attempt` counts the tries in the trace.
    func send(_ request: HTTPRequest, attempt: Int) async throws(HTTPFailure) -> HTTPResponse {
        if let trouble = CurlLibrary.trouble {
            throw HTTPFailure(cause: .library, mayHaveBeenSent: false, message: trouble)
        }
        let transfer = try CurlTransfer(
            request,
            attempt: attempt,
            network: network,
            userAgent: userAgent
        )
        let loop = startedLoop()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.run(transfer) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            loop.cancel(transfer)
        }
        return try result.get()
    }
    private func startedLoop() -> CurlLoop {
        loop.withLock { loop in
            let running = loop ?? CurlLoop(keepsCookies: keepsCookies, trace: trace)
            loop = running
            return running
        }
    }
}
