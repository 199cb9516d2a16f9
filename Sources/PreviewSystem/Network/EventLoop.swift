import Glibc

/// One thread that waits for many descriptors with poll(2), and for time.
///
/// A program on a loop is written in straight lines: it acts, calls ``wait(until:for:)`` until
/// something holds, and acts again; what arrives meanwhile is handed to the handlers that watch for
/// it. Handlers run inside a wait, one after another, and never wait themselves.
package final class EventLoop {
    /// What a descriptor is watched for.
    package struct Interest: OptionSet, Hashable, Sendable {
        /// Bits of this set.
        package let rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Bytes, a connection or an end can be taken.
        package static let reading = Interest(rawValue: 1)
        /// Bytes can be given.
        package static let writing = Interest(rawValue: 2)
    }

    /// A watched descriptor. An error or a hang-up counts as everything it is watched for.
    package final class Watch {
        /// What it is watched for now; nothing at all lets it rest.
        package var interest: Interest
        fileprivate let descriptor: Descriptor
        fileprivate let handler: (Interest) -> Void
        fileprivate var isCancelled = false

        fileprivate init(
            _ descriptor: Descriptor,
            _ interest: Interest,
            _ handler: @escaping (Interest) -> Void
        ) {
            self.descriptor = descriptor
            self.interest = interest
            self.handler = handler
        }
    }

    /// Something that happens once, later.
    package final class Timer {
        fileprivate let deadline: ContinuousClock.Instant
        fileprivate let action: () -> Void

        fileprivate init(_ deadline: ContinuousClock.Instant, _ action: @escaping () -> Void) {
            self.deadline = deadline
            self.action = action
        }
    }

    private var watches: [Int32: Watch] = [:]
    private var timers: [ObjectIdentifier: Timer] = [:]

    /// A loop that watches nothing yet.
    package init() {}

    /// Watches a descriptor, which stays open until the watch is cancelled.
    package func watch(
        _ descriptor: Descriptor,
        for interest: Interest,
        _ handler: @escaping (Interest) -> Void
    ) -> Watch {
        let watch = Watch(descriptor, interest, handler)
        precondition(watches[descriptor.number] == nil, "a descriptor is watched once")
        watches[descriptor.number] = watch
        return watch
    }

    /// Ends a watch; its handler is not called again. Ending it twice is allowed.
    package func cancel(_ watch: Watch) {
        guard !watch.isCancelled else { return }
        watch.isCancelled = true
        watches[watch.descriptor.number] = nil
    }

    /// Runs `action` once, inside a wait, when `delay` has passed.
    @discardableResult
    package func after(_ delay: Duration, _ action: @escaping () -> Void) -> Timer {
        let timer = Timer(ContinuousClock.now + delay, action)
        timers[ObjectIdentifier(timer)] = timer
        return timer
    }

    /// Takes a timer back. One that has run or was taken back already is left alone.
    package func cancel(_ timer: Timer) {
        timers[ObjectIdentifier(timer)] = nil
    }

    /// Serves the handlers until `condition` holds or `deadline` has come; returns whether it holds.
    ///
    /// The condition is asked at the start and after everything that happens.
    @discardableResult
    package func wait(
        until deadline: ContinuousClock.Instant? = nil,
        for condition: () -> Bool
    ) -> Bool {
        while !condition() {
            if let deadline, ContinuousClock.now >= deadline { return false }
            turn(until: deadline)
        }
        return true
    }

    /// Waits until something happens or `deadline` has come, and serves it.
    private func turn(until deadline: ContinuousClock.Instant?) {
        let next = timers.values.map(\.deadline).min()
        let wake = [deadline, next].compactMap { $0 }.min()
        for (watch, interest) in poll(milliseconds: wake.map(millisecondsUntil) ?? -1)
        where !watch.isCancelled {
            watch.handler(interest)
        }
        fireTimers()
    }

    private func poll(milliseconds: Int32) -> [(Watch, Interest)] {
        let watched = watches.values.filter { !$0.interest.isEmpty }
        var requests = watched.map { watch in
            pollfd(fd: watch.descriptor.number, events: watch.interest.pollEvents, revents: 0)
        }
        // An interrupted poll is a turn in which nothing happened.
        guard Glibc.poll(&requests, nfds_t(requests.count), milliseconds) > 0 else { return [] }
        return zip(watched, requests).compactMap { watch, request in
            guard request.revents != 0 else { return nil }
            let happened = Interest(pollEvents: request.revents).intersection(watch.interest)
            return (watch, happened.isEmpty ? watch.interest : happened)
        }
    }

    private func fireTimers() {
        guard !timers.isEmpty else { return }
        let now = ContinuousClock.now
        let due = timers.values.filter { $0.deadline <= now }.sorted { $0.deadline < $1.deadline }
        for timer in due where timers.removeValue(forKey: ObjectIdentifier(timer)) != nil {
            timer.action()
        }
    }
}

extension EventLoop.Interest {
    fileprivate var pollEvents: Int16 {
        (contains(.reading) ? Int16(POLLIN) : 0) | (contains(.writing) ? Int16(POLLOUT) : 0)
    }

    fileprivate init(pollEvents: Int16) {
        self = []
        let failed = pollEvents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0
        if failed || pollEvents & Int16(POLLIN) != 0 { insert(.reading) }
        if failed || pollEvents & Int16(POLLOUT) != 0 { insert(.writing) }
    }
}

/// Rounded up, so that a deadline has really come when the wait for it ends.
private func millisecondsUntil(_ deadline: ContinuousClock.Instant) -> Int32 {
    let rest = deadline - ContinuousClock.now
    guard rest > .zero else { return 0 }
    let (seconds, attoseconds) = rest.components
    let milliseconds = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int32(clamping: milliseconds)
}
