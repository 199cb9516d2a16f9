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

    /// Sends the request and waits for the head of the response, whose body is read as it arrives.
    ///
    /// The request's limits of time hold for the whole body, those of size do not. A stream has a
    /// connection to itself and speaks HTTP/1.1 on it: over HTTP/2 a slow reader would hold up the
    /// other requests of the connection.
    package func stream(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPStream {
        let buffer = BodyBuffer()
        let transfer = try makeTransfer(request, attempt: 1, streamingTo: buffer)
        let loop = startedLoop()
        loop.run(transfer) { buffer.finish($0) }
        let response = await withTaskCancellationHandler {
            await buffer.response()
        } onCancel: {
            loop.cancel(transfer)
        }
        return HTTPStream(try response.get(), buffer, transfer, loop, of: self)
    }

    /// Sends it once; `attempt` counts the tries in the trace.
    package func send(
        _ request: HTTPRequest, attempt: Int
    ) async throws(HTTPFailure) -> HTTPResponse {
        let transfer = try makeTransfer(request, attempt: attempt)
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

    private func makeTransfer(
        _ request: HTTPRequest,
        attempt: Int,
        streamingTo buffer: BodyBuffer? = nil
    ) throws(HTTPFailure) -> CurlTransfer {
        if let trouble = CurlLibrary.trouble {
            throw HTTPFailure(cause: .library, mayHaveBeenSent: false, message: trouble)
        }
        return try CurlTransfer(
            request,
            attempt: attempt,
            streamingTo: buffer,
            network: network,
            userAgent: userAgent
        )
    }

    private func startedLoop() -> CurlLoop {
        loop.withLock { loop in
            let running = loop ?? CurlLoop(keepsCookies: keepsCookies, trace: trace)
            loop = running
            return running
        }
    }
}
