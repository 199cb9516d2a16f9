import PreviewCore
import PreviewSystem

/// What a supervisor writes down: its status, the log of the boot, and what its children print.
final class SupervisorRecord {
    private let folder: Folder
    private let bootLog: BootLog
    private let appLog: AppLog
    private let setupLog: AppLog
    private var isBooting = true

    /// The last lines of the present phase.
    private(set) var lastLines = LastLines()
    /// The status as it was saved last.
    private(set) var status: SupervisorStatus

    init(folder: Folder, logs: Folder, status: SupervisorStatus) throws(FileFailure) {
        self.folder = folder
        self.status = status
        bootLog = try BootLog(in: folder, now: Self.now)
        appLog = AppLog(AppLog.appName, in: logs, now: Self.now)
        setupLog = AppLog(AppLog.setupName, in: logs, now: Self.now)
        try MachinePlace.write(status, to: .status, in: folder)
    }

    /// Wall time, for display.
    static func now() -> Timestamp {
        Timestamp(seconds: Int(Moment.unixMilliseconds / 1000))
    }

    /// Changes the status and saves it. A status that cannot be saved ends nothing: the app and its
    /// connections matter more than the record of them.
    func update(_ change: (inout SupervisorStatus) -> Void) {
        let before = status.state
        change(&status)
        if status.state != before { status.since = Self.now() }
        // As said above; the next change tries again.
        try? MachinePlace.write(status, to: .status, in: folder)
    }

    /// Adds a finished phase; saved with the next change.
    func add(_ phase: BootReceipt.PhaseResult) { status.phases.append(phase) }

    /// Adds an event to the log of the boot.
    func say(_ event: Event) {
        if isBooting { bootLog.add([event]) }
    }

    /// Lines that a child printed.
    func output(_ lines: [String], stream: String, phase: BootPhase) {
        lastLines.add(lines)
        (phase.number < BootPhase.start.number ? setupLog : appLog).add(lines, stream: stream)
        guard isBooting else { return }
        let data: JSONValue = ["stream": .string(stream), "phase": .string(phase.rawValue)]
        bootLog.add(lines.map { Event(.output, $0, step: .boot, data: data) })
    }

    /// A sentence of the supervisor's own, beside the output of the app.
    func remark(_ text: String, level: Event.Level = .info) {
        appLog.add([text], stream: "supervisor")
        say(Event(.log, text, level: level, step: .boot))
    }

    /// Forgets the last lines, when something new begins to print.
    func beginOutput() { lastLines = LastLines() }

    /// Ends the log of the boot; its followers find the outcome in the status.
    func endBoot() {
        guard isBooting else { return }
        isBooting = false
        bootLog.end()
    }
}
