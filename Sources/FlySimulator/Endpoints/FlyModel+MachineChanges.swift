import PreviewCore

extension FlyModel {
    /// `POST /v1/apps/{app}/machines/{id}` (reference, section 4.5). Name and region of the body are
    /// ignored.
    mutating func updateMachine(_ call: Call) throws(APIError) -> Reply {
        var machine = try liveMachine(of: call)
        try guardLease(of: machine, against: call)
        if let expected = call.body.given("current_version"),
            expected.string != machine.current.id
        {
            throw .concurrentUpdate
        }
        switch machine.state {
        case .replacing: throw .concurrentUpdate
        case .destroying: throw .precondition("machine is being destroyed, refusing to update")
        default: break
        }
        var version = try version(
            from: call, in: try app(of: call), keepingImageOf: machine.current)
        try checkHost(of: machine, for: version.config)
        // A scheduled machine that does not run waits for its time (section 4.5).
        if version.config.schedule != nil, machine.guest == nil { version.launches = false }
        machine.lease?.version = version.id
        let signal = Signal.stopping[machine.config.stopSignal] ?? 2
        let grace = machine.config.stopTimeout
        let isFrozen = machine.isFrozen
        machine.stateBeforeUpdate = machine.state
        machine.versions.append(version)
        machine.hasSnapshot = false
        machine.isLaunching = false
        machine.preparedAt = version.launches ? nil : now + delays.updateWindow
        machine.activeUntil = nil
        if call.body.given("skip_service_registration")?.bool == true { machine.isCordoned = true }
        enter(.replacing, &machine)
        record("update", .replacing, by: .user, of: &machine)
        end(&machine, then: .replace, signal: isFrozen ? Signal.kill : signal, grace: grace)
        machines[machine.id] = machine
        return .now(withAffinity(.json(200, json(machine)), to: try app(of: call)))
    }

    /// A bigger guest may not fit on the machine's host any more; the old version stays.
    private func checkHost(
        of machine: Machine, for config: MachineConfig
    ) throws(APIError) {
        let old = machine.config
        guard config.memoryMB > old.memoryMB || config.cpus > old.cpus,
            let lack = capacity.fullHosts[machine.region], lack != "governor"
        else { return }
        throw APIError(
            409,
            "aborted: could not reserve resource for machine: insufficient \(lack) available to "
                + "fulfill request on the current host")
    }

    /// `POST .../start` (reference, section 4.6).
    mutating func startMachine(_ call: Call) throws(APIError) -> Reply {
        let machine = try liveMachine(of: call)
        try guardLease(of: machine, against: call)
        try start(machine, by: .user)
        return .now(
            .json(
                200,
                [
                    "previous_state": .string(machine.state.rawValue), "migrated": false,
                    "new_host": "",
                ]))
    }

    /// Begins a start, or refuses it as section 5.3 says.
    mutating func start(_ machine: Machine, by source: MachineEvent.Source) throws(APIError) {
        var machine = machine
        switch machine.state {
        case .started, .starting: return
        case .replacing: throw .precondition("machine getting replaced, refusing to start")
        case .stopping, .suspending, .restarting:
            throw .precondition("machine still active, refusing to start")
        case .created, .stopped, .suspended, .failed: break
        default:
            throw .precondition(
                "unable to start machine from current state: '\(machine.state.rawValue)'")
        }
        if let preparedAt = machine.preparedAt, now < preparedAt {
            throw .precondition(
                "unable to start machine from current state: '\(machine.state.rawValue)'")
        }
        if let activeUntil = machine.activeUntil, now < activeUntil {
            throw .precondition("machine still active, refusing to start")
        }
        if machine.isLaunching { return }
        if let lack = capacity.fullHosts[machine.region] {
            throw APIError(
                409,
                lack == "governor"
                    ? "aborted: governor policy blocked start"
                    : "aborted: could not reserve resource for machine: insufficient \(lack) "
                        + "available to fulfill request")
        }
        launch(&machine, by: source)
        machines[machine.id] = machine
    }

    /// `POST .../stop`.
    mutating func stopMachine(_ call: Call) throws(APIError) -> Reply {
        let machine = try liveMachine(of: call)
        try guardLease(of: machine, against: call)
        let signal = try call.body.given("signal").map { value throws(APIError) in
            try Signal.stopping(value)
        }
        let grace = try grace(call.body.given("timeout"))
        try stop(machine, signal: signal, grace: grace, by: .user)
        return .now(.ok)
    }

    /// Begins a stop; the config says how, unless the caller does.
    mutating func stop(
        _ machine: Machine, signal: Int? = nil, grace: Duration? = nil,
        by source: MachineEvent.Source
    ) throws(APIError) {
        var machine = machine
        switch machine.state {
        case .created where !machine.isLaunching: return
        case .stopped, .stopping, .destroying: return
        case .replacing: throw .precondition("machine getting replaced, refusing to stop")
        default: break
        }
        let isFrozen = machine.isFrozen
        machine.hasSnapshot = false
        machine.isLaunching = false
        enter(.stopping, &machine)
        record("stop", .stopping, by: source, of: &machine)
        let usual = Signal.stopping[machine.config.stopSignal] ?? 2
        end(
            &machine, then: .stop, signal: isFrozen ? Signal.kill : signal ?? usual,
            grace: grace ?? machine.config.stopTimeout)
        machines[machine.id] = machine
    }

    /// `POST .../suspend`.
    mutating func suspendMachine(_ call: Call) throws(APIError) -> Reply {
        let machine = try liveMachine(of: call)
        try guardLease(of: machine, against: call)
        if machine.state == .suspended || machine.state == .suspending { return .now(.ok) }
        guard machine.state == .started else {
            throw .precondition(
                "unable to suspend machine from current state: '\(machine.state.rawValue)'")
        }
        if let obstacle = machine.config.suspendObstacle {
            throw .precondition("unable to suspend machine: \(obstacle)")
        }
        suspend(machine, by: .user)
        return .now(.ok)
    }

    /// Begins to suspend a machine that can be.
    mutating func suspend(_ machine: Machine, by source: MachineEvent.Source) {
        var machine = machine
        enter(.suspending, &machine)
        record("suspend", .suspending, by: source, of: &machine)
        effects.append(.freeze(machine: machine.id))
        schedule(.suspended, for: machine, after: delays.suspend)
        machines[machine.id] = machine
    }

    /// `POST .../restart`.
    mutating func restartMachine(_ call: Call) throws(APIError) -> Reply {
        var machine = try liveMachine(of: call)
        try guardLease(of: machine, against: call)
        let request = call.request
        let signal = try request.queryValue("signal").map { name throws(APIError) in
            try Signal.stopping(.string(name))
        }
        let grace = try grace(request.queryValue("timeout").map(JSONValue.string))
        guard machine.state == .started else {
            throw .precondition(
                "unable to restart machine from current state: '\(machine.state.rawValue)'")
        }
        enter(.restarting, &machine)
        record("restart", .restarting, by: .user, of: &machine)
        let usual = Signal.stopping[machine.config.stopSignal] ?? 2
        end(
            &machine, then: .restart,
            signal: request.queryFlag("force_stop") ? Signal.kill : signal ?? usual,
            grace: grace ?? machine.config.stopTimeout)
        machines[machine.id] = machine
        return .now(.ok)
    }

    /// `POST .../signal`.
    mutating func signalMachine(_ call: Call) throws(APIError) -> Reply {
        let machine = try liveMachine(of: call)
        guard let sent = call.body.given("signal") else { throw .invalid("signal is required") }
        let signal = try Signal.sending(sent)
        guard machine.state == .started else {
            throw .precondition(
                "unable to signal machine in current state: '\(machine.state.rawValue)'")
        }
        send(signal, to: machine)
        return .now(.ok)
    }

    /// `DELETE /v1/apps/{app}/machines/{id}` (reference, section 4.7). `kill` is the older name of
    /// `force`.
    mutating func deleteMachine(_ call: Call) throws(APIError) -> Reply {
        let machine = try liveMachine(of: call)
        try guardLease(of: machine, against: call)
        let isForced = call.request.queryFlag("force") || call.request.queryFlag("kill")
        switch machine.state {
        case .stopped, .suspended, .failed, .destroying: break
        case .created where !machine.isLaunching: break
        default:
            guard isForced else {
                throw .precondition(
                    "unable to destroy machine, not currently stopped, suspended, failed or created"
                )
            }
        }
        beginDestruction(of: machine, source: .user)
        return .now(.ok)
    }

    /// `POST .../cordon` and `/uncordon` (reference, section 4.11).
    mutating func cordon(_ call: Call, _ isCordoned: Bool) throws(APIError) -> Reply {
        let machine = try liveMachine(of: call)
        try guardLease(of: machine, against: call)
        machines[machine.id]?.isCordoned = isCordoned
        return .now(.ok)
    }

    /// The machine a call is about, unless it is destroyed.
    func liveMachine(of call: Call) throws(APIError) -> Machine {
        let machine = try machine(of: call)
        guard machine.isLive else { throw .machineUnknown }
        return machine
    }

    /// A time to stop in, as Go writes durations or in seconds; at most five minutes are waited
    /// (reference, section 4.6).
    private func grace(_ value: JSONValue?) throws(APIError) -> Duration? {
        guard let value else { return nil }
        let seconds = value.string.flatMap(Int.init).map { Duration.seconds($0) }
        guard let grace = seconds ?? GoDuration.read(value, numbersIn: .seconds(1)),
            grace >= .zero
        else { throw .invalid("invalid timeout") }
        return min(grace, .seconds(300))
    }
}
