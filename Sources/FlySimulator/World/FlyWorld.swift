import PreviewCore

/// The simulated platform as it runs: the model, the clock it goes by, those who wait for something,
/// and the rules by which things go wrong.
///
/// Everything that a client can see is in the answers; there is no HTTP in here.
package actor FlyWorld {
    var model: FlyModel
    /// The clock that everything goes by.
    package nonisolated let clock: SimulatedClock
    let configuration: SimulatorConfiguration
    /// Runs machines where they are executed.
    let runner: MachineRunner?
    var faults = FaultRules()
    var journal: [RecordedRequest] = []
    private var requestCount = 0

    private var waiters: [(deadline: Instant, continuation: CheckedContinuation<Void, Never>)] = []
    /// The revision of the model that whoever waits has seen.
    private var seenRevision = 0
    private var alarm: (due: Instant, task: Task<Void, Never>)?

    /// A platform without apps.
    package init(_ configuration: SimulatorConfiguration, clock: SimulatedClock) {
        self.configuration = configuration
        self.clock = clock
        model = FlyModel(configuration, at: clock.now)
        if case .executed(let execution) = configuration.guests {
            runner = MachineRunner(execution)
        } else {
            runner = nil
        }
    }

    deinit {
        alarm?.task.cancel()
        _ = runner?.discardAll()
    }

    /// Answers a request to one of the two APIs, as far as rules do not have it go wrong. What has
    /// to wait waits by the world's clock.
    package func answer(_ request: APIRequest) async -> APIAnswer {
        requestCount += 1
        let number = requestCount
        journal.append(RecordedRequest(request, number: number, at: clock.now))
        let hits = faults.hits(request)
        let answer = await perform(request, hits)
        // The journal may have been emptied meanwhile.
        if let index = journal.lastIndex(where: { $0.number == number }) {
            journal[index].faults = hits.count
            journal[index].answeredAt = clock.now
            let isSent = answer.delivery != .dropped && answer.delivery != .hung
            journal[index].status = isSent ? answer.status : 0
        }
        return answer
    }

    private func perform(_ request: APIRequest, _ faults: [Fault]) async -> APIAnswer {
        if configuration.latency > .zero {
            await clock.sleep(until: clock.now + configuration.latency)
        }
        await delay(faults, .before)
        if let answer = replacement(faults, .before) { return answer }
        var answer = await ask(request)
        await delay(faults, .after)
        if let other = replacement(faults, .after) { return other }
        for fault in faults {
            switch fault.effect {
            case .cut(let bytes): answer.delivery = .cut(after: min(bytes, answer.body.count))
            case .drip(let bytes, let pause): answer.delivery = .drip(bytes: bytes, every: pause)
            case .garble(let body): answer.body = Array(body.utf8)
            default: break
            }
        }
        return answer
    }

    private func delay(_ faults: [Fault], _ occasion: Fault.Occasion) async {
        for fault in faults where fault.occasion == occasion {
            guard case .delay(let duration) = fault.effect else { continue }
            await clock.sleep(until: clock.now + duration)
        }
    }

    /// What comes in place of the platform's answer.
    private func replacement(_ faults: [Fault], _ occasion: Fault.Occasion) -> APIAnswer? {
        for fault in faults where fault.occasion == occasion {
            var answer = APIAnswer(500)
            switch fault.effect {
            case .answer(let status, let body):
                let kind = body.hasPrefix("{") ? "application/json" : "text/plain; charset=utf-8"
                return model.identified(
                    APIAnswer(status, body: Array(body.utf8), headers: [("Content-Type", kind)]))
            case .drop: answer.delivery = .dropped
            case .hang: answer.delivery = .hung
            default: continue
            }
            return answer
        }
        return nil
    }

    private func ask(_ request: APIRequest) async -> APIAnswer {
        turn()
        let reply = model.answer(request)
        turn()
        switch reply {
        case .now(let answer): return answer
        case .wait(let wait):
            while true {
                if let answer = model.answer(to: wait) { return answer }
                await change(until: wait.deadline)
            }
        case .exec(let exec):
            guard let runner else {
                return model.identified(.json(200, model.scriptedResult(exec).json))
            }
            guard let result = await runner.run(exec) else {
                let error = APIError(408, "deadline_exceeded: command did not end in time")
                return model.identified(error.answer)
            }
            return model.identified(.json(200, result.json))
        case .processes(let machine, let key, let isDescending):
            let processes =
                await runner?.processes(of: machine) ?? model.scriptedProcesses(ofMachine: machine)
            return model.identified(
                .json(
                    200, GuestProcess.sort(processes, by: key, descending: isDescending)))
        }
    }

    // MARK: - Time

    /// Moves the clock forward; what is due by then has happened when this returns.
    package func advance(by duration: Duration) {
        clock.advance(by: duration)
        turn()
    }

    /// How many requests and tasks wait for something at this moment.
    package var waiting: Int { waiters.count }

    /// Waits until something has changed, or until `deadline`.
    func change(until deadline: Instant) async {
        await withCheckedContinuation { continuation in
            waiters.append((deadline, continuation))
            setAlarm()
        }
    }

    /// Brings the model to the present, does outside what it asks for, wakes whoever waits.
    func turn() {
        model.settle(to: clock.now)
        let effects = model.effects
        model.effects = []
        for effect in effects { carryOut(effect) }
        let isChanged = model.revision != seenRevision
        seenRevision = model.revision
        let now = model.now
        let woken = waiters.filter { isChanged || $0.deadline <= now }
        waiters.removeAll { isChanged || $0.deadline <= now }
        for waiter in woken { waiter.continuation.resume() }
        setAlarm()
    }

    /// Has ``turn()`` called when something is due next.
    private func setAlarm() {
        let due = (waiters.map(\.deadline) + [model.timeline.due].compactMap { $0 }).min()
        if alarm?.due == due { return }
        alarm?.task.cancel()
        alarm = due.map { due in
            let task = Task { [weak self, clock] in
                await clock.sleep(until: due)
                guard !Task.isCancelled else { return }
                await self?.ring(due)
            }
            return (due, task)
        }
    }

    private func ring(_ due: Instant) {
        if alarm?.due == due { alarm = nil }
        turn()
    }

    // MARK: - Executed guests

    private func carryOut(_ effect: FlyModel.Effect) {
        guard let runner else { return }
        switch effect {
        case .boot(let boot, let ports):
            let reports = runner.boot(boot, ports: ports)
            Task { [weak self] in
                for await report in reports { await self?.take(report, of: boot) }
            }
        case .signal(let machine, let number): runner.signal(machine, number)
        case .powerOff(let machine): runner.powerOff(machine)
        case .freeze(let machine): runner.freeze(machine)
        case .thaw(let machine): runner.thaw(machine)
        case .discard(let machine): runner.discard(machine)
        case .probe(let machine, let boot, let check):
            Task { [weak self] in
                let (isPassing, output) = await runner.probe(machine, check)
                await self?.checked(check.name, machine, boot, isPassing, output)
            }
        }
    }

    private func take(_ report: GuestReport, of boot: GuestBoot) {
        model.settle(to: clock.now)
        switch report {
        case .line(let text): model.guestWrote(text, machine: boot.machine)
        case .ended(let ending): model.guestEnded(boot.machine, boot: boot.number, ending)
        }
        turn()
    }

    private func checked(
        _ name: String, _ machine: String, _ boot: Int, _ isPassing: Bool, _ output: String
    ) {
        model.settle(to: clock.now)
        model.checked(name, ofMachine: machine, boot: boot, isPassing: isPassing, output)
        turn()
    }
}
