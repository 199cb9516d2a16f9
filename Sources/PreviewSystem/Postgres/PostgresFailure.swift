/// Why a database did not do what it was asked.
package struct PostgresFailure: Error, Hashable, Sendable {
    /// What sort of trouble it is. Callers switch over this and ``sqlState``, never over the text.
    package enum Cause: Hashable, Sendable {
        /// libpq is not on this machine.
        case library
        /// The address cannot be read; nobody was asked.
        case address
        /// There is no connection; nothing was sent. With ``sqlState`` where the server said why.
        case connection
        /// The server wants a password and there is none.
        case noPassword
        /// The server refused the statement; nothing was changed.
        case statement
        /// The connection ended before the answer: the statement may have been done.
        case lost
        /// No answer in time: the statement may have been done.
        case timedOut
    }

    /// What sort of trouble it is.
    package var cause: Cause
    /// Five characters (PostgreSQL documentation, appendix A), where the server answered.
    package var sqlState: String?
    /// The words of libpq or of the server, without passwords.
    package var message: String
    /// Where the server is and as whom and for which database it was asked; empty if unknown.
    package var server: String

    package init(
        _ cause: Cause, _ message: String, sqlState: String? = nil, server: String = ""
    ) {
        self.cause = cause
        self.message = message
        self.sqlState = sqlState
        self.server = server
    }

    /// Whether the statement was undone because others were at work, and may be sent once more:
    /// `serialization_failure` and `deadlock_detected`.
    package var mayBeRepeated: Bool {
        cause == .statement && (sqlState == "40001" || sqlState == "40P01")
    }
}
