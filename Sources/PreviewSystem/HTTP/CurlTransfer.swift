import CCurl

/// One request on an easy handle of libcurl, and what has come back so far.
///
/// Made by whoever sends it, then touched by the thread of `CurlLoop` alone, in which the callbacks
/// run too. Hence the unchecked conformance.
final class CurlTransfer: @unchecked Sendable {
    let handle: UnsafeMutableRawPointer
    var isCancelled = false

    private let request: HTTPRequest
    private var headers: [HTTPHeader] = []
    private var received: [UInt8] = []
    private var isOverLimit = false
    private var requestHeaders: UnsafeMutablePointer<curl_slist>?
    private var connectTo: UnsafeMutablePointer<curl_slist>?
    private let body: UnsafeMutableBufferPointer<UInt8>
    private let errorText: UnsafeMutablePointer<CChar>

    /// Prepares the request; nothing is sent yet.
    init(
        _ request: HTTPRequest,
        network: HTTPNetwork,
        userAgent: String
    ) throws(HTTPFailure) {
        guard let handle = preview_curl_easy_init() else {
            preconditionFailure("out of memory")
        }
        self.handle = handle
        self.request = request
        body = .allocate(capacity: request.body?.count ?? 0)
        _ = body.initialize(from: request.body ?? [])
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try checkText()
        setRequest(userAgent: userAgent)
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
        return .success(
            HTTPResponse(
                status: number(CURLINFO_RESPONSE_CODE),
                headers: headers,
                body: received,
                isBodyCut: isCut,
                url: text(CURLINFO_EFFECTIVE_URL),
                redirectCount: number(CURLINFO_REDIRECT_COUNT),
                remoteAddress: text(CURLINFO_PRIMARY_IP),
                remotePort: UInt16(clamping: number(CURLINFO_PRIMARY_PORT))
            )
        )
    }

    /// A failure at this point of the transfer.
    func failure(_ cause: HTTPFailure.Cause, _ code: CURLcode = CURLE_OK) -> HTTPFailure {
        let detail = String(cString: errorText)
        let general: String =
            switch cause {
            case .cancelled: "the request was cancelled"
            case .bodyTooLarge: "the answer is longer than \(request.bodyLimit) bytes"
            default: String(cString: preview_curl_easy_strerror(code))
            }
        return HTTPFailure(
            cause: cause,
            mayHaveBeenSent: hasSent,
            message: detail.isEmpty || cause == .bodyTooLarge ? general : detail
        )
    }

    // MARK: Options

    /// libcurl takes what it is given as C strings and sends header lines as they are.
    private func checkText() throws(HTTPFailure) {
        let parts =
            [request.method, request.url] + request.headers.flatMap { [$0.name, $0.value] }
        let isClean = parts.allSatisfy { part in
            !part.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }
        }
        guard isClean else { throw failure(.invalidRequest, CURLE_URL_MALFORMAT) }
    }

    private func setRequest(userAgent: String) {
        set(CURLOPT_URL, request.url)
        set(CURLOPT_USERAGENT, userAgent)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        switch request.method {
        case "GET": set(CURLOPT_HTTPGET, 1)
        case "HEAD": set(CURLOPT_NOBODY, 1)
        default:
            set(CURLOPT_CUSTOMREQUEST, request.method)
            set(CURLOPT_FRESH_CONNECT, 1)
        }
        if request.method == "GET" || request.method == "HEAD", request.redirectLimit > 0 {
            set(CURLOPT_FOLLOWLOCATION, 1)
            set(CURLOPT_MAXREDIRS, request.redirectLimit)
        }
        if request.body != nil {
            preview_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            preview_curl_set_pointer(handle, CURLOPT_POSTFIELDS, body.baseAddress)
            // Without a body pointer of its own an empty body would be read from standard input.
            if body.isEmpty { set(CURLOPT_COPYPOSTFIELDS, "") }
        }
        setHeaders()
    }

    private func setHeaders() {
        let given = Set(request.headers.map { $0.name.lowercased() })
        // A line without value takes a header away that libcurl would add by itself; one that is
        // to be empty ends in a semicolon (CURLOPT_HTTPHEADER(3)).
        var lines = request.headers.map {
            $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)"
        }
        for name in ["Expect", "Content-Type"] where !given.contains(name.lowercased()) {
            lines.append("\(name):")
        }
        for line in lines {
            requestHeaders = preview_curl_slist_append(requestHeaders, line)
        }
        preview_curl_set_list(handle, CURLOPT_HTTPHEADER, requestHeaders)
    }

    private func setLimits() {
        set(CURLOPT_NOSIGNAL, 1)
        // A name that is being looked up must not hold up the thread when its transfer ends.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.connectTimeout))
        set(CURLOPT_TIMEOUT_MS, milliseconds(request.timeout))
    }

    private func setNetwork(_ network: HTTPNetwork) {
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        if let file = network.certificateFile { set(CURLOPT_CAINFO, file) }
        // An empty value, unlike none, keeps libcurl from reading the environment itself.
        let isSecure = request.url.lowercased().hasPrefix("https:")
        set(CURLOPT_PROXY, (isSecure ? network.httpsProxy : network.httpProxy) ?? "")
        let loopback = "localhost,127.0.0.0/8,::1"
        set(CURLOPT_NOPROXY, network.withoutProxy.map { "\($0),\(loopback)" } ?? loopback)
        for override in request.addressOverrides {
            let address =
                override.address.contains(":") ? "[\(override.address)]" : override.address
            let line = "\(override.host):\(override.port):\(address):\(override.port)"
            connectTo = preview_curl_slist_append(connectTo, line)
        }
        preview_curl_set_list(handle, CURLOPT_CONNECT_TO, connectTo)
    }

    private func setCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        preview_curl_set_callback(handle, CURLOPT_WRITEFUNCTION, receiveBody)
        preview_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        preview_curl_set_callback(handle, CURLOPT_HEADERFUNCTION, receiveHeader)
        preview_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        preview_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
    }

    private func set(_ option: CURLoption, _ value: Int) {
        let code = preview_curl_set_long(handle, option, value)
        precondition(code == CURLE_OK, "curl option \(option.rawValue): error \(code.rawValue)")
    }

    private func set(_ option: CURLoption, _ value: String) {
        let code = preview_curl_set_string(handle, option, value)
        precondition(code == CURLE_OK, "curl option \(option.rawValue): error \(code.rawValue)")
    }

    // MARK: Receiving

    /// Takes part of the body; false ends the transfer.
    fileprivate func take(body part: UnsafeRawBufferPointer) -> Bool {
        let room = request.bodyLimit - received.count
        received += part.prefix(room)
        isOverLimit = part.count > room
        return !isOverLimit
    }

    /// Takes one line of the head. A status line begins a new head: after a redirect, or 100.
    fileprivate func take(headerLine part: UnsafeRawBufferPointer) {
        let line = String(decoding: part, as: UTF8.self)
        if line.hasPrefix("HTTP/") {
            headers = []
            return
        }
        guard let colon = line.firstIndex(of: ":") else { return }
        let value = trimmed(line[line.index(after: colon)...])
        headers.append(HTTPHeader(String(line[..<colon]), value))
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
        case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE:
            .connectionLost
        case CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: .invalidResponse
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_CRL_BADFILE, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_SHUTDOWN_FAILED,
            CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED:
            .tls
        default: .other(Int(code.rawValue))
        }
    }

    private var hasSent: Bool { number(CURLINFO_REQUEST_SIZE) > 0 }

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

private func receiveBody(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let context else { return 0 }
    let transfer = Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    let part = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer.take(body: part) ? part.count : 0
}

private func receiveHeader(
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

private func milliseconds(_ duration: Duration) -> Int {
    max(1, Int(clamping: Int64((duration / .milliseconds(1)).rounded(.up))))
}
