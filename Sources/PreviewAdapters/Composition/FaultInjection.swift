package import PreviewCore
import PreviewSystem

// The fault points of the engine (ENGINE section 3), which knows no processes and so cannot have
// them itself: they lie on the way to what it calls. Release builds call directly.

extension StateStore {
    /// This store, in test builds with the fault points around the saves of a run.
    package var passingFaultPoints: any StateStore {
        #if DEBUG
            FaultyStore(store: self)
        #else
            self
        #endif
    }
}

extension Provider {
    /// This provider, in test builds with the fault points around its calls.
    var passingFaultPoints: any Provider {
        #if DEBUG
            FaultyProvider(provider: self)
        #else
            self
        #endif
    }
}

#if DEBUG
    private struct FaultyStore: StateStore {
        let store: any StateStore

        var place: String { store.place }

        var knowsOtherMachines: Bool { store.knowsOtherMachines }

        func place(of app: String) -> String { store.place(of: app) }

        func write(
            _ bytes: [UInt8], for app: String, replacing version: StoreVersion?,
            keeping serial: Int?
        ) async throws -> StoreVersion {
            let begins = Self.begins(bytes)
            if !begins { try FaultPoint.hit(.outcomeBefore) }
            let version = try await store.write(
                bytes, for: app, replacing: version, keeping: serial)
            if begins { try FaultPoint.hit(.attemptSaved) }
            return version
        }

        /// Whether a document says that something is about to be done, not what came of it.
        private static func begins(_ bytes: [UInt8]) -> Bool {
            // What cannot be read was not written by a run.
            guard let state = try? StateFile.decode(bytes) else { return false }
            return state.steps.values.contains {
                $0.attempt?.open == true && $0.attempt?.error == nil
            }
        }

        func list() async throws -> [String] { try await store.list() }

        func read(_ app: String) async throws -> StoredBytes? { try await store.read(app) }

        func kept(_ app: String) async throws -> [KeptBytes] { try await store.kept(app) }

        func lock(
            _ app: String, for holder: LockHolder, timeout: Duration,
            waiting: @Sendable (LockHolder?) -> Void
        ) async throws -> any StoreLock {
            try await store.lock(app, for: holder, timeout: timeout, waiting: waiting)
        }

        func holder(of app: String) async throws -> LockHolder? {
            try await store.holder(of: app)
        }

        func breakLock(of app: String, heldBy id: String) async throws {
            try await store.breakLock(of: app, heldBy: id)
        }

        func remove(_ app: String) async throws { try await store.remove(app) }

        func examine() async throws -> StoreStanding { try await store.examine() }
    }

    private struct FaultyProvider: Provider {
        let provider: any Provider

        var name: ProviderName { provider.name }

        /// A call that changes something.
        private func change<Result>(_ call: () async throws -> Result) async throws -> Result {
            try FaultPoint.hit(.callBefore)
            let result = try await call()
            try FaultPoint.hit(.callAnswered)
            return result
        }

        func propose(_ spec: MachineSpec) async throws -> Proposal {
            try await provider.propose(spec)
        }

        func allocate(
            _ spec: MachineSpec, replacing previous: Machine?, attempt: any AttemptRecorder
        ) async throws -> Machine {
            try await change {
                try await provider.allocate(spec, replacing: previous, attempt: attempt)
            }
        }

        func survey(_ app: String) async throws -> AppSurvey? {
            try await provider.survey(app)
        }

        func takeOver(
            _ machine: Machine, for owner: Ownership, attempt: any AttemptRecorder
        ) async throws -> Machine {
            try await change {
                try await provider.takeOver(machine, for: owner, attempt: attempt)
            }
        }

        func configure(
            _ machine: Machine, _ settings: Settings, secrets: [String: String],
            attempt: any AttemptRecorder
        ) async throws -> SettingsReceipt {
            try await change {
                try await provider.configure(machine, settings, secrets: secrets, attempt: attempt)
            }
        }

        func boot(
            _ release: Release, on machine: Machine, secrets: [String: String],
            attempt: any AttemptRecorder, reporter: any Reporter
        ) async throws -> BootReceipt {
            try await change {
                try await provider.boot(
                    release, on: machine, secrets: secrets, attempt: attempt, reporter: reporter)
            }
        }

        func inspect(_ machine: Machine) async throws -> MachineStatus? {
            try FaultPoint.hit(.verifyBefore)
            return try await provider.inspect(machine)
        }

        func shutDown(_ machine: Machine) async throws {
            try await change { try await provider.shutDown(machine) }
        }

        func setExpiry(_ machine: Machine, _ end: Timestamp?) async throws {
            try await change { try await provider.setExpiry(machine, end) }
        }

        func time() async throws -> Timestamp? { try await provider.time() }

        func deallocate(_ machine: Machine) async throws {
            try await change { try await provider.deallocate(machine) }
        }

        func objects(
            of owner: Ownership, named: [NamedObject]
        ) async throws -> [OwnedObject] {
            try FaultPoint.hit(.verifyBefore)
            return try await provider.objects(of: owner, named: named)
        }

        func remove(_ object: OwnedObject) async throws {
            try await change { try await provider.remove(object) }
        }

        func start(_ machine: Machine, secrets: [String: String]) async throws {
            try await change { try await provider.start(machine, secrets: secrets) }
        }

        func stop(_ machine: Machine) async throws {
            try await change { try await provider.stop(machine) }
        }

        func restart(_ machine: Machine, secrets: [String: String]) async throws {
            try await change { try await provider.restart(machine, secrets: secrets) }
        }

        func logs(
            _ machine: Machine, tail: Int, follow: Bool
        ) -> AsyncThrowingStream<LogLine, any Error> {
            provider.logs(machine, tail: tail, follow: follow)
        }

        func execute(
            _ command: [String], on machine: Machine, secrets: [String: String]
        ) async throws -> Int32 {
            try await provider.execute(command, on: machine, secrets: secrets)
        }
    }
#endif
