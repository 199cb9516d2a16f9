package import PreviewCore

/// Follows a boot on a machine of Fly by the lines that arrive in its log. Pure.
///
/// The boot script says how far it is in markers among the output of commands and app:
/// `::preview:KEY:BOOT:NUMBER:WORD NAME=VALUE …;`. KEY is that of the attempt, which no command's
/// environment has; BOOT is another one each time the machine starts, and later ones are greater;
/// NUMBER counts the markers of a boot from 1. Logs may come late, twice, cut and in another order:
/// what a marker tells holds once, whenever it comes.
package struct BootMarkers: Sendable {
    /// What a line tells.
    package enum Event: Hashable, Sendable {
        /// The machine has started anew with the same release; everything before is past.
        case restarted
        case phaseBegan(BootPhase)
        case phaseEnded(BootReceipt.PhaseResult)
        /// A line a command or the app printed, with the phase under way; `nil` after the boot.
        case output(String, BootPhase?)
        /// The app answers on the machine; `nil` where nothing there could ask it. Whether it answers
        /// at its public address is for the reader to prove.
        case ready(status: Int?)
        /// The boot failed, and nothing of it runs any more.
        case failed(BootTrouble)
        /// The machine stays up after a failed boot, to be looked at.
        case kept
        /// The app ended by itself after it was ready, with this status.
        case appEnded(status: Int)
        /// The script ends, and with it the machine stops.
        case stopped(Stop)
    }

    /// Why a machine stops though nothing went wrong.
    package enum Stop: String, Hashable, Sendable {
        /// Nobody came for the idle time.
        case idle
        /// The preview's end of life has come.
        case expired
        /// Somebody asked for it.
        case signal
    }

    /// The phases that ended so far, in their order.
    package private(set) var phases: [BootReceipt.PhaseResult] = []

    private let mark: String
    private var boot: BootID?
    private var seen: Set<Int> = []
    private var begun: Set<BootPhase> = []
    private var isOver = false
    private var lastLines = LastLines()

    /// Follows the boot of the attempt with this key.
    package init(key: String) {
        mark = "::preview:\(key):"
    }

    /// Takes a line and returns what it tells, in order.
    package mutating func read(_ line: String) -> [Event] {
        var events: [Event] = []
        var rest = line[...]
        while let range = rest.range(ofFirst: mark) {
            events += output(rest[..<range.lowerBound])
            let body = rest[range.upperBound...]
            // Without its end it was cut, and what is left of it is of no use to anybody.
            guard let end = body.firstIndex(of: ";") else { return events }
            if let marker = Marker(body[..<end]) { events += take(marker) }
            rest = body[body.index(after: end)...]
        }
        return events + output(rest, isWhole: rest.startIndex == line.startIndex)
    }

    /// What is around a marker in its line is output that had no line end of its own.
    private mutating func output(_ text: Substring, isWhole: Bool = false) -> [Event] {
        // Before the first marker it is the platform that speaks, or an earlier boot.
        guard boot != nil, isWhole || !text.isEmpty else { return [] }
        lastLines.add([String(text)])
        return [.output(String(text), phase)]
    }

    /// The phase under way.
    private var phase: BootPhase? {
        isOver ? nil : begun.max { $0.number < $1.number }
    }

    private mutating func take(_ marker: Marker) -> [Event] {
        var events: [Event] = []
        if let boot, marker.boot != boot {
            guard boot < marker.boot else { return [] }
            let key = mark.dropFirst("::preview:".count).dropLast()
            self = BootMarkers(key: String(key))
            events.append(.restarted)
        }
        boot = marker.boot
        guard seen.insert(marker.number).inserted else { return events }
        return events + news(of: marker)
    }

    private mutating func news(of marker: Marker) -> [Event] {
        switch marker.word {
        case "phase":
            return BootPhase(rawValue: marker["name"]).map { phase(marker, $0) } ?? []
        case "failed":
            guard let trouble = BootTrouble(marker, lines: lastLines.lines) else { return [] }
            isOver = true
            return finish(before: trouble.phase) + [.failed(trouble)]
        case "ready":
            isOver = true
            let status = Int(marker["status"]).flatMap { $0 > 0 ? $0 : nil }
            return finish(before: nil) + [.ready(status: status)]
        case "kept": return [.kept]
        case "app": return Int(marker["status"]).map { [.appEnded(status: $0)] } ?? []
        case "stopped": return Stop(rawValue: marker["why"]).map { [.stopped($0)] } ?? []
        default:
            // A newer script may say more.
            return []
        }
    }

    private mutating func phase(_ marker: Marker, _ phase: BootPhase) -> [Event] {
        switch marker["state"] {
        case "begin": return begin(phase)
        case "skip": return begin(phase) + end(phase, milliseconds: nil)
        case "end": return begin(phase) + end(phase, milliseconds: Int(marker["ms"]) ?? 0)
        default: return []
        }
    }

    private mutating func begin(_ phase: BootPhase) -> [Event] {
        guard begun.insert(phase).inserted else { return [] }
        if self.phase == phase { lastLines = LastLines() }
        return [.phaseBegan(phase)]
    }

    /// `milliseconds`: `nil` for a phase in which there was nothing to do.
    private mutating func end(_ phase: BootPhase, milliseconds: Int?) -> [Event] {
        let result = BootReceipt.PhaseResult(
            name: phase, seconds: Double(milliseconds ?? 0) / 1000, skipped: milliseconds == nil)
        if let place = phases.firstIndex(where: { $0.name == phase }) {
            // Its end was taken for lost.
            phases[place] = result
            return []
        }
        phases.append(result)
        phases.sort { $0.name.number < $1.name.number }
        return [.phaseEnded(result)]
    }

    /// Ends the phases before another one, or all: each came to its end, whether that was heard of
    /// or not.
    private mutating func finish(before phase: BootPhase?) -> [Event] {
        let limit = phase?.number ?? .max
        let lost = BootPhase.allCases.filter { other in
            other.number < limit && !phases.contains { $0.name == other }
        }
        return lost.flatMap { begin($0) + end($0, milliseconds: 0) }
    }
}

/// Which start of the machine a marker belongs to: the time of day, then the time since it is up.
private struct BootID: Hashable, Comparable {
    var seconds: Int
    var milliseconds: Int

    init?(_ text: Substring) {
        let parts = text.split(separator: "-").compactMap { Int($0) }
        guard parts.count == 2 else { return nil }
        (seconds, milliseconds) = (parts[0], parts[1])
    }

    static func < (left: BootID, right: BootID) -> Bool {
        (left.seconds, left.milliseconds) < (right.seconds, right.milliseconds)
    }
}

/// A marker, taken apart.
struct Marker {
    fileprivate var boot: BootID
    /// Its number in the boot.
    fileprivate var number: Int
    fileprivate var word: String
    private var values: [Substring: Substring] = [:]

    /// Reads what stands between the key and the end; `nil` for what no script writes.
    init?(_ body: Substring) {
        let parts = body.split(separator: ":", maxSplits: 2)
        guard parts.count == 3, let boot = BootID(parts[0]), let number = Int(parts[1]) else {
            return nil
        }
        let words = parts[2].split(separator: " ")
        guard let word = words.first else { return nil }
        (self.boot, self.number, self.word) = (boot, number, String(word))
        for pair in words.dropFirst() {
            let sides = pair.split(separator: "=", maxSplits: 1)
            guard sides.count == 2 else { return nil }
            values[sides[0]] = sides[1]
        }
    }

    /// A value; empty where the marker has none of that name.
    subscript(name: Substring) -> String { String(values[name] ?? "") }
}

extension Substring {
    /// Where a text first occurs.
    fileprivate func range(ofFirst text: String) -> Range<Index>? {
        var start = startIndex
        while let found = self[start...].firstIndex(of: ":") {
            if self[found...].hasPrefix(text) {
                return found..<index(found, offsetBy: text.count)
            }
            start = index(after: found)
        }
        return nil
    }
}
