import PreviewCore

/// The runs that this server has begun: at most one per session. Other processes are kept away by the
/// lock of the record, as everywhere.
actor RunRegistry {
    private var runs: [String: Task<Void, any Error>] = [:]
    private var isStopping = false

    /// How long a run that was asked to end may take until nobody waits any more.
    private static let patience = Duration.seconds(6)

    /// How many runs are under way.
    var count: Int { runs.count }

    /// Runs the work to its end, whatever becomes of the caller.
    ///
    /// - Throws: ``ErrorCode/locked`` while another run of this session is under way here.
    func run(_ id: String, _ work: @escaping @Sendable () async throws -> Void) async throws {
        guard !isStopping else {
            throw Failure(
                .serverStopping, "the server is stopping and begins nothing any more",
                fix: "try again when it is back; nothing was changed")
        }
        guard runs[id] == nil else {
            throw Failure(
                .locked, .locked, "a step of this session is already running",
                fix: "wait until it has ended, or cancel it")
        }
        let run = Task { try await work() }
        runs[id] = run
        defer { runs[id] = nil }
        try await run.value
    }

    /// Ends the run of a session as Ctrl-C would, and waits for it as long as is bearable.
    func cancel(_ id: String) async {
        guard let run = runs[id] else { return }
        run.cancel()
        await Self.wait(for: [run])
    }

    /// Begins nothing any more, ends what is under way, and waits for it as long as is bearable.
    ///
    /// Returns whether everything has ended.
    func stop() async -> Bool {
        isStopping = true
        let running = Array(runs.values)
        for run in running { run.cancel() }
        return await Self.wait(for: running)
    }

    @discardableResult
    private static func wait(for runs: [Task<Void, any Error>]) async -> Bool {
        // Waiting for a task cannot be cut short, so the end of each is told through a stream.
        let (ended, announce) = AsyncStream.makeStream(of: Void?.self)
        for run in runs {
            Task {
                _ = await run.result
                announce.yield(())
            }
        }
        let timer = Task {
            try await Task.sleep(for: patience)
            announce.yield(nil)
        }
        defer { timer.cancel() }
        var left = runs.count
        guard left > 0 else { return true }
        for await end in ended {
            guard end != nil else { return false }
            left -= 1
            if left == 0 { return true }
        }
        return false
    }
}
