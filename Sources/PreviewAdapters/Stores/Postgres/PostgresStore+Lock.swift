package import PreviewCore
import PreviewSystem

extension PostgresStore {
    package func lock(
        _ app: String, for holder: LockHolder, timeout: Duration,
        waiting: @Sendable (LockHolder?) -> Void
    ) async throws -> any StoreLock {
        try await prepare()
        let text = String(
            decoding: JSONWriter.line(try JSONValue.encoding(holder)), as: UTF8.self)
        let token = Digest.hexadecimal(Moment.randomBytes(16))
        let start = ContinuousClock.now
        var sign = start
        while true {
            let row = try await acquire(app, token, [.text(holder.id), .text(text)])
            if row?.text(0) == "true" {
                tokens.withLock { $0[app] = token }
                return PostgresLock(store: self, app: app, token: token)
            }
            let other = Self.holder(from: row?.text(1))
            let now = ContinuousClock.now
            guard now < start + timeout else {
                throw Failure.locked(app, by: other, waited: timeout)
            }
            if now >= sign {
                // A long wait gives a sign of life (SPEC section 3).
                waiting(other)
                sign = now + .seconds(5)
            }
            try await Task.sleep(for: min(Self.pause(after: now - start), start + timeout - now))
        }
    }

    private func acquire(
        _ app: String, _ token: String, _ holder: [PostgresValue]
    ) async throws -> PostgresRow? {
        do {
            return try await run(
                PostgresStatements.acquire,
                [.text(app), .text(token)] + holder + [.text(leaseSeconds)]
            ).first
        } catch {
            // Only the answer may have been lost: a lock that nobody knows of goes at once if it can.
            Task { await release(app, token) }
            throw error
        }
    }

    /// Between two looks at a lock that is held: short while somebody watches, and never the same for
    /// all who wait.
    private static func pause(after waited: Duration) -> Duration {
        .milliseconds(Int.random(in: 100...200) * (waited > .seconds(10) ? 4 : 1))
    }

    package func holder(of app: String) async throws -> LockHolder? {
        guard try await isThere() else { return nil }
        return try await run(PostgresStatements.holder, [.text(app)]).first.map {
            Self.holder(from: $0.text(0)) ?? Self.unnamed
        }
    }

    package func breakLock(of app: String, heldBy id: String) async throws {
        if try await isThere() {
            let broken = try await run(
                PostgresStatements.breakExpired, [.text(app), .text(id)])
            if !broken.isEmpty { return }
        }
        guard let holder = try await holder(of: app) else { throw Failure.notLocked(app) }
        guard holder.id == id else { throw Failure.otherLock(id, of: app, heldBy: holder) }
        throw Failure.holderAlive(holder)
    }

    private static let unnamed = LockHolder(
        id: "unknown", user: "unknown", host: "unknown", process: 0, command: "unknown",
        since: Timestamp(seconds: 0))

    private static func holder(from text: String?) -> LockHolder? {
        // What somebody else wrote there names nobody; the lock counts all the same.
        try? text.map { try JSONReader.read($0).decoded(as: LockHolder.self) }
    }

    fileprivate var leaseSeconds: String { String(lease / .seconds(1)) }

    /// Goes on holding a lock.
    ///
    /// Returns how long to wait until the next time, `nil` when the lock was lost.
    fileprivate func renew(_ app: String, _ token: String) async -> Duration? {
        do {
            let rows = try await run(
                PostgresStatements.renew, [.text(app), .text(token), .text(leaseSeconds)])
            return rows.isEmpty ? nil : lease / 3
        } catch {
            // The lease may outlast the trouble; whether it did is found out by the next write.
            return lease / 10
        }
    }

    fileprivate func release(_ app: String, _ token: String) async {
        tokens.withLock { if $0[app] == token { $0[app] = nil } }
        for _ in 1...2 {
            // A lock that cannot be given back now ends by itself.
            if (try? await run(PostgresStatements.release, [.text(app), .text(token)])) != nil {
                return
            }
        }
    }
}

/// A lock whose lease is renewed in the background until it is released.
private final class PostgresLock: StoreLock {
    private let store: PostgresStore
    private let app: String
    private let token: String
    private let renewal: Task<Void, Never>

    init(store: PostgresStore, app: String, token: String) {
        self.store = store
        self.app = app
        self.token = token
        let first = store.lease / 3
        renewal = Task {
            var pause: Duration? = first
            while let next = pause {
                do { try await Task.sleep(for: next) } catch { return }
                pause = await store.renew(app, token)
            }
        }
    }

    deinit { renewal.cancel() }

    func release() async {
        renewal.cancel()
        let (store, app, token) = (store, app, token)
        // Also at the end of a run that was stopped: with all the time that it takes.
        await Task { await store.release(app, token) }.value
    }
}
