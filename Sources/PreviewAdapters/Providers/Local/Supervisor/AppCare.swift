import PreviewCore
import PreviewSystem

/// Looks after an app that was booted: sleep and waking, restarts, requests.
final class AppCare {
    private let workshop: Workshop
    private let gate: Gate
    private let start: AppStart
    private var app: AppStart.Listening
    /// Times in a row that the app ended by itself or did not come up.
    private var failures = 0

    init(workshop: Workshop, gate: Gate, outcome: BootRun.Outcome) {
        self.workshop = workshop
        self.gate = gate
        start = outcome.start
        app = outcome.app
    }

    /// How the care for an app ends.
    struct End {
        var state: MachineState
        var failure: Failure?
    }

    private enum Cause {
        case ended(ProcessEnding)
        case idle
        case asked(ControlRequest)
    }

    /// Returns when the app is to run no more. Processes may be left for the caller to end.
    func run(_ settings: () -> Settings) -> End {
        while true {
            var end: End?
            switch nextCause(settings) {
            case .ended(let ending): end = restart(after: ending, settings)
            case .idle: end = sleep(settings)
            case .asked(.restart):
                workshop.record.remark("restarting the app, as asked")
                stopApp()
                end = bringUp(settings)
            case .asked(.stop): end = End(state: .stopped)
            case .asked: break
            }
            if let end { return end }
        }
    }

    private func nextCause(_ settings: () -> Settings) -> Cause {
        while true {
            if let asked = workshop.takeAsked() { return .asked(asked) }
            if let ending = app.child.ending { return .ended(ending) }
            let (isBusy, lifecycle) = (gate.isBusy, settings().lifecycle)
            let deadline = lifecycle.idleTimeout.map {
                gate.lastTraffic + workshop.pace.seconds($0)
            }
            if !isBusy, let deadline, deadline <= .now { return .idle }
            workshop.loop.wait(until: isBusy ? nil : deadline) {
                workshop.asked != nil || app.child.ending != nil || gate.isBusy != isBusy
                    || settings().lifecycle != lifecycle
            }
        }
    }

    // MARK: - Sleep

    private func sleep(_ settings: () -> Settings) -> End? {
        workshop.record.remark("stopping the app: nobody came for the idle time")
        stopApp()
        guard settings().lifecycle.autoStart else { return End(state: .stopped) }
        workshop.record.update { $0.state = .idle }
        while true {
            workshop.loop.wait { workshop.asked != nil || gate.hasHeld }
            switch workshop.takeAsked() {
            case .stop: return End(state: .stopped)
            case .restart, .wake, nil:
                workshop.record.remark("starting the app again")
                return bringUp(settings)
            default: break
            }
        }
    }

    // MARK: - Restarts

    private func restart(after ending: ProcessEnding, _ settings: () -> Settings) -> End? {
        workshop.offspring.readRest()
        let lived = ContinuousClock.now - app.child.startedAt
        if lived >= .milliseconds(workshop.pace.stable) { failures = 0 }
        let failure = start.failure(app.child, ending)
        stopApp()
        workshop.record.update { $0.restarts += 1 }
        return again(after: failure, settings)
    }

    /// Starts the app until it listens or has failed too often.
    private func bringUp(_ settings: () -> Settings) -> End? {
        do {
            workshop.record.update { $0.state = .booting }
            app = try start.run(limiting: settings().resources)
            workshop.record.update { status in
                status.state = .running
                status.listening = app.address.description
            }
            gate.open(to: app.address)
            return nil
        } catch {
            switch error {
            case .failed(let failure):
                stopApp()
                return again(after: failure, settings)
            case .asked(.stop): return End(state: .stopped)
            case .asked:
                _ = workshop.takeAsked()
                stopApp()
                return bringUp(settings)
            }
        }
    }

    /// Waits a while, longer each time, and starts the app again; gives up after so many times.
    private func again(after failure: Failure, _ settings: () -> Settings) -> End? {
        failures += 1
        let (pace, count) = (workshop.pace, failures)
        guard count <= pace.restarts else {
            workshop.record.remark(
                "\(failure.message); giving up after \(pace.restarts) restarts",
                level: .error
            )
            return End(state: .crashed, failure: failure)
        }
        let pause = Duration.milliseconds(
            min(pace.longestBackoff, pace.backoff << min(count - 1, 16))
        )
        workshop.record.remark(
            "\(failure.message); starting it again in \(pause.tenths) s (\(count) of \(pace.restarts))",
            level: .warning
        )
        workshop.loop.wait(until: .now + pause) { workshop.asked != nil }
        if workshop.asked == .stop { return End(state: .stopped) }
        _ = workshop.takeAsked()
        return bringUp(settings)
    }

    private func stopApp() {
        gate.hold()
        workshop.endAll()
        workshop.record.update { status in
            status.app = nil
            status.listening = nil
        }
    }
}
