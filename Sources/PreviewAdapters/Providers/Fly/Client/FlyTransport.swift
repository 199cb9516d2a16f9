import PreviewCore
import PreviewSystem

/// Sends calls to one of the platform's hosts: headers, JSON, and the repeating of what may be
/// repeated (ENGINE section 6).
struct FlyTransport: Sendable {
    /// What a call does, which decides when it may be sent again.
    enum Effect: Sendable {
        /// Nothing: repeated whatever happened.
        case reads
        /// Something, once: repeated only where it is certain that nothing happened.
        case changes
    }

    /// One call.
    struct Call: Sendable {
        var method: String
        /// Behind the base, beginning with a slash; parts are escaped.
        var path: String
        var query: [(String, String)] = []
        var body: JSONValue?
        var headers: [HTTPHeader] = []
        var effect: Effect
        /// How many times the usual patience it may take.
        var slowness = 1
        /// How long the platform itself may hold the call before it answers.
        var holds = Duration.zero

        /// Method and path, for messages: queries may hold more than a reader wants.
        var text: String { "\(method) \(path)" }
    }

    let base: String
    let authorization: String
    let http: HTTPClient
    let retries: FlyRetries

    /// Sends a call, again where that is safe, and gives the answer of 200 to 299.
    func send(_ call: Call) async throws -> HTTPResponse {
        var tries = 1
        let end = ContinuousClock.now + retries.limit
        while true {
            let failure: FlyFailure
            do throws(HTTPFailure) {
                let response = try await http.send(request(call))
                if (200..<300).contains(response.status) { return response }
                failure = FlyFailure(response, call: call.text)
            } catch {
                if error.cause == .cancelled { throw CancellationError() }
                failure = FlyFailure(error, call: call.text)
            }
            let pause = retries.pause(before: tries + 1, after: failure)
            guard mayRepeat(call, after: failure, tries: tries),
                ContinuousClock.now + pause < end
            else { throw failure.with(tries: tries) }
            try await Task.sleep(for: pause)
            tries += 1
        }
    }

    /// As ``send(_:)``, and reads the answer.
    func json(_ call: Call) async throws -> JSONValue {
        let response = try await send(call)
        do {
            return try JSONReader.read(response.body)
        } catch {
            let failure = FlyFailure.unreadable(response, call: call.text, "\(error)")
            guard case .reads = call.effect else { throw failure }
            // A read may be asked again; a second answer of that kind is one too many.
            let again = try await send(call)
            guard let value = try? JSONReader.read(again.body) else { throw failure }
            return value
        }
    }

    private func mayRepeat(_ call: Call, after failure: FlyFailure, tries: Int) -> Bool {
        if case .rateLimited = failure.cause { return true }
        guard tries < retries.attempts else { return false }
        switch failure.cause {
        case .unreachable, .timedOut:
            if case .reads = call.effect { return true }
            return failure.isCertain
        default: return false
        }
    }

    private func request(_ call: Call) -> HTTPRequest {
        var headers = [
            HTTPHeader("Authorization", authorization), HTTPHeader("Accept", "application/json"),
        ]
        if call.body != nil { headers.append(HTTPHeader("Content-Type", "application/json")) }
        let query = call.query.map { "\(escaped($0.0))=\(escaped($0.1))" }
        var request = HTTPRequest(
            call.method,
            base + call.path + (query.isEmpty ? "" : "?" + query.joined(separator: "&")),
            headers: headers + call.headers, body: call.body.map { JSONWriter.line($0) },
            timeout: retries.patience * call.slowness + call.holds)
        // What became of a change can be asked for, so an open connection may carry it.
        request.reusesConnection = true
        return request
    }
}

/// How often and after which time a call is sent again (ENGINE section 6).
package struct FlyRetries: Hashable, Sendable {
    /// How often a call is sent at most; calls that are refused for coming too often do not count.
    package var attempts = 3
    /// The first pause, doubled each time.
    package var backoff = Duration.seconds(1)
    /// The longest pause.
    package var longest = Duration.seconds(30)
    /// How long one answer may take; calls that are known to be slow have more.
    package var patience = Duration.seconds(60)
    /// How long one call may go on altogether.
    package var limit = Duration.seconds(120)

    /// The figures of `retries` in SPEC section 2.
    package init() {}

    /// With full jitter, so that many clients that were refused together do not come together again.
    func pause(before number: Int, after failure: FlyFailure) -> Duration {
        if case .rateLimited(let seconds?) = failure.cause { return .seconds(seconds) }
        let doubled = backoff * Double(1 << min(number - 2, 10))
        return min(doubled, longest) * Double.random(in: 0.2...1)
    }
}

extension FlyFailure {
    fileprivate func with(tries: Int) -> FlyFailure {
        var failure = self
        failure.tries = tries
        return failure
    }
}
