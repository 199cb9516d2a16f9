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
/// shows it. The log's loss never blocks a run.
package final class EventLog: Reporter {
    /// The log's name in the preview's folder.
    package static let fileName = "events.jsonl"

    private struct Contents: Sendable {
        var file: AppendFile?
        /// What was said before there was a folder to write to.
        var waiting: [LoggedEvent] = []
        var lastSeq = 0
        var isBroken = false
    }

    private let data: DataFolder
    private let app: String
    private let run: String
    private let now: @Sendable () -> Timestamp
    private let show: @Sendable (LoggedEvent) -> Void
    private let redact: @Sendable (Event) -> Event
    private let contents = Locked(Contents())

    /// `run`: identity of this run, for telling runs apart in one log.
    /// `redact`: takes secrets out of an event before it is stored or shown.
    /// `show`: is called for each event in order; must not wait.
    package init(
        data: DataFolder, app: String, run: String, now: @escaping @Sendable () -> Timestamp,
        redact: @escaping @Sendable (Event) -> Event,
        show: @escaping @Sendable (LoggedEvent) -> Void
    ) {
        self.data = data
        self.app = app
        self.run = run
        self.now = now
        self.redact = redact
        self.show = show
    }

    package func report(_ event: Event) {
        let event = redact(event)
        contents.withLock { contents in
            open(&contents, making: event.kind == .session)
            let logged = append(event, to: &contents)
            show(logged)
        }
    }

    /// Opens the log once there is a folder for it. Only a saved session makes one: declining a
    /// prompt and planning leave nothing behind.
    private func open(_ contents: inout Contents, making: Bool) {
        guard contents.file == nil, !contents.isBroken else { return }
        do {
            let folder = making ? try data.makeFolder(of: app) : try data.folder(of: app)
            guard let folder, making || folder.hasEntry(Self.fileName) else { return }
            contents.file = try folder.appending(to: Self.fileName)
            let waiting = contents.waiting
            contents.waiting = []
            // They were shown under the numbers that a new log gives them.
            contents.lastSeq = 0
            for logged in waiting { _ = append(logged.event, to: &contents) }
        } catch {
            // History is worth less than the run (ENGINE section 1).
            contents.isBroken = true
        }
    }

    private func append(_ event: Event, to contents: inout Contents) -> LoggedEvent {
        var logged = LoggedEvent(seq: contents.lastSeq + 1, time: now(), run: run, event: event)
        if let file = contents.file {
            do {
                try file.append { last in
                    let before = last.flatMap(LoggedEvent.init(line:))?.seq ?? contents.lastSeq
                    logged.seq = max(before, contents.lastSeq) + 1
                    return JSONWriter.line(logged.json) + [0x0A]
                }
            } catch {
                contents.file = nil
                contents.isBroken = true
            }
        } else if !contents.isBroken {
            contents.waiting.append(logged)
        }
        contents.lastSeq = logged.seq
        return logged
    }
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
