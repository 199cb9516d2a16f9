import PreviewSystem

/// The clock that everything in the simulator goes by.
///
/// It runs with this machine's, or stands still; either way ``advance(by:)`` moves it forward at
/// once, and whoever sleeps until a time that has come wakes.
package final class SimulatedClock: Sendable {
    private struct State {
        var offset = Duration.zero
        var sleepers: [Int: CheckedContinuation<Void, Never>] = [:]
        var cancelled: Set<Int> = []
        var next = 0
    }

    private let start: Instant
    /// When a running clock began; nil for one that stands still.
    private let began: ContinuousClock.Instant?
    private let state = Locked(State())

    private init(start: Instant, began: ContinuousClock.Instant?) {
        self.start = start
        self.began = began
    }

    /// A clock that shows this machine's time and runs with it, without ever jumping back.
    package static func running() -> SimulatedClock {
        let now = Instant(nanoseconds: Moment.unixMilliseconds * 1_000_000)
        return SimulatedClock(start: now, began: .now)
    }

    /// A clock that stands at `start` until it is advanced.
    package static func manual(
        from start: Instant = Instant(nanoseconds: 1_795_500_000_000_000_000)
    ) -> SimulatedClock {
        SimulatedClock(start: start, began: nil)
    }

    /// The time it shows.
    package var now: Instant {
        let passed = began.map { .now - $0 } ?? Duration.zero
        return start + passed + state.withLock { $0.offset }
    }

    /// Moves the clock forward.
    package func advance(by duration: Duration) {
        let sleepers = state.withLock { state in
            state.offset += duration
            defer { state.sleepers = [:] }
            return state.sleepers
        }
        for sleeper in sleepers.values { sleeper.resume() }
    }

    /// Returns when the clock shows `deadline` or later, or when the waiting task is cancelled.
    package func sleep(until deadline: Instant) async {
        while !Task.isCancelled {
            let offset = state.withLock { $0.offset }
            let rest = deadline - now
            guard rest > .zero else { return }
            await pause(atMost: began == nil ? nil : rest, after: offset)
        }
    }

    /// Returns when the clock was advanced beyond `offset`, after `limit` of real time, or when the
    /// task is cancelled.
    private func pause(atMost limit: Duration?, after offset: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.nextAdvance(after: offset) }
            if let limit {
                // Cancelled means that the clock was advanced or nobody waits any more.
                group.addTask { try? await Task.sleep(for: limit) }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func nextAdvance(after offset: Duration) async {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.offset != offset || state.cancelled.contains(id) { return true }
                    state.sleepers[id] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.cancelled.insert(id)
                return state.sleepers.removeValue(forKey: id)
            }
            sleeper?.resume()
        }
        _ = state.withLock { $0.cancelled.remove(id) }
    }
}
