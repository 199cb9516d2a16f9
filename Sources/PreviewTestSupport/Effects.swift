package import PreviewCore
import PreviewSystem

/// Where and how a simulated run is stopped.
package struct Stop: Hashable, Sendable, CustomStringConvertible {
    /// The effect that is hit, counted from 1.
    package var number: Int
    /// What the program gets to see of it.
    package var manner: Manner

    package init(at number: Int, _ manner: Manner) {
        self.number = number
        self.manner = manner
    }

    package var description: String { "\(manner) effect \(number)" }

    /// What happens at the effect.
    package enum Manner: String, Sendable, CaseIterable {
        /// The call fails and nothing happened; the program goes on.
        case failsBefore
        /// The call happened and its answer is lost; the program goes on.
        case failsAfter
        /// The process ends before the call.
        case diesBefore
        /// The process ends after the call happened and before its answer.
        case diesAfter

        fileprivate var isDeath: Bool { self == .diesBefore || self == .diesAfter }
        fileprivate var happens: Bool { self == .failsAfter || self == .diesAfter }
    }
}

/// The process is gone: whatever is tried afterwards has no effect.
package struct ProcessDeath: Error {
    package init() {}
}

/// Counts everything that leaves the simulated program, in order, and stops it where a test says.
package final class Effects: Sendable {
    /// One call that happened outside.
    package struct Entry: Hashable, Sendable {
        /// Such as `store.write` or `machine.create`.
        package var name: String
        /// Whether it changed something outside; writes of the record do not count as outside.
        package var changes: Bool
    }

    private struct Progress {
        var stop: Stop?
        var isDead = false
        var reached = 0
        var entries: [Entry] = []
    }

    private let progress = Locked(Progress())

    package init() {}

    /// Starts counting anew, as a new process.
    package func begin(stop: Stop? = nil) {
        progress.withLock { $0 = Progress(stop: stop) }
    }

    /// How many effects were reached since ``begin(stop:)``.
    package var reached: Int { progress.withLock(\.reached) }

    /// What happened since ``begin(stop:)``.
    package var entries: [Entry] { progress.withLock(\.entries) }

    /// Names of the changing calls since ``begin(stop:)``.
    package var changes: [String] { entries.filter(\.changes).map(\.name) }

    /// Whether the process was ended.
    package var isDead: Bool { progress.withLock(\.isDead) }

    /// Performs one effect, unless the program is stopped here.
    ///
    /// - Parameters:
    ///   - name: such as `store.write` or `machine.create`.
    ///   - changes: whether it changes something outside.
    ///   - failure: what a lost call looks like to its caller.
    ///   - body: what happens.
    /// - Returns: what the body returns.
    /// - Throws: `failure`, ``ProcessDeath``, or what the body throws.
    package func perform<Result>(
        _ name: String,
        changes: Bool = false,
        failure: Failure,
        _ body: () throws -> Result
    ) throws -> Result {
        let manner = try progress.withLock { progress throws(ProcessDeath) -> Stop.Manner? in
            guard !progress.isDead else { throw ProcessDeath() }
            progress.reached += 1
            guard let stop = progress.stop, stop.number == progress.reached else { return nil }
            progress.isDead = stop.manner.isDeath
            return stop.manner
        }
        if let manner, !manner.happens { throw error(of: manner, failure) }
        let result = try body()
        progress.withLock { $0.entries.append(Entry(name: name, changes: changes)) }
        if let manner { throw error(of: manner, failure) }
        return result
    }

    private func error(of manner: Stop.Manner, _ failure: Failure) -> any Error {
        manner.isDeath ? ProcessDeath() : failure
    }
}
