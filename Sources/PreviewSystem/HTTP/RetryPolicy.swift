/// Which requests are sent again after which outcome, and when (ENGINE section 6).
///
/// Sent again are requests of which nothing can have arrived, those that were refused for coming too
/// often, and idempotent ones after a lost answer or a passing trouble of the server. What became of
/// any other request has to be asked by who knows how.
package struct RetryPolicy: Hashable, Sendable {
    /// How often a request is sent at most. Being refused for coming too often (429) uses up time
    /// only: where many clients share a limit, it says nothing about this one.
    package var attempts: Int
    /// The longest pause before the second try; doubled before each further one.
    package var backoff: Duration
    /// The longest pause whatever the number of the try.
    package var longestBackoff: Duration
    /// The longest pause that a server may ask for; who asks for more is not asked again.
    package var longestRetryAfter: Duration
    /// Time for all tries and pauses, which cuts the time of each.
    package var timeLimit: Duration
    /// Statuses that are an answer here and no trouble, such as 408 of a call that waits for
    /// something: they are not asked about again.
    package var finalStatuses: Set<Int> = []

    /// The figures of ENGINE section 6, unless said otherwise.
    package init(
        attempts: Int = 3,
        backoff: Duration = .seconds(1),
        longestBackoff: Duration = .seconds(30),
        longestRetryAfter: Duration = .seconds(60),
        timeLimit: Duration = .seconds(120)
    ) {
        self.attempts = attempts
        self.backoff = backoff
        self.longestBackoff = longestBackoff
        self.longestRetryAfter = longestRetryAfter
        self.timeLimit = timeLimit
    }

    /// What retrying takes from the world; a test brings its own.
    package struct Pacing: Sendable {
        /// A time that does not jump.
        package var now: @Sendable () -> ContinuousClock.Instant
        /// The wall clock, for dates in `Retry-After` of servers that do not say their own.
        package var unixMilliseconds: @Sendable () -> Int64
        /// A random duration from zero to the given one.
        package var jitter: @Sendable (Duration) -> Duration
        /// Lets time pass; throws when the task is cancelled.
        package var sleep: @Sendable (Duration) async throws -> Void

        /// Parts of the world; see the properties.
        package init(
            now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
            unixMilliseconds: @escaping @Sendable () -> Int64 = { Moment.unixMilliseconds },
            jitter: @escaping @Sendable (Duration) -> Duration = { $0 * Double.random(in: 0...1) },
            sleep: @escaping @Sendable (Duration) async throws -> Void = {
                try await Task.sleep(for: $0)
            }
        ) {
            self.now = now
            self.unixMilliseconds = unixMilliseconds
            self.jitter = jitter
            self.sleep = sleep
        }
    }

    /// Whether an outcome allows the request to be sent again, time and number of tries aside.
    package func mayRepeat(
        _ request: HTTPRequest,
        after outcome: Result<HTTPResponse, HTTPFailure>
    ) -> Bool {
        switch outcome {
        case .success(let response):
            switch response.status {
            case let status where finalStatuses.contains(status): false
            case 429: true
            // A server that gave up waiting (408) or broke down may have done its work before.
            case 408, 500, 502, 503, 504: request.isIdempotent
            default: false
            }
        case .failure(let failure):
            switch failure.cause {
            case .resolve, .connect, .connectionLost, .timedOut:
                request.isIdempotent || !failure.mayHaveBeenSent
            case .invalidRequest, .tls, .tooManyRedirects, .bodyTooLarge, .invalidResponse,
                .cancelled, .library, .other:
                false
            }
        }
    }

    /// The pause before the next try, with full jitter, so that clients which were refused together
    /// do not come back together; nil if the server asks for too long a one.
    package func pause(
        after outcome: Result<HTTPResponse, HTTPFailure>,
        attempt: Int,
        pacing: Pacing
    ) -> Duration? {
        let doubled = backoff * Double(1 << min(max(attempt - 1, 0), 30))
        let jitter = pacing.jitter(min(doubled, longestBackoff))
        guard case .success(let response) = outcome,
            let asked = response.retryAfter(unixMilliseconds: pacing.unixMilliseconds())
        else { return jitter }
        return asked <= longestRetryAfter ? asked + jitter : nil
    }

    /// Sends a request by `send`, which gets it with the number of the try, until its outcome is
    /// final. Returns or throws the last outcome: a 429 that remains still says when to come again.
    package func run(
        _ request: HTTPRequest,
        pacing: Pacing = Pacing(),
        send: (HTTPRequest, Int) async throws(HTTPFailure) -> HTTPResponse
    ) async throws(HTTPFailure) -> HTTPResponse {
        let end = pacing.now() + timeLimit
        var attempt = 1
        var counted = 0
        while true {
            var timed = request
            let left = end - pacing.now()
            timed.timeout = request.timeout.map { min($0, left) } ?? left
            let outcome: Result<HTTPResponse, HTTPFailure>
            do throws(HTTPFailure) {
                outcome = .success(try await send(timed, attempt))
            } catch {
                outcome = .failure(error)
            }
            if !outcome.isRateLimited { counted += 1 }
            guard counted < attempts, mayRepeat(request, after: outcome),
                let pause = pause(after: outcome, attempt: attempt, pacing: pacing),
                pacing.now() + pause < end
            else { return try outcome.get() }
            do {
                try await pacing.sleep(pause)
            } catch {
                throw outcome.cancelled
            }
            attempt += 1
        }
    }
}

extension HTTPResponse {
    /// How long the server asks to be left alone by `Retry-After`, or nil if it does not say so in
    /// seconds or as a date. A date is compared with the server's own, the wall clock else.
    package func retryAfter(unixMilliseconds: Int64) -> Duration? {
        guard let text = header("Retry-After") else { return nil }
        if let seconds = UInt32(text) { return .seconds(Int64(seconds)) }
        guard let date = HTTPDate.unixSeconds(text) else { return nil }
        let now = header("Date").flatMap(HTTPDate.unixSeconds).map { $0 * 1000 }
        return max(.zero, .milliseconds(date * 1000 - (now ?? unixMilliseconds)))
    }
}

extension Result<HTTPResponse, HTTPFailure> {
    fileprivate var isRateLimited: Bool {
        guard case .success(let response) = self else { return false }
        return response.status == 429
    }

    /// The failure of a request that was cancelled in the pause after this outcome.
    fileprivate var cancelled: HTTPFailure {
        let maybeSent =
            switch self {
            case .success: !isRateLimited
            case .failure(let failure): failure.mayHaveBeenSent
            }
        return HTTPFailure(
            cause: .cancelled,
            mayHaveBeenSent: maybeSent,
            message: "the request was cancelled"
        )
    }
}
