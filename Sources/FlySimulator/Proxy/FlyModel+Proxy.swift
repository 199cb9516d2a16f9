import PreviewCore

/// Fly Proxy: which machine a public request goes to, and which machines sleep (reference,
/// section 10).
extension FlyModel {
    /// Where a request for an app goes.
    enum Routing: Sendable {
        /// To a started machine.
        case machine(String, port: Int)
        /// To a machine that is being started for it; ask again when something has changed.
        case held
        /// The name does not resolve.
        case unresolved
        /// Nobody takes it; the code is that of the proxy's log line.
        case refused(code: String, message: String)
    }

    /// The public port that requests for `https://{app}.fly.dev` come to.
    private static let publicPorts = [443, 80]

    /// Finds the machine for a request, and starts one if none runs.
    mutating func route(toApp name: String) -> Routing {
        guard let app = apps[name], app.goneAt == nil, app.hasPublicAddress,
            let since = app.addressedAt, now >= since + delays.nameResolution
        else { return .unresolved }
        let served = machines(ofApp: name).compactMap { machine in
            Self.publicPorts.lazy.compactMap { machine.config.service(onPort: $0) }.first
                .map { (machine: machine, service: $0) }
        }.filter { $0.machine.isLive && !$0.machine.isCordoned }
        let running = served.filter { $0.machine.state == .started && isHealthy($0.machine) }
        let least = running.min { left, right in
            load[left.machine.id, default: 0] < load[right.machine.id, default: 0]
        }
        if let least { return .machine(least.machine.id, port: least.service.internalPort) }
        if served.contains(where: { $0.machine.state == .starting }) { return .held }
        let startable = served.filter {
            $0.service.autostart && [.stopped, .suspended].contains($0.machine.state)
        }
        var refusal: Routing?
        for (machine, _) in startable {
            do throws(APIError) {
                if machine.lease(at: now) != nil { throw leaseHeld(machine, shape: .current) }
                try start(machine, by: .proxy)
                let lease = Machine.Lease(
                    nonce: ids.hexadecimal(12), owner: "fly-proxy@tokens.fly.io",
                    description: "autostart", expiresAt: now + delays.proxyLease,
                    version: machine.current.id)
                machines[machine.id]?.lease = lease
                return .held
            } catch {
                let isRecent = machine.activeUntil.map { now < $0 } ?? false
                // The proxy tries again until the last run is cleaned up (PM11).
                refusal = isRecent ? .held : .refused(code: "PM07", message: error.text)
            }
        }
        if let refusal { return refusal }
        if served.contains(where: { $0.machine.state == .started }) {
            return .refused(code: "PR01", message: "no known healthy instances found")
        }
        return .refused(code: "PR03", message: "could not find a good candidate")
    }

    /// A check that gates routing must not be critical; one without a result does not count.
    private func isHealthy(_ machine: Machine) -> Bool {
        !machine.config.checks.contains {
            $0.gatesRouting && machine.checks[$0.name]?.status == "critical"
        }
    }

    /// Writes a line of the proxy into the app's log.
    mutating func logProxy(_ code: String, _ message: String, app name: String) {
        guard let machine = machines(ofApp: name).last else { return }
        log(
            "[\(code)] \(message)", ofMachine: machine, provider: "proxy", level: "error")
    }

    /// The response of a scripted guest, or nil when it does not listen on the port.
    func scriptedResponse(ofMachine id: String) -> GuestScript.Response? {
        guard let guest = machines[id]?.guest, guest.isListening else { return nil }
        return guest.script?.response
    }

    // MARK: - Autostop

    /// Stops or suspends at most one machine of each app and region that has nothing to do.
    mutating func stopIdleMachines() {
        let running = machines.values.filter {
            $0.state == .started && $0.config.services.contains { $0.autostop != .off }
        }
        let groups = Dictionary(grouping: running) { "\($0.app)/\($0.region)" }
        for key in groups.keys.sorted() {
            guard let group = groups[key], let idle = idleMachine(of: group) else { continue }
            putToSleep(idle)
        }
    }

    /// The machine of one app and region that is too much, if there is one.
    private func idleMachine(of group: [Machine]) -> Machine? {
        guard let first = group.min(by: { $0.order < $1.order }),
            let service = first.config.services.first(where: { $0.autostop != .off })
        else { return nil }
        func load(_ machine: Machine) -> Int { self.load[machine.id, default: 0] }
        let primary = first.config.environment["PRIMARY_REGION"] ?? first.region
        let minimum = first.region == primary ? service.minimumRunning : 0
        guard group.count > minimum else { return nil }
        let overLimit = group.count { load($0) > service.softLimit }
        guard group.count > 1 else { return load(first) == 0 ? first : nil }
        guard group.count - (overLimit + 1) >= 1 else { return nil }
        return group.min { (load($0), $0.order) < (load($1), $1.order) }
    }

    /// Suspends where that is asked for and possible, else stops. A leased machine stays.
    private mutating func putToSleep(_ machine: Machine) {
        guard machine.lease(at: now) == nil else { return }
        let wantsSuspend = machine.config.services.contains { $0.autostop == .suspend }
        if wantsSuspend, machine.config.suspendObstacle == nil {
            suspend(machine, by: .proxy)
            return
        }
        // A started machine is never refused a stop.
        try? stop(machine, by: .proxy)
    }
}
