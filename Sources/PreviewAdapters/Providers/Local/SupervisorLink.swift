import PreviewCore
import PreviewSystem

/// A command's side of a supervisor: finding it, starting it, asking it, ending it.
struct SupervisorLink: Sendable {
    let place: MachinePlace
    let folder: Folder
    let machine: MachineDocument

    /// The command of this program that is a supervisor; the folder of all previews and the name of the
    /// preview follow it.
    static let word = "__supervise"

    /// How long a supervisor may take to end after it was asked: the grace of its app, and force.
    private static let endPatience = Duration.seconds(20)

    /// The status as it is written down, whoever wrote it.
    var recorded: SupervisorStatus? {
        get throws(FileFailure) { try MachinePlace.read(.status, in: folder) }
    }

    /// The supervisor, if it runs.
    var living: ProcessIdentity? {
        get throws(FileFailure) {
            guard let identity = try recorded?.supervisor, identity.isAlive else { return nil }
            return identity
        }
    }

    /// The status now: the supervisor's own answer, or what it left. One that should be there and
    /// is not is lost.
    func status() async throws(FileFailure) -> SupervisorStatus? {
        if try living != nil, let answer = await ControlSocket.ask(.status, in: folder) {
            return answer
        }
        // Read after the question: it may have ended in between, in good order.
        guard var status = try recorded else { return nil }
        if status.supervisor != nil, try living == nil {
            status.state = .lost
            status.idleStopAt = nil
        }
        return status
    }

    /// Starts a supervisor that does what the order says; it has begun when this returns.
    ///
    /// - Throws: ``Rejection`` when it says why it cannot; ``Failure`` when it is gone.
    func start(_ order: BootOrder) async throws -> ProcessIdentity {
        let supervisor: ProcessIdentity
        let answers: Descriptor
        do {
            (supervisor, answers) = try await launch(order)
        } catch {
            throw Failure(
                .supervisorLost,
                "the supervisor cannot be started: \(error)",
                step: .boot
            )
        }
        try FaultPoint.hit(.callSent)
        let answer = await BlockingThread.run {
            // The end comes with the supervisor's own, if it dies before it has spoken.
            (try? answers.readToEnd()) ?? []
        }
        // Cut short or empty: it died while it spoke or before.
        guard let readiness: Readiness = try? JSONReader.read(answer).decoded() else {
            throw Failure(.supervisorLost, "the supervisor ended before it began", step: .boot)
        }
        if let failure = readiness.failure { throw Rejection(failure.failure) }
        return supervisor
    }

    /// Ends the app and its supervisor, or whatever is left of them. Absent is success.
    ///
    /// - Throws: ``Failure`` when a process does not end.
    func end() async throws {
        if let living = try living {
            _ = await ControlSocket.ask(.stop, in: folder)
            // Not a wait of this task: an end that has begun goes on when the task is cancelled.
            await Task { _ = await living.waitForEnd(until: .now + Self.endPatience) }.value
        }
        let left = try await sweep()
        guard left.isEmpty else {
            let numbers = left.map { String($0.pid) }.joined(separator: ", ")
            throw Failure(
                .leftovers,
                .leftovers,
                "processes of the preview do not end",
                evidence: [.init("processes", numbers)]
            )
        }
    }

    /// Kills what a supervisor that is gone has left, and returns what does not go.
    private func sweep() async throws -> [ProcessIdentity] {
        let status = try recorded
        let groups = ControlGroups(folders: status?.controlGroups ?? [])
        for _ in 0..<200 {
            let left = processes(status, groups)
            if left.isEmpty { break }
            groups.kill()
            for process in left { process.kill() }
            // Not a sleep of the task: an end that has begun goes on when the task is cancelled.
            await BlockingThread.pause(.milliseconds(20))
        }
        groups.remove()
        return processes(status, groups)
    }

    /// All living processes of the machine: by what was written down, by control group, by mark.
    func processes() throws(FileFailure) -> [ProcessIdentity] {
        let status = try recorded
        return processes(status, ControlGroups(folders: status?.controlGroups ?? []))
    }

    private func processes(
        _ status: SupervisorStatus?,
        _ groups: ControlGroups
    ) -> [ProcessIdentity] {
        let recorded = [status?.supervisor, status?.app].compactMap(\.self).filter(\.isAlive)
        let grouped = groups.processes().compactMap(ProcessIdentity.init(pid:)).filter(\.isAlive)
        let marked = ProcessIdentity.all(withVariables: machine.marks)
        return Array(Set(recorded + grouped + marked)).sorted { $0.pid < $1.pid }
    }

    private func launch(
        _ order: BootOrder
    ) async throws -> (supervisor: ProcessIdentity, answers: Descriptor) {
        let orders = try Descriptor.makePipe()
        let answers = try Descriptor.makePipe()
        var environment = machine.marks
        environment["PATH"] = order.baseEnvironment["PATH"]
        let command = Command(
            order.executable,
            [Self.word, place.root, place.app],
            environment: environment
        )
        let supervisor = try command.start(
            .ownSession,
            passing: [orders.reader, answers.writer]
        )
        let bytes = MachinePlace.bytes(of: order)
        let writer = orders.writer
        await BlockingThread.run {
            // A supervisor that does not read its order says why on the other pipe, or by its end.
            try? writer.write(bytes)
        }
        return (supervisor, answers.reader)
    }
}

/// Follows a boot from its first event, whether it is under way or over.
struct BootFollower: Sendable {
    let folder: Folder
    let supervisor: ProcessIdentity

    /// How often to look for more: often, because this delay is added to every phase.
    private static let interval = Duration.milliseconds(10)
    private static let chunkSize = 64 << 10

    /// Hands on every event; returns at the end of the boot, or of the supervisor.
    ///
    /// - Throws: `CancellationError`.
    func follow(_ report: (Event) -> Void) async throws {
        guard let file = try folder.file(MachinePlace.File.bootLog.rawValue) else { return }
        var lines = LineSplitter(limit: 1 << 20)
        var offset = 0
        while true {
            // Asked before reading: what it wrote before its end is then read for certain.
            let isAlive = supervisor.isAlive
            while true {
                let bytes = try file.read(at: offset, count: Self.chunkSize)
                offset += bytes.count
                for line in lines.feed(bytes).compactMap(BootLine.init) {
                    guard let event = line.event else { return }
                    report(event)
                }
                if bytes.count < Self.chunkSize { break }
            }
            guard isAlive else { return }
            try await Task.sleep(for: Self.interval)
        }
    }
}
