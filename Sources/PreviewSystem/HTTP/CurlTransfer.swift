import CCurl

/// One request on an easy handle of libcurl, and what has come back so far.
///
/// Made by whoever sends it, then touched by the thread of `CurlLoop` alone, in which the callbacks
/// run too. Hence the unchecked conformance.
final class CurlTransfer: @unchecked Sendable {
    let handle: UnsafeMutableRawPointer
    let request: HTTPRequest
    var isCancelled = false
    /// How long the server may go on saying nothing.
    private(set) var silence: SilenceLimit

    /// Where the body goes as it arrives, or nil if it is kept for the response.
    let stream: BodyBuffer?
    private let attempt: Int
    private let created = ContinuousClock.now
    /// How often the request went out, or was about to.
    private var issueCount = 0
    private var headers: [HTTPHeader] = []
    private var received: [UInt8] = []
    private var isOverLimit = false
    private var hasNews = false
    // What libcurl is given without copying it; see `CurlTransfer+Options`.
    var requestHeaders: UnsafeMutablePointer<curl_slist>?
    var connectTo: UnsafeMutablePointer<curl_slist>?
    let body: UnsafeMutableBufferPointer<UInt8>
    let errorText: UnsafeMutablePointer<CChar>

    /// Prepares the request; nothing is sent yet. `attempt` counts the tries, from 1.
    init(
        _ request: HTTPRequest,
        attempt: Int,
        streamingTo stream: BodyBuffer?,
        network: HTTPNetwork,
        userAgent: String
    ) throws(HTTPFailure) {
        guard let handle = preview_curl_easy_init() else {
            preconditionFailure("out of memory")
        }
        self.handle = handle
        self.request = request
        self.attempt = attempt
        self.stream = stream
        silence = SilenceLimit(for: request)
        body = .allocate(capacity: request.body?.count ?? 0)
        _ = body.initialize(from: request.body ?? [])
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try checkText()
        setRequest(userAgent: userAgent)
        try setSignature()
        setLimits()
        setNetwork(network)
        setCallbacks()
    }

    deinit {
        preview_curl_easy_cleanup(handle)
        preview_curl_slist_free_all(requestHeaders)
        preview_curl_slist_free_all(connectTo)
        body.deallocate()
        errorText.deallocate()
    }

    /// The outcome after libcurl has ended the transfer with `code`.
    func result(_ code: CURLcode) -> Result<HTTPResponse, HTTPFailure> {
        let isCut = isOverLimit && request.excess == .cut
        guard code == CURLE_OK || (isCut && code == CURLE_WRITE_ERROR) else {
            return .failure(failure(isOverLimit ? .bodyTooLarge : cause(code), code))
        }
        return .success(response(isBodyCut: isCut))
    }

    /// What has come so far.
    private func response(isBodyCut: Bool) -> HTTPResponse {
        HTTPResponse(
            status: number(CURLINFO_RESPONSE_CODE),
            headers: headers,
            body: received,
            isBodyCut: isBodyCut,
            url: text(CURLINFO_EFFECTIVE_URL),
            redirectCount: number(CURLINFO_REDIRECT_COUNT),
            remoteAddress: text(CURLINFO_PRIMARY_IP),
            remotePort: UInt16(clamping: number(CURLINFO_PRIMARY_PORT))
        )
    }

    /// A failure at this point of the transfer.
    func failure(_ cause: HTTPFailure.Cause, _ code: CURLcode = CURLE_OK) -> HTTPFailure {
        let detail = String(cString: errorText)
        // The library's own words would speak of callbacks.
        let isOwnReason = cause == .bodyTooLarge || code == CURLE_ABORTED_BY_CALLBACK
        let general: String =
            switch cause {
            case .cancelled: "the request was cancelled"
            case .bodyTooLarge: "the answer is longer than \(request.bodyLimit) bytes"
            case .timedOut: "the time for it was over"
            case .connectionLost where code == CURLE_ABORTED_BY_CALLBACK:
                "the connection ended, and a changing request is not sent again"
            default: String(cString: preview_curl_easy_strerror(code))
            }
        return HTTPFailure(
            cause: cause,
            mayHaveBeenSent: hasSent,
            message: detail.isEmpty || isOwnReason ? general : detail,
            requestID: HTTPResponse.requestID(in: headers)
        )
    }

    /// What became of the request, for whoever traces it.
    func exchange(_ outcome: Result<HTTPResponse, HTTPFailure>) -> HTTPExchange {
        var exchange = HTTPExchange(
            method: request.method,
            url: HTTPExchange.shownURL(request.url),
            attempt: attempt,
            requestID: HTTPResponse.requestID(in: headers),
            sentBytes: Int(size(CURLINFO_SIZE_UPLOAD_T)),
            receivedBytes: Int(size(CURLINFO_SIZE_DOWNLOAD_T)),
            duration: ContinuousClock.now - created,
            isReusedConnection: issueCount > 0 && number(CURLINFO_NUM_CONNECTS) == 0,
            version: version
        )
        switch outcome {
        case .success(let response): exchange.status = response.status
        case .failure(let failure): exchange.failure = failure
        }
        return exchange
    }

    private var version: String? {
        switch number(CURLINFO_HTTP_VERSION) {
        case CURL_HTTP_VERSION_1_0: "HTTP/1.0"
        case CURL_HTTP_VERSION_1_1: "HTTP/1.1"
        case CURL_HTTP_VERSION_2_0: "HTTP/2"
        default: nil
        }
    }

    /// Whether anything has come since the last time.
    func takeNews() -> Bool {
        defer { hasNews = false }
        return hasNews
    }

    // MARK: Sending and receiving

    /// From now on libcurl works on it.
    func begin() {
        silence.queued()
    }

    /// The failure of a transfer that has been waiting for too long.
    var silenceFailure: HTTPFailure {
        // One without a connection of its own waits for another's.
        failure(.timedOut(phase == .resolving ? .connecting : phase))
    }

    /// Asked each time a connection is there and the request is about to go out; false ends the
    /// transfer.
    ///
    /// libcurl sends a request again by itself: when a used connection is found dead, when an
    /// HTTP/2 server refuses the stream, and when it asks for HTTP/1.1. This is the one point that
    /// each of these passes (CURLOPT_PREREQFUNCTION(3)), so here a changing request is held back.
    fileprivate func mayIssue() -> Bool {
        issueCount += 1
        guard issueCount == 1 || HTTPRequest.isRead(request.method) else { return false }
        silence.began()
        return true
    }

    /// Takes part of the body and returns its size; anything else than that ends the transfer, or
    /// lets it pause.
    fileprivate func take(body part: UnsafeRawBufferPointer) -> Int {
        hasNews = true
        silence.heard()
        guard let stream else {
            let room = request.bodyLimit - received.count
            received += part.prefix(room)
            isOverLimit = part.count > room
            return isOverLimit ? 0 : part.count
        }
        if stream.append(part) { return part.count }
        silence.paused()
        return Int(CURL_WRITEFUNC_PAUSE)
    }

    /// Goes on after a pause.
    func resume() {
        silence.heard()
        preview_curl_easy_pause(handle, CURLPAUSE_CONT)
    }

    /// Takes one line of the head. A status line begins a new head: after a redirect, or 100.
    fileprivate func take(headerLine part: UnsafeRawBufferPointer) {
        hasNews = true
        silence.heard()
        let line = String(decoding: part, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            headers = []
            return
        }
        guard let colon = line.firstIndex(of: ":") else {
            if isLastHead { stream?.begin(response(isBodyCut: false)) }
            return
        }
        let value = trimmed(line[line.index(after: colon)...])
        headers.append(HTTPHeader(String(line[..<colon]), value))
    }

    /// Whether the head that is there now is the answer's, and not one that another follows.
    private var isLastHead: Bool {
        let status = number(CURLINFO_RESPONSE_CODE)
        let isRedirect =
            (300..<400).contains(status)
            && headers.contains { $0.name.lowercased() == "location" }
        return status >= 200 && !(isRedirect && isFollowing)
    }

    // MARK: Results

    private func cause(_ code: CURLcode) -> HTTPFailure.Cause {
        switch code {
        case CURLE_URL_MALFORMAT: .invalidRequest
        // Of the URL, or of what came back: HTTP/0.9, a redirect elsewhere.
        case CURLE_UNSUPPORTED_PROTOCOL: hasSent ? .invalidResponse : .invalidRequest
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
        case CURLE_COULDNT_CONNECT: .connect
        case CURLE_OPERATION_TIMEDOUT: .timedOut(phase)
        case CURLE_TOO_MANY_REDIRECTS: .tooManyRedirects
        case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE,
            CURLE_HTTP2, CURLE_HTTP2_STREAM:
            // Before the request it is a proxy that refused the way, or one that hung up.
            issueCount > 0 ? .connectionLost : .connect
        // Only `mayIssue` says so.
        case CURLE_ABORTED_BY_CALLBACK: .connectionLost
        case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: .invalidResponse
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_CRL_BADFILE, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_SHUTDOWN_FAILED,
            CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED:
            .tls
        default: .other(Int(code.rawValue))
        }
    }

    /// The size alone would count what was said to a proxy.
    private var hasSent: Bool { issueCount > 0 && number(CURLINFO_REQUEST_SIZE) > 0 }

    /// The first part of the transfer that took no time yet is the one under way.
    private var phase: HTTPFailure.Phase {
        if size(CURLINFO_STARTTRANSFER_TIME_T) > 0 { return .receiving }
        if size(CURLINFO_PRETRANSFER_TIME_T) > 0 { return .waiting }
        // The time of the connection is set with that of TLS only, its own port before.
        if number(CURLINFO_LOCAL_PORT) > 0 { return .securing }
        if size(CURLINFO_NAMELOOKUP_TIME_T) > 0 { return .connecting }
        return .resolving
    }

    private func number(_ info: CURLINFO) -> Int {
        var value = 0
        return preview_curl_get_long(handle, info, &value) == CURLE_OK ? value : 0
    }

    private func size(_ info: CURLINFO) -> curl_off_t {
        var value: curl_off_t = 0
        return preview_curl_get_size(handle, info, &value) == CURLE_OK ? value : 0
    }

    private func text(_ info: CURLINFO) -> String {
        var value: UnsafeMutablePointer<CChar>?
        guard preview_curl_get_string(handle, info, &value) == CURLE_OK, let value else {
            return ""
        }
        return String(cString: value)
    }
}

// MARK: Callbacks, each with the transfer as its context

func allowRequest(
    _ context: UnsafeMutableRawPointer?,
    _ remoteAddress: UnsafeMutablePointer<CChar>?,
    _ localAddress: UnsafeMutablePointer<CChar>?,
    _ remotePort: Int32,
    _ localPort: Int32
) -> Int32 {
    guard let context else { return CURL_PREREQFUNC_ABORT }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    return transfer.mayIssue() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    let part = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer.take(body: part)
}

func receiveHeader(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    let part = UnsafeRawBufferPointer(start: bytes, count: size * count)
    transfer.take(headerLine: part)
    return part.count
}

private func trimmed(_ text: Substring) -> String {
    var rest = text
    while let first = rest.first, first.isWhitespace {
        rest.removeFirst()
    }
    while let last = rest.last, last.isWhitespace {
        rest.removeLast()
    }
    return String(rest)
}
