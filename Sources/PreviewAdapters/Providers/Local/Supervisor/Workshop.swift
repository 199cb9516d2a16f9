import PreviewCore
import PreviewSystem

/// Why a boot does not go on.
enum BootEnd: Error {
    /// It was seen to have failed.
    case failed(Failure)
    /// Somebody asked for an end.
    case asked(ControlRequest)
}

/// Where a supervisor runs commands and waits for things, on its one loop.
final class Workshop {
    /// The longest time without a sign of life while something is waited for.
    private static let signInterval = Duration.seconds(10)
    /// How long killed processes may take to disappear.
    private static let killPatience = Duration.seconds(10)
    /// How much of a command's output is captured, in bytes.
    private static let captureLimit = 1 << 20

    let loop: EventLoop
    let offspring: Offspring
    let record: SupervisorRecord
    let pace: Pace
    private let redactor: Redactor
    let groups: ControlGroups

    /// What was asked of this supervisor and not done yet.
    private(set) var asked: ControlRequest?

    init(
        loop: EventLoop,
        offspring: Offspring,
        record: SupervisorRecord,
        pace: Pace,
        redactor: Redactor,
        groups: ControlGroups
    ) {
        self.loop = loop
        self.offspring = offspring
        self.record = record
        self.pace = pace
        self.redactor = redactor
        self.groups = groups
        offspring.whenAskedToEnd = { [unowned self] in ask(.stop) }
    }

    /// What a command wrote, where somebody wants to look at it.
    final class Captured {
        fileprivate(set) var output: [UInt8] = []
        fileprivate(set) var errors: [UInt8] = []
    }

    /// Starts a command whose output is stored and shown as that of a phase, unless `isShown` is
    /// false; `captured` takes a copy of what is written, up to a limit.
    func start(
        _ command: Command,
        phase: BootPhase,
        isShown: Bool = true,
        captured: Captured? = nil
    ) throws(BootEnd) -> Offspring.Child {
        let output = capture("stdout", phase)
        let errors = capture("stderr", phase)
        do {
            return try offspring.start(
                command,
                groups: groups.entrances,
                output: { bytes in
                    if isShown { output.take(bytes) }
                    captured?.output.append(bytes, upTo: Self.captureLimit)
                },
                errorOutput: { bytes in
                    if isShown { errors.take(bytes) }
                    captured?.errors.append(bytes, upTo: Self.captureLimit)
                }
            )
        } catch .programNotFound(let program) {
            throw .failed(
                Failure(
                    .commandNotFound,
                    "there is no program `\(program)`",
                    step: .boot,
                    fix: "install it on this machine"
                )
            )
        } catch {
            throw .failed(Failure(.appEnded, "\(error)", step: .boot))
        }
    }

    /// Runs a command to its end; `nil` when it does not end before `deadline`.
    func run(
        _ command: Command,
        phase: BootPhase,
        until deadline: ContinuousClock.Instant,
        isShown: Bool = true,
        captured: Captured? = nil
    ) throws(BootEnd) -> ProcessEnding? {
        let child = try start(command, phase: phase, isShown: isShown, captured: captured)
        let hasEnded = try wait(phase.rawValue, until: deadline) { child.ending != nil }
        offspring.readRest()
        return hasEnded ? child.ending : nil
    }

    /// Waits until something holds; returns false when `deadline` comes first. `name` is what is
    /// waited for, shown every ten seconds.
    ///
    /// With `interval` the condition is asked again after that time even when nothing has happened
    /// on the loop; without it, it must be one that only the loop can change.
    func wait(
        _ name: String,
        until deadline: ContinuousClock.Instant,
        asking interval: ((_ waited: Duration) -> Duration)? = nil,
        for isDone: () -> Bool
    ) throws(BootEnd) -> Bool {
        let begin = ContinuousClock.now
        var nextSign = begin + Self.signInterval
        while true {
            if let asked { throw .asked(asked) }
            if isDone() { return true }
            let now = ContinuousClock.now
            guard now < deadline else { return false }
            if now >= nextSign {
                sayWait(name, elapsed: now - begin, limit: deadline - begin)
                nextSign = now + Self.signInterval
            }
            let next = min(deadline, nextSign, interval.map { now + $0(now - begin) } ?? deadline)
            loop.wait(until: next) { asked != nil || (interval == nil && isDone()) }
        }
    }

    /// Notes what somebody asks for; the wait under way ends with it. Signals ask to stop.
    func ask(_ request: ControlRequest) {
        // An end that was asked for is not taken back by anything milder.
        if asked != .stop { asked = request }
    }

    /// Takes what was asked, so that the next wait is not ended by it.
    func takeAsked() -> ControlRequest? {
        defer { asked = nil }
        return asked
    }

    /// Ends everything that was started here: TERM, after the grace KILL, until nothing is left.
    func endAll() {
        guard !offspring.isGone else { return }
        offspring.terminateAll()
        let grace = ContinuousClock.now + .milliseconds(pace.grace)
        loop.wait(until: grace) { offspring.isGone }
        // What the kernel itself holds back does not end at all; then nothing more can be done.
        let giveUp = ContinuousClock.now + Self.killPatience
        while !offspring.isGone, ContinuousClock.now < giveUp {
            groups.kill()
            offspring.killAll()
            // A process that was just being made is not in the list; the next round has it.
            loop.wait(until: ContinuousClock.now + .milliseconds(20)) { offspring.isGone }
        }
        offspring.readRest()
    }

    private func capture(_ stream: String, _ phase: BootPhase) -> OutputCapture {
        OutputCapture(redactor) { [record] lines in
            record.output(lines, stream: stream, phase: phase)
        }
    }

    private func sayWait(_ name: String, elapsed: Duration, limit: Duration) {
        let (elapsed, limit) = (Int(elapsed.components.seconds), Int(limit.components.seconds))
        record.say(
            Event(
                .wait,
                "waiting for \(name), \(elapsed) s of \(limit) s",
                step: .boot,
                data: ["name": .string(name), "elapsed": .int(elapsed), "limit": .int(limit)]
            )
        )
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ bytes: [UInt8]?, upTo limit: Int) {
        guard let bytes, count < limit else { return }
        self += bytes.prefix(limit - count)
    }
}
