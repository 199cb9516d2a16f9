package import PreviewCore
import PreviewSystem

/// The locks of a store that machines share: leases, which their holders renew, so that a lost
/// machine blocks nobody for long.
///
/// Whether a lease has ended is judged by the shelf's clock alone. A holder goes by a clock of its
/// own that never jumps and goes on in a machine that sleeps, and by that counts from before it asked
/// for the shelf's time: it takes its lease for ended before anybody else can.
package struct Leases: Sendable {
    private let shelf: any LeaseShelf
    private let timing: LeaseTiming
    private let held = Locked<[String: HeldLease]>([:])

    package init(_ shelf: any LeaseShelf, timing: LeaseTiming = LeaseTiming()) {
        self.shelf = shelf
        self.timing = timing
    }

    /// As ``StateStore/lock(_:for:timeout:waiting:)``.
    package func lock(
        _ app: String, for holder: LockHolder, timeout: Duration,
        waiting: @Sendable (LockHolder?) -> Void
    ) async throws -> any StoreLock {
        let end = ContinuousClock.now + timeout
        let token = Digest.hexadecimal(Moment.randomBytes(16))
        var nextWord = ContinuousClock.now
        var pause = min(Duration.milliseconds(100), timing.poll)
        while true {
            let other: LockHolder
            // A cancelled call could have taken the lock unseen, so this one ends as it will.
            switch try await Task(operation: { try await claim(app, for: holder, token: token) })
                .value
            {
            case .taken(let deadline):
                return await keep(HeldLease(app, token, until: deadline, on: shelf, timing: timing))
            case .held(let record): other = record.holder
            }
            let now = ContinuousClock.now
            guard now < end else { throw Failure.locked(app, by: other, waited: timeout) }
            if now >= nextWord {
                waiting(other)
                nextWord = now + .seconds(5)
            }
            // Not all who wait at once.
            try await Task.sleep(for: min(pause * Double.random(in: 0.5...1), end - now))
            pause = min(pause * 1.5, timing.poll)
        }
    }

    /// As ``StateStore/holder(of:)``; a lease that has ended is held by nobody.
    package func holder(of app: String) async throws -> LockHolder? {
        let view = try await shelf.look(app)
        guard let record = view.record, !hasEnded(record, at: view.now) else { return nil }
        return record.holder
    }

    /// As ``StateStore/breakLock(of:heldBy:)``: only a lease that has ended is broken.
    package func breakLock(of app: String, heldBy id: String) async throws {
        guard let record = try await shelf.look(app).record else { throw Failure.notLocked(app) }
        guard record.holder.id == id else {
            throw Failure.otherLock(id, of: app, heldBy: record.holder)
        }
        // Taken over before it is given back, as only that makes sure that nobody else has it.
        let token = Digest.hexadecimal(Moment.randomBytes(16))
        switch try await claim(app, for: record.holder, token: token) {
        case .held(let record): throw Failure.holderAlive(record.holder)
        case .taken(let deadline):
            await HeldLease(app, token, until: deadline, on: shelf, timing: timing).release()
        }
    }

    /// Makes sure that an app's lock, if it was taken here, is still held: to be asked before each
    /// write. Asks the shelf only where the lease may have ended.
    ///
    /// - Throws: ``ErrorCode/lockLost`` once another may have had it.
    package func confirm(_ app: String) async throws {
        try await held.withLock({ $0[app] })?.confirm()
    }

    private enum Claim {
        /// Ours until this time.
        case taken(until: ContinuousClock.Instant)
        case held(LeaseRecord)
    }

    /// Takes the lock if it is free or its lease has ended.
    private func claim(
        _ app: String, for holder: LockHolder, token: String
    ) async throws -> Claim {
        while true {
            let asked = ContinuousClock.now
            let view = try await shelf.look(app)
            if let record = view.record, record.token != token, !hasEnded(record, at: view.now) {
                return .held(record)
            }
            let record = LeaseRecord(
                holder: holder, token: token, expires: view.now + timing.wholeLength)
            if try await shelf.put(record, of: app, replacing: view.version) {
                return .taken(until: asked + timing.ownLength)
            }
        }
    }

    private func hasEnded(_ record: LeaseRecord, at now: Timestamp) -> Bool {
        now > record.expires + Int(timing.grace.components.seconds)
    }

    private func keep(_ lease: HeldLease) async -> ReleasableLease {
        held.withLock { $0[lease.app] = lease }
        await lease.startRenewing()
        return ReleasableLease(lease: lease) { [held] in
            held.withLock { leases in
                if leases[lease.app] === lease { leases[lease.app] = nil }
            }
        }
    }
}

extension LeaseTiming {
    /// The length in the shelf's time stamps.
    fileprivate var wholeLength: Int { Int(length.components.seconds) }

    /// How long a holder relies on its lease: the shelf's time may be cut to whole seconds.
    fileprivate var ownLength: Duration { length - .seconds(1) }
}

/// A lease that was given to a caller.
private struct ReleasableLease: StoreLock {
    let lease: HeldLease
    let forget: @Sendable () -> Void

    func release() async {
        await lease.release()
        forget()
    }
}

/// A lease of this process.
private actor HeldLease {
    let app: String
    private let token: String
    private let shelf: any LeaseShelf
    private let timing: LeaseTiming
    private var deadline: ContinuousClock.Instant
    private var isLost = false
    private var isReleased = false
    private var renewing: Task<Void, Never>?

    init(
        _ app: String, _ token: String, until deadline: ContinuousClock.Instant,
        on shelf: any LeaseShelf, timing: LeaseTiming
    ) {
        self.app = app
        self.token = token
        self.deadline = deadline
        self.shelf = shelf
        self.timing = timing
    }

    /// Renews it from now on, until it is released or lost. To be called once.
    func startRenewing() {
        renewing = Task {
            while !isLost, !Task.isCancelled {
                // Ends early only when it is released, which the condition then sees.
                try? await Task.sleep(for: timing.renewal)
                guard !Task.isCancelled else { return }
                // A shelf that cannot be reached is tried again; a write asks before it relies on it.
                try? await renew()
            }
        }
    }

    /// See ``Leases/confirm(_:)``.
    func confirm() async throws {
        if !isLost, ContinuousClock.now >= deadline { try await renew() }
        guard !isLost else {
            throw Failure.lockLost(app)
        }
    }

    /// Gives it back, unless it is another's by now.
    func release() async {
        guard !isReleased else { return }
        isReleased = true
        renewing?.cancel()
        await renewing?.value
        // A lease that cannot be given back ends by itself. In a task of its own, as the caller's may
        // have been cancelled.
        try? await Task { try await clear() }.value
    }

    private func clear() async throws {
        // Only while it is certainly ours may it be taken away: see ``LeaseShelf/clear``.
        if ContinuousClock.now >= deadline { try await renew() }
        guard !isLost else { return }
        let view = try await shelf.look(app)
        guard let version = view.version, view.record?.token == token else { return }
        try await shelf.clear(app, seen: version)
    }

    /// Prolongs the lease. One that has ended is prolonged as well while its record is the same:
    /// then nobody had the lock in between.
    private func renew() async throws {
        while !isLost {
            let asked = ContinuousClock.now
            let view = try await shelf.look(app)
            guard var record = view.record, record.token == token else {
                isLost = true
                return
            }
            record.expires = view.now + timing.wholeLength
            record.renewals += 1
            if try await shelf.put(record, of: app, replacing: view.version) {
                deadline = max(deadline, asked + timing.ownLength)
                return
            }
        }
    }
}
