/// The public side of apps: what happens to a request for `https://{app}.fly.dev`.
extension FlyWorld {
    /// Where a public request goes.
    enum Destination: Sendable {
        /// The name does not resolve: no connection comes about.
        case nowhere
        /// The proxy answers itself.
        case failure(status: Int)
        /// A scripted guest answers.
        case script(GuestScript.Response)
        /// A process listens on a port of this machine. To be ended by ``finish(machine:)``.
        case process(machine: String, port: Int)
    }

    /// Finds out where a request for an app goes; holds it while a machine is started for it.
    func destination(forApp app: String) async -> Destination {
        turn()
        let deadline = clock.now + configuration.delays.autostartHold
        let patience = configuration.delays.connectPatience
        var refusedSince: Instant?
        while true {
            let routing = model.route(toApp: app)
            turn()
            switch routing {
            case .unresolved: return .nowhere
            case .refused(let code, let message):
                model.logProxy(code, message, app: app)
                return .failure(status: 503)
            case .held:
                guard clock.now < deadline else {
                    model.logProxy("PM01", "machine did not start in time", app: app)
                    return .failure(status: 503)
                }
                await lookAgain(until: deadline)
            case .machine(let machine, let port):
                if let destination = await connect(machine, port) { return destination }
                let since = refusedSince ?? clock.now
                refusedSince = since
                guard clock.now < since + patience else {
                    model.logProxy(
                        "PC01", "instance refused connection on port \(port)", app: app)
                    return .failure(status: 502)
                }
                await lookAgain(until: since + patience)
            }
        }
    }

    /// Waits for a change, or a moment: a process that begins to listen tells nobody, and neither
    /// does a machine whose last run is cleaned up.
    private func lookAgain(until deadline: Instant) async {
        await change(until: min(deadline, clock.now + .milliseconds(100)))
    }

    private func connect(_ machine: String, _ port: Int) async -> Destination? {
        guard let runner else {
            return model.scriptedResponse(ofMachine: machine).map(Destination.script)
        }
        guard let port = await runner.openPort(of: machine, internalPort: port) else { return nil }
        model.load[machine, default: 0] += 1
        return .process(machine: machine, port: port)
    }

    /// Adds the ids that every answer of the platform carries.
    func identified(_ answer: APIAnswer) -> APIAnswer {
        model.identified(answer)
    }

    /// A request to a process has been answered.
    func finish(machine: String) {
        guard let count = model.load[machine] else { return }
        model.load[machine] = count > 1 ? count - 1 : nil
    }
}
