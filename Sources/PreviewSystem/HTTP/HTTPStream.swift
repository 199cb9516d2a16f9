/// An answer whose body is read while it arrives, in parts of whatever size comes.
///
/// To be read once, by one task at a time. A slow reader holds the server up: at most 256 KiB and
/// one part wait for it, besides what the system keeps of a connection. The request ends with the
/// body, when the reading task is cancelled, or with the last reference to the stream.
package final class HTTPStream: AsyncSequence, Sendable {
    /// A part of the body, never empty.
    package typealias Element = [UInt8]
    /// Why the body is not whole.
    package typealias Failure = HTTPFailure

    /// What came before the body; its own body is empty.
    package let response: HTTPResponse
    private let buffer: BodyBuffer
    private let transfer: CurlTransfer
    private let loop: CurlLoop
    /// Keeps the loop running.
    private let client: HTTPClient

    init(
        _ response: HTTPResponse,
        _ buffer: BodyBuffer,
        _ transfer: CurlTransfer,
        _ loop: CurlLoop,
        of client: HTTPClient
    ) {
        self.response = response
        self.buffer = buffer
        self.transfer = transfer
        self.loop = loop
        self.client = client
    }

    deinit {
        loop.cancel(transfer)
    }

    /// Reads on from where reading ended.
    package func makeAsyncIterator() -> Iterator { Iterator(stream: self) }

    /// Gives the parts in order; what arrived before a failure comes before it.
    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let stream: HTTPStream

        /// The next part, or nil after the last.
        package mutating func next(
            isolation: isolated (any Actor)? = #isolation
        ) async throws(HTTPFailure) -> [UInt8]? {
            let (buffer, transfer, loop) = (stream.buffer, stream.transfer, stream.loop)
            let (part, wasFull) = await withTaskCancellationHandler {
                await buffer.next()
            } onCancel: {
                loop.cancel(transfer)
            }
            if wasFull { loop.resume(transfer) }
            return try part.get()
        }
    }
}

/// Where the thread of the loop leaves what has arrived, and a reader takes it.
final class BodyBuffer: Sendable {
    /// The bytes that may wait before the connection is no longer read from.
    static let capacity = 256 << 10

    private struct State {
        var response: HTTPResponse?
        var bytes: [UInt8] = []
        var isFull = false
        var end: Result<Void, HTTPFailure>?
        var reader: CheckedContinuation<Void, Never>?
        /// Rises with all that a reader may wait for.
        var changes = 0
    }

    private let state = Locked(State())

    // MARK: Of the loop

    /// The head is there.
    func begin(_ response: HTTPResponse) {
        change { $0.response = $0.response ?? response }
    }

    /// Takes a part, or false if it must be offered again later.
    func append(_ part: UnsafeRawBufferPointer) -> Bool {
        change { state in
            state.isFull = state.bytes.count >= Self.capacity
            if !state.isFull { state.bytes += part }
            return !state.isFull
        }
    }

    /// The transfer has ended.
    func finish(_ outcome: Result<HTTPResponse, HTTPFailure>) {
        change { state in
            if case .success(let response) = outcome {
                state.response = state.response ?? response
            }
            state.end = outcome.map { _ in }
        }
    }

    private func change<Value>(_ body: (inout State) -> Value) -> Value {
        let (value, reader) = state.withLock { state in
            let value = body(&state)
            state.changes += 1
            let reader = state.reader
            state.reader = nil
            return (value, reader)
        }
        reader?.resume()
        return value
    }

    // MARK: Of the reader

    /// Waits for the head.
    func response() async -> Result<HTTPResponse, HTTPFailure> {
        await wait { state in
            if let response = state.response { return .success(response) }
            guard case .failure(let failure) = state.end else { return nil }
            return .failure(failure)
        }
    }

    /// Waits for more of the body, nil after the last of it; and says whether there was no room for
    /// more before.
    func next() async -> (Result<[UInt8]?, HTTPFailure>, wasFull: Bool) {
        await wait { state in
            if state.bytes.isEmpty { return state.end.map { ($0.map { nil }, false) } }
            defer {
                state.bytes = []
                state.isFull = false
            }
            return (.success(state.bytes), state.isFull)
        }
    }

    private func wait<Value>(_ take: (inout State) -> Value?) async -> Value {
        while true {
            let (value, seen) = state.withLock { (take(&$0), $0.changes) }
            if let value { return value }
            await withCheckedContinuation { continuation in
                let isOutdated = state.withLock { state in
                    precondition(state.reader == nil, "one task reads at a time")
                    guard state.changes == seen else { return true }
                    state.reader = continuation
                    return false
                }
                if isOutdated { continuation.resume() }
            }
        }
    }
}
