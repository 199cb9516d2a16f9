import CPostgres
import Glibc

/// A value of a statement's `$1`, `$2`, …: never part of its text.
package enum PostgresValue: Hashable, Sendable {
    case text(String?)
    case bytes([UInt8])
}

/// A connection to a database server, on the thread that uses it at the time: its functions wait.
package final class PostgresConnection: @unchecked Sendable {
    // Unchecked because libpq's handle has no lock: the client gives a connection to one thread at
    // a time.
    private let handle: OpaquePointer
    private let address: PostgresAddress
    private let password: String?
    private var isBroken = false
    var patience: Patience

    /// When it was last used, by a clock that does not jump.
    private(set) var lastUsed = ContinuousClock.now
    /// How long a server may take for one statement.
    static let statementLimit = Duration.seconds(15)

    private init(_ handle: OpaquePointer, _ address: PostgresAddress, _ patience: Patience) {
        self.handle = handle
        self.address = address
        self.patience = patience
        let options = libpq.options(handle)
        defer { libpq.options_free(options) }
        let values = PostgresLibrary.values(options)
        password = values["password"]
        let host = values["hostaddr"] ?? values["host"] ?? "the local socket"
        server = address.redact(
            "\(values["user"] ?? "?") at \(host):\(values["port"] ?? "?"), "
                + "database \(values["dbname"] ?? "?")",
            and: password)
        // Seconds for each host; 0 is libpq's word for no limit, which nobody wants here.
        let seconds = Int64(values["connect_timeout"] ?? "") ?? 0
        let hosts = Int64(host.split(separator: ",").count)
        connectLimit = .seconds((seconds > 0 ? seconds : 10) * max(1, hosts))
    }

    /// Where the server is and as whom it is asked, without a password.
    package let server: String
    private let connectLimit: Duration

    deinit { libpq.finish(handle) }

    /// Connects, for as long as `connect_timeout` says, else for ten seconds a host.
    static func open(
        _ address: PostgresAddress, _ patience: Patience
    ) throws(PostgresFailure) -> PostgresConnection {
        // What stands before the address is what it may override.
        let options = [
            ("fallback_application_name", "preview"), ("tcp_user_timeout", "10000"),
            ("keepalives_idle", "60"), ("dbname", address.url), ("client_encoding", "UTF8"),
        ]
        let handle = CStringArray(options.map(\.0)).withConstantPointers { keywords, _ in
            CStringArray(options.map(\.1)).withConstantPointers { values, _ in
                libpq.connect_start(keywords, values, 1)
            }
        }
        guard let handle else { throw PostgresFailure(.connection, "out of memory") }
        let connection = PostgresConnection(handle, address, patience)
        try connection.connect()
        return connection
    }

    private func connect() throws(PostgresFailure) {
        _ = libpq.set_verbosity(handle, Int32(PREVIEW_PG_VERBOSE))
        preview_pg_silence(handle)
        let end = ContinuousClock.now + connectLimit
        if Int(libpq.status(handle)) == PREVIEW_PG_CONNECTION_BAD { throw refusal() }
        var state = PREVIEW_PG_POLLING_WRITING
        while state != PREVIEW_PG_POLLING_OK {
            guard state != PREVIEW_PG_POLLING_FAILED else { throw refusal() }
            let events = state == PREVIEW_PG_POLLING_READING ? POLLIN : POLLOUT
            guard patience.wait(for: events, on: libpq.socket(handle), until: end) else {
                throw PostgresFailure(
                    .connection, "no connection within \(connectLimit.components.seconds) s",
                    server: server)
            }
            state = Int(libpq.connect_poll(handle))
        }
        _ = libpq.set_nonblocking(handle, 1)
    }

    /// Whether another statement can be sent on it: not where the server has said something unasked,
    /// which is most likely its farewell.
    var isUsable: Bool {
        guard !isBroken, Int(libpq.status(handle)) == PREVIEW_PG_CONNECTION_OK else { return false }
        var request = pollfd(fd: libpq.socket(handle), events: Int16(POLLIN), revents: 0)
        return repeatingInterrupted { poll(&request, 1, 0) } == 0
    }

    /// A name as it may stand in a statement, whatever characters it has.
    package func quoted(_ name: String) throws(PostgresFailure) -> String {
        let quoted = name.withCString { libpq.escape_identifier(handle, $0, strlen($0)) }
        guard let quoted else {
            throw PostgresFailure(.address, "not a name: \(name)", server: server)
        }
        defer { libpq.free_memory(quoted) }
        return String(cString: quoted)
    }

    /// Runs one statement, a transaction of its own unless one was begun, and returns its rows.
    ///
    /// Columns must be of type text or bytea, since each is returned as its bytes.
    package func run(
        _ statement: String, _ values: [PostgresValue] = []
    ) throws(PostgresFailure) -> [PostgresRow] {
        let arguments = StatementArguments(values)
        return try answer { arguments.send(statement, on: handle) }
    }

    /// Runs statements without values, separated by semicolons; if they neither begin nor end a
    /// transaction they are one.
    package func runAll(_ statements: String) throws(PostgresFailure) {
        _ = try answer { libpq.send_query(handle, statements) == 1 }
    }

    private func answer(to send: () -> Bool) throws(PostgresFailure) -> [PostgresRow] {
        let end = ContinuousClock.now + Self.statementLimit
        defer { lastUsed = .now }
        guard send() else { throw lost() }
        while true {
            let left = libpq.flush(handle)
            if left == 0 { break }
            guard left == 1 else { throw lost() }
            try wait(for: POLLIN | POLLOUT, until: end)
        }
        var rows: [PostgresRow] = []
        var failure: PostgresFailure?
        while true {
            while libpq.is_busy(handle) == 1 { try wait(for: POLLIN, until: end) }
            guard let result = libpq.get_result(handle) else { break }
            defer { libpq.clear(result) }
            switch Int(libpq.result_status(result)) {
            case PREVIEW_PG_COMMAND_OK: break
            case PREVIEW_PG_TUPLES_OK: rows = PostgresRow.all(of: result)
            default: failure = failure ?? statementFailure(result)
            }
        }
        if let failure { throw failure }
        return rows
    }

    private func wait(
        for events: Int32, until end: ContinuousClock.Instant
    ) throws(PostgresFailure) {
        guard patience.wait(for: events, on: libpq.socket(handle), until: end) else {
            isBroken = true
            CancelRequest(of: handle)?.send()
            throw PostgresFailure(.timedOut, "no answer in time", server: server)
        }
        guard libpq.consume_input(handle) == 1 else { throw lost() }
    }

    private func lost() -> PostgresFailure {
        isBroken = true
        return PostgresFailure(.lost, said().message, server: server)
    }

    private func refusal() -> PostgresFailure {
        let (message, sqlState) = said()
        let isForPassword = libpq.needs_password(handle) == 1
        return PostgresFailure(
            isForPassword ? .noPassword : .connection, message, sqlState: sqlState,
            server: server)
    }

    private func statementFailure(_ result: OpaquePointer) -> PostgresFailure {
        func field(_ name: Unicode.Scalar) -> String? {
            libpq.result_error_field(result, Int32(name.value)).map { String(cString: $0) }
        }
        // Without an SQLSTATE it is libpq that speaks: the connection is gone.
        guard let state = field("C") else { return lost() }
        return PostgresFailure(
            .statement, redact(field("M") ?? "no reason given"), sqlState: state, server: server)
    }

    /// What libpq says last, on one line, and the SQLSTATE that verbose errors have in their text.
    private func said() -> (message: String, sqlState: String?) {
        let text = libpq.error_message(handle).map { String(cString: $0) } ?? ""
        let lines = text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("LOCATION:") }
            .map { $0.drop(while: \.isWhitespace) }
        let message = lines.joined(separator: "; ")
        let pattern = #/: {2}([0-9A-Z]{5}): /#
        let state = message.matches(of: pattern).last.map { String($0.1) }
        return (redact(message.replacing(pattern, with: ": ")), state)
    }

    private func redact(_ text: String) -> String { address.redact(text, and: password) }
}

/// One row of an answer.
package struct PostgresRow: Hashable, Sendable {
    /// Of each column; `nil` for null.
    package let columns: [[UInt8]?]

    /// A column as text; `nil` for null.
    package func text(_ column: Int) -> String? {
        columns[column].map { String(decoding: $0, as: UTF8.self) }
    }

    fileprivate static func all(of result: OpaquePointer) -> [PostgresRow] {
        let columns = libpq.column_count(result)
        return (0..<libpq.row_count(result)).map { row in
            PostgresRow(
                columns: (0..<columns).map { column in
                    guard libpq.is_null(result, row, column) == 0,
                        let start = libpq.value(result, row, column)
                    else { return nil }
                    let count = Int(libpq.length(result, row, column))
                    return Array(UnsafeRawBufferPointer(start: start, count: count))
                })
        }
    }
}

/// Values in the form that libpq takes them in: bytes with their lengths.
private final class StatementArguments {
    private static let text: UInt32 = 25
    private static let bytea: UInt32 = 17

    private let types: [UInt32]
    private let values: [UnsafeMutableBufferPointer<CChar>?]

    init(_ values: [PostgresValue]) {
        types = values.map { if case .text = $0 { Self.text } else { Self.bytea } }
        self.values = values.map { value in
            let bytes: [UInt8]? =
                switch value {
                case .text(let text): text.map { Array($0.utf8) }
                case .bytes(let bytes): bytes
                }
            guard let bytes else { return nil }
            // Not even an empty value is a null pointer, which would be the null of SQL.
            let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count + 1)
            _ = copy.initialize(from: bytes.lazy.map(CChar.init(bitPattern:)) + [0])
            return .init(start: copy.baseAddress, count: bytes.count)
        }
    }

    deinit { for value in values { value?.baseAddress?.deallocate() } }

    func send(_ statement: String, on handle: OpaquePointer) -> Bool {
        let starts = values.map { UnsafePointer($0?.baseAddress) }
        let lengths = values.map { Int32($0?.count ?? 0) }
        let formats = values.map { _ in Int32(1) }
        return libpq.send_query_params(
            handle, statement, Int32(values.count), types, starts, lengths, formats, 1) == 1
    }
}

/// Asks the server to give up what a connection is waiting for.
private struct CancelRequest: @unchecked Sendable {
    // Unchecked because the compiler does not know that libpq's cancel object is only read.
    private let handle: OpaquePointer

    init?(of connection: OpaquePointer) {
        guard let handle = libpq.get_cancel(connection) else { return nil }
        self.handle = handle
    }

    /// Nobody waits for it: it opens a connection of its own and may hang as well.
    func send() {
        BlockingThread.start {
            var reason = [CChar](repeating: 0, count: 256)
            _ = libpq.cancel(handle, &reason, Int32(reason.count))
            libpq.free_cancel(handle)
        }
    }
}
