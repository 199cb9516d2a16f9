/// Whom the program asks for a machine, in the program's words. One value serves one preview.
///
/// Every function that changes something is safe to repeat with the same attempt key, throws
/// ``Rejection`` only when it is certain that nothing happened (or that what happened was observed
/// to have failed), and any other error when the outcome is unknown. All honour task cancellation
/// within five seconds.
package protocol Provider: Sendable {
    /// Which provider this is.
    var name: ProviderName { get }

    /// What a machine would be called and where it would answer. Reads only; used by `plan`.
    func propose(_ spec: MachineSpec) async throws -> Proposal

    /// Step 2: makes the machine named after the attempt, or finds the one this attempt made.
    /// Each object's name is given to `attempt` before the call that makes it.
    ///
    /// What carries the same source and another lineage is another record's: a ``Rejection`` with
    /// ``ErrorCode/recordedElsewhere``, both lineages in its evidence, unless the attempt
    /// ``AttemptRecorder/adopts``. Then it gets this owner's marks and keeps its name and its URL.
    /// What carries no marks, or another source's, is left alone (``ErrorCode/foreignObject``).
    func allocate(
        _ spec: MachineSpec, replacing previous: Machine?, attempt: any AttemptRecorder
    ) async throws -> Machine

    /// What there is of an app, whoever made it (`preview import`). Reads only; `nil` where there is no
    /// app of that name.
    ///
    /// - Throws: ``Failure`` with ``ErrorCode/notImportable`` where the name is somebody else's, and by
    ///   a provider whose apps cannot outlive their record.
    func survey(_ app: String) async throws -> AppSurvey?

    /// Gives a machine that ``survey(_:)`` found to this owner, without a restart, and returns it once
    /// it was seen to carry the owner's marks. Its app and its name are given to `attempt` before. It
    /// keeps its name, its URL and everything else.
    func takeOver(
        _ machine: Machine, for owner: Ownership, attempt: any AttemptRecorder
    ) async throws -> Machine

    /// Step 3: gives the machine its settings. Does not start anything.
    func configure(
        _ machine: Machine, _ settings: Settings, secrets: [String: String],
        attempt: any AttemptRecorder
    ) async throws -> SettingsReceipt

    /// Step 4: clones, installs, builds, starts and proves. Reports phases and output live.
    func boot(
        _ release: Release, on machine: Machine, secrets: [String: String],
        attempt: any AttemptRecorder, reporter: any Reporter
    ) async throws -> BootReceipt

    /// What is there now, or `nil` when the machine is gone.
    func inspect(_ machine: Machine) async throws -> MachineStatus?

    /// Ends what step 4 started. Absent or already ended is success.
    func shutDown(_ machine: Machine) async throws

    /// Moves the end of the machine's life; `nil` is never. What runs goes on. Absent is success: the
    /// next machine is made with the end that is recorded.
    func setExpiry(_ machine: Machine, _ end: Timestamp?) async throws

    /// What time it is there, in seconds as precise as an answer's `Date`; `nil` where that is this
    /// machine's own clock (ENGINE section 5).
    func time() async throws -> Timestamp?

    /// Takes the machine away with everything attached. Absent is success.
    func deallocate(_ machine: Machine) async throws

    /// Everything outside that carries this owner's marks, whether recorded or not: the second look
    /// of `destroy`, and the query by which an open attempt is settled.
    ///
    /// `named`: what the record names. An object that cannot carry marks, such as an app, is the
    /// owner's when it is among them and nothing of anybody else's is in it.
    func objects(of owner: Ownership, named: [NamedObject]) async throws -> [OwnedObject]

    /// Takes away one object that ``objects(of:)`` found. Absent is success.
    func remove(_ object: OwnedObject) async throws

    /// Starts the app again without installing or building.
    func start(_ machine: Machine, secrets: [String: String]) async throws
    /// Stops the app; the machine stays.
    func stop(_ machine: Machine) async throws
    /// Stops and starts the app.
    func restart(_ machine: Machine, secrets: [String: String]) async throws
    /// What the app printed, oldest first: the last `tail` lines, then what comes, when following.
    func logs(_ machine: Machine, tail: Int, follow: Bool) -> AsyncThrowingStream<
        LogLine, any Error
    >
    /// Runs a command beside the app, with the terminal passed through; returns its exit status.
    func execute(_ command: [String], on machine: Machine, secrets: [String: String]) async throws
        -> Int32
}

/// Whose an object is: written on everything that is made (ENGINE section 2).
package struct Ownership: Hashable, Sendable, Codable {
    /// Lineage of the state that owns it.
    package var lineage: String
    /// SHA-256 of host, owner, repository, branch, path and a named user.
    package var source: String

    package init(lineage: String, source: String) {
        self.lineage = lineage
        self.source = source
    }
}

/// Something outside that carries an owner's marks.
package struct OwnedObject: Hashable, Sendable {
    /// What sort of thing it is.
    package var kind: ObjectKind
    /// As people and receipts name it.
    package var name: String
    /// What the provider needs to find it again.
    package var id: String
    /// Whose marks it carries.
    package var owner: Ownership
    /// Key of the attempt that made or last changed it.
    package var attempt: String?

    package init(
        kind: ObjectKind, name: String, id: String, owner: Ownership, attempt: String? = nil
    ) {
        self.kind = kind
        self.name = name
        self.id = id
        self.owner = owner
        self.attempt = attempt
    }
}

/// An object by the name it was given before it was made.
package struct NamedObject: Hashable, Sendable {
    /// What sort of thing it is.
    package var kind: ObjectKind
    /// Exactly as the call that makes it gives it.
    package var name: String

    package init(_ kind: ObjectKind, _ name: String) {
        self.kind = kind
        self.name = name
    }
}

/// The kinds of object that are made outside.
package enum ObjectKind: String, Hashable, Sendable, Codable, CaseIterable {
    case app, address, machine, process
}

/// The open attempt, as a step and a provider see it.
package protocol AttemptRecorder: Sendable {
    /// The same on every resumption, so that a provider asked twice makes one object.
    var key: String { get }
    /// Whether an earlier run may already have made something under this key.
    var isResumed: Bool { get }
    /// What earlier runs of this attempt named, and so may have made.
    var named: [NamedObject] { get }
    /// Whether a person said that what another record made of the same branch may be taken over
    /// (`--adopt`, ENGINE R-33).
    var adopts: Bool { get }
    /// Saves the name of an object before the call that makes it; durable when it returns.
    func willMake(_ object: ObjectKind, named name: String) async throws
}

/// A line an app or a step printed.
package struct LogLine: Hashable, Sendable {
    /// When it was printed, in wall time.
    package var time: Timestamp
    /// `stdout`, `stderr` or `supervisor`.
    package var stream: String
    /// One line without its end, not redacted yet.
    package var text: String

    package init(time: Timestamp, stream: String, text: String) {
        self.time = time
        self.stream = stream
        self.text = text
    }
}
