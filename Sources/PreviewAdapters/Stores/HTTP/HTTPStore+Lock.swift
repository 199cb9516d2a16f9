package import PreviewCore
import PreviewSystem

// The protocol's locks have no lease: one that is left behind stays until `preview unlock` breaks it.
extension HTTPStore {
    /// Begins the id of a lock that is held for a few calls and by no run.
    private static let momentaryID = "preview-moment-"
    /// How long such a lock is waited for, even by who does not want to wait.
    private static let momentaryLife = Duration.seconds(3)
    private static let firstPause = Duration.milliseconds(50)
    private static let longestPause = Duration.seconds(1)
    /// How often whoever waits is told so.
    private static let signOfLife = Duration.seconds(5)

    package func lock(
        _ app: String, for holder: LockHolder, timeout: Duration,
        waiting: @Sendable (LockHolder?) -> Void
    ) async throws -> any StoreLock {
        let lock = try await takeLock(of: app, for: holder, timeout: timeout, waiting: waiting)
        locks.withLock { $0[app] = lock }
        // Only shows, here, that the holder lives: the server's lock is the one that counts.
        let mark = try? await marks.lock(app, for: holder, timeout: .zero, waiting: { _ in })
        return HTTPStoreLock(store: self, app: app, lock: lock, mark: mark)
    }

    /// The protocol cannot be asked who holds a lock: unless the holder is a run of this folder, the lock
    /// is taken for a moment to find out.
    package func holder(of app: String) async throws -> LockHolder? {
        if let here = try await marks.holder(of: app) { return here }
        return try await lockOnServer(of: app)?.holder
    }

    package func breakLock(of app: String, heldBy id: String) async throws {
        if let here = try await marks.holder(of: app), here.id == id {
            throw Failure.holderAlive(here)
        }
        guard let lock = try await lockOnServer(of: app) else { throw Failure.notLocked(app) }
        guard lock.id == id else { throw Failure.otherLock(id, of: app, heldBy: lock.holder) }
        guard !lock.holder.isAlive(on: setup.host) else { throw Failure.holderAlive(lock.holder) }
        guard try await client.giveBack(lock, of: app) else {
            throw Failure(
                .locked, .locked, "the server does not give up the lock of \(app)",
                evidence: [.init("holder", lock.holder.text)],
                fix: "look at who has it now: `preview status`")
        }
    }

    /// Takes the lock at the server, waiting for it.
    func takeLock(
        of app: String, for holder: LockHolder, timeout: Duration,
        waiting: @Sendable (LockHolder?) -> Void
    ) async throws -> TerraformLock {
        let lock = try TerraformLock(for: holder, app: app)
        let begun = ContinuousClock.now
        var (pause, nextSign) = (Self.firstPause, begun)
        while case .held(let other) = try await take(lock, of: app) {
            let isMomentary = other?.id.hasPrefix(Self.momentaryID) == true
            let limit = isMomentary ? max(timeout, Self.momentaryLife) : timeout
            guard ContinuousClock.now < begun + limit else {
                throw Failure.locked(app, by: other?.holder, waited: timeout)
            }
            if !isMomentary, ContinuousClock.now >= nextSign {
                waiting(other?.holder)
                nextSign = ContinuousClock.now + Self.signOfLife
            }
            try await Task.sleep(for: pause * Double.random(in: 0.5...1))
            pause = min(pause * 2, Self.longestPause)
        }
        return lock
    }

    /// Gives a lock back, also in a task that was cancelled. Where that fails the lock stays, and the
    /// next run shows it and how to break it.
    func giveBack(_ lock: TerraformLock, of app: String) async {
        // There is nobody to tell here, and nothing more to do.
        await Task { _ = try? await client.giveBack(lock, of: app) }.value
    }

    /// Who holds locks that belong to no run.
    func momentaryHolder(_ purpose: String) -> LockHolder {
        LockHolder(
            id: Self.momentaryID + Digest.hexadecimal(Moment.randomBytes(6)), user: setup.user,
            host: setup.host, process: Host.processID, command: "preview (\(purpose))",
            since: Timestamp(seconds: Int(Moment.unixMilliseconds / 1000)))
    }

    /// Asks once. A request that is cancelled on its way may have taken the lock, which nobody would give
    /// back.
    private func take(
        _ lock: TerraformLock, of app: String
    ) async throws -> HTTPStateClient.LockAnswer {
        do {
            return try await client.take(lock, of: app)
        } catch is CancellationError {
            await giveBack(lock, of: app)
            throw CancellationError()
        }
    }

    /// The lock that is held at the server, `nil` when none is.
    private func lockOnServer(of app: String) async throws -> TerraformLock? {
        let probe = try TerraformLock(for: momentaryHolder("who has the lock?"), app: app)
        let end = ContinuousClock.now + Self.momentaryLife
        while true {
            switch try await take(probe, of: app) {
            case .taken:
                await giveBack(probe, of: app)
                return nil
            case .held(let other):
                // Somebody else may be asking the same.
                let isMomentary = other?.id.hasPrefix(Self.momentaryID) == true
                guard isMomentary, ContinuousClock.now < end else { return other ?? .unnamed }
                try await Task.sleep(for: Self.firstPause * Double.random(in: 0.5...1))
            }
        }
    }
}

private final class HTTPStoreLock: StoreLock {
    private let store: HTTPStore
    private let app: String
    private let lock: TerraformLock
    private let mark: (any StoreLock)?

    init(store: HTTPStore, app: String, lock: TerraformLock, mark: (any StoreLock)?) {
        self.store = store
        self.app = app
        self.lock = lock
        self.mark = mark
    }

    func release() async {
        let isHeld = store.locks.withLock { locks in
            guard locks[app]?.isSame(as: lock) == true else { return false }
            locks[app] = nil
            return true
        }
        // Given back already: by now the lock may be somebody else's.
        guard isHeld else { return }
        await store.giveBack(lock, of: app)
        await mark?.release()
    }
}
