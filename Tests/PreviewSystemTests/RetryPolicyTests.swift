import PreviewSystem
import Testing

@Suite struct RetryPolicyTests {
    private let time = FakeTime()
    private let read = HTTPRequest("GET", "http://a/")
    private let change = HTTPRequest("POST", "http://a/")
    private let repeatable = HTTPRequest("DELETE", "http://a/", isIdempotent: true)

    @Test(
        "of answers, only those of a passing trouble lead to another try, and only where that is safe",
        arguments: [
            (200, false, false), (201, false, false), (301, false, false), (400, false, false),
            (401, false, false), (404, false, false), (408, true, false), (409, false, false),
            (412, false, false), (422, false, false), (429, true, true), (500, true, false),
            (501, false, false), (502, true, false), (503, true, false), (504, true, false),
        ]
    )
    func statuses(status: Int, whenIdempotent: Bool, whenNot: Bool) {
        let policy = RetryPolicy()
        let outcome = Result<HTTPResponse, HTTPFailure>.success(response(status))
        #expect(policy.mayRepeat(read, after: outcome) == whenIdempotent)
        #expect(policy.mayRepeat(repeatable, after: outcome) == whenIdempotent)
        #expect(policy.mayRepeat(change, after: outcome) == whenNot)
    }

    @Test("a status that is an answer leads to no other try")
    func finalStatuses() {
        var policy = RetryPolicy()
        policy.finalStatuses = [408]
        for (status, isRepeated) in [(408, false), (503, true)] {
            let outcome = Result<HTTPResponse, HTTPFailure>.success(response(status))
            #expect(policy.mayRepeat(read, after: outcome) == isRepeated)
        }
    }

    @Test(
        "R-5: of failures, a change is tried again only after those that sent nothing",
        arguments: [
            (.resolve, true), (.connect, true), (.connectionLost, true),
            (.timedOut(.resolving), true), (.timedOut(.connecting), true),
            (.timedOut(.securing), true), (.timedOut(.waiting), true),
            (.timedOut(.receiving), true), (.tls, false), (.invalidRequest, false),
            (.tooManyRedirects, false), (.bodyTooLarge, false), (.invalidResponse, false),
            (.cancelled, false), (.library, false), (.other(1), false),
        ] as [(HTTPFailure.Cause, Bool)]
    )
    func causes(cause: HTTPFailure.Cause, isPassing: Bool) async throws {
        let policy = RetryPolicy()
        for wasSent in [true, false] {
            let outcome = Result<HTTPResponse, HTTPFailure>.failure(failure(cause, sent: wasSent))
            #expect(policy.mayRepeat(read, after: outcome) == isPassing)
            #expect(policy.mayRepeat(repeatable, after: outcome) == isPassing)
            #expect(policy.mayRepeat(change, after: outcome) == (isPassing && !wasSent))
        }
    }

    @Test("R-31: pauses double up to a limit, with full jitter")
    func backoff() async throws {
        let policy = RetryPolicy(attempts: 8, timeLimit: .seconds(1000))
        let script = Script(Array(repeating: .success(response(503)), count: 8))
        let last = try await policy.run(read, pacing: time.pacing(), send: script.send)
        #expect(last.status == 503)
        #expect(time.pauses == [1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
        let half = FakeTime()
        let again = Script(Array(repeating: .success(response(503)), count: 3))
        _ = try await RetryPolicy().run(read, pacing: half.pacing(jitter: 0.5), send: again.send)
        #expect(half.pauses == [.milliseconds(500), .seconds(1)])
    }

    @Test("jitter is from zero to the whole pause, and differs")
    func jitter() {
        let jitter = RetryPolicy.Pacing().jitter
        let values = (0..<200).map { _ in jitter(.seconds(1)) }
        #expect(values.allSatisfy { $0 >= .zero && $0 <= .seconds(1) })
        #expect(values.contains { $0 < .milliseconds(400) })
        #expect(values.contains { $0 > .milliseconds(600) })
    }

    @Test("the first success ends it, and tries are numbered")
    func success() async throws {
        let script = Script([
            .failure(failure(.connectionLost, sent: true)), .success(response(200)),
        ])
        let last = try await RetryPolicy().run(read, pacing: time.pacing(), send: script.send)
        #expect(last.status == 200)
        #expect(script.attempts == [1, 2])
    }

    @Test("after the last try its outcome is given as it is")
    func exhausted() async throws {
        let lost = failure(.connectionLost, sent: true)
        let script = Script(Array(repeating: .failure(lost), count: 3))
        let thrown = await #expect(throws: HTTPFailure.self) {
            try await RetryPolicy().run(read, pacing: time.pacing(), send: script.send)
        }
        #expect(thrown == lost)
        #expect(script.isUsedUp)
        let once = Script([.failure(lost)])
        await #expect(throws: HTTPFailure.self) {
            try await RetryPolicy().run(change, pacing: time.pacing(), send: once.send)
        }
        #expect(once.isUsedUp)
    }

    @Test("being refused for coming too often uses up time, not tries")
    func rateLimited() async throws {
        let refusals = Array(repeating: Outcome.success(response(429)), count: 6)
        let script = Script(refusals + [.success(response(201))])
        let last = try await RetryPolicy().run(change, pacing: time.pacing(), send: script.send)
        #expect(last.status == 201)
        let endless = Script(Array(repeating: .success(response(429)), count: 50))
        let other = FakeTime()
        let refused = try await RetryPolicy().run(
            change, pacing: other.pacing(), send: endless.send)
        #expect(refused.status == 429)
        #expect(other.elapsed < .seconds(120))
        #expect(other.elapsed > .seconds(60))
    }

    @Test("what the server asks for is waited, with jitter on top")
    func retryAfter() async throws {
        let script = Script([
            .success(response(429, ["Retry-After": "7"])),
            .success(
                response(
                    503,
                    [
                        "Retry-After": "Sun, 06 Nov 1994 08:49:37 GMT",
                        "Date": "Sun, 06 Nov 1994 08:49:28 GMT",
                    ]
                )
            ),
            .success(response(200)),
        ])
        _ = try await RetryPolicy().run(read, pacing: time.pacing(jitter: 0.5), send: script.send)
        #expect(time.pauses == [.milliseconds(7500), .seconds(10)])
    }

    @Test("who asks for more than fits is not asked again, and the answer still says when")
    func retryAfterTooLong() async throws {
        for (seconds, policy) in [
            ("61", RetryPolicy()), ("50", RetryPolicy(timeLimit: .seconds(50))),
        ] {
            let script = Script([.success(response(429, ["Retry-After": seconds]))])
            let last = try await policy.run(read, pacing: time.pacing(jitter: 0), send: script.send)
            #expect(last.header("Retry-After") == seconds)
            #expect(time.pauses == [])
        }
    }

    @Test("the time limit holds for tries and pauses together, and cuts each try's own")
    func timeLimit() async throws {
        let policy = RetryPolicy(
            attempts: 10,
            backoff: .seconds(4),
            timeLimit: .seconds(20)
        )
        var request = read
        request.timeout = .seconds(10)
        let lost = failure(.timedOut(.waiting), sent: true)
        let script = Script(Array(repeating: .failure(lost), count: 2), taking: time)
        await #expect(throws: HTTPFailure.self) {
            try await policy.run(request, pacing: time.pacing(), send: script.send)
        }
        #expect(script.timeouts == [.seconds(10), .seconds(6)])
        #expect(time.elapsed == .seconds(20))
        request.timeout = nil
        let single = Script([.success(response(200))])
        _ = try await policy.run(request, pacing: FakeTime().pacing(), send: single.send)
        #expect(single.timeouts == [.seconds(20)])
    }

    @Test("cancelling ends a pause, and says whether anything may have happened")
    func cancelled() async throws {
        for (outcome, mayHaveBeenSent) in [
            (.failure(failure(.connectionLost, sent: true)), true),
            (.failure(failure(.connect, sent: false)), false), (.success(response(500)), true),
            (.success(response(429)), false),
        ] as [(Outcome, Bool)] {
            let script = Script([outcome])
            let pacing = time.pacing(isCancelled: true)
            let thrown = await #expect(throws: HTTPFailure.self) {
                try await RetryPolicy().run(read, pacing: pacing, send: script.send)
            }
            #expect(thrown?.cause == .cancelled)
            #expect(thrown?.mayHaveBeenSent == mayHaveBeenSent)
        }
    }

    @Test("a client sends again by itself what may be, and traces every try")
    func tracedTries() async throws {
        let count = Locked(0)
        let server = try TestServer { _, _ in
            let number = count.withLock { count in
                count += 1
                return count
            }
            return number % 3 == 0
                ? answer("200 OK")
                : answer("503 Service Unavailable", ["X-Request-Id: r\(number)"])
        }
        let seen = Locked<[HTTPExchange]>([])
        let client = HTTPClient(userAgent: "preview-tests/1") { exchange in
            seen.withLock { $0.append(exchange) }
        }
        let request = HTTPRequest("GET", server.url("/"))
        let send = { (request: HTTPRequest, attempt: Int) async throws(HTTPFailure) in
            try await client.send(request, attempt: attempt)
        }
        let response = try await RetryPolicy().run(request, pacing: time.pacing(), send: send)
        #expect(response.status == 200)
        #expect(seen.withLock { $0.map(\.attempt) } == [1, 2, 3])
        #expect(seen.withLock { $0.map(\.status) } == [503, 503, 200])
        #expect(seen.withLock { $0[1].description }.contains("try 2, request r2"))
        let post = HTTPRequest("POST", server.url("/"))
        let posted = try await RetryPolicy().run(post, pacing: time.pacing(), send: send)
        #expect(posted.status == 503)
        #expect(server.requests.count == 4)
    }
}

@Suite struct RetryAfterTests {
    @Test(
        "it is read as seconds or as a date, in each form that a date may have",
        arguments: [
            ("0", 0), ("120", 120), ("Sun, 06 Nov 1994 08:49:37 GMT", 37),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 37), ("Sun Nov  6 08:49:37 1994", 37),
            ("Sun, 06 Nov 1994 08:48:37 GMT", 0), ("Mon, 07 Nov 1994 08:49:00 GMT", 86_400),
            ("Tue, 29 Feb 2000 00:00:00 GMT", 167_670_660),
        ]
    )
    func readable(text: String, seconds: Int64) {
        // 1994-11-06T08:49:00Z, by `date -u +%s`.
        let now: Int64 = 784_111_740_000
        let response = response(429, ["retry-after": text])
        #expect(response.retryAfter(unixMilliseconds: now) == .seconds(seconds))
    }

    @Test(
        "anything else says nothing",
        arguments: [
            "", "soon", "-1", "1.5", "Sun, 06 Nov 1994", "Sun, 06 Nob 1994 08:49:37 GMT",
            "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 99999999999999999 08:49:37 GMT",
            "99999999999999999999",
        ]
    )
    func unreadable(text: String) {
        #expect(response(429, ["Retry-After": text]).retryAfter(unixMilliseconds: 0) == nil)
    }
}

private func response(_ status: Int, _ headers: [String: String] = [:]) -> HTTPResponse {
    HTTPResponse(status: status, headers: headers.map { HTTPHeader($0.key, $0.value) })
}

private func failure(_ cause: HTTPFailure.Cause, sent: Bool) -> HTTPFailure {
    HTTPFailure(cause: cause, mayHaveBeenSent: sent, message: "")
}

private typealias Outcome = Result<HTTPResponse, HTTPFailure>

/// A clock that stands still but for pauses, which it remembers.
private final class FakeTime: Sendable {
    private let start = ContinuousClock.now
    private let state = Locked((elapsed: Duration.zero, pauses: [Duration]()))

    var elapsed: Duration { state.withLock { $0.elapsed } }
    var pauses: [Duration] { state.withLock { $0.pauses } }

    func pass(_ duration: Duration) {
        state.withLock { $0.elapsed += duration }
    }

    /// Pauses are that share of the longest they may be.
    func pacing(jitter share: Double = 1, isCancelled: Bool = false) -> RetryPolicy.Pacing {
        RetryPolicy.Pacing(
            now: { [self] in start + elapsed },
            unixMilliseconds: { 0 },
            jitter: { $0 * share },
            sleep: { [self] pause in
                if isCancelled { throw CancellationError() }
                state.withLock { state in
                    state.elapsed += pause
                    state.pauses.append(pause)
                }
            }
        )
    }
}

/// Gives outcomes in order, and remembers what it was asked.
private final class Script: Sendable {
    private let outcomes: Locked<ArraySlice<Outcome>>
    private let calls = Locked<[(attempt: Int, timeout: Duration?)]>([])
    private let time: FakeTime?

    var isUsedUp: Bool { outcomes.withLock { $0.isEmpty } }
    var attempts: [Int] { calls.withLock { $0.map(\.attempt) } }
    var timeouts: [Duration?] { calls.withLock { $0.map(\.timeout) } }

    /// Each call takes as much of `time` as it may.
    init(_ outcomes: [Outcome], taking time: FakeTime? = nil) {
        self.outcomes = Locked(outcomes[...])
        self.time = time
    }

    func send(_ request: HTTPRequest, _ attempt: Int) throws(HTTPFailure) -> HTTPResponse {
        calls.withLock { $0.append((attempt, request.timeout)) }
        time?.pass(request.timeout ?? .zero)
        guard let outcome = outcomes.withLock({ $0.popFirst() }) else {
            // Ends the run, and the test with it: no try was expected any more.
            throw failure(.other(-1), sent: false)
        }
        return try outcome.get()
    }
}
