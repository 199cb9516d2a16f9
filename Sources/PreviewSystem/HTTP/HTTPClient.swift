/// How a client reaches the network: what a user's environment says, read by whoever makes it.
package struct HTTPNetwork: Hashable, Sendable {
    /// The proxy for `http` URLs (`http_proxy`), or nil for none.
    package var httpProxy: String?
    /// The proxy for `https` URLs (`https_proxy`), or nil for none.
    package var httpsProxy: String?
    /// Hosts reached without proxy (`no_proxy`), joined by commas. This machine always is.
    package var withoutProxy: String?
    /// A file of certificates to trust in place of the system's (`SSL_CERT_FILE`), or nil.
    package var certificateFile: String?

    /// Direct connections, unless said otherwise.
    package init(
        httpProxy: String? = nil,
        httpsProxy: String? = nil,
        withoutProxy: String? = nil,
        certificateFile: String? = nil
    ) {
        self.httpProxy = httpProxy
        self.httpsProxy = httpsProxy
        self.withoutProxy = withoutProxy
        self.certificateFile = certificateFile
    }
}

/// Speaks HTTP/1.1 through libcurl.
///
/// Many requests may be under way at once; all are worked on by one thread, which begins with the
/// first of them. Connections are kept and used again, but never for a request that may change
/// something: libcurl repeats a request by itself when a used connection turns out to be dead, and
/// only GET and HEAD may be repeated unasked (ENGINE section 6). Certificates are always checked.
package final class HTTPClient: Sendable {
    private let network: HTTPNetwork
    private let userAgent: String
    private let loop = Locked<CurlLoop?>(nil)

    /// A client that costs nothing until it is used.
    package init(userAgent: String, network: HTTPNetwork = HTTPNetwork()) {
        self.userAgent = userAgent
        self.network = network
    }

    deinit {
        loop.withLock { $0?.stop() }
    }

    /// Sends the request and waits for the whole response; cancelling the task ends it at once.
    package func send(_ request: HTTPRequest) async throws(HTTPFailure) -> HTTPResponse {
        if let trouble = CurlLibrary.trouble {
            throw HTTPFailure(cause: .library, mayHaveBeenSent: false, message: trouble)
        }
        let transfer = try CurlTransfer(request, network: network, userAgent: userAgent)
        let loop = self.loop.withLock { loop in
            let running = loop ?? CurlLoop()
            loop = running
            return running
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                loop.run(transfer) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            loop.cancel(transfer)
        }
        return try result.get()
    }
}
