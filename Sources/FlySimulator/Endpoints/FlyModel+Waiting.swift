import PreviewCore

extension FlyModel {
    private static let awaitable = [
        "started", "stopped", "suspended", "destroyed", "failed", "settled",
    ]

    /// `GET .../wait` (reference, section 4.8).
    func waitForMachine(_ call: Call) throws(APIError) -> Reply {
        let request = call.request
        let machine = try machine(of: call)
        let sent = request.queryList("state")
        let states = sent.isEmpty ? ["started"] : sent
        for state in states where !Self.awaitable.contains(state) {
            throw .invalid("invalid state: \(state)")
        }
        let version = [request.queryValue("version"), request.queryValue("instance_id")]
            .compactMap { $0 }.first { !$0.isEmpty }
        if states.contains("stopped"), version == nil {
            throw .invalid("invalid request: waiting for stopped needs a version or instance_id")
        }
        if let version, !machine.versions.contains(where: { $0.id == version }) {
            throw APIError(404, "machine version not found")
        }
        let seconds: Int
        if let text = request.queryValue("timeout") {
            // fly-go sends whole seconds; a duration as Go writes it is read as well.
            let read = Int(text) ?? GoDuration.parse(text).map { Int($0.seconds) }
            guard let read, read >= 0 else { throw .invalid("invalid timeout: \(text)") }
            seconds = min(max(read, 1), 60)
        } else {
            seconds = 60
        }
        return .wait(
            Wait(
                machine: machine.id, states: states, version: version,
                afterEvent: request.queryValue("from_event_id"),
                deadline: now + .seconds(seconds)))
    }

    /// The answer to somebody who waits, or nil as long as there is none.
    mutating func answer(to wait: Wait) -> APIAnswer? {
        guard let machine = machines[wait.machine] else {
            return identified(APIError.machineUnknown.answer)
        }
        let wanted = wait.states.joined(separator: ",")
        func failure(_ code: String, _ state: String) -> String {
            "\(code): machine failed to reach desired state, \(wanted), currently \(state)"
        }
        if let version = wait.version, version != machine.current.id {
            return identified(APIError(409, failure("aborted", "replaced")).answer)
        }
        if let (state, version) = reached(wait, by: machine) {
            return identified(
                .json(
                    200,
                    .object([
                        ("ok", true), ("state", .string(state)), ("version", .string(version)),
                        ("event_id", machine.events.last.map { .string($0.id) }),
                    ])))
        }
        let isGoing = [.destroying, .destroyed].contains(machine.state)
        if isGoing, !wait.states.contains("destroyed") {
            return identified(APIError(409, failure("aborted", machine.state.rawValue)).answer)
        }
        guard now >= wait.deadline else { return nil }
        return identified(
            APIError(408, failure("deadline_exceeded", machine.state.rawValue)).answer)
    }

    /// The state that fulfils a wait, and the version that is in it.
    ///
    /// Without a version, the state in which an update has found the old one counts as well, as
    /// long as the new one is not there.
    private func reached(_ wait: Wait, by machine: Machine) -> (state: String, version: String)? {
        if let event = wait.afterEvent, (machine.events.last?.id ?? "") <= event { return nil }
        if machine.state == .replacing {
            guard wait.version == nil, let before = machine.stateBeforeUpdate,
                machine.versions.count > 1, fulfils(before, machine, wait)
            else { return nil }
            return (before.rawValue, machine.versions[machine.versions.count - 2].id)
        }
        guard fulfils(machine.state, machine, wait) else { return nil }
        return (machine.state.rawValue, machine.current.id)
    }

    private func fulfils(_ state: MachineState, _ machine: Machine, _ wait: Wait) -> Bool {
        wait.states.contains(state.rawValue)
            || (wait.states.contains("settled") && state.isResting && !machine.isLaunching)
    }
}
