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
    /// `nil` where there is no token: then nothing is sent.
    let authorization: String?
    let http: HTTPClient
    let retries: RetryPolicy
    let patience: Duration

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
        var tries = 0
        while true {
            let response = try await exchange(call, tries: &tries)
            if let answer = read(response) { return answer }
            // Nobody but the caller can tell that it is none, so the policy knows nothing of it.
            guard tries < retries.attempts, call.effect != .changes else {
                throw FlyFailure.unreadable(response, call: call.text).with(tries: tries)
            }
        }
    }

    /// Sends a call until the policy has an outcome, which must be an answer of 200 to 299.
    private func exchange(_ call: Call, tries: inout Int) async throws -> HTTPResponse {
        guard let authorization else {
            throw FlyFailure.tokenMissing(call: call.text)
        }
        var policy = retries
        if call.effect == .waits { policy.finalStatuses.insert(408) }
        let before = tries
        let response: HTTPResponse
        do throws(HTTPFailure) {
            response = try await policy.run(request(call, authorization)) {
                (request, attempt) throws(HTTPFailure) in
                tries = before + attempt
                return try await http.send(request, attempt: tries)
            }
        } catch {
            if error.cause == .cancelled { throw CancellationError() }
            throw FlyFailure(error, call: call.text).with(tries: tries)
        }
        guard (200..<300).contains(response.status) else {
            throw FlyFailure(response, call: call.text).with(tries: tries)
        }
        return response
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
            timeout: patience * call.slowness + call.holds,
            // What became of a change can be asked for, so an open connection may carry it.
            reusesConnection: true, isIdempotent: call.effect != .changes)
    }
}

extension FlyFailure {
    fileprivate func with(tries: Int) -> FlyFailure {
        var failure = self
        failure.tries = tries
        return failure
    }
}
