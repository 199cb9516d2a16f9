import Hummingbird
import NIOConcurrencyHelpers
import NIOCore
import PreviewCore

/// The event streams of all readers. The log on disk is each reader's buffer: one that is slow reads
/// on from where it was, and no run ever waits for it.
actor EventStreams {
    /// What all readers of one session share.
    private struct Watch {
        var readers: [ObjectIdentifier: EventReader] = [:]
        var session = SessionNews()
        var task: Task<Void, Never>?
    }

    private let previews: any Previews
    private let metrics: Metrics
    private let heartbeat: Duration
    private var watches: [String: Watch] = [:]
    private var isClosed = false

    /// How often the log and the record are looked at while somebody reads.
    private static let pause = Duration.milliseconds(100)
    /// How long a reader may take nothing of what is being written to it.
    private static let patience = Duration.seconds(30)
    /// A run that was killed leaves no trace in the record, so it is asked for while one is shown.
    private static let renewal = Duration.seconds(2)
    /// How long the readers of a destroyed preview are still told how that ended.
    private static let aftermath = Duration.seconds(1)

    init(previews: any Previews, metrics: Metrics, heartbeat: Duration) {
        self.previews = previews
        self.metrics = metrics
        self.heartbeat = heartbeat
    }

    /// The body of an event stream: all that the log holds after the event of number `seq`, then
    /// whatever comes, until the reader, the preview or the server goes.
    ///
    /// `isWelcome`: asked now and then whether the reader may still read.
    func body(
        of id: String, for user: String?, after seq: Int, on channel: any Channel,
        while isWelcome: @escaping @Sendable () -> Bool
    ) async throws -> ResponseBody {
        let log = try await previews.log(id, of: user)
        let reader = EventReader(log: log, after: seq, channel: channel, heartbeat: heartbeat)
        channel.closeFuture.whenComplete { _ in reader.end() }
        return ResponseBody { [self] writer in
            await join(reader, id: id, user: user)
            do {
                try await reader.write(to: &writer, news: { await self.news(of: id) }, isWelcome)
                await leave(reader, id: id)
            } catch {
                await leave(reader, id: id)
                throw error
            }
            try await writer.finish(nil)
        }
    }

    /// Ends all streams; none begins any more.
    func close() {
        isClosed = true
        for watch in watches.values {
            for reader in watch.readers.values { reader.end() }
        }
    }

    private func news(of id: String) -> SessionNews { watches[id]?.session ?? SessionNews() }

    private func join(_ reader: EventReader, id: String, user: String?) {
        guard !isClosed else { return reader.end() }
        watches[id, default: Watch()].readers[ObjectIdentifier(reader)] = reader
        metrics.addReaders(1)
        if watches[id]?.task == nil {
            watches[id]?.task = Task { await watch(id, of: user, through: reader.log) }
        }
        reader.wake()
    }

    private func leave(_ reader: EventReader, id: String) {
        guard watches[id]?.readers.removeValue(forKey: ObjectIdentifier(reader)) != nil else {
            return
        }
        metrics.addReaders(-1)
        guard watches[id]?.readers.isEmpty == true else { return }
        watches[id]?.task?.cancel()
        watches[id] = nil
    }

    /// Looks at the log and the record again and again, and wakes the readers when there is news.
    private func watch(_ id: String, of user: String?, through log: PreviewLog) async {
        var mark: PreviewMark?
        var renewed = ContinuousClock.now
        while !Task.isCancelled {
            let now = ContinuousClock.now
            // What cannot be looked at now is looked at again the next time.
            let next = (try? log.mark()) ?? mark
            let isStale = watches[id]?.session.isUnderWay == true && now - renewed > Self.renewal
            if next?.record != mark?.record || isStale {
                await renew(id, of: user)
                renewed = now
            }
            let hasNews = next != mark || isStale
            mark = next
            for reader in (watches[id]?.readers ?? [:]).values {
                if hasNews { reader.wake() }
                reader.tick(now, patience: Self.patience)
            }
            if watches[id]?.session.isGone == true { return await end(id) }
            // Ends early only when nobody reads any more.
            try? await Task.sleep(for: Self.pause)
        }
    }

    private func renew(_ id: String, of user: String?) async {
        do {
            let session = try await previews.session(id, of: user)
            watches[id]?.session.set(session)
        } catch let failure as Failure where failure.code == .nothingRecorded {
            watches[id]?.session.setGone()
        } catch {
            // The record is being repaired, or the configuration edited: the next look tells.
            return
        }
    }

    /// The preview is destroyed: what its last run says is still told.
    private func end(_ id: String) async {
        let stop = ContinuousClock.now + Self.aftermath
        while ContinuousClock.now < stop, !Task.isCancelled {
            for reader in (watches[id]?.readers ?? [:]).values { reader.wake() }
            // Ends early only when nobody reads any more.
            try? await Task.sleep(for: Self.pause)
        }
        for reader in (watches[id]?.readers ?? [:]).values { reader.end() }
    }
}

/// A session as its readers are told of it.
struct SessionNews {
    /// Raised with each change; 0 while nothing is known.
    private(set) var number = 0
    /// The session's JSON on one line; `nil` once the preview is gone.
    private(set) var json: [UInt8]?
    /// Whether a step is shown as running.
    private(set) var isUnderWay = false
    private(set) var isGone = false

    mutating func set(_ session: Session) {
        let line = JSONWriter.line(session.json)
        isUnderWay = session.statuses.values.contains(.running)
        guard line != json else { return }
        (json, number) = (line, number + 1)
    }

    mutating func setGone() {
        (json, isUnderWay, isGone, number) = (nil, false, true, number + 1)
    }
}
