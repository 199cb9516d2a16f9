import PreviewCore

/// What is said of the phases of a boot, wherever it runs.
extension Event {
    /// A phase began.
    static func began(_ phase: BootPhase) -> Event {
        Event(
            .phaseBegin, "[\(phase.number)/\(BootPhase.allCases.count)] \(phase.rawValue)",
            step: .boot,
            data: ["phase": .string(phase.rawValue), "number": .int(phase.number)])
    }

    /// A phase ended well, or had nothing to do.
    static func ended(_ result: BootReceipt.PhaseResult) -> Event {
        let phase = result.name
        return Event(
            .phaseEnd,
            result.skipped
                ? "\(phase.rawValue) not needed"
                : "\(phase.rawValue) done in \(DurationText.elapsed(result.seconds))",
            step: .boot,
            data: [
                "phase": .string(phase.rawValue), "number": .int(phase.number),
                "seconds": .seconds(result.seconds), "skipped": .bool(result.skipped),
            ])
    }
}
