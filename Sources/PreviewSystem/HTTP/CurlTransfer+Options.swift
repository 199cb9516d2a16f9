import CCurl

/// What libcurl is told before a transfer begins.
extension CurlTransfer {
    /// A connection that has been idle for more seconds is not trusted with a request that changes
    /// something: routers on the way forget connections without telling either end.
    private static let longestIdleForChanges = 30

    /// libcurl takes what it is given as C strings and sends header lines as they are.
    func checkText() throws(HTTPFailure) {
        let parts =
            [request.method, request.url] + request.headers.flatMap { [$0.name, $0.value] }
            + (request.signature.map { [$0.accessKey, $0.secretKey, $0.region, $0.service] } ?? [])
        let isClean = parts.allSatisfy { part in
            !part.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }
        }
        guard isClean else { throw failure(.invalidRequest, CURLE_URL_MALFORMAT) }
    }

    func setRequest(userAgent: String) {
        set(CURLOPT_URL, request.url)
        set(CURLOPT_USERAGENT, userAgent)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
        switch request.method {
        case "GET": set(CURLOPT_HTTPGET, 1)
        case "HEAD": set(CURLOPT_NOBODY, 1)
        default: set(CURLOPT_CUSTOMREQUEST, request.method)
        }
        if isFollowing {
            set(CURLOPT_FOLLOWLOCATION, 1)
            set(CURLOPT_MAXREDIRS, request.redirectLimit)
        }
        if request.body != nil {
            preview_curl_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            preview_curl_set_pointer(handle, CURLOPT_POSTFIELDS, body.baseAddress)
            // Without a body pointer of its own an empty body would be read from standard input.
            if body.isEmpty { set(CURLOPT_COPYPOSTFIELDS, "") }
        }
        setConnection()
        setHeaders()
    }

    /// Whether redirects are followed.
    var isFollowing: Bool {
        HTTPRequest.isRead(request.method) && request.redirectLimit > 0
    }

    private var isSecure: Bool { request.url.lowercased().hasPrefix("https:") }

    private func setConnection() {
        // HTTP/2 where TLS agrees on it, HTTP/1.1 elsewhere. A paused stream would hold up its
        // connection, so it gets one that carries nothing else.
        let isShared = isSecure && stream == nil
        set(CURLOPT_HTTP_VERSION, isShared ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1)
        guard request.reusesConnection else { return set(CURLOPT_FRESH_CONNECT, 1) }
        // One that is being made may turn out to carry more than one request.
        if isShared { set(CURLOPT_PIPEWAIT, 1) }
        if !HTTPRequest.isRead(request.method) {
            set(CURLOPT_MAXAGE_CONN, Self.longestIdleForChanges)
        }
    }

    private func setHeaders() {
        let given = Set(request.headers.map { $0.name.lowercased() })
        // A line without value takes a header away that libcurl would add by itself; one that is
        // to be empty ends in a semicolon (CURLOPT_HTTPHEADER(3)).
        var lines = request.headers.map {
            $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)"
        }
        // libcurl 7.88 would sign such a line as a header without value, and then not send it.
        let unwanted = request.signature == nil ? ["Expect", "Content-Type"] : []
        for name in unwanted where !given.contains(name.lowercased()) {
            lines.append("\(name):")
        }
        for line in lines {
            requestHeaders = preview_curl_slist_append(requestHeaders, line)
        }
        preview_curl_set_list(handle, CURLOPT_HTTPHEADER, requestHeaders)
    }

    func setLimits() {
        set(CURLOPT_NOSIGNAL, 1)
        // A name that is being looked up must not hold up the thread when its transfer ends.
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.connectTimeout))
        if let timeout = request.timeout { set(CURLOPT_TIMEOUT_MS, milliseconds(timeout)) }
    }

    func setNetwork(_ network: HTTPNetwork) {
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        if let file = network.certificateFile { set(CURLOPT_CAINFO, file) }
        // An empty value, unlike none, keeps libcurl from reading the environment itself.
        set(CURLOPT_PROXY, (isSecure ? network.httpsProxy : network.httpProxy) ?? "")
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_NOPROXY, hostsWithoutProxy(network.withoutProxy))
        for override in request.addressOverrides {
            let address =
                override.address.contains(":") ? "[\(override.address)]" : override.address
            let line = "\(override.host):\(override.port):\(address):\(override.port)"
            connectTo = preview_curl_slist_append(connectTo, line)
        }
        preview_curl_set_list(handle, CURLOPT_CONNECT_TO, connectTo)
    }

    private func hostsWithoutProxy(_ list: String?) -> String {
        let loopback = "localhost,127.0.0.0/8,::1"
        // Every host; within a list it would mean nothing.
        return list == "*" ? "*" : list.map { "\($0),\(loopback)" } ?? loopback
    }

    func setCallbacks() {
        let context = Unmanaged.passUnretained(self).toOpaque()
        preview_curl_set_callback(handle, CURLOPT_WRITEFUNCTION, receiveBody)
        preview_curl_set_pointer(handle, CURLOPT_WRITEDATA, context)
        preview_curl_set_callback(handle, CURLOPT_HEADERFUNCTION, receiveHeader)
        preview_curl_set_pointer(handle, CURLOPT_HEADERDATA, context)
        preview_curl_set_before_request(handle, allowRequest)
        preview_curl_set_pointer(handle, CURLOPT_PREREQDATA, context)
        preview_curl_set_pointer(handle, CURLOPT_ERRORBUFFER, errorText)
    }

    /// Fails where libcurl cannot sign: before 7.75, or built without it.
    func setSignature() throws(HTTPFailure) {
        guard let signature = request.signature else { return }
        let scope = "aws:amz:\(signature.region):\(signature.service)"
        let code = preview_curl_set_string(handle, CURLOPT_AWS_SIGV4, scope)
        guard code == CURLE_OK else { throw failure(.library, code) }
        set(CURLOPT_USERNAME, signature.accessKey)
        set(CURLOPT_PASSWORD, signature.secretKey)
        // What is signed is what is sent, dots in the path and all.
        set(CURLOPT_PATH_AS_IS, 1)
    }

    private func set(_ option: CURLoption, _ value: Int) {
        let code = preview_curl_set_long(handle, option, value)
        precondition(code == CURLE_OK, "curl option \(option.rawValue): error \(code.rawValue)")
    }

    private func set(_ option: CURLoption, _ value: String) {
        let code = preview_curl_set_string(handle, option, value)
        precondition(code == CURLE_OK, "curl option \(option.rawValue): error \(code.rawValue)")
    }
}

private func milliseconds(_ duration: Duration) -> Int {
    max(1, Int(clamping: Int64((duration / .milliseconds(1)).rounded(.up))))
}
