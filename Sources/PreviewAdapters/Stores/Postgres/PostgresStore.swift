package import PreviewCore
import PreviewSystem

/// Keeps the records of a team in a PostgreSQL database (SPEC section 6, <doc:StorePostgres>).
///
/// Each database user has records of their own; people who share them connect as the same user, or
/// with the same role set.
package struct PostgresStore: StateStore {
    /// In `machine_setup_sessions` of this schema.
    let schema: String
    let address: PostgresAddress
    let client: PostgresClient
    /// How long a lock is held without a sign of life.
    let lease: Duration
    /// The token of the lock that this store holds of an app, also when it was lost meanwhile.
    let tokens = Locked<[String: String]>([:])
    private let isCurrent = Locked(false)

    private static let namesPerPage = 5000

    /// Reads the settings `url` and `schema`; connects to nothing yet.
    ///
    /// `PGPASSWORD`, `PGPASSFILE`, `PGSERVICE` and the like are read by libpq itself, from the
    /// environment of this process.
    /// - Throws: ``ErrorCode/storeSettings`` for a URL that cannot be read, or without libpq.
    package init(
        settings: [String: String], lease: Duration = .seconds(30)
    ) throws {
        schema = settings["schema"] ?? "public"
        self.lease = lease
        address = try Self.translating { () throws(PostgresFailure) in
            try PostgresAddress(settings["url"] ?? "")
        }
        client = PostgresClient(address)
    }

    package var place: String { "\(schema).machine_setup_sessions at \(address.place)" }

    package func place(of app: String) -> String { "\(app) in \(place)" }

    package func list() async throws -> [String] {
        guard try await isThere() else { return [] }
        var names: [String] = []
        while true {
            let page = try await run(
                PostgresStatements.names,
                [.text(names.last ?? ""), .text(String(Self.namesPerPage))]
            ).compactMap { $0.text(0) }
            names += page
            guard page.count == Self.namesPerPage else { return names }
            try Task.checkCancellation()
        }
    }

    package func read(_ app: String) async throws -> StoredBytes? {
        guard try await isThere() else { return nil }
        return try await run(PostgresStatements.read, [.text(app)]).first.map {
            Self.stored($0, from: 0)
        }
    }

    package func read(all apps: [String]) async throws -> [(app: String, stored: FleetEntry)] {
        guard try await isThere() else { return apps.map { ($0, .success(nil)) } }
        let names = JSONWriter.line(.array(apps.map(JSONValue.string)))
        let rows = try await run(
            PostgresStatements.readMany, [.text(String(decoding: names, as: UTF8.self))])
        var found: [String: StoredBytes] = [:]
        for row in rows { found[row.text(0) ?? ""] = Self.stored(row, from: 1) }
        return apps.map { ($0, .success(found[$0])) }
    }

    package func kept(_ app: String) async throws -> [KeptBytes] {
        guard try await isThere() else { return [] }
        return try await run(PostgresStatements.kept, [.text(app)]).map { row in
            let serial = row.text(0) ?? ""
            return KeptBytes(
                serial: Int(serial) ?? 0, bytes: row.columns[1] ?? [],
                place: "serial \(serial) of \(app) in \(schema).machine_setup_versions")
        }
    }

    package func write(
        _ bytes: [UInt8], for app: String, replacing version: StoreVersion?, keeping serial: Int?
    ) async throws -> StoreVersion {
        try await prepare()
        let common: [PostgresValue] = [.text(app), .text(token(of: app)), .bytes(bytes)]
        let rows =
            if let version {
                try await run(
                    PostgresStatements.replace,
                    common + [.text(version.tag), .text(serial.map { String($0) })])
            } else {
                try await run(PostgresStatements.create, common)
            }
        guard rows.first?.text(0) == "true" else { throw Failure.lockLost(app, at: place(of: app)) }
        guard let tag = rows.first?.text(1) else {
            throw Failure.writeConflict(app, at: place(of: app))
        }
        return StoreVersion(tag)
    }

    package func remove(_ app: String) async throws {
        guard try await isThere() else { return }
        let rows = try await run(
            PostgresStatements.remove, [.text(app), .text(token(of: app))])
        guard rows.first?.text(0) == "true" else { throw Failure.lockLost(app, at: place(of: app)) }
    }

    package func examine() async throws -> StoreStanding {
        let isThere = try await isThere()
        let seconds = try await run(PostgresStatements.time, []).first?.text(0)
        return StoreStanding(
            fence: isThere
                ? "it compares versions within the statement that writes"
                : "its tables are made by the first write",
            time: seconds.flatMap { Int($0) }.map { Timestamp(seconds: $0) })
    }

    private static func stored(_ row: PostgresRow, from column: Int) -> StoredBytes {
        StoredBytes(
            bytes: row.columns[column] ?? [],
            version: StoreVersion(row.text(column + 1) ?? ""))
    }

    private func token(of app: String) -> String? { tokens.withLock { $0[app] } }
}

extension PostgresStore {
    /// Runs one statement; one that was undone because of others at work is sent again.
    func run(_ statement: String, _ values: [PostgresValue]) async throws -> [PostgresRow] {
        let schema = schema
        return try await translating { () async throws(PostgresFailure) in
            try await client.use { connection throws(PostgresFailure) in
                let text = try statement.naming(schema, on: connection)
                for _ in 1..<Self.mostTries {
                    do throws(PostgresFailure) {
                        return try connection.run(text, values)
                    } catch {
                        guard error.mayBeRepeated else { throw error }
                    }
                }
                return try connection.run(text, values)
            }
        }
    }

    private static let mostTries = 5

    /// Makes the tables, or brings older ones up to date; at once where that is done.
    ///
    /// - Throws: ``ErrorCode/storeSettings`` without the schema, ``ErrorCode/stateNewer`` where a
    ///   newer program made the tables, ``ErrorCode/storeDenied`` without the right to make them.
    package func prepare() async throws {
        if isCurrent.withLock(\.self) { return }
        if try await layout() < PostgresMigrations.all.count { try await migrate() }
        isCurrent.withLock { $0 = true }
    }

    /// Whether anything can have been recorded; makes nothing.
    func isThere() async throws -> Bool {
        if isCurrent.withLock(\.self) { return true }
        let layout = try await layout()
        if layout == PostgresMigrations.all.count { isCurrent.withLock { $0 = true } }
        return layout > 0
    }

    /// The version of the tables, 0 where there are none.
    private func layout() async throws -> Int {
        let schema = schema
        let version: Int? = try await translating { () async throws(PostgresFailure) in
            try await client.use { connection throws(PostgresFailure) in
                do throws(PostgresFailure) {
                    return try Self.layout(of: schema, on: connection)
                } catch {
                    guard error.sqlState == "42P01" else { throw error }
                    return try Self.existing(schema, on: connection).schema ? 0 : nil
                }
            }
        }
        guard let version else { throw Failure.missingSchema(schema) }
        guard version <= PostgresMigrations.all.count else { throw newer(version) }
        return version
    }

    private func newer(_ version: Int) -> Failure {
        Failure(
            .stateNewer, .stateNeedsRecovery,
            "the tables in schema \(schema) are of version \(version), and this program knows "
                + "up to \(PostgresMigrations.all.count)",
            evidence: [.init("database", address.place)],
            fix: "nothing was touched; use the preview that made them")
    }

    private func migrate() async throws {
        let schema = schema
        try await translating { () async throws(PostgresFailure) in
            try await client.use { connection throws(PostgresFailure) in
                do throws(PostgresFailure) {
                    try Self.migrate(schema, on: connection)
                } catch {
                    // The failure is what is told; a connection that is gone has rolled back too.
                    try? connection.runAll("ROLLBACK")
                    throw error
                }
            }
        }
    }

    /// One at a time: whoever comes second finds the work done. The lock ends with the transaction.
    private static func migrate(
        _ schema: String, on connection: PostgresConnection
    ) throws(PostgresFailure) {
        try connection.runAll(
            """
            BEGIN;
            SET LOCAL lock_timeout = '15s';
            SET LOCAL statement_timeout = '15s';
            SET LOCAL idle_in_transaction_session_timeout = '15s'
            """)
        _ = try connection.run(
            """
            SELECT pg_advisory_xact_lock(hashtext('machine_setup_migrations'), hashtext($1))::text
            """, [.text(schema)])
        let isThere = try existing(schema, on: connection).table
        let version = isThere ? try layout(of: schema, on: connection) : 0
        for (index, migration) in PostgresMigrations.all.enumerated() where index >= version {
            try connection.runAll(migration.naming(schema, on: connection))
            _ = try connection.run(
                """
                INSERT INTO {schema}.machine_setup_migrations (version)
                VALUES ($1::text::integer)
                """.naming(schema, on: connection), [.text(String(index + 1))])
        }
        try connection.runAll("COMMIT")
    }

    private static func layout(
        of schema: String, on connection: PostgresConnection
    ) throws(PostgresFailure) -> Int {
        let statement = try PostgresStatements.layout.naming(schema, on: connection)
        return try connection.run(statement).first?.text(0).flatMap { Int($0) } ?? 0
    }

    private static func existing(
        _ schema: String, on connection: PostgresConnection
    ) throws(PostgresFailure) -> (schema: Bool, table: Bool) {
        let row = try connection.run(PostgresStatements.existence, [.text(schema)]).first
        return (row?.text(0) == "true", row?.text(1) == "true")
    }
}

extension String {
    /// The statement with the name of its schema, quoted.
    fileprivate func naming(
        _ schema: String, on connection: PostgresConnection
    ) throws(PostgresFailure) -> String {
        replacing("{schema}", with: try connection.quoted(schema))
    }
}
