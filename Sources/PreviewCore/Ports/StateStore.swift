/// Keeps bytes by app name, with compare-and-swap and a lock. Knows nothing of steps or serials.
///
/// All functions throw ``Failure`` with a code of the PV05 group.
///
/// The bytes mean nothing to a store: they may be encrypted.
package protocol StateStore: Sendable {
    /// Where all records are, as a person knows it; holds no credentials.
    var place: String { get }
    /// Whether ``list()`` and ``kept(_:)`` have what other machines recorded and replaced; they do,
    /// unless a store says otherwise. Where they have not, a gap in what is kept may hide that a
    /// preview was destroyed and begun again elsewhere.
    var knowsOtherMachines: Bool { get }
    /// Where the record of an app is, or would be, for messages; holds no credentials.
    func place(of app: String) -> String
    /// Names of everything recorded, in no order; names whose record is damaged are included.
    func list() async throws -> [String]
    /// The current bytes, or `nil` when there are none; says nothing about their health.
    func read(_ app: String) async throws -> StoredBytes?
    /// The same of many records, in any order; what cannot be read is told with its reason.
    ///
    /// For looking at a whole fleet: a store that can answer for several at once does.
    func read(all apps: [String]) async throws -> [(app: String, stored: FleetEntry)]
    /// Earlier versions, newest first.
    func kept(_ app: String) async throws -> [KeptBytes]
    /// Replaces the version named, or creates when `nil` is named; durable when it returns.
    ///
    /// `serial`: the number the replaced bytes are kept under, if any are replaced.
    /// - Throws: ``ErrorCode/writeConflict`` when the stored version is another; nothing is changed.
    func write(
        _ bytes: [UInt8], for app: String, replacing version: StoreVersion?, keeping serial: Int?
    ) async throws -> StoreVersion
    /// Takes the exclusive lock, waiting for at most `timeout`.
    ///
    /// `waiting`: told about the present holder, at once and then every few seconds.
    /// - Throws: ``ErrorCode/locked`` with the holder when the time is over.
    func lock(
        _ app: String, for holder: LockHolder, timeout: Duration,
        waiting: @Sendable (LockHolder?) -> Void
    ) async throws -> any StoreLock
    /// Who holds the lock now, or `nil` when nobody does.
    func holder(of app: String) async throws -> LockHolder?
    /// Breaks the lock of a holder that is gone.
    ///
    /// - Throws: ``ErrorCode/holderAlive`` when the holder is seen to live.
    func breakLock(of app: String, heldBy id: String) async throws
    /// Removes everything kept for an app, including earlier versions.
    func remove(_ app: String) async throws
    /// What `preview doctor` finds out about the store itself. Touches no record, but may write
    /// what it needs for a proof; a store without questions of its own says nothing.
    ///
    /// - Throws: ``Failure``: not reachable, not allowed, or ``ErrorCode/storeUnsafe``.
    func examine() async throws -> StoreStanding
}

/// What a store showed of itself.
package struct StoreStanding: Hashable, Sendable {
    /// How it was seen to keep two writers apart, as it reads after a colon; `nil` where nothing had
    /// to be tried.
    package var fence: String?
    /// What time it is there; `nil` where that is this machine's clock, or nothing tells.
    package var time: Timestamp?

    package init(fence: String? = nil, time: Timestamp? = nil) {
        self.fence = fence
        self.time = time
    }
}

/// A lock that is held until it is released or its process ends.
package protocol StoreLock: Sendable {
    /// Gives the lock back. Safe to call twice.
    func release() async
}

/// What a look at many records found of one: `nil` where there is none.
package typealias FleetEntry = Result<StoredBytes?, Failure>

/// Bytes and the tag by which they are replaced.
package struct StoredBytes: Hashable, Sendable {
    /// The document as it is stored.
    package var bytes: [UInt8]
    /// What a write has to name to replace exactly these bytes.
    package var version: StoreVersion

    package init(bytes: [UInt8], version: StoreVersion) {
        self.bytes = bytes
        self.version = version
    }
}

/// An earlier version and the serial it is kept under.
package struct KeptBytes: Hashable, Sendable {
    /// Serial of the state in these bytes, as the writer that replaced them said.
    package var serial: Int
    /// The document as it was stored.
    package var bytes: [UInt8]
    /// Where it is, for messages.
    package var place: String

    package init(serial: Int, bytes: [UInt8], place: String) {
        self.serial = serial
        self.bytes = bytes
        self.place = place
    }
}

/// The store's opaque tag for compare-and-swap.
package struct StoreVersion: Hashable, Sendable {
    /// Only the store that gave it knows what it means.
    package var tag: String

    package init(_ tag: String) { self.tag = tag }
}

/// Who holds a lock: shown to whoever waits.
package struct LockHolder: Hashable, Sendable, Codable {
    /// What `unlock` is given.
    package var id: String
    /// Who started the run.
    package var user: String
    /// Name of the machine it runs on.
    package var host: String
    /// Its process id, which means something on ``host`` only.
    package var process: Int32
    /// The command, such as `preview apply`.
    package var command: String
    /// When the run began, in wall time.
    package var since: Timestamp

    package init(
        id: String, user: String, host: String, process: Int32, command: String, since: Timestamp
    ) {
        self.id = id
        self.user = user
        self.host = host
        self.process = process
        self.command = command
        self.since = since
    }

    /// One line for people.
    package var text: String {
        "\(user)@\(host), process \(process), `\(command)`, since \(since.text) (lock \(id))"
    }
}

extension StateStore {
    package var knowsOtherMachines: Bool { true }

    package func examine() async throws -> StoreStanding { StoreStanding() }

    package func read(all apps: [String]) async throws -> [(app: String, stored: FleetEntry)] {
        try await read(all: apps, sideBySide: 1)
    }

    /// Reads many records, so many of them side by side: for stores that answer for one at a time.
    package func read(
        all apps: [String], sideBySide count: Int
    ) async throws -> [(app: String, stored: FleetEntry)] {
        typealias Entry = (app: String, stored: FleetEntry)
        var rest = apps.makeIterator()
        return try await withThrowingTaskGroup(of: Entry.self) { group in
            func beginNext() {
                guard let app = rest.next() else { return }
                group.addTask {
                    do {
                        return (app, .success(try await read(app)))
                    } catch let failure as Failure {
                        return (app, .failure(failure))
                    }
                }
            }
            for _ in 0..<count { beginNext() }
            var entries: [Entry] = []
            while let entry = try await group.next() {
                entries.append(entry)
                beginNext()
            }
            return entries
        }
    }

    /// Runs the body while holding the lock, and gives it back however the body ends.
    package func withLock<Result: Sendable>(
        _ app: String, for holder: LockHolder, timeout: Duration,
        waiting: @Sendable (LockHolder?) -> Void, body: () async throws -> Result
    ) async throws -> Result {
        let lock = try await lock(app, for: holder, timeout: timeout, waiting: waiting)
        do {
            let result = try await body()
            await lock.release()
            return result
        } catch {
            await lock.release()
            throw error
        }
    }
}
