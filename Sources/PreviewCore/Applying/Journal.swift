/// The one writer of a state, opened under the lock. It raises the serial, keeps the lineage, and
/// writes with the version it last read, so that whoever lost the lock can write nothing more.
package actor Journal {
    private let store: any StateStore
    private let folder: String
    private let now: @Sendable () -> Timestamp
    private var version: StoreVersion?
    /// The state as it was last read or written.
    package private(set) var state: State

    /// `folder`: the name the state is kept under: the first candidate of the app's name.
    /// `loaded`: what was read under the lock; `nil` when nothing is recorded.
    /// `fresh`: the state to begin with when nothing is recorded.
    package init(
        store: any StateStore, folder: String, loaded: StateRecord.Loaded?, fresh: State,
        now: @escaping @Sendable () -> Timestamp
    ) {
        self.store = store
        self.folder = folder
        self.now = now
        version = loaded?.version
        state = loaded?.state ?? fresh
        if let loaded, loaded.state.isDestroyed {
            // Begun again: a new lineage that goes on counting.
            state = fresh
            state.serial = loaded.state.serial
        }
    }

    /// Saves that a step is about to be done, before its effect. A resumed attempt with the same
    /// input keeps its key. Any write by somebody else since the state was read ends it here, a
    /// cancellation included.
    package func begin(
        _ step: PlannedStep, input: JSONValue, updating update: (inout State) -> Void = { _ in }
    ) async throws -> Attempt {
        let previous = state[step.id].attempt
        var attempt: Attempt
        if let previous, previous.open, previous.input == input {
            attempt = previous
            attempt.error = nil
        } else {
            let key = AttemptKey.make(
                lineage: state.lineage, step: step.id, serial: state.serial + 1)
            attempt = Attempt(key: key, action: step.action, input: input, begunAt: now())
        }
        do {
            try await write(
                { state in
                    if state.startedAt == nil { state.startedAt = now() }
                    state.cancelledAt = nil
                    state.completedAt = nil
                    state[step.id].attempt = attempt
                    update(&state)
                }, over: state, replacing: version)
        } catch let failure as Failure where failure.code == .writeConflict {
            _ = try await cancellation(after: failure)
            throw Self.cancelled
        }
        return attempt
    }

    /// Saves what a look outside found different from the record, in one write; none is made where it
    /// is recorded like that already.
    package func note(_ drift: [Drift]) async throws {
        guard state.drift != drift else { return }
        try await save { $0.drift = drift }
    }

    /// Adds the name of an object to the open attempt; durable when it returns.
    package func willMake(_ object: ObjectKind, named name: String, in step: StepID) async throws {
        let known = state[step].attempt?.calls.contains { $0.object == object && $0.name == name }
        guard known == false else { return }
        try await save { $0[step].attempt?.calls.append(.init(object: object, name: name)) }
    }

    /// Saves a success: the attempt is closed and its input and output become what is applied.
    package func finish(
        _ step: StepID, input: JSONValue, output: JSONValue, seconds: Double,
        updating update: (inout State) -> Void = { _ in }
    ) async throws {
        try await save { state in
            state[step] = StepRecord(
                applied: Applied(input: input, output: output, at: now(), seconds: seconds))
            update(&state)
            let isComplete = StepID.allCases.allSatisfy {
                state[$0].applied != nil && state[$0].attempt == nil
            }
            state.completedAt = isComplete ? now() : nil
        }
    }

    /// Saves why a step failed. A closed attempt lets the next run begin anew; an open one is settled
    /// by asking the provider.
    package func fail(_ step: StepID, error: RecordedError, closing: Bool) async throws {
        try await save { state in
            state[step].attempt?.error = error
            if closing { state[step].attempt?.open = false }
            state.completedAt = nil
        }
    }

    /// Saves any other change.
    package func update(_ change: (inout State) -> Void) async throws {
        try await save(change)
    }

    /// Writes the changed state in place of the one that was read last.
    ///
    /// A cancellation by another process in between is taken over: what is known is recorded on top
    /// of it and ``Failure`` with ``ErrorCode/sessionCancelled`` ends the run.
    private func save(_ change: (inout State) -> Void) async throws {
        do {
            try await write(change, over: state, replacing: version)
        } catch let failure as Failure where failure.code == .writeConflict {
            let cancelled = try await cancellation(after: failure)
            try await write(change, over: cancelled.state, replacing: cancelled.version) {
                $0.cancelledAt = cancelled.state.cancelledAt
            }
            throw Self.cancelled
        }
    }

    private static let cancelled = Failure(
        .sessionCancelled, "the session was cancelled by another process",
        fix: "what was done so far is recorded; `preview apply` goes on", retry: "preview apply")

    private func write(
        _ change: (inout State) -> Void, over base: State, replacing version: StoreVersion?,
        then: (inout State) -> Void = { _ in }
    ) async throws {
        var next = base
        change(&next)
        then(&next)
        next.serial = base.serial + 1
        next.updatedAt = now()
        let bytes = StateFile.encode(next)
        do {
            self.version = try await store.write(
                bytes, for: folder, replacing: version,
                keeping: version == nil ? nil : base.serial)
        } catch let failure as Failure where failure.code == .storeUnavailable {
            // The answer may have been lost after the write: then what is stored is ours.
            guard let stored = try await store.read(folder), stored.bytes == bytes else {
                throw failure
            }
            self.version = stored.version
        }
        state = next
    }

    /// The stored state, if all that happened to it is that the session was cancelled.
    ///
    /// - Throws: the conflict itself, or ``ErrorCode/destroyedMeanwhile``.
    private func cancellation(after conflict: Failure) async throws -> StateRecord.Loaded {
        let loaded = try await StateRecord.load(folder, from: store, comparesHistory: false)
        guard let loaded else { throw conflict }
        let stored = loaded.state
        guard state.startedAt == nil || (stored.lineage == state.lineage && !stored.isDestroyed)
        else { throw Failure.destroyedMeanwhile }
        var expected = state
        expected.serial += 1
        expected.cancelledAt = stored.cancelledAt
        expected.updatedAt = stored.updatedAt
        guard stored.cancelledAt != nil, stored == expected else { throw conflict }
        return loaded
    }
}

extension Failure {
    /// The record this run belongs to has ended; nothing may be written to its successor.
    static let destroyedMeanwhile = Failure(
        .destroyedMeanwhile, .locked, "the preview was destroyed while this run was under way",
        fix: "nothing was revived; run `preview apply` to set it up again", retry: "preview apply")
}

/// The open attempt as a provider sees it.
package struct JournalRecorder: AttemptRecorder {
    package let key: String
    package let isResumed: Bool
    package let named: [NamedObject]
    package let adopts: Bool
    private let journal: Journal
    private let step: StepID

    /// `attempt`: as ``Journal/begin(_:input:updating:)`` gave it.
    package init(
        journal: Journal, step: StepID, attempt: Attempt, isResumed: Bool, adopts: Bool
    ) {
        self.adopts = adopts
        self.journal = journal
        self.step = step
        key = attempt.key
        named = attempt.named
        self.isResumed = isResumed
    }

    package func willMake(_ object: ObjectKind, named name: String) async throws {
        try await journal.willMake(object, named: name, in: step)
    }
}
