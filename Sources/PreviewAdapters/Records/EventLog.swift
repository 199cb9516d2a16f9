package import PreviewCore
import PreviewSystem

/// An event with its number and time, as it stands in the log.
package struct LoggedEvent: Hashable, Sendable {
    /// Position in the preview's log, from 1, without a gap.
    package var seq: Int
    /// When it was said, in wall time.
    package var time: Timestamp
    /// The run that said it.
    package var run: String
    /// What was said, already redacted.
    package var event: Event

    package init(seq: Int, time: Timestamp, run: String, event: Event) {
        self.seq = seq
        self.time = time
        self.run = run
        self.event = event
    }

    /// The members of `schema/event.schema.json`.
    package var json: JSONValue {
        [
            "seq": .int(seq), "time": .string(time.text), "run": .string(run),
            "type": .string(event.kind.rawValue), "level": .string(event.level.rawValue),
            "step": event.step.map { .int($0.number) } ?? .null,
            "code": JSONValue(event.code?.rawValue), "message": .string(event.message),
            "data": event.data,
        ]
    }

    /// Reads a line of the log; `nil` for a line that is torn or of another program.
    package init?(line: [UInt8]) {
        // A torn line is skipped, not an error (ENGINE R-35).
        guard let value = try? JSONReader.read(line),
            let seq = value["seq"]?.int, let run = value["run"]?.string,
            let time = value["time"]?.string.flatMap({ Timestamp($0) }),
            let kind = value["type"]?.string.flatMap(Event.Kind.init(rawValue:)),
            let level = value["level"]?.string.flatMap(Event.Level.init(rawValue:)),
            let message = value["message"]?.string
        else { return nil }
        self.init(
            seq: seq, time: time, run: run,
            event: Event(
                kind, message, level: level,
                step: value["step"]?.int.flatMap(StepID.init(number:)),
                code: value["code"]?.string.flatMap(ErrorCode.init(rawValue:)),
                data: value["data"] ?? .null))
    }
}

/// Takes what a run says: writes it to the preview's one log and hands it, numbered, to whoever
/// shows it. The log's loss never blocks a run for long, and never goes unsaid.
package final class EventLog: Reporter {
    /// The log's name in the preview's folder.
    package static let fileName = "events.jsonl"

    fileprivate struct Contents: Sendable {
        var file: AppendFile?
        /// What is not in the log yet: there was no folder for it, or another process keeps the log to
        /// itself.
        var waiting: [LoggedEvent] = []
        /// The last number of the log, as far as this run has written to it.
        var lastSeq = 0
        /// Whether the log was kept from this run the last time.
        var isHeldUp = false
        var isBroken = false
        /// Whether it was said that the log lacks something.
        var hasWarned = false
    }

    private let data: DataFolder
    private let app: String
    private let run: String
    private let patience: Duration
    private let now: @Sendable () -> Timestamp
    private let show: @Sendable (LoggedEvent) -> Void
    private let redact: @Sendable (Event) -> Event
    private let contents = Locked(Contents())

    /// `run`: identity of this run, for telling runs apart in one log.
    /// `patience`: how long another process may keep the log to itself before the run goes on.
    /// `redact`: takes secrets out of an event before it is stored or shown.
    /// `show`: is called for each event in order; must not wait.
    package init(
        data: DataFolder, app: String, run: String, patience: Duration = .seconds(5),
        now: @escaping @Sendable () -> Timestamp,
        redact: @escaping @Sendable (Event) -> Event,
        show: @escaping @Sendable (LoggedEvent) -> Void
    ) {
        self.data = data
        self.app = app
        self.run = run
        self.patience = patience
        self.now = now
        self.redact = redact
        self.show = show
    }

    package func report(_ event: Event) {
        let event = redact(event)
        contents.withLock { contents in
            // The last event of a run comes after everything else that there is to say.
            if event.kind == .runEnd { settle(&contents) }
            for logged in take(event, into: &contents) { show(logged) }
        }
    }

    /// Writes an event, or has it wait. Gives what is to be shown: the event, and before it a warning
    /// where the log does not take it for the first time.
    private func take(_ event: Event, into contents: inout Contents) -> [LoggedEvent] {
        var logged = LoggedEvent(seq: contents.nextSeq, time: now(), run: run, event: event)
        guard !contents.isBroken else {
            contents.lastSeq += 1
            return [logged]
        }
        contents.waiting.append(logged)
        do {
            try open(&contents, making: event.kind == .session)
            try write(&contents, within: contents.isHeldUp ? .zero : patience)
            if contents.waiting.isEmpty { logged.seq = contents.lastSeq }
            return [logged]
        } catch {
            contents.waiting.removeLast()
            let warning = warning(of: error, in: contents)
            var shown = contents.hasWarned ? [logged] : [warning, logged]
            shown[shown.count - 1].seq = contents.nextSeq + shown.count - 1
            contents.waiting += shown
            contents.close(because: error)
            return shown
        }
    }

    /// Opens the log once there is a folder for it. Only a saved session makes one: declining a
    /// prompt and planning leave nothing behind.
    private func open(_ contents: inout Contents, making: Bool) throws {
        guard contents.file == nil else { return }
        let folder = making ? try data.makeFolder(of: app) : try data.folder(of: app)
        guard let folder, making || folder.hasEntry(Self.fileName) else { return }
        contents.file = try folder.appending(to: Self.fileName)
    }

    /// Writes what waits, oldest first, under the numbers that follow in the log.
    private func write(_ contents: inout Contents, within patience: Duration) throws {
        guard let file = contents.file else { return }
        while var logged = contents.waiting.first {
            try file.append(within: patience) { last in
                let before = last.flatMap(LoggedEvent.init(line:))?.seq ?? 0
                logged.seq = max(before, contents.lastSeq) + 1
                return JSONWriter.line(logged.json) + [0x0A]
            }
            contents.lastSeq = logged.seq
            contents.waiting.removeFirst()
        }
        contents.isHeldUp = false
    }

    /// What is said of a log that does not take what it is given.
    private func warning(of error: any Error, in contents: Contents) -> LoggedEvent {
        let path = contents.file?.path ?? Self.fileName
        let words =
            error.isBusy
            ? "another process keeps \(path) to itself: what this run says is shown, and written "
                + "there when that process lets go of it"
            : "what this run says is shown and not written down: \(error)"
        return LoggedEvent(
            seq: contents.nextSeq, time: now(), run: run,
            event: Event(.log, words, level: .warning, code: .cannotWrite))
    }

    /// Gives a log that another process keeps to itself a last chance.
    private func settle(_ contents: inout Contents) {
        guard contents.isHeldUp else { return }
        do {
            try write(&contents, within: patience)
        } catch {
            let words =
                "\(contents.waiting.count) events of this run are missing in the log: \(error)"
            show(
                LoggedEvent(
                    seq: contents.nextSeq, time: now(), run: run,
                    event: Event(.log, words, level: .warning, code: .cannotWrite)))
            contents.lastSeq += 1
        }
    }
}

extension EventLog.Contents {
    /// The number of the next event, if nobody else writes before.
    fileprivate var nextSeq: Int { lastSeq + waiting.count + 1 }

    /// Goes on without the log: for good, or until it is free again.
    fileprivate mutating func close(because error: any Error) {
        hasWarned = true
        isHeldUp = error.isBusy
        guard !error.isBusy else { return }
        // History is worth less than the run (ENGINE section 1).
        isBroken = true
        file = nil
        lastSeq += waiting.count
        waiting = []
    }
}

extension Error {
    /// Whether another process had the log for too long.
    fileprivate var isBusy: Bool { (self as? FileFailure)?.cause == .busy }
}

extension Folder {
    fileprivate func hasEntry(_ name: String) -> Bool {
        // If it cannot be looked at, there is nothing to go on writing to.
        (try? entry(name)) != nil
    }
}

/// Reads a preview's log.
package struct EventHistory: Sendable {
    private let data: DataFolder
    private let app: String

    package init(data: DataFolder, app: String) {
        self.data = data
        self.app = app
    }

    /// The events from a byte offset on, in order, and the offset after the last complete line.
    ///
    /// Torn lines are skipped and counted.
    package func read(from offset: Int = 0) throws -> (events: [LoggedEvent], next: Int, torn: Int)
    {
        let (lines, next, torn) = try lines(from: offset, atMost: .max)
        return (lines.map(\.event), next, torn)
    }

    /// The same with the bytes of each line, and not all at once.
    ///
    /// `limit`: the most bytes to read, unless a single line is longer; the rest comes next time.
    package func lines(
        from offset: Int, atMost limit: Int
    ) throws -> (lines: [(event: LoggedEvent, bytes: [UInt8])], next: Int, torn: Int) {
        guard let file = try data.folder(of: app)?.file(EventLog.fileName) else {
            return ([], offset, 0)
        }
        let size = try file.size()
        guard size > offset else { return ([], min(size, offset), 0) }
        let count = min(size - offset, limit)
        let bytes = try file.read(at: offset, count: count)
        guard let end = bytes.lastIndex(of: 0x0A) else {
            guard offset + count < size else { return ([], offset, 0) }
            return try lines(from: offset, atMost: count * 2)
        }
        var (lines, torn) = ([(event: LoggedEvent, bytes: [UInt8])](), 0)
        for part in bytes[...end].split(separator: 0x0A) {
            let line = Array(part)
            if let event = LoggedEvent(line: line) {
                lines.append((event, line))
            } else {
                torn += 1
            }
        }
        return (lines, offset + end + 1, torn)
    }

    /// The log's length in bytes, and something that is another one after each save of the record:
    /// to know cheaply whether there is news.
    package func mark() throws -> (size: Int, record: String) {
        try data.mark(of: app, log: EventLog.fileName)
    }
}
