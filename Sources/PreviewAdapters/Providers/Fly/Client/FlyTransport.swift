import PreviewCore
import PreviewSystem

/// Sends calls to one of the platform's hosts: headers, JSON, and the repeating of what may be
/// repeated (ENGINE section 6).
struct FlyTransport: Sendable {
    /// What a call does, which decides when it may be sent again.
    enum Effect: Sendable {
        /// Nothing: repeated whatever happened.
        case reads
        /// Nothing, for up to a minute: the same, but that time running out is an answer.
        case waits
        /// Something that twice is the same as once: repeated whatever happened.
        case converges
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
    /// `nil` where there is no token.
    let authorization: String?
    let http: HTTPClient
    let retries: FlyRetries

    /// Sends a call, again where that is safe, for whether it succeeds.
    func send(_ call: Call) async throws {
        _ = try await send(call) { $0.status }
    }

    /// As ``send(_:)``, and reads the answer, which is JSON; `read` gives `nil` for one that has not
    /// the form it should have.
    func json<Answer: Sendable>(
        _ call: Call, _ read: (JSONValue) -> Answer?
    ) async throws -> Answer {
        try await send(call) { JSONValue(answer: $0.body).flatMap(read) }
    }

    /// Sends a call, again where that is safe, and reads the answer of 200 to 299.
    func send<Answer: Sendable>(
        _ call: Call, _ read: (HTTPResponse) -> Answer?
    ) async throws -> Answer {
        var tries = 1
        let end = ContinuousClock.now + retries.limit
        while true {
            switch try await once(call, read) {
            case .success(let answer): return answer
            case .failure(let failure):
                let pause = retries.pause(before: tries + 1, after: failure.cause)
                guard mayRepeat(call, after: failure, tries: tries),
                    ContinuousClock.now + pause < end
                else { throw failure.with(tries: tries) }
                try await Task.sleep(for: pause)
                tries += 1
            }
        }
    }

    private func once<Answer: Sendable>(
        _ call: Call, _ read: (HTTPResponse) -> Answer?
    ) async throws -> Result<Answer, FlyFailure> {
        guard let authorization else {
            return .failure(
                FlyFailure(
                    cause: .tokenMissing, isCertain: true, call: call.text, status: nil,
                    message: "", requestID: nil))
        }
        do throws(HTTPFailure) {
            let response = try await http.send(request(call, authorization))
            guard (200..<300).contains(response.status) else {
                return .failure(FlyFailure(response, call: call.text))
            }
            guard let answer = read(response) else {
                return .failure(.unreadable(response, call: call.text))
            }
            return .success(answer)
        } catch {
            if error.cause == .cancelled { throw CancellationError() }
            return .failure(FlyFailure(error, call: call.text))
        }
    }

    private func mayRepeat(_ call: Call, after failure: FlyFailure, tries: Int) -> Bool {
        if case .rateLimited = failure.cause { return true }
        guard tries < retries.attempts else { return false }
        switch failure.cause {
        case .unreachable, .timedOut, .unreadable:
            return switch call.effect {
            case .reads, .converges: true
            case .waits: failure.status != 408
            case .changes: failure.isCertain
            }
        default: return false
        }
    }

    private func request(_ call: Call, _ authorization: String) -> HTTPRequest {
        var headers = [
            HTTPHeader("Authorization", authorization), HTTPHeader("Accept", "application/json"),
        ]
        if call.body != nil { headers.append(HTTPHeader("Content-Type", "application/json")) }
        let query = call.query.map { "\(escaped($0.0))=\(escaped($0.1))" }
        return HTTPRequest(
            call.method,
            base + call.path + (query.isEmpty ? "" : "?" + query.joined(separator: "&")),
            headers: headers + call.headers, body: call.body.map { JSONWriter.line($0) },
            timeout: retries.patience * call.slowness + call.holds,
            // What became of a change can be asked for, so an open connection may carry it.
            reusesConnection: true)
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
    /// The longest pause of a call that came too often. Each second lets one more through and keeps
    /// no more than three for later (fly/machines-api section 1.7): who stays away longer wastes
    /// them, and fifty runs at once would not be done in time.
    package var longestWhenLimited = Duration.seconds(8)
    /// How long one answer may take; calls that are known to be slow have more.
    package var patience = Duration.seconds(60)
    /// How long one call may go on altogether.
    package var limit = Duration.seconds(120)

    /// The figures of `retries` in SPEC section 2.
    package init() {}

    /// With jitter, so that many clients that were refused together do not come together again.
    func pause(before number: Int, after cause: FlyFailure.Cause) -> Duration {
        let doubled = backoff * Double(1 << min(number - 2, 10))
        let jitter = Double.random(in: 0.2...1)
        switch cause {
        case .rateLimited(let seconds?): return .seconds(seconds) + backoff * jitter
        case .rateLimited: return min(doubled, longestWhenLimited, longest) * jitter
        default: return min(doubled, longest) * jitter
        }
    }
}

extension FlyFailure {
    fileprivate func with(tries: Int) -> FlyFailure {
        var failure = self
        failure.tries = tries
        return failure
    }
}
