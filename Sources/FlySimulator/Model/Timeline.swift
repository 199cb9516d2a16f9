/// What will happen at which time, in order; what is due at the same time keeps the order in which
/// it was added.
struct Timeline: Sendable {
    private struct Entry: Sendable {
        var due: Instant
        var number: Int
        var happening: Happening
    }

    private var entries: [Entry] = []
    private var nextNumber = 0

    /// When something happens next.
    var due: Instant? { entries.last?.due }

    mutating func add(_ happening: Happening, at due: Instant) {
        let entry = Entry(due: due, number: nextNumber, happening: happening)
        nextNumber += 1
        // Latest first, so that the next one is taken from the end.
        let index = entries.firstIndex { $0.due <= due } ?? entries.endIndex
        entries.insert(entry, at: index)
    }

    /// Takes out the next happening that is due at `now`.
    mutating func take(upTo now: Instant) -> (due: Instant, happening: Happening)? {
        guard let next = entries.last, next.due <= now else { return nil }
        entries.removeLast()
        return (next.due, next.happening)
    }
}

/// Something that comes about by itself.
enum Happening: Sendable {
    /// A step of a machine, void if the machine has been told otherwise since.
    case machine(String, epoch: Int, MachineStep)
    /// Something a scripted guest does, void after the boot has ended.
    case guest(String, boot: Int, GuestStep)
    /// A health check is due, void after the boot has ended.
    case check(String, boot: Int, name: String)
    /// A deleted app can no longer be seen.
    case appGone(String)
    /// A destroyed machine can no longer be read.
    case machineForgotten(String)
    /// The proxy looks for idle machines.
    case autostopPass
}

/// The next step of a machine that is under way.
enum MachineStep: Sendable {
    case prepared
    case rested
    case booted
    case restarting
    case replaced
    case suspended
    case stopOverdue
    case destroyed
}

/// What a scripted guest does.
enum GuestStep: Sendable {
    case line(String)
    case listens
    case ends(GuestEnding)
}

/// How the main process of a machine ended.
struct GuestEnding: Hashable, Sendable {
    /// Its exit code; 128 plus the signal if one ended it.
    var code: Int
    /// The signal that ended it, or 0.
    var signal = 0
    var isOutOfMemory = false
}
