/// How the tables came to be as they are, step by step. What was released is never changed: whoever
/// set up a database with it has it like that.
enum PostgresMigrations {
    /// In order; the first one makes version 1. `{schema}` is replaced by the quoted name.
    static let all = [tables, views]

    private static let tables = """
        CREATE TABLE {schema}.machine_setup_migrations (
            version integer PRIMARY KEY,
            applied_at timestamptz NOT NULL DEFAULT now()
        );

        CREATE TABLE {schema}.machine_setup_sessions (
            owner name NOT NULL DEFAULT current_user,
            app text COLLATE "C" NOT NULL,
            document bytea NOT NULL,
            version text NOT NULL,
            serial bigint,
            id uuid,
            project_id text,
            user_id text,
            fly_app_name text COLLATE "C",
            preview_url text,
            github_repo_url text,
            github_branch text,
            path text,
            provider text,
            host text,
            current_step integer,
            completed_steps integer[],
            overall_status text,
            progress integer,
            error_message text,
            error_step integer,
            created_at timestamptz,
            updated_at timestamptz,
            started_at timestamptz,
            completed_at timestamptz,
            expires_at timestamptz,
            cancelled_at timestamptz,
            destroyed_at timestamptz,
        \(stepColumns),
            PRIMARY KEY (owner, app)
        );
        CREATE INDEX ON {schema}.machine_setup_sessions (id);

        CREATE TABLE {schema}.machine_setup_versions (
            owner name NOT NULL DEFAULT current_user,
            app text COLLATE "C" NOT NULL,
            serial bigint NOT NULL,
            document bytea NOT NULL,
            kept_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (owner, app, serial),
            FOREIGN KEY (owner, app) REFERENCES {schema}.machine_setup_sessions ON DELETE CASCADE
        );

        CREATE TABLE {schema}.machine_setup_locks (
            owner name NOT NULL DEFAULT current_user,
            app text COLLATE "C" NOT NULL,
            token text NOT NULL,
            id text NOT NULL,
            holder jsonb NOT NULL,
            expires_at timestamptz NOT NULL,
            PRIMARY KEY (owner, app)
        );

        \(fill)

        \(["sessions", "versions", "locks"].map(ownRowsOnly).joined(separator: "\n"))
        """

    /// What the steps' statuses are made of, for the view; the details are the results.
    private static let stepColumns = (1...4).map { step in
        """
            step\(step)_status text,
            step\(step)_details jsonb,
            step\(step)_seconds double precision,
            step\(step)_attempt text,
            step\(step)_failure text
        """
    }.joined(separator: ",\n")

    private static func ownRowsOnly(_ table: String) -> String {
        """
        ALTER TABLE {schema}.machine_setup_\(table) ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {schema}.machine_setup_\(table) FORCE ROW LEVEL SECURITY;
        CREATE POLICY own_rows ON {schema}.machine_setup_\(table)
            USING (owner = current_user) WITH CHECK (owner = current_user);
        """
    }

    /// The columns are what the document says, whoever writes it and whatever else is written: its
    /// members and those of its session, in snake case, as far as there is a column. A document that
    /// is no JSON (an encrypted or damaged one) leaves them empty.
    private static let fill = #"""
        CREATE FUNCTION {schema}.machine_setup_fill() RETURNS trigger
        LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $function$
        DECLARE
            content jsonb;
            fields jsonb;
            steps jsonb;
            filled {schema}.machine_setup_sessions;
        BEGIN
            BEGIN
                content := convert_from(NEW.document, 'UTF8')::jsonb;
                SELECT jsonb_object_agg(
                    lower(regexp_replace(member.key, '([A-Z])', '_\1', 'g')), member.value)
                INTO fields
                FROM jsonb_each(content || (content -> 'session')) AS member;
                SELECT jsonb_object_agg('step' || step.number || '_' || part.name, part.value)
                INTO steps
                FROM (VALUES (1, 'repository'), (2, 'machine'), (3, 'settings'), (4, 'boot'))
                    AS step (number, name)
                CROSS JOIN LATERAL (VALUES
                    ('seconds', content #> ARRAY['steps', step.name, 'applied', 'seconds']),
                    ('attempt',
                        CASE content #>> ARRAY['steps', step.name, 'attempt', 'open']
                        WHEN 'true' THEN '"open"'::jsonb WHEN 'false' THEN '"closed"'::jsonb END),
                    ('failure', content #> ARRAY['steps', step.name, 'attempt', 'error', 'message'])
                ) AS part (name, value);
                filled := jsonb_populate_record(
                    NULL::{schema}.machine_setup_sessions, fields || steps);
            EXCEPTION WHEN others THEN
                filled := NULL;
            END;
            filled.owner := NEW.owner;
            filled.app := NEW.app;
            filled.document := NEW.document;
            filled.version := encode(sha256(NEW.document), 'hex');
            RETURN filled;
        END
        $function$;
        CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON {schema}.machine_setup_sessions
            FOR EACH ROW EXECUTE FUNCTION {schema}.machine_setup_fill();
        """#

    /// The sessions as the command line shows them: a step that was begun and whose run is gone is in
    /// error, which nobody can have written down.
    private static let views = """
        CREATE VIEW {schema}.current_setup_sessions WITH (security_barrier) AS
        SELECT session.id, session.project_id, session.user_id, session.fly_app_name,
            session.preview_url, session.github_repo_url, session.github_branch,
            coalesce(now.next_step, 4) AS current_step, now.completed_steps,
            CASE
                WHEN session.cancelled_at IS NOT NULL THEN 'cancelled'
                WHEN now.error_step IS NOT NULL THEN 'failed'
                WHEN cardinality(now.completed_steps) = 4 THEN 'completed'
                ELSE 'in_progress'
            END AS overall_status,
            now.statuses[1] AS step1_status, now.statuses[2] AS step2_status,
            now.statuses[3] AS step3_status, now.statuses[4] AS step4_status,
            session.step1_details, session.step2_details, session.step3_details,
            session.step4_details,
            now.error_message, now.error_step,
            cardinality(now.completed_steps) * 25 AS progress,
            session.created_at, session.updated_at, session.started_at, session.completed_at,
            session.expires_at, session.cancelled_at, session.destroyed_at,
            session.app, session.serial, session.path, session.provider, session.host,
            session.step1_seconds, session.step2_seconds, session.step3_seconds,
            session.step4_seconds,
            coalesce(session.step1_seconds, 0) + coalesce(session.step2_seconds, 0)
                + coalesce(session.step3_seconds, 0) + coalesce(session.step4_seconds, 0)
                AS seconds,
            held.holder AS locked_by
        FROM {schema}.machine_setup_sessions AS session
        LEFT JOIN {schema}.machine_setup_locks AS held
            ON held.owner = session.owner AND held.app = session.app
            AND held.expires_at > clock_timestamp()
        CROSS JOIN LATERAL (
            SELECT array_agg(step.status ORDER BY step.number) AS statuses,
                coalesce(
                    array_agg(step.number ORDER BY step.number)
                        FILTER (WHERE step.status = 'completed'), '{}') AS completed_steps,
                min(step.number) FILTER (WHERE step.status <> 'completed') AS next_step,
                min(step.number) FILTER (WHERE step.status = 'error') AS error_step,
                (array_agg(
                    coalesce(step.failure, 'interrupted before its outcome was known')
                    ORDER BY step.number) FILTER (WHERE step.status = 'error'))[1]
                    AS error_message
            FROM (
                SELECT record.number, record.failure,
                    CASE
                        WHEN record.attempt IS NULL THEN record.status
                        WHEN record.attempt = 'open' AND held.app IS NOT NULL THEN 'running'
                        ELSE 'error'
                    END AS status
                FROM (VALUES
        \((1...4).map(stepRow).joined(separator: ",\n"))
                ) AS record (number, status, attempt, failure)
            ) AS step
        ) AS now
        WHERE session.owner = current_user AND session.id IS NOT NULL;

        CREATE FUNCTION {schema}.get_setup_session_progress(session_id uuid)
        RETURNS SETOF {schema}.current_setup_sessions LANGUAGE sql STABLE AS $function$
            SELECT * FROM {schema}.current_setup_sessions WHERE id = session_id
        $function$;
        """

    private static func stepRow(_ step: Int) -> String {
        "            (\(step), session.step\(step)_status, session.step\(step)_attempt, "
            + "session.step\(step)_failure)"
    }
}
