import Glibc
import PreviewSystem
import Testing

@Suite struct HTTPTimeoutTests {
    private let client = HTTPClient(userAgent: "preview-tests/1")

    @Test("a timeout says how far the request got, and whether it was sent")
    func timeouts() async throws {
        let silent = try TestServer { _, _ in .sendThenHang("") }
        let waiting = await client.failure(
            of: HTTPRequest("GET", silent.url("/"), timeout: .milliseconds(150))
        )
        #expect(waiting?.cause == .timedOut(.waiting))
        #expect(waiting?.mayHaveBeenSent == true)
        let slow = try TestServer { _, _ in
            .sendThenHang("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        }
        let receiving = await firstRight({ $0?.cause != .timedOut(.waiting) }) {
            await client.failure(
                of: HTTPRequest("GET", slow.url("/"), timeout: .milliseconds(150))
            )
        }
        #expect(receiving?.cause == .timedOut(.receiving))
        let securing = await firstRight({ $0?.cause == .timedOut(.securing) }) {
            await client.failure(
                of: HTTPRequest(
                    "GET",
                    "https://127.0.0.1:\(silent.port)/",
                    connectTimeout: .milliseconds(150)
                )
            )
        }
        #expect(securing?.cause == .timedOut(.securing))
        #expect(securing?.mayHaveBeenSent == false)
    }

    @Test("the first byte has a time of its own, which what follows does not use up")
    func responseTimeout() async throws {
        let silent = try TestServer { _, _ in .sendThenHang("") }
        let waiting = await client.failure(
            of: HTTPRequest("POST", silent.url("/"), responseTimeout: .milliseconds(100))
        )
        #expect(waiting?.cause == .timedOut(.waiting))
        #expect(waiting?.mayHaveBeenSent == true)
        let slow = try TestServer { _, _ in
            .sendSlowly(
                ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", "b"], every: .milliseconds(600))
        }
        let length = await firstRight({ $0 == 2 }) {
            await bodyLength(
                of: HTTPRequest("GET", slow.url("/"), responseTimeout: .milliseconds(400))
            )
        }
        #expect(length == 2)
    }

    @Test("an answer may take long, but not fall silent")
    func idleTimeout() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n"
        let hanging = try TestServer { _, _ in .sendThenHang(head + "half") }
        let silent = await client.failure(
            of: HTTPRequest("GET", hanging.url("/"), idleTimeout: .milliseconds(100))
        )
        #expect(silent?.cause == .timedOut(.receiving))
        let steady = try TestServer { _, _ in
            .sendSlowly([head] + Array(repeating: "x", count: 12), every: .milliseconds(50))
        }
        let length = await firstRight({ $0 == 12 }) {
            await bodyLength(
                of: HTTPRequest(
                    "GET",
                    steady.url("/"),
                    idleTimeout: .milliseconds(400),
                    timeout: nil
                )
            )
        }
        #expect(length == 12)
    }

    @Test("a connection that is never accepted times out as one")
    func connectTimeout() async throws {
        let (listener, port) = try makeListener(backlog: 0)
        // The queue of a listener that accepts nobody takes one or two, then packets are dropped.
        let fillers = (0..<4).map { _ in
            let number = socket(
                AF_INET,
                Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue),
                0
            )
            return Descriptor(owning: number)
        }
        for filler in fillers {
            _ = withLoopbackAddress(port) { connect(filler.number, $0, $1) }
        }
        let failure = await client.failure(
            of: HTTPRequest("GET", "http://127.0.0.1:\(port)/", connectTimeout: .milliseconds(150))
        )
        #expect(failure?.cause == .timedOut(.connecting))
        #expect(failure?.mayHaveBeenSent == false)
        withExtendedLifetime((listener, fillers)) {}
    }

    @Test("cancelling ends a request within milliseconds, before and while it waits")
    func cancel() async throws {
        let server = try TestServer { _, _ in .sendThenHang("") }
        let client = client
        let request = HTTPRequest("GET", server.url("/"))
        let limit = Duration.milliseconds(50)
        let time = try await fastest(below: limit) { try await timeToCancel(request, at: server) }
        #expect(time < limit)
        let early = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await client.send(request)
        }
        let none = await #expect(throws: HTTPFailure.self) { try await early.value }
        #expect(none?.cause == .cancelled)
    }

    /// The length of the answer's body, or nil if there is no answer.
    private func bodyLength(of request: HTTPRequest) async -> Int? {
        // Why there is none makes no difference to those who try again.
        try? await client.send(request).body.count
    }

    private func timeToCancel(
        _ request: HTTPRequest,
        at server: TestServer
    ) async throws -> Duration {
        let before = server.requests.count
        let client = client
        let task = Task { try await client.send(request) }
        let isWaiting = try await eventually { server.requests.count > before }
        #expect(isWaiting)
        let cancelled = ContinuousClock.now
        task.cancel()
        let failure = await #expect(throws: HTTPFailure.self) { try await task.value }
        #expect(failure?.cause == .cancelled)
        return ContinuousClock.now - cancelled
    }
}
