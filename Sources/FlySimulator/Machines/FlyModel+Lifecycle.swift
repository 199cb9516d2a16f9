import PreviewCore

/// How machines move from state to state (reference, section 5.2).
extension FlyModel {
    /// Puts a machine into a state; steps that were under way are void from now on.
    mutating func enter(_ state: MachineState, _ machine: inout Machine) {
        revision += 1
        machine.state = state
        machine.updatedAt = now
        machine.epoch += 1
    }

    mutating func schedule(_ step: MachineStep, for machine: Machine, after delay: Duration) {
        schedule(.machine(machine.id, epoch: machine.epoch, step), after: delay)
    }

    /// Notes an event of a machine.
    mutating func record(
        _ type: String, _ status: MachineState, by source: MachineEvent.Source,
        request: JSONValue? = nil, of machine: inout Machine
    ) {
        machine.events.append(
            MachineEvent(
                id: ids.ulid(at: now), type: type, status: status.rawValue, source: source,
                time: now, request: request))
        if machine.events.count > 200 { machine.events.removeFirst(50) }
    }

    /// Begins a start; out of the snapshot, if there is one.
    mutating func launch(_ machine: inout Machine, by source: MachineEvent.Source) {
        machine.isLaunching = false
        enter(.starting, &machine)
        record("start", .starting, by: source, of: &machine)
        schedule(.booted, for: machine, after: machine.hasSnapshot ? delays.resume : delays.boot)
    }

    /// Takes the next step of a machine that is under way.
    mutating func advance(_ machine: Machine, by step: MachineStep) {
        var machine = machine
        switch step {
        case .prepared: launch(&machine, by: .flyd)
        case .rested: enter(.stopped, &machine)
        case .booted: finishStart(of: &machine)
        case .restarting: launch(&machine, by: .flyd)
        case .replaced: finishUpdate(of: &machine)
        case .suspended:
            enter(.suspended, &machine)
            machine.hasSnapshot = true
            record("suspend", .suspended, by: .flyd, of: &machine)
        case .stopOverdue:
            guard machine.guest != nil else {
                follow(&machine)
                break
            }
            return send(Signal.kill, to: machine)
        case .destroyed: finishDestruction(of: &machine)
        }
        machines[machine.id] = machine
    }

    private mutating func finishStart(of machine: inout Machine) {
        enter(.started, &machine)
        record("start", .started, by: .flyd, of: &machine)
        if machine.hasSnapshot {
            machine.hasSnapshot = false
            effects.append(.thaw(machine: machine.id))
        } else {
            boot(&machine)
        }
    }

    private mutating func finishUpdate(of machine: inout Machine) {
        machine.bootCause = .update
        machine.stateBeforeUpdate = nil
        if machine.current.launches {
            launch(&machine, by: .flyd)
        } else {
            enter(configuration.choices.rest == .stopped ? .stopped : .created, &machine)
            record("update", machine.state, by: .flyd, of: &machine)
        }
    }

    private mutating func finishDestruction(of machine: inout Machine) {
        enter(.destroyed, &machine)
        machine.destroyedAt = now
        machine.lease = nil
        record("destroy", .destroyed, by: .flyd, of: &machine)
        effects.append(.discard(machine: machine.id))
        for index in apps[machine.app]?.volumes.indices ?? 0..<0
        where apps[machine.app]?.volumes[index].machine == machine.id {
            apps[machine.app]?.volumes[index].machine = nil
        }
        schedule(.machineForgotten(machine.id), after: delays.destroyedRetention)
    }

    // MARK: - Ends

    /// Asks the guest to end and has `sequel` follow; after `grace` it is ended by force.
    mutating func end(
        _ machine: inout Machine, then sequel: Machine.Sequel, signal: Int, grace: Duration
    ) {
        machine.sequel = sequel
        guard machine.guest != nil else {
            // Nothing runs yet, or no more: the platform only has to notice.
            schedule(.stopOverdue, for: machine, after: .milliseconds(50))
            return
        }
        schedule(.stopOverdue, for: machine, after: grace)
        send(signal, to: machine)
    }

    /// Sends a signal to the main process of a machine that has one.
    mutating func send(_ signal: Int, to machine: Machine) {
        guard let guest = machine.guest else { return }
        guard let script = guest.script else {
            effects.append(
                signal == Signal.kill
                    ? .powerOff(machine: machine.id)
                    : .signal(machine: machine.id, number: signal))
            return
        }
        let isRequested = machine.sequel != .policy
        let ending: GuestEnding
        switch signal {
        case Signal.kill: ending = GuestEnding(code: 128 + signal, signal: signal)
        case _ where isRequested: ending = GuestEnding(code: script.stopCode)
        // The scripted process handles these itself and goes on.
        case 10, 12, 13, 14: return
        default: ending = GuestEnding(code: 128 + signal, signal: signal)
        }
        schedule(
            .guest(machine.id, boot: guest.boot, .ends(ending)),
            after: signal == Signal.kill ? .zero : script.stopTakes)
    }

    /// The main process of a boot has ended: by itself or because it was asked to.
    mutating func guestEnded(_ id: String, boot: Int, _ ending: GuestEnding) {
        guard var machine = machines[id], machine.guest?.boot == boot else { return }
        machine.guest = nil
        machine.checks = [:]
        machine.hasSnapshot = false
        let how =
            ending.signal == 0
            ? "exited normally with code: \(ending.code)"
            : "exited with signal (with signal '\(ending.signal)')"
        log("\u{1B}[32m INFO\u{1B}[0m Main child \(how)", ofMachine: machine)
        let isRestarting = machine.sequel == .policy && restarts(&machine, after: ending)
        recordExit(ending, isRestarting: isRestarting, of: &machine)
        if isRestarting { machine.sequel = .restart }
        follow(&machine)
        machines[id] = machine
    }

    private mutating func recordExit(
        _ ending: GuestEnding, isRestarting: Bool, of machine: inout Machine
    ) {
        let event: JSONValue = [
            "exit_code": .int(ending.code),
            "guest_exit_code": .int(ending.signal == 0 ? ending.code : 0),
            "guest_signal": ending.signal == 0 ? -1 : .int(ending.signal),
            "signal": -1, "oom_killed": .bool(ending.isOutOfMemory),
            "requested_stop": .bool(machine.sequel != .policy),
            "restarting": .bool(isRestarting), "exited_at": .string(now.preciseText),
        ]
        record(
            "exit", isRestarting ? .restarting : .stopped, by: .flyd,
            request: [
                "exit_event": event, "restart_count": .int(machine.crashes.count),
            ], of: &machine)
    }

    /// Whether the policy has the machine start again (reference, section 6, `restart`); counts it.
    private func restarts(_ machine: inout Machine, after ending: GuestEnding) -> Bool {
        switch machine.config.restartPolicy {
        case .no, .spotPrice: return false
        case .always: break
        case .onFailure:
            guard ending.code != 0 else { return false }
            machine.crashes.removeAll { now - $0 > .seconds(300) }
            guard machine.crashes.count < machine.config.maximumRetries else { return false }
        }
        machine.crashes.append(now)
        return true
    }

    /// Nothing runs any more: what was to follow does.
    private mutating func follow(_ machine: inout Machine) {
        let sequel = machine.sequel
        machine.sequel = .policy
        switch sequel {
        case .restart:
            machine.bootCause = .restart
            enter(.restarting, &machine)
            schedule(.restarting, for: machine, after: delays.restart)
        case .replace: schedule(.replaced, for: machine, after: delays.replace)
        case .destroy: schedule(.destroyed, for: machine, after: delays.destroy)
        case .policy where machine.config.isAutoDestroyed:
            enter(.destroying, &machine)
            record("destroy", .destroying, by: .flyd, of: &machine)
            schedule(.destroyed, for: machine, after: delays.destroy)
        case .stop, .policy:
            machine.bootCause = .start
            machine.crashes = []
            machine.activeUntil = now + delays.stillActive
            enter(.stopped, &machine)
            record("stop", .stopped, by: .flyd, of: &machine)
        }
    }

    /// Begins to destroy a machine, whatever it does.
    mutating func beginDestruction(of machine: Machine, source: MachineEvent.Source) {
        guard machine.state != .destroying, machine.state != .destroyed else { return }
        var machine = machine
        enter(.destroying, &machine)
        record("destroy", .destroying, by: source, of: &machine)
        if machine.guest == nil {
            schedule(.destroyed, for: machine, after: delays.destroy)
        } else {
            machine.sequel = .destroy
            send(Signal.kill, to: machine)
        }
        machines[machine.id] = machine
    }
}
