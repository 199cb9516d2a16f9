/// Undoes the steps in reverse, looks again, and leaves a tombstone (ENGINE ). It needs
/// nothing but the record.
package struct Destroyer: Sendable {
    /// What was taken away and what is left.
    package struct Receipt: Hashable, Sendable {
        /// The name in use, which may be a later candidate than the record's.
        package var app: String
        /// Steps that were undone, in the order of undoing.
        package var undone: [StepID]
        /// Objects the second look found and took away.
        package var removed: [OwnedObject]

        package init(app: String, undone: [StepID] = [], removed: [OwnedObject] = []) {
            self.app = app
            self.undone = undone
            self.removed = removed
        }
    }

    private let world: World
    private let store: any StateStore
    private let holder: LockHolder

    package init(world: World, store: any StateStore, holder: LockHolder) {
        self.world = world
        self.store = store
        self.holder = holder
    }

    /// Destroys the preview kept under a name.
    ///
    /// `check`: is shown the record under the lock and throws where it must not be destroyed after
    /// all.
    /// - Throws: ``ErrorCode/nothingRecorded`` when nothing is there, ``ErrorCode/leftovers`` when
    ///   something could not be taken away; running it again goes on.
    package func destroy(
        _ folder: String, lockTimeout: Duration, check: (State) throws -> Void = { _ in }
    ) async throws -> Receipt {
        let wait = LockWait(world, limit: lockTimeout)
        return try await store.withLock(
            folder, for: holder, timeout: lockTimeout, waiting: wait.tell
        ) {
            guard let loaded = try await StateRecord.load(folder, from: store),
                !loaded.state.isDestroyed
            else { throw Failure.nothingRecorded(of: folder) }
            try check(loaded.state)
            let journal = Journal(
                store: store, folder: folder, loaded: loaded, fresh: loaded.state, now: world.now)
            return try await undo(loaded.state, in: journal)
        }
    }

    private func undo(_ state: State, in journal: Journal) async throws -> Receipt {
        var receipt = Receipt(app: state.app)
        for step in Steps.all.reversed() {
            try Task.checkCancellation()
            try await undo(step, state: state)
            // The record of step 2 names what an interrupted run may have made, so it stays until
            // nothing outside carries our marks.
            if step.id == .machine { receipt.removed = try await secondLook(at: state) }
            guard state.steps[step.id] != nil else { continue }
            try await journal.update {
                $0[step.id] = StepRecord()
                $0.completedAt = nil
            }
            receipt.undone.append(step.id)
            world.reporter.report(
                Event(.stepUndone, "Step \(step.id.number) undone: \(step.title)", step: step.id))
        }
        try await journal.update { $0.destroyedAt = world.now() }
        return receipt
    }

    private func undo<S: Step>(_ step: S, state: State) async throws {
        guard let output = state.output(of: step) else { return }
        do {
            try await step.undo(output, in: world)
        } catch let failure as Failure {
            throw located(failure, at: step)
        } catch let rejection as Rejection {
            throw located(rejection.failure, at: step)
        }
    }

    private func located(_ failure: Failure, at step: any Step) -> Failure {
        var failure = failure
        failure.step = step.id
        failure.retry = failure.retry ?? "preview destroy"
        return failure
    }

    /// Takes away whatever still carries our marks, then makes sure that nothing does.
    private func secondLook(at state: State) async throws -> [OwnedObject] {
        let swept = try await world.provider.sweep(state)
        guard swept.left.isEmpty else {
            throw Failure(
                .leftovers, .leftovers, "something is left of \(state.app)",
                evidence: swept.left.map { .init($0.kind.rawValue, "\($0.name) (\($0.id))") },
                fix: "run it again; what was taken away stays away", retry: "preview destroy")
        }
        return swept.removed
    }
}

extension Provider {
    /// Takes away everything that carries the marks of a record's owner or that the record alone
    /// names, and looks again.
    func sweep(
        _ state: State
    ) async throws -> (removed: [OwnedObject], left: [OwnedObject]) {
        let found = try await objects(of: state.owner, named: state.named)
        for object in found { try await remove(object) }
        let left = found.isEmpty ? [] : try await objects(of: state.owner, named: state.named)
        return (found.filter { !left.contains($0) }, left)
    }
}

/// Marks a session as cancelled; needs no lock (SPEC section 6).
package enum Cancellation {
    /// Sets `cancelledAt` by compare-and-swap; a running command notices at its next save.
    ///
    /// - Returns: the state as it is afterwards.
    package static func cancel(
        _ folder: String, in store: any StateStore, now: @escaping @Sendable () -> Timestamp
    ) async throws -> State {
        var conflict: Failure?
        // Each round lost means that a running command saved in between; it saves a few times a step.
        for _ in 0..<20 {
            guard let loaded = try await StateRecord.load(folder, from: store),
                !loaded.state.isDestroyed
            else { throw Failure.nothingRecorded(of: folder) }
            guard loaded.state.cancelledAt == nil else { return loaded.state }
            let journal = Journal(
                store: store, folder: folder, loaded: loaded, fresh: loaded.state, now: now)
            do {
                try await journal.update { $0.cancelledAt = now() }
                return await journal.state
            } catch let failure as Failure where failure.code == .writeConflict {
                conflict = failure
            } catch let failure as Failure where failure.code == .sessionCancelled {
                // Somebody else cancelled it in between.
                return await journal.state
            }
        }
        throw conflict ?? Failure(.internalError, "the session could not be cancelled")
    }
}
