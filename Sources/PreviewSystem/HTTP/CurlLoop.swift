import CCurl

/// The thread on which all transfers of a client run: one `curl_multi` handle and its connections.
///
/// Everything of libcurl's is touched on that thread only, but for `curl_multi_wakeup`, which may
/// be called from any (libcurl-thread(3)). Hence the unchecked conformance.
final class CurlLoop: @unchecked Sendable {
    typealias Completion = @Sendable (Result<HTTPResponse, HTTPFailure>) -> Void

    private enum Order: Sendable {
        case run(CurlTransfer, Completion)
        case cancel(CurlTransfer)
        case resume(CurlTransfer)
        case stop
    }

    private let multi: UnsafeMutableRawPointer
    /// What the transfers have in common besides connections: the cookies. Only the thread attaches
    /// a transfer to it and takes it off again, so it needs no locks (libcurl-share(3)).
    private let share: UnsafeMutableRawPointer?
    private let trace: HTTPClient.Trace?
    private let orders = Locked<[Order]>([])
    /// Under way, by their easy handle. Of the thread.
    private var running: [UnsafeMutableRawPointer: (CurlTransfer, Completion)] = [:]

    init(keepsCookies: Bool, trace: HTTPClient.Trace?) {
        guard CurlLibrary.trouble == nil, let multi = preview_curl_multi_init() else {
            preconditionFailure("the client asks for trouble before it makes a loop")
        }
        self.multi = multi
        self.trace = trace
        share = keepsCookies ? preview_curl_share_init() : nil
        if let share { preview_curl_share_data(share, CURL_LOCK_DATA_COOKIE) }
        // Keeps this object alive until it is stopped.
        BlockingThread.start { self.work() }
    }

    /// Starts a transfer; `completion` is called once, on the thread.
    func run(_ transfer: CurlTransfer, _ completion: @escaping Completion) {
        give(.run(transfer, completion))
    }

    /// Ends a transfer that was started; one that has ended already is left as it is.
    func cancel(_ transfer: CurlTransfer) {
        give(.cancel(transfer))
    }

    /// Lets a transfer go on whose stream was full.
    func resume(_ transfer: CurlTransfer) {
        give(.resume(transfer))
    }

    /// Ends the thread and what still runs on it. To be called once, with no call after it.
    func stop() {
        give(.stop)
    }

    private func give(_ order: Order) {
        orders.withLock { $0.append(order) }
        preview_curl_multi_wakeup(multi)
    }

    private func work() {
        while takeOrders() {
            var count: Int32 = 0
            preview_curl_multi_perform(multi, &count)
            finishDone()
            endSilent()
            // libcurl 7.88 may overlook the end of an HTTP/2 stream that arrives along with what
            // another one reads, until anything else happens: after news it is asked once more.
            let hasNews = takeNews()
            // Returns when there is work, at a wake-up, and before the next timeout of a transfer.
            preview_curl_multi_poll(multi, hasNews ? 0 : millisecondsToWait)
        }
        for handle in Array(running.keys) {
            end(handle) { $0.failure(.cancelled) }
        }
        preview_curl_multi_cleanup(multi)
        if let share { preview_curl_share_cleanup(share) }
    }

    /// Whether anything has come for a transfer since the last time.
    private func takeNews() -> Bool {
        running.values.count { $0.0.takeNews() } > 0
    }

    /// Ends the transfers that have been waiting for too long.
    private func endSilent() {
        let now = ContinuousClock.now
        for (handle, (transfer, _)) in running {
            guard let deadline = transfer.silence.deadline, deadline <= now else { continue }
            end(handle, \.silenceFailure)
        }
    }

    private var millisecondsToWait: Int32 {
        guard !running.isEmpty else { return 60_000 }
        let deadline = running.values.compactMap(\.0.silence.deadline).min()
        let wait = deadline.map { ($0 - .now) / .milliseconds(1) } ?? .infinity
        // A look each second costs nothing, and ends whatever else libcurl may overlook.
        return Int32(min(max(wait.rounded(.up), 0), 1000))
    }

    /// False when the thread is to end.
    private func takeOrders() -> Bool {
        let taken = orders.withLock { orders in
            defer { orders = [] }
            return orders
        }
        for order in taken {
            switch order {
            case .run(let transfer, let completion): add(transfer, completion)
            case .cancel(let transfer):
                transfer.isCancelled = true
                if running[transfer.handle] != nil {
                    end(transfer.handle) { $0.failure(.cancelled) }
                }
            case .resume(let transfer):
                if running[transfer.handle] != nil { transfer.resume() }
            case .stop: return false
            }
        }
        return true
    }

    private func add(_ transfer: CurlTransfer, _ completion: @escaping Completion) {
        // A cancellation may arrive before the order it belongs to.
        guard !transfer.isCancelled else {
            completion(.failure(transfer.failure(.cancelled)))
            return
        }
        running[transfer.handle] = (transfer, completion)
        if let share {
            preview_curl_set_pointer(transfer.handle, CURLOPT_SHARE, share)
            // Reads no file, but without it shared cookies are neither kept nor sent.
            preview_curl_set_string(transfer.handle, CURLOPT_COOKIEFILE, "")
        }
        transfer.begin()
        let code = preview_curl_multi_add_handle(multi, transfer.handle)
        if code != CURLM_OK { end(transfer.handle) { $0.failure(.other(Int(code.rawValue))) } }
    }

    private func finishDone() {
        var left: Int32 = 0
        while let message = preview_curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle
            else { continue }
            let code = message.pointee.data.result
            finish(handle) { $0.result(code) }
        }
    }

    private func end(
        _ handle: UnsafeMutableRawPointer,
        _ failure: (CurlTransfer) -> HTTPFailure
    ) {
        finish(handle) { .failure(failure($0)) }
    }

    private func finish(
        _ handle: UnsafeMutableRawPointer,
        _ result: (CurlTransfer) -> Result<HTTPResponse, HTTPFailure>
    ) {
        guard let (transfer, completion) = running.removeValue(forKey: handle) else { return }
        let outcome = result(transfer)
        preview_curl_multi_remove_handle(multi, handle)
        if share != nil { preview_curl_set_pointer(handle, CURLOPT_SHARE, nil) }
        trace?(transfer.exchange(outcome))
        completion(outcome)
    }
}

/// libcurl itself, loaded at its first use.
enum CurlLibrary {
    /// Why the library cannot be used, `nil` when it can. The first question loads and initialises
    /// it; 3 is CURL_GLOBAL_ALL, a macro Swift does not import.
    static let trouble: String? = {
        if let reason = preview_curl_load() {
            return "libcurl cannot be loaded (Debian package libcurl4): \(String(cString: reason))"
        }
        return preview_curl_global_init(3) == CURLE_OK ? nil : "libcurl cannot be initialised"
    }()
}
