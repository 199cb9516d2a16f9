import PreviewAdapters
import PreviewCore
import PreviewServer
import PreviewSystem

/// The previews that the server shows and changes: through the same composition as the command line,
/// planned from the server's own `preview.yaml`.
struct ServedPreviews: Previews {
    private let finder: PreviewFinder
    private let surroundings: Surroundings
    /// Runs under way, to say how they ended where they have to be abandoned.
    private let stops = Locked<[ObjectIdentifier: StopRequest]>([:])

    /// How long a call waits for the lock where a run of another process is just letting go of it.
    private static let lockTimeout = Duration.milliseconds(200)
    /// The most of a log that is read at once, in bytes.
    private static let logPart = 256 << 10
    /// How often a watched record in a shared store is looked at, in seconds.
    private static let recordTurn: Int64 = 2

    init(_ finder: PreviewFinder, in surroundings: Surroundings) {
        self.finder = finder
        self.surroundings = surroundings
    }

    // MARK: Looking

    func suggestion() async throws -> SessionWish {
        let workspace = try await finder.template()
        return SessionWish(
            project: workspace.config.name, repository: workspace.config.repository.text,
            branch: workspace.identity.branch)
    }

    func session(_ id: String, of user: String?) async throws -> Session {
        try await finder.find(id, of: user, withConfiguration: .recent).session()
    }

    func sessions(of user: String?) async throws -> [Session] {
        try await finder.sessions(of: user)
    }

    func plan(_ id: String, of user: String?) async throws -> Plan {
        try await workspace(id, of: user).plan(looks: true)
    }

    func machine(_ id: String, of user: String?) async throws -> MachineStatus? {
        let preview = try await finder.find(id, of: user)
        guard let machine = preview.state.output(of: AllocateMachine())?.machine else { return nil }
        return try await preview.world(reporter: Silence()).provider.inspect(machine)
            ?? MachineStatus(state: .lost, detail: "the machine is gone")
    }

    func log(_ id: String, of user: String?) async throws -> PreviewLog {
        let place = try await finder.place(of: id, user: user)
        let history = EventHistory(data: place.records.data, app: place.folder)
        let isFolder = place.records.isFolder
        return PreviewLog(
            read: { offset in
                let part = try history.lines(from: offset, atMost: Self.logPart)
                return EventPart(
                    lines: part.lines.map { .init(seq: $0.event.seq, json: $0.bytes) },
                    next: part.next)
            },
            mark: {
                let mark = try history.mark()
                // No file here tells when a record elsewhere is changed: it is looked at in turns.
                let turn = "\(mark.size) \(Host.uptime.components.seconds / Self.recordTurn)"
                return PreviewMark(log: mark.size, record: isFolder ? mark.record : turn)
            })
    }

    // MARK: Changing

    func open(
        _ wish: SessionWish, for user: String?
    ) async throws -> (session: Session, isNew: Bool) {
        let workspace = try await finder.workspace(for: wish, of: user)
        try workspace.requireProvider()
        let run = recordedRun(
            "open", of: workspace.folder, in: workspace.records.data, workspace.redactor, for: user,
            stop: StopRequest())
        let (state, isNew) = try await SessionOpening(
            world: try workspace.world(reporter: run.reporter),
            store: workspace.records.store.passingFaultPoints, holder: run.holder,
            identity: workspace.identity
        ).open(workspace.config, lockTimeout: .seconds(5))
        finder.remember(state.lineage, in: workspace)
        return (try await session(state.lineage, of: user), isNew)
    }

    func apply(
        _ step: StepID, to id: String, of user: String?, approver: any Approver
    ) async throws {
        let workspace = try await workspace(id, of: user)
        var request = workspace.request
        request.selection = .only(step)
        request.lockTimeout = Self.lockTimeout
        let finalRequest = request
        try await stoppable { stop in
            try await workspace.apply(
                finalRequest, approver: approver,
                in: recordedRun(
                    "apply", of: workspace.folder, in: workspace.records.data, workspace.redactor,
                    for: user, stop: stop))
        }
    }

    func cancel(_ id: String, of user: String?) async throws {
        let place = try await finder.place(of: id, user: user)
        _ = try await Cancellation.cancel(place.folder, in: place.records.store, now: Clocks.now)
    }

    func destroy(_ id: String, of user: String?) async throws {
        let preview = try await finder.find(id, of: user)
        try await stoppable { stop in
            try await preview.destroy(
                in: recordedRun(
                    "destroy", of: preview.folder, in: preview.records.data, preview.redactor,
                    for: user,
                    stop: stop),
                lockTimeout: Self.lockTimeout)
        }
    }

    func change(_ id: String, of user: String?, by verb: MachineVerb) async throws {
        let preview = try await finder.find(id, of: user)
        try await stoppable { stop in
            try await preview.change(
                in: recordedRun(
                    verb.rawValue, of: preview.folder, in: preview.records.data, preview.redactor,
                    for: user, stop: stop),
                lockTimeout: Self.lockTimeout,
                { world in
                    switch verb {
                    case .start: try await preview.start(in: world)
                    case .stop: try await preview.stop(in: world)
                    case .restart: try await preview.restart(in: world)
                    }
                })
        }
    }

    /// Says of every run that is still under way that it was interrupted: they are abandoned, with
    /// their attempts kept.
    func sayFarewell(_ failure: Failure) {
        for stop in stops.withLock({ Array($0.values) }) { stop.sayFarewell(failure) }
    }

    // MARK: Runs

    /// The configuration by which a session's steps are planned.
    private func workspace(_ id: String, of user: String?) async throws -> Workspace {
        guard let workspace = try await finder.find(id, of: user).workspace else {
            throw Failure(
                .repositoryNotAllowed, .refused,
                "this session does not follow from the server's configuration",
                fix: "go on with it on the command line, where it was begun")
        }
        return workspace
    }

    private func recordedRun(
        _ command: String, of folder: String, in logs: DataFolder, _ redactor: Redactor,
        for user: String?, stop: StopRequest
    ) -> RecordedRun {
        RecordedRun(
            .init(
                command, program: "preview serve: \(command)", user: user ?? surroundings.user,
                host: surroundings.host),
            of: folder, in: logs, redactor: redactor, stop: stop, show: { _ in })
    }

    /// Does work that ends, when its task is cancelled, as a signal ends it in the terminal.
    private func stoppable(_ work: (StopRequest) async throws -> Void) async throws {
        let stop = StopRequest()
        let key = ObjectIdentifier(stop)
        stops.withLock { $0[key] = stop }
        defer { stops.withLock { $0[key] = nil } }
        try await withTaskCancellationHandler {
            try await work(stop)
        } onCancel: {
            stop.ask(.signal(.interrupt))
        }
    }
}
