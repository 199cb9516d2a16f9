package import PreviewCore
import PreviewSystem

/// A run that is written down: its events go to the preview's log and to whoever watches, and its
/// outcome to the list of runs.
package struct RecordedRun: Sendable {
    /// What a run is, and whose.
    package struct Order: Sendable {
        /// Such as `apply`.
        package var command: String
        /// What the lock's holder is shown as running, such as `preview apply`.
        package var program: String
        /// Who asked for it.
        package var user: String
        /// The machine it runs on.
        package var host: String

        package init(_ command: String, program: String, user: String, host: String) {
            self.command = command
            self.program = program
            self.user = user
            self.host = host
        }
    }

    private let order: Order
    private let stop: StopRequest
    private let logs: DataFolder
    private let folder: String
    private let id = String(Identifier.uuid(Moment.randomBytes(16)).prefix(8))
    private let startedAt = Clocks.now()
    private let started = Host.uptime
    private let steps = Locked<[RunRecord.StepResult]>([])
    /// Takes the run's events.
    package let reporter: any Reporter

    /// `folder`: the name the preview's record is kept under.
    /// `logs`: where what it says is kept.
    /// `redactor`: takes secrets out of events before they are stored or shown.
    /// `stop`: names the end of a run that was stopped before its own.
    /// `show`: is called for each event in order; must not wait.
    package init(
        _ order: Order, of folder: String, in logs: DataFolder, redactor: Redactor,
        stop: StopRequest, show: @escaping @Sendable (LoggedEvent) -> Void
    ) {
        self.order = order
        self.stop = stop
        self.logs = logs
        self.folder = folder
        let steps = steps
        reporter = EventLog(
            data: logs, app: folder, run: id, now: Clocks.now,
            redact: { event in
                var event = event
                event.message = redactor.redact(event.message)
                event.data = event.data.mapStrings(redactor.redact)
                return event
            },
            show: { logged in
                if let result = RunRecord.StepResult(of: logged.event) {
                    steps.withLock { $0.append(result) }
                }
                show(logged)
            })
    }

    /// Does the work between the run's begin and end events.
    ///
    /// `work`: gives what the end event carries, such as the URL.
    package func perform(_ work: () async throws -> JSONObject) async throws {
        reporter.report(
            Event(
                .runBegin, "\(order.command) begun", data: ["command": .string(order.command)]))
        stop.setFarewell(of: id) { end(JSONObject(), failure: $0) }
        do {
            let data = try await work()
            stop.setFarewell(of: id, nil)
            end(data, failure: nil)
        } catch {
            stop.setFarewell(of: id, nil)
            let error = stop.error(replacing: error)
            end(JSONObject(), failure: error)
            throw error
        }
    }

    private func end(_ data: JSONObject, failure error: (any Error)?) {
        let failure = (error as? Failure) ?? (error as? Rejection)?.failure
        let code = error == nil ? 0 : failure?.kind.exitCode ?? 1
        let outcome = error == nil ? "done" : failure?.code.rawValue ?? "PV0702"
        var data = data
        data["outcome"] = .string(outcome)
        data["seconds"] = .seconds(seconds)
        data["error"] = failure?.json ?? .null
        reporter.report(
            Event(
                .runEnd, "\(order.command) ended", level: error == nil ? .info : .error,
                step: failure?.step, code: failure?.code, data: .object(data)))
        RunLog(data: logs, app: folder).append(
            RunRecord(
                run: id, command: order.command, user: order.user, startedAt: startedAt,
                seconds: seconds, outcome: outcome, exitCode: code,
                steps: steps.withLock { $0 }))
    }

    private var seconds: Double {
        let (seconds, attoseconds) = (Host.uptime - started).components
        return Double(seconds) + (Double(attoseconds) / 1e15).rounded() / 1000
    }

    /// The lock holder that this run is.
    package var holder: LockHolder {
        LockHolder(
            id: id, user: order.user, host: order.host, process: Host.processID,
            command: order.program, since: startedAt)
    }
}

extension RunRecord.StepResult {
    /// What an event says of a step's end, if it does.
    fileprivate init?(of event: Event) {
        guard let step = event.step else { return nil }
        switch event.kind {
        case .repositoryDetected, .machineAllocated, .settingsConfigured, .repositoryBooted:
            self.init(
                step: step.number, seconds: event.data["seconds"]?.double ?? 0,
                outcome: "completed")
        case .stepFailed:
            self.init(step: step.number, seconds: 0, outcome: event.code?.rawValue ?? "error")
        default: return nil
        }
    }
}

extension JSONValue {
    /// The value with every string in it, names of members aside, put through a function.
    func mapStrings(_ transform: (String) -> String) -> JSONValue {
        switch self {
        case .string(let text): .string(transform(text))
        case .array(let elements): .array(elements.map { $0.mapStrings(transform) })
        case .object(let object):
            .object(
                JSONObject(
                    object.members.map {
                        .init(name: $0.name, value: $0.value.mapStrings(transform))
                    }))
        case .null, .bool, .number: self
        }
    }
}
