package import PreviewCore
package import PreviewSystem

/// Keeps records as objects of an S3 bucket, of Amazon or any server that checks conditions on
/// writes (SPEC section 6).
///
/// `<prefix><app>/state.json` is the record, `<prefix><app>/versions/<serial>.json` are those before
/// it, and `<prefix>_preview/` holds what is no record: locks, and the object of ``S3Probe``. A store
/// object is made once a process and is what knows of the locks that were taken through it.
package struct S3Store: StateStore {
    private let client: S3Client
    private let leases: Leases
    private let probe: S3Probe
    /// The last record that was seen, whose bytes are kept as a version when it is replaced.
    private let seen = Locked<(app: String, stored: StoredBytes)?>(nil)
    private static let keptVersions = 5
    /// How many records of a fleet are asked for side by side: a bucket is tens of milliseconds away.
    private static let readsAtOnce = 8

    /// The figures of ENGINE section 6 within a minute: a record that cannot be saved stops a run.
    package static let retries = RetryPolicy(attempts: 4, timeLimit: .seconds(60))

    /// Nothing is asked before the first call.
    ///
    /// `settings`: the keys of `state`. `environment`: all variables, of which those of AWS are read.
    /// `home`: the user's folder, empty where there is none. `network`, `trace`: of the client.
    /// - Throws: ``Failure`` with ``ErrorCode/storeSettings``.
    package init(
        settings: [String: String], environment: [String: String], home: String,
        network: HTTPNetwork, trace: HTTPClient.Trace? = nil,
        retries: RetryPolicy = Self.retries, timing: LeaseTiming = LeaseTiming()
    ) throws {
        let environment = AWSEnvironment(environment, home: home)
        let settings = try S3Settings(
            settings, environment: environment, profile: environment.profile())
        let now: @Sendable () -> Timestamp = {
            Timestamp(seconds: Int(Moment.unixMilliseconds / 1000))
        }
        let http = HTTPClient(userAgent: "preview", network: network, trace: trace)
        let requests = AWSCredentialRequests(
            environment: environment, region: settings.region, http: http,
            // Not traced: the address itself gives the right to the keys.
            direct: HTTPClient(userAgent: "preview"), retries: retries, now: now)
        client = S3Client(
            settings: settings,
            credentials: AWSCredentialChain(environment, requests: requests, now: now),
            http: http, retries: retries)
        probe = S3Probe(client)
        leases = Leases(S3LeaseShelf(client, probe: probe), timing: timing)
    }

    package func place(of app: String) -> String { client.settings.place(of: recordKey(app)) }

    package var place: String { client.settings.place(of: client.settings.prefix) }

    package func read(all apps: [String]) async throws -> [(app: String, stored: FleetEntry)] {
        try await read(all: apps, sideBySide: Self.readsAtOnce)
    }

    package func list() async throws -> [String] {
        var names: [String] = []
        let prefix = client.settings.prefix
        try await client.list(prefix, isDeep: false) { page in
            names += page.folders.compactMap { folder in
                guard folder.hasPrefix(prefix), folder.hasSuffix("/") else { return nil }
                let name = String(folder.dropFirst(prefix.count).dropLast())
                // What else lies in the bucket is no record.
                return AppName(name) == nil ? nil : name
            }
        }
        return names
    }

    package func read(_ app: String) async throws -> StoredBytes? {
        let stored = try await client.look(recordKey(app)).object
        seen.withLock { $0 = stored.map { (app, $0) } }
        return stored
    }

    package func kept(_ app: String) async throws -> [KeptBytes] {
        let newest = try await keptSerials(app).suffix(Self.keptVersions)
        let versions = try await withThrowingTaskGroup(of: KeptBytes?.self) { group in
            for serial in newest {
                group.addTask {
                    let key = versionKey(app, serial)
                    // One that was dropped meanwhile is no longer kept.
                    return try await client.look(key).object.map {
                        KeptBytes(
                            serial: serial, bytes: $0.bytes, place: client.settings.place(of: key))
                    }
                }
            }
            return try await group.reduce(into: [KeptBytes]()) { all, one in
                if let one { all.append(one) }
            }
        }
        return versions.sorted { $0.serial > $1.serial }
    }

    package func write(
        _ bytes: [UInt8], for app: String, replacing version: StoreVersion?, keeping serial: Int?
    ) async throws -> StoreVersion {
        // Also a run that is being cancelled saves what it knows.
        try await Task {
            try await leases.confirm(app)
            try await probe.run()
            return try await exchange(bytes, for: app, replacing: version, keeping: serial)
        }.value
    }

    package func remove(_ app: String) async throws {
        try await leases.confirm(app)
        seen.withLock { $0 = nil }
        var keys: [String] = []
        try await client.list("\(client.settings.prefix)\(app)/", isDeep: true) {
            keys += $0.keys
        }
        // The record itself last: earlier versions without it would read as damage.
        for key in keys where key != recordKey(app) { try await client.delete(key) }
        try await client.delete(recordKey(app))
        // Servers that keep objects in folders list empty ones; elsewhere there are no such keys.
        for folder in [versionsPrefix(app), "\(client.settings.prefix)\(app)/"] {
            try await client.delete(folder)
        }
    }

    package func lock(
        _ app: String, for holder: LockHolder, timeout: Duration,
        waiting: @Sendable (LockHolder?) -> Void
    ) async throws -> any StoreLock {
        try await leases.lock(app, for: holder, timeout: timeout, waiting: waiting)
    }

    package func holder(of app: String) async throws -> LockHolder? {
        try await leases.holder(of: app)
    }

    package func breakLock(of app: String, heldBy id: String) async throws {
        try await leases.breakLock(of: app, heldBy: id)
    }

    package func examine() async throws -> StoreStanding {
        try await probe.run()
        return StoreStanding(
            fence: "a write with `If-None-Match` and one with `If-Match` were refused as they must",
            time: try await probe.time())
    }
}

extension S3Store {
    private func recordKey(_ app: String) -> String {
        "\(client.settings.prefix)\(app)/state.json"
    }

    private func versionsPrefix(_ app: String) -> String {
        "\(client.settings.prefix)\(app)/versions/"
    }

    private func versionKey(_ app: String, _ serial: Int) -> String {
        "\(versionsPrefix(app))\(serial).json"
    }

    /// The serials of all earlier versions, the oldest first.
    private func keptSerials(_ app: String) async throws -> [Int] {
        let prefix = versionsPrefix(app)
        var serials: [Int] = []
        try await client.list(prefix, isDeep: true) { page in
            serials += page.keys.compactMap { key in
                guard key.hasPrefix(prefix), key.hasSuffix(".json") else { return nil }
                return Int(key.dropFirst(prefix.count).dropLast(".json".count))
            }
        }
        return serials.sorted()
    }

    private func exchange(
        _ bytes: [UInt8], for app: String, replacing version: StoreVersion?, keeping serial: Int?
    ) async throws -> StoreVersion {
        let key = recordKey(app)
        var isVersionNew = false
        // The version first: a crash in between leaves the record as it is, and kept twice.
        if let version, let serial {
            isVersionNew = try await keep(version, of: app, under: serial)
        }
        let condition = version.map { S3Client.Condition.version($0) } ?? .absent
        guard let next = try await client.put(key, bytes, if: condition) else {
            if isVersionNew, let serial { try await dropOrphan(of: app, serial) }
            throw Failure.writeConflict(app, at: place(of: app))
        }
        seen.withLock { $0 = (app, StoredBytes(bytes: bytes, version: next)) }
        if let serial {
            // Serials go up one by one, so this is the one too many. It hurts nobody: ``kept(_:)`` shows
            // five, and no failure here may look like one of the write, which is done.
            try? await client.delete(versionKey(app, serial - Self.keptVersions))
        }
        return next
    }

    /// Copies the record of this version under its serial; true if there was nothing under it.
    ///
    /// - Throws: ``ErrorCode/writeConflict`` when the record is another by now.
    private func keep(
        _ version: StoreVersion, of app: String, under serial: Int
    ) async throws -> Bool {
        let bytes = try await content(of: version, of: app)
        let key = versionKey(app, serial)
        if try await client.put(key, bytes, if: .absent) != nil { return true }
        if try await client.look(key).object?.bytes == bytes { return false }
        // What is left of another history gives way, but only to a record that is still there.
        seen.withLock { $0 = nil }
        _ = try await content(of: version, of: app)
        _ = try await client.put(key, bytes, if: .none)
        return false
    }

    private func content(of version: StoreVersion, of app: String) async throws -> [UInt8] {
        let known = seen.withLock { seen in
            seen.flatMap { $0.app == app && $0.stored.version == version ? $0.stored.bytes : nil }
        }
        if let known { return known }
        guard let stored = try await read(app), stored.version == version else {
            throw Failure.writeConflict(app, at: place(of: app))
        }
        return stored.bytes
    }

    /// Takes a version away again that was kept for a record which somebody removed meanwhile:
    /// earlier versions alone would read as damage.
    private func dropOrphan(of app: String, _ serial: Int) async throws {
        guard try await client.look(recordKey(app)).object == nil else { return }
        try await client.delete(versionKey(app, serial))
    }
}
