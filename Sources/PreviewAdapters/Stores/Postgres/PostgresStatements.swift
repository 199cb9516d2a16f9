/// What the store says to the database. Values come as `$1`, `$2`, …; `{schema}` is replaced by the
/// quoted name of the schema.
///
/// Each is a transaction of its own. So a program that is stopped or cut off in the middle leaves no
/// row locked, nothing depends on a session, and a pooler may stand between.
///
/// The rows of other users are kept away by row-level security; each statement says whose rows it
/// means all the same, for users who are above that (superusers, `BYPASSRLS`).
enum PostgresStatements {
    /// `42P01` where nothing was set up yet.
    static let layout = """
        SELECT coalesce(max(version), 0)::text FROM {schema}.machine_setup_migrations
        """

    /// Whether there is a schema of the name $1, and in it the table of migrations. Looked up in the
    /// tables themselves: `to_regclass` may answer from a cache that has not heard of another's commit.
    static let existence = """
        SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)::text,
            EXISTS (
                SELECT FROM pg_catalog.pg_class AS relation
                JOIN pg_catalog.pg_namespace AS space ON space.oid = relation.relnamespace
                WHERE space.nspname = $1 AND relation.relname = 'machine_setup_migrations'
            )::text
        """

    /// The database's clock, in whole seconds since 1970.
    static let time = "SELECT floor(extract(epoch FROM clock_timestamp()))::bigint::text"

    static let read = """
        SELECT document, version FROM {schema}.machine_setup_sessions
        WHERE owner = current_user AND app = $1
        """

    /// Of the apps in a JSON array.
    static let readMany = """
        SELECT app, document, version FROM {schema}.machine_setup_sessions
        WHERE owner = current_user
            AND app IN (SELECT jsonb_array_elements_text($1::jsonb))
        """

    static let kept = """
        SELECT kept.serial::text, kept.document FROM {schema}.machine_setup_versions AS kept
        WHERE kept.owner = current_user AND kept.app = $1
        ORDER BY kept.serial DESC
        """

    /// Names after $1, at most $2 of them.
    static let names = """
        SELECT app FROM {schema}.machine_setup_sessions
        WHERE owner = current_user AND app > $1
        ORDER BY app LIMIT $2::text::integer
        """

    /// What a write begins with: the lock $2 of the app $1, as long as nobody took or broke it. It
    /// stays as it is until the write is done, since its row is locked. No $2: nothing is asked.
    private static let held = """
        WITH held AS (
            SELECT token FROM {schema}.machine_setup_locks
            WHERE owner = current_user AND app = $1 AND token = $2 FOR UPDATE
        )
        """

    private static let isHeld = "($2 IS NULL OR EXISTS (SELECT FROM held))"

    /// What a write answers: whether the lock was held, and the new version if it was done.
    private static let outcome = """
        SELECT (\(isHeld))::text, (SELECT version FROM written)
        """

    /// Writes the first document ($3) of an app.
    static let create = """
        \(held), written AS (
            INSERT INTO {schema}.machine_setup_sessions (app, document)
            SELECT $1, $3 WHERE \(isHeld)
            ON CONFLICT (owner, app) DO NOTHING
            RETURNING version
        )
        \(outcome)
        """

    /// Writes a document ($3) in place of the version $4, which is kept under the serial $5 unless
    /// that is null; five are kept.
    ///
    /// What is kept is the row as it was when the statement began: that is the row which was
    /// replaced, because one that was changed in between has another version and is left alone.
    static let replace = """
        \(held), written AS (
            UPDATE {schema}.machine_setup_sessions SET document = $3
            WHERE owner = current_user AND app = $1 AND version = $4 AND \(isHeld)
            RETURNING version
        ), kept AS (
            INSERT INTO {schema}.machine_setup_versions (app, serial, document)
            SELECT $1, $5::bigint, before.document
            FROM {schema}.machine_setup_sessions AS before, written
            WHERE before.owner = current_user AND before.app = $1 AND $5 IS NOT NULL
            ON CONFLICT (owner, app, serial) DO UPDATE SET document = excluded.document
        ), dropped AS (
            DELETE FROM {schema}.machine_setup_versions
            WHERE owner = current_user AND app = $1 AND EXISTS (SELECT FROM written)
                AND serial <> $5::bigint AND serial NOT IN (
                    SELECT serial FROM {schema}.machine_setup_versions
                    WHERE owner = current_user AND app = $1 AND serial <> $5::bigint
                    ORDER BY serial DESC LIMIT 4
                )
        )
        \(outcome)
        """

    static let remove = """
        \(held), written AS (
            DELETE FROM {schema}.machine_setup_sessions
            WHERE owner = current_user AND app = $1 AND \(isHeld)
            RETURNING version
        )
        \(outcome)
        """

    /// Takes the lock of the app $1 for the holder $4 with the id $3, under the token $2 and for $5
    /// seconds, if it is free, was left to expire, or has this very token. Answers whether it did,
    /// and who holds it otherwise.
    static let acquire = """
        WITH taken AS (
            INSERT INTO {schema}.machine_setup_locks AS held (app, token, id, holder, expires_at)
            VALUES ($1, $2, $3, $4::jsonb, clock_timestamp() + make_interval(secs => $5::float8))
            ON CONFLICT (owner, app) DO UPDATE
            SET token = excluded.token, id = excluded.id, holder = excluded.holder,
                expires_at = excluded.expires_at
            WHERE held.expires_at <= clock_timestamp() OR held.token = excluded.token
            RETURNING token
        )
        SELECT (EXISTS (SELECT FROM taken))::text, (
            SELECT holder::text FROM {schema}.machine_setup_locks
            WHERE owner = current_user AND app = $1
        )
        """

    /// Goes on holding the lock of the app $1 with the token $2 for $3 seconds from now. One that
    /// expired is held again if nobody took or broke it.
    static let renew = """
        UPDATE {schema}.machine_setup_locks
        SET expires_at = clock_timestamp() + make_interval(secs => $3::float8)
        WHERE owner = current_user AND app = $1 AND token = $2
        RETURNING token
        """

    static let release = """
        DELETE FROM {schema}.machine_setup_locks
        WHERE owner = current_user AND app = $1 AND token = $2
        """

    static let holder = """
        SELECT holder::text FROM {schema}.machine_setup_locks
        WHERE owner = current_user AND app = $1 AND expires_at > clock_timestamp()
        """

    /// Removes the lock of the app $1 with the id $2 if it expired.
    static let breakExpired = """
        DELETE FROM {schema}.machine_setup_locks
        WHERE owner = current_user AND app = $1 AND id = $2 AND expires_at <= clock_timestamp()
        RETURNING id
        """
}
