import Glibc

/// How long a thread waits for a server. Whoever started it can tell it to come to an end: then it
/// has a few seconds left, so that a save which is under way when a person stops the run can end well.
final class Patience: Sendable {
    /// What is left of any limit from then on (ENGINE section 4).
    private static let grace = Duration.seconds(4)

    private let bell: (reader: Descriptor, writer: Descriptor)?
    private let end = Locked<ContinuousClock.Instant?>(nil)

    init() {
        // With no descriptor to spare only the call to come to an end goes unheard.
        bell = try? Descriptor.makePipe()
    }

    /// From now on there are only seconds left; from any thread.
    func hurry() {
        end.withLock { $0 = $0 ?? ContinuousClock.now + Self.grace }
        if let bell { _ = writeAll([0], to: bell.writer.number) }
    }

    /// Waits until a socket has what is asked for or has failed; `false` when the time is over.
    ///
    /// `events`: of poll(2).
    func wait(
        for events: Int32, on descriptor: Int32, until limit: ContinuousClock.Instant
    ) -> Bool {
        while true {
            let end = end.withLock(\.self)
            var requests = [
                pollfd(fd: descriptor, events: Int16(events), revents: 0),
                pollfd(
                    fd: end == nil ? bell?.reader.number ?? -1 : -1, events: Int16(POLLIN),
                    revents: 0),
            ]
            let time = pollTimeout(until: min(limit, end ?? limit))
            let count = repeatingInterrupted { poll(&requests, nfds_t(requests.count), time) }
            if requests[0].revents != 0 { return true }
            if count == 0 { return false }
        }
    }
}
