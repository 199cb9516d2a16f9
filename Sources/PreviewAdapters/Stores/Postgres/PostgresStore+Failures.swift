import PreviewCore
import PreviewSystem

extension PostgresStore {
    /// Runs an operation, turning its failure into the program's.
    func translating<Result>(
        _ body: () async throws(PostgresFailure) -> Result
    ) async throws -> Result {
        do throws(PostgresFailure) {
            return try await body()
        } catch {
            throw Failure(error)
        }
    }

    /// The same for what does not wait.
    static func translating<Result>(
        _ body: () throws(PostgresFailure) -> Result
    ) throws -> Result {
        do throws(PostgresFailure) {
            return try body()
        } catch {
            throw Failure(error)
        }
    }
}

extension Failure {
    static func missingSchema(_ schema: String) -> Failure {
        Failure(
            .storeSettings, .invalidConfig, "the database has no schema \"\(schema)\"",
            fix: "let its owner run `CREATE SCHEMA \"\(schema)\"`, or name another one in "
                + "`state.schema`")
    }

    fileprivate init(_ failure: PostgresFailure) {
        let (code, kind, message, fix) = Self.meaning(of: failure)
        var evidence = [Evidence("reason", failure.message)]
        if let state = failure.sqlState { evidence.append(.init("SQLSTATE", state)) }
        if !failure.server.isEmpty { evidence.append(.init("server", failure.server)) }
        self.init(code, kind, message, evidence: evidence, fix: fix)
    }

    private typealias Meaning = (ErrorCode, Kind, String, fix: String)

    private static func meaning(of failure: PostgresFailure) -> Meaning {
        switch failure.cause {
        case .library:
            (
                .storeSettings, .invalidConfig, "the store `postgres` needs libpq",
                "install it: `apt-get install libpq5`"
            )
        case .address:
            (
                .storeSettings, .invalidConfig, "the address in `state.url` cannot be used",
                "write it as postgres://user@host:5432/database?sslmode=verify-full"
            )
        case .noPassword:
            (
                .storeDenied, .authentication, "the database wants a password and there is none",
                "set PGPASSWORD, or write a line into ~/.pgpass"
            )
        case .lost, .timedOut:
            (
                .storeUnavailable, .failed, "the database did not answer",
                "it is not known whether the last change was made; run the command again"
            )
        case .connection, .statement:
            meaning(ofState: failure.sqlState, connecting: failure.cause == .connection)
        }
    }

    /// By the classes of PostgreSQL's documentation, appendix A.
    private static func meaning(ofState state: String?, connecting: Bool) -> Meaning {
        switch (state, state?.prefix(2)) {
        case (_, "28"):
            (
                .storeDenied, .authentication, "the database refuses this user or password",
                "check user and password in `state.url`, PGPASSWORD or ~/.pgpass"
            )
        case ("42501", _):
            (
                .storeDenied, .authentication, "the database user lacks a right",
                "give it the rights that the page of the store names"
            )
        case (_, "3D"), (_, "3F"):
            (
                .storeSettings, .invalidConfig, "the database or the schema does not exist",
                "check the last part of `state.url`, and `state.schema`"
            )
        case ("25006", _):
            (
                .storeSettings, .invalidConfig, "the database takes no changes: it is read-only",
                "name the primary server, or add `target_session_attrs=read-write` to the URL"
            )
        case _ where connecting:
            (
                .storeUnavailable, .failed, "the database cannot be reached",
                "check the server and the network, then run the command again"
            )
        default:
            (
                .storeUnavailable, .failed, "the database answered with an error",
                "nothing was changed by it; look at the server's log and run the command again"
            )
        }
    }
}
