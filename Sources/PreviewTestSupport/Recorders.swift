package import PreviewCore
import PreviewSystem

/// Keeps every event that was reported, in order.
package final class RecordingReporter: Reporter {
    private let reported = Locked<[Event]>([])

    package init() {}

    /// What was reported so far.
    package var events: [Event] { reported.withLock(\.self) }

    /// The words of the events that a person sees as log lines.
    package var lines: [String] { events.map(\.message) }

    package func report(_ event: Event) {
        reported.withLock { $0.append(event) }
    }

    /// Forgets what was reported.
    package func clear() {
        reported.withLock { $0 = [] }
    }
}

/// Answers as a test says, and remembers what it was asked.
package final class ScriptedApprover: Approver {
    /// Gives the answer to one question; may change the simulated world first.
    package typealias Answer = @Sendable (PlannedStep, Plan) async throws -> Approval

    private let questions = Locked<[PlannedStep]>([])
    private let refusals = Locked<[Failure]>([])
    private let adopts: Bool
    private let answer: Answer

    /// `adopts`: the answer to whether what another record has may be taken over.
    package init(adopts: Bool = false, _ answer: @escaping Answer) {
        self.adopts = adopts
        self.answer = answer
    }

    /// Says yes to everything, as `--yes` does.
    package static var yes: ScriptedApprover { ScriptedApprover { _, _ in .standing } }

    /// The steps that were shown, in order.
    package var asked: [PlannedStep] { questions.withLock(\.self) }

    package func approve(_ step: PlannedStep, in plan: Plan) async throws -> Approval {
        questions.withLock { $0.append(step) }
        return try await answer(step, plan)
    }

    /// What was asked to be taken over, in order.
    package var askedToAdopt: [Failure] { refusals.withLock(\.self) }

    package func adopts(_ refusal: Failure) async throws -> Bool {
        refusals.withLock { $0.append(refusal) }
        return adopts
    }
}

/// Secret values that a test can change.
package final class SimulatedSecrets: SecretSource {
    private let values: Locked<[String: String]>

    package init(_ values: [String: String] = [:]) {
        self.values = Locked(values)
    }

    /// Sets a value, or takes it away.
    package func set(_ name: String, to value: String?) {
        values.withLock { $0[name] = value }
    }

    package func value(of reference: SecretReference) throws -> String? {
        values.withLock { $0[reference.name] }
    }
}

/// A clock that stands still until it is moved, and that may be moved back.
package final class FixedClock: Sendable {
    private let reading: Locked<(now: Int, uptime: Duration)>

    /// Shows 2026-11-24T05:51:00Z.
    package init() {
        reading = Locked((1_795_499_460, .zero))
    }

    /// Wall time.
    package var now: Timestamp { Timestamp(seconds: reading.withLock(\.now)) }

    /// The reading of the clock that does not jump.
    package var uptime: Duration { reading.withLock(\.uptime) }

    /// Lets time pass on both clocks.
    package func advance(seconds: Int) {
        reading.withLock { $0 = ($0.now + seconds, $0.uptime + .seconds(seconds)) }
    }

    /// Moves wall time only, as a person or a time server does.
    package func jump(seconds: Int) {
        reading.withLock { $0.now += seconds }
    }
}

/// Random bytes that are the same in every run of a test (SplitMix64).
package final class DeterministicRandom: Sendable {
    private let state: Locked<UInt64>

    package init(seed: UInt64 = 1) {
        state = Locked(seed)
    }

    /// The next bytes.
    package func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next() >> 32) }
    }

    /// The next number, from zero up to but not including `bound`.
    package func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    private func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
            return mixed ^ (mixed >> 31)
        }
    }
}
