/// Connections to one database, opened when they are needed and used for one thing at a time.
///
/// Nothing may be left in a connection's session: the next statement may be on another, and a pooler
/// between may give it another session of the server for each transaction.
package actor PostgresClient {
    private let address: PostgresAddress
    private var idle: [PostgresConnection] = []
    private var busy = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// At most so many connections at once; whoever wants one more waits.
    private static let most = 8
    /// At most so many connections stay open between two uses, and for no longer than this: networks
    /// drop silent ones without a word.
    private static let mostIdle = 2
    private static let longestIdle = Duration.seconds(30)

    /// Connects to nothing yet.
    package init(_ address: PostgresAddress) { self.address = address }

    /// Runs the body with a connection, on a thread that may wait.
    ///
    /// It is not cut short when the task is cancelled, but has only seconds left from then on.
    package func use<Result: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws(PostgresFailure) -> Result
    ) async throws(PostgresFailure) -> Result {
        while busy >= Self.most {
            await withCheckedContinuation { waiting.append($0) }
        }
        busy += 1
        defer {
            busy -= 1
            if !waiting.isEmpty { waiting.removeFirst().resume() }
        }
        let (address, spare, patience) = (address, idle.popLast(), Patience())
        let (connection, outcome) = await withTaskCancellationHandler {
            await BlockingThread.run {
                Self.run(body, on: spare, to: address, patience)
            }
        } onCancel: {
            patience.hurry()
        }
        if let connection, idle.count < Self.mostIdle { idle.append(connection) }
        return try outcome.get()
    }

    /// The connection, where it can be used again, and what became of the body.
    private static func run<Result>(
        _ body: (PostgresConnection) throws(PostgresFailure) -> Result,
        on spare: PostgresConnection?, to address: PostgresAddress, _ patience: Patience
    ) -> (PostgresConnection?, Swift.Result<Result, PostgresFailure>) {
        let isGood = spare.map { $0.lastUsed + longestIdle > .now && $0.isUsable } ?? false
        var connection = isGood ? spare : nil
        do throws(PostgresFailure) {
            let open: PostgresConnection
            if let connection { open = connection } else { open = try .open(address, patience) }
            connection = open
            open.patience = patience
            let result = try body(open)
            return (open.isUsable ? open : nil, .success(result))
        } catch {
            return (connection?.isUsable == true ? connection : nil, .failure(error))
        }
    }
}
