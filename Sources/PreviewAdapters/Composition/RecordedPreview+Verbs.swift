package import PreviewCore

// What the command line and the server do with a recorded preview, said once.

extension RecordedPreview {
    /// Undoes the steps in reverse, written down.
    ///
    /// `ending`: is given what was taken away before the run's last event.
    package func destroy(
        in run: RecordedRun, lockTimeout: Duration,
        ending: (Destroyer.Receipt) -> Void = { _ in }
    ) async throws {
        try await run.perform {
            let receipt = try await Destroyer(
                world: try world(reporter: run.reporter), store: records.store.passingFaultPoints,
                holder: run.holder
            ).destroy(folder, lockTimeout: lockTimeout)
            ending(receipt)
            var data = JSONObject()
            data["app"] = .string(receipt.app)
            data["undone"] = .array(receipt.undone.map { .int($0.number) })
            data["removed"] = .array(receipt.removed.map { .string($0.name) })
            return data
        }
    }

    /// Does one thing to the machine, written down and under the lock.
    ///
    /// `ending`: is given what `act` returned before the run's last event.
    package func change<Result: Sendable>(
        in run: RecordedRun, lockTimeout: Duration,
        _ act: (World) async throws -> Result, ending: (Result) -> Void = { _ in }
    ) async throws {
        try await run.perform {
            let world = try world(reporter: run.reporter)
            let wait = LockWait(world, limit: lockTimeout)
            let result = try await records.store.withLock(
                folder, for: run.holder, timeout: lockTimeout, waiting: wait.tell
            ) {
                try await act(world)
            }
            ending(result)
            var data = JSONObject()
            data["app"] = .string(state.app)
            data["url"] = JSONValue(try machine().url)
            return data
        }
    }

    /// Starts the stopped machine; nothing is installed or built again.
    package func start(in world: World) async throws {
        try await world.provider.start(try machine(), secrets: try secretValues(in: world))
    }

    /// Stops the machine, which stays.
    package func stop(in world: World) async throws {
        try await world.provider.stop(try machine())
    }

    /// Stops and starts the machine.
    package func restart(in world: World) async throws {
        try await world.provider.restart(try machine(), secrets: try secretValues(in: world))
    }

    /// Its progress, with what is out of date by its configuration where that is known.
    ///
    /// `looks`: whether the world is asked what is out of date, or the record alone.
    package func session(
        looks: Bool = false, remark: (@Sendable (Failure) -> Void)? = nil
    ) async throws -> Session {
        Session(
            of: state, isLocked: try await records.store.holder(of: folder) != nil,
            stale: try await workspace?.staleSteps(
                of: state, looks: looks, remark: remark) ?? [])
    }
}
