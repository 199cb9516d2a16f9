import PreviewCore
import PreviewSystem

/// `boot.jsonl`: everything one boot says, as lines that `apply` follows live and from any point.
final class BootLog {
    /// The output of a boot beyond this is in the other logs only, in bytes.
    private static let outputLimit = 64 << 20

    private let file: AppendFile
    private let now: () -> Timestamp
    private var sequence = 0
    private var outputBytes = 0

    /// Begins a new log in the place of an earlier one.
    init(in folder: Folder, now: @escaping () -> Timestamp) throws(FileFailure) {
        // A follower of the earlier one keeps its own file until its end.
        try folder.remove(MachinePlace.File.bootLog.rawValue)
        file = try folder.appending(to: MachinePlace.File.bootLog.rawValue)
        self.now = now
    }

    /// Adds events. A log that cannot be written to ends no boot.
    func add(_ events: [Event]) {
        var bytes: [UInt8] = []
        let time = now()
        for event in events where event.kind != .output || outputBytes <= Self.outputLimit {
            sequence += 1
            let line = BootLine(sequence: sequence, time: time, event: event).bytes
            if event.kind == .output { outputBytes += line.count }
            bytes += line
        }
        // The disk may be full; the boot itself must not care.
        try? file.append(bytes)
    }

    /// Adds the last line, after everything else is written down elsewhere.
    func end() {
        sequence += 1
        // As above; a follower then learns the end from the supervisor's own end.
        try? file.append(BootLine(sequence: sequence, time: now(), event: nil).bytes)
    }
}

/// One line of `boot.jsonl`.
struct BootLine: Hashable {
    var sequence: Int
    var time: Timestamp
    /// `nil` for the end of the boot.
    var event: Event?

    /// The line with its end.
    var bytes: [UInt8] {
        var line = JSONObject()
        line["seq"] = .int(sequence)
        line["time"] = .string(time.text)
        line["kind"] = .string(event?.kind.rawValue ?? Self.end)
        if let event {
            line["level"] = .string(event.level.rawValue)
            line["message"] = .string(event.message)
            line["data"] = event.data
        }
        return JSONWriter.line(.object(line)) + [UInt8(ascii: "\n")]
    }

    /// Reads a line; `nil` for one that is torn.
    init?(_ text: String) {
        guard let value = try? JSONReader.read(text), let sequence = value["seq"]?.int,
            let time = value["time"]?.string.flatMap(Timestamp.init),
            let kind = value["kind"]?.string
        else {
            // A torn line is what is looked for here, not an error.
            return nil
        }
        self.sequence = sequence
        self.time = time
        guard kind != Self.end else { return }
        guard let kind = Event.Kind(rawValue: kind) else { return nil }
        event = Event(
            kind,
            value["message"]?.string ?? "",
            level: value["level"]?.string.flatMap(Event.Level.init) ?? .info,
            step: .boot,
            data: value["data"] ?? .null
        )
    }

    init(sequence: Int, time: Timestamp, event: Event?) {
        self.sequence = sequence
        self.time = time
        self.event = event
    }

    private static let end = "end"
}
