import Hummingbird
import NIOConcurrencyHelpers
import NIOCore
import PreviewCore

/// One reader of an event stream.
final class EventReader: Sendable {
    let log: PreviewLog
    private let seq: Int
    private let heartbeat: Duration
    private let channel: any Channel
    private let wakes: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let times: NIOLockedValueBox<Times>

    private struct Times {
        /// Since when the reader has not taken what is being written; `nil` while nothing is.
        var writingSince: ContinuousClock.Instant?
        var lastWake = ContinuousClock.now
    }

    /// `seq`: the number of the last event the reader has.
    init(log: PreviewLog, after seq: Int, channel: any Channel, heartbeat: Duration) {
        self.log = log
        self.seq = seq
        self.channel = channel
        self.heartbeat = heartbeat
        // Waking twice is waking once: the reader then looks at everything there is.
        (wakes, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        times = NIOLockedValueBox(Times())
    }

    /// There may be something to read.
    func wake() {
        times.withLockedValue { $0.lastWake = .now }
        continuation.yield()
    }

    /// Nothing more will come.
    func end() { continuation.finish() }

    /// Gives a sign of life where nothing else did, and drops a reader that has fallen asleep.
    func tick(_ now: ContinuousClock.Instant, patience: Duration) {
        let times = times.withLockedValue { $0 }
        if let since = times.writingSince {
            if now - since > patience { channel.close(promise: nil) }
        } else if now - times.lastWake > heartbeat {
            wake()
        }
    }

    /// Writes until there is nothing more to come.
    @concurrent func write(
        to writer: inout any ResponseBodyWriter, news: @Sendable () async -> SessionNews,
        _ isWelcome: @Sendable () -> Bool
    ) async throws {
        var (offset, last, shown, spoken) = (0, seq, 0, ContinuousClock.now)
        try await send(Array("retry: 1000\n\n".utf8), to: &writer)
        for await _ in wakes {
            guard isWelcome() else { return }
            while true {
                let part = try log.read(offset)
                let lines = part.lines.filter { $0.seq > last }
                if !lines.isEmpty {
                    try await send(Self.bytes(of: lines), to: &writer)
                    (last, spoken) = (lines.last?.seq ?? last, .now)
                }
                guard part.next != offset else { break }
                offset = part.next
            }
            let session = await news()
            if session.number != shown {
                try await send(Self.bytes(of: session), to: &writer)
                (shown, spoken) = (session.number, .now)
            }
            if .now - spoken > heartbeat {
                try await send(Array(": still here\n\n".utf8), to: &writer)
                spoken = .now
            }
        }
    }

    @concurrent private func send(
        _ bytes: [UInt8], to writer: inout any ResponseBodyWriter
    ) async throws {
        times.withLockedValue { $0.writingSince = .now }
        try await writer.write(ByteBuffer(bytes: bytes))
        times.withLockedValue { $0.writingSince = nil }
    }

    private static func bytes(of lines: [EventPart.Line]) -> [UInt8] {
        var bytes: [UInt8] = []
        for line in lines {
            bytes += Array("id: \(line.seq)\ndata: ".utf8) + line.json + Array("\n\n".utf8)
        }
        return bytes
    }

    private static func bytes(of session: SessionNews) -> [UInt8] {
        guard let json = session.json else { return Array("event: gone\ndata: {}\n\n".utf8) }
        return Array("event: session\ndata: ".utf8) + json + Array("\n\n".utf8)
    }
}
