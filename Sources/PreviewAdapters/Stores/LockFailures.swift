import PreviewCore
import PreviewSystem

// What every store says of its locks.
extension Failure {
    /// Somebody else has the lock (exit 5); `waited` is for how long it was waited for.
    static func locked(_ app: String, by holder: LockHolder?, waited: Duration) -> Failure {
        Failure(
            .locked, .locked, "another run is working on \(app)",
            evidence: [.init("holder", holder?.text ?? "unknown")],
            fix: waited > .zero
                ? "it did not finish within \(waited.components.seconds) s; wait longer or end it"
                : "wait for it with `--lock-timeout 5m`",
            retry: "preview apply --lock-timeout 5m")
    }

    /// There is no lock to break.
    static func notLocked(_ app: String) -> Failure {
        Failure(
            .nothingRecorded, "nobody holds the lock of \(app)",
            fix: "nothing has to be unlocked; a lock ends with the process that held it")
    }

    /// The lock to break is another one.
    static func otherLock(_ id: String, of app: String, heldBy holder: LockHolder) -> Failure {
        Failure(
            .usage, .usage, "lock \(id) does not exist; the lock of \(app) is \(holder.id)",
            evidence: [.init("holder", holder.text)], retry: "preview unlock \(holder.id)")
    }

    /// The lock may not be broken.
    static func holderAlive(_ holder: LockHolder) -> Failure {
        Failure(
            .holderAlive, .locked, "the holder of the lock is running and is not overridden",
            evidence: [.init("holder", holder.text)],
            fix: "wait for it, or end process \(holder.process) on \(holder.host)",
            retry: "preview apply --lock-timeout 5m")
    }

    /// A run may write no more: somebody else may have had its lock, or has it now.
    static func lockLost(
        _ app: String, at place: String? = nil, to holder: LockHolder? = nil
    ) -> Failure {
        Failure(
            .lockLost, .locked, "this run does not have the lock of \(app) any more",
            evidence: (place.map { [.init("record", $0)] } ?? [])
                + (holder.map { [.init("holder", $0.text)] } ?? []),
            fix: "nothing more was written; look at `preview status` and run it again",
            retry: "preview apply --lock-timeout 5m")
    }

    /// A write came too late: nothing was changed.
    static func writeConflict(_ app: String, at place: String) -> Failure {
        Failure(
            .writeConflict, .locked, "somebody else changed the record of \(app) meanwhile",
            evidence: [.init("record", place)],
            fix: "nothing was changed; look at `preview status` and run the command again")
    }
}

extension LockHolder {
    /// Whether it is a process of this machine, whose name is `host`, that runs.
    func isAlive(on host: String) -> Bool {
        guard self.host == host, process > 0, let found = ProcessIdentity(pid: process),
            found.isAlive
        else { return false }
        // A process that began later has the number of one that ended; clocks are not that exact.
        guard let started = found.startedUnixSeconds else { return true }
        return started <= since.seconds + 5
    }
}
