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
            let row = try await run(
                PostgresStatements.acquire,
                [.text(app), .text(token), .text(holder.id), .text(text), .text(leaseSeconds)]
            ).first
            if row?.text(0) == "true" {
                tokens.withLock { $0[app] = token }
                return PostgresLock(store: self, app: app, token: token)
            }
            let other = Self.holder(from: row?.text(1))
            let now = ContinuousClock.now
            guard now < start + timeout else { throw held(app, by: other, waited: timeout) }
            if now >= sign {
                // A long wait gives a sign of life (SPEC section 3).
                waiting(other)
                sign = now + .seconds(5)
            }
            try await Task.sleep(for: min(Self.pause(after: now - start), start + timeout - now))
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

    /// Whoever holds a lock now, by app: all of them with one question.
    package func holders() async throws -> [String: LockHolder] {
        guard try await isThere() else { return [:] }
        let rows = try await run(PostgresStatements.locked, [])
        return Dictionary(
            rows.map { ($0.text(0) ?? "", Self.holder(from: $0.text(1)) ?? Self.unnamed) },
            uniquingKeysWith: { first, _ in first })
    }

    package func breakLock(of app: String, heldBy id: String) async throws {
        if try await isThere() {
            let broken = try await run(
                PostgresStatements.breakExpired, [.text(app), .text(id)])
            if !broken.isEmpty { return }
        }
        guard let holder = try await holder(of: app) else {
            throw Failure(
                .nothingRecorded, "nobody holds the lock of \(app)",
                fix: "nothing has to be unlocked; a lock ends by itself when its holder is gone")
        }
        guard holder.id == id else {
            throw Failure(
                .usage, .usage, "lock \(id) does not exist; the lock of \(app) is \(holder.id)",
                evidence: [.init("holder", holder.text)], retry: "preview unlock \(holder.id)")
        }
        throw Failure(
            .holderAlive, .locked, "the holder of the lock is running and is not overridden",
            evidence: [.init("holder", holder.text)],
            fix: "wait for it, or end process \(holder.process) on \(holder.host): the lock ends "
                + "\(lease.components.seconds) s after its last sign of life",
            retry: "preview apply --lock-timeout 5m")
    }

    private static let unnamed = LockHolder(
        id: "unknown", user: "unknown", host: "unknown", process: 0, command: "unknown",
        since: Timestamp(seconds: 0))

    private static func holder(from text: String?) -> LockHolder? {
        // What somebody else wrote there names nobody; the lock counts all the same.
        try? text.map { try JSONReader.read($0).decoded(as: LockHolder.self) }
    }

    private func held(_ app: String, by holder: LockHolder?, waited: Duration) -> Failure {
        Failure(
            .locked, .locked, "another run is working on \(app)",
            evidence: [.init("holder", holder?.text ?? "unknown")],
            fix: waited > .zero
                ? "it did not finish within \(waited.components.seconds) s; wait longer or end it"
                : "wait for it with `--lock-timeout 5m`",
            retry: "preview apply --lock-timeout 5m")
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
