/// A difference between the world and the record.
package struct Drift: Hashable, Sendable {
    /// The step whose result is no longer what is there.
    package var step: StepID
    /// What differs, as the plan shows it.
    package var message: String
    /// What to do about it.
    package var action: Action
}

extension Drift {
    /// What differs outside from what is recorded; without a look, what the last one found. Pure.
    static func find(state: State, facts: Facts) -> [Drift] {
        guard state[.machine].applied != nil else { return [] }
        switch facts.machine {
        case .notSeen: return state.drift
        case .gone:
            return [
                Drift(step: .machine, message: "the machine is gone", action: .create),
                Drift(step: .settings, message: "the machine is gone", action: .create),
                Drift(step: .boot, message: "the machine is gone", action: .create),
            ].filter { state[$0.step].applied != nil }
        case .present(let status): return settings(state, status) + boot(state, status)
        }
    }

    private static func settings(_ state: State, _ status: MachineStatus) -> [Drift] {
        guard isAboutPresentMachine(.settings, state),
            let recorded = state.output(of: ConfigureSettings())
        else { return [] }
        var messages: [String] = []
        if let found = status.settingsRevision, found != recorded.revision {
            messages.append("the machine has other settings than recorded")
        }
        if let found = status.resources,
            found.cpu != recorded.resources.cpu || found.memory != recorded.resources.memory
        {
            messages.append("the machine has \(found.cpu) cpu and \(found.memory) MB")
        }
        messages += status.otherChanges.map { "\($0) changed outside" }
        guard !messages.isEmpty else { return [] }
        return [
            Drift(step: .settings, message: messages.joined(separator: ", "), action: .update)
        ]
    }

    /// A step that was done for another machine is no drift: it has to be done for this one.
    private static func isAboutPresentMachine(_ step: StepID, _ state: State) -> Bool {
        let machine = state[.machine].applied?.output["machineId"]?.string
        return machine != nil && state[step].applied?.input["machine"]?.string == machine
    }

    private static func boot(_ state: State, _ status: MachineStatus) -> [Drift] {
        guard isAboutPresentMachine(.boot, state),
            let recorded = state.output(of: BootRepository())
        else { return [] }
        let message: String? =
            switch status.state {
            case .lost: "what ran the app is gone"
            case .crashed: "the app ended and is not being restarted"
            case .created: "nothing is booted on the machine"
            case .booting, .running, .idle, .stopped, .unknown: nil
            }
        if let message { return [Drift(step: .boot, message: message, action: .update)] }
        guard let commit = status.commit, commit != recorded.evidence.commit else { return [] }
        return [
            Drift(
                step: .boot,
                message:
                    "the machine runs \(commit.prefix(7)), not \(recorded.evidence.commit.prefix(7))",
                action: .update)
        ]
    }
}

extension State {
    /// What the last look outside found different, in the order of the steps.
    package var drift: [Drift] {
        get {
            StepID.allCases.compactMap { step in
                self[step].drift.map {
                    Drift(step: step, message: $0.message, action: $0.action)
                }
            }
        }
        set {
            for step in StepID.allCases {
                self[step].drift = newValue.first { $0.step == step }
                    .map { RecordedDrift(message: $0.message, action: $0.action) }
            }
        }
    }
}

extension Facts {
    /// The facts that a saved plan is checked against.
    var observed: Plan.Observed {
        let machine =
            switch self.machine {
            case .notSeen: "none"
            case .gone: "gone"
            case .present(let status):
                [
                    status.state.isUsable ? "usable" : status.state.rawValue,
                    status.commit ?? "", status.settingsRevision ?? "",
                ].joined(separator: " ")
            }
        return Plan.Observed(commit: head?.commit, machine: machine)
    }
}

extension Facts.MachineFact {
    /// Whether it is known that nothing answers now.
    var isDown: Bool {
        switch self {
        case .notSeen: false
        case .gone: true
        case .present(let status): !status.state.isUsable || status.state == .stopped
        }
    }
}

extension MachineState {
    /// Whether the machine is in a state that needs no repair.
    package var isUsable: Bool {
        switch self {
        case .running, .idle, .stopped, .booting, .unknown: true
        case .created, .crashed, .lost: false
        }
    }
}
