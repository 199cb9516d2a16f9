package import PreviewCore

extension FlyProvider {
    package func boot(
        _ release: Release, on machine: Machine, secrets: [String: String],
        attempt: any AttemptRecorder, reporter: any Reporter
    ) async throws -> BootReceipt {
        try await translating(step: .boot) {
            var (current, marks) = try await requireMarked(machine, step: .boot)
            marks.attempt = attempt.key
            marks.commit = release.commit
            marks.settings = release.settingsRevision
            var config = MachineConfiguration(current.config)
            config.boot(release, marks: marks)
            let isUnderWay =
                attempt.isResumed && current.marks?.attempt == attempt.key && !current.isResting
                && !config.differs(from: current.config)
            // What an earlier boot of this attempt said is of no interest to the next one.
            var place: String?
            if !isUnderWay {
                let secrets = try await giveRepositoryToken(for: release, to: machine.app)
                try await attempt.willMake(.process, named: "boot-\(attempt.key)")
                current = try await update(
                    current, of: machine, to: config, launches: true, secretsVersion: secrets,
                    attempt: attempt)
                place = current.logPlace
            }
            var boot = FlyBoot(
                provider: self, release: release, machine: machine, version: current.version,
                key: attempt.key, after: place, reporter: reporter)
            return try await boot.follow()
        }
    }
}

/// Follows one boot of a machine to its end: by the log, where that is late by the machine's own
/// notes, and by its state.
struct FlyBoot {
    private let provider: FlyProvider
    private let release: Release
    private let machine: Machine
    /// The version that is to run; `nil` for whichever there is.
    private let version: String?
    private let reporter: any Reporter
    private var log: FlyLog
    private var markers: BootMarkers
    private let began = ContinuousClock.now
    private var said = ContinuousClock.now
    /// Looks in a row that brought nothing.
    private var quietLooks = 0
    private var status: Int?
    private var isReady = false

    init(
        provider: FlyProvider, release: Release, machine: Machine, version: String?,
        key: String, after place: String?, reporter: any Reporter
    ) {
        self.version = version
        self.provider = provider
        self.release = release
        self.machine = machine
        self.reporter = reporter
        log = FlyLog(
            client: provider.client, app: machine.app, machine: machine.id, after: place)
        markers = BootMarkers(key: key)
    }

    private var pace: FlyProvider.Pace { provider.pace }

    /// How many quiet looks pass before the machine's state is asked for, and before its notes are.
    private static let looksBeforeState = 3
    private static let looksBeforeNotes = 8

    /// Reports everything and returns with the proof.
    mutating func follow() async throws -> BootReceipt {
        try await start()
        while !isReady {
            try await look()
            if isReady { break }
            if quietLooks % Self.looksBeforeState == Self.looksBeforeState - 1 {
                try await checkState()
            }
            if quietLooks % Self.looksBeforeNotes == Self.looksBeforeNotes - 1 {
                try await readNotes()
            }
            try checkTime()
            sayAlive("the boot", limit: limit)
            try await Task.sleep(for: pace.look)
        }
        let proof = try await prove()
        return BootReceipt(phases: markers.phases, proof: proof)
    }

    // MARK: - Start

    /// Waits until the machine runs. An update starts a machine, but not each one and not always.
    private mutating func start() async throws {
        let end = began + pace.start
        var isLaunched = false
        while true {
            if try await isStarted() { return }
            let seen = try await provider.require(machine, step: .boot)
            if seen.isRunning { return }
            if seen.isResting, seen.lastExit?.code == 0 || seen.lastExit == nil, !isLaunched {
                try await provider.launch(machine, step: .boot)
                isLaunched = true
                continue
            }
            if seen.isResting {
                // It started and ended already: the log says why.
                try await look()
                if isReady { return }
                throw ended(seen)
            }
            guard ContinuousClock.now < end else {
                throw Failure(
                    .providerTimeout, .timedOut, "the machine did not start in time", step: .boot,
                    evidence: [.init("state", seen.state)],
                    fix: "run it again: it goes on where it stopped")
            }
            sayAlive("the machine to start", limit: pace.start)
            try await Task.sleep(for: pace.look)
        }
    }

    /// Waits at the platform for the machine to run; `false` where it does not, or not yet.
    private func isStarted() async throws -> Bool {
        do {
            let wait = try await provider.client.wait(
                for: ["started"], of: machine.id, version: version, in: machine.app,
                seconds: pace.hold)
            guard case .reached = wait else { return false }
            return true
        } catch let failure as FlyFailure where failure.isCertain {
            // From where it is it will not come to run by itself; its state tells more.
            return false
        }
    }

    // MARK: - Looks

    private mutating func look() async throws {
        let lines: [LogLine]
        do {
            lines = try await log.next()
        } catch is FlyFailure {
            // Logs come late or not at all, and an app that is not known everywhere yet counts as not
            // allowed (fly/machines-api section 8.1): the machine's own notes are asked for instead.
            quietLooks += 1
            return
        }
        quietLooks = lines.isEmpty ? quietLooks + 1 : 0
        for line in lines { try await take(line.text) }
    }

    /// The markers of the boot as the script noted them on the machine.
    private mutating func readNotes() async throws {
        let notes: FlyExecution
        do {
            notes = try await provider.client.execute(
                BootScript.markers, on: machine.id, in: machine.app)
        } catch is FlyFailure {
            // It is starting, or has ended; its state tells.
            return
        }
        for line in notes.output.split(whereSeparator: \.isNewline) {
            try await take(String(line))
        }
    }

    private mutating func take(_ line: String) async throws {
        let text = provider.surroundings.redactor.redact(line)
        for event in markers.read(text) {
            switch event {
            case .phaseBegan(let phase): reporter.report(.began(phase))
            case .phaseEnded(let result): reporter.report(.ended(result))
            case .output(let text, let phase):
                reporter.report(
                    Event(
                        .output, text, step: .boot,
                        data: [
                            "stream": "stdout", "phase": .string((phase ?? .start).rawValue),
                        ]))
            case .restarted:
                isReady = false
                reporter.report(
                    Event(.log, "the machine started anew", level: .warning, step: .boot))
            case .ready(let status):
                self.status = status
                isReady = true
            case .failed(let trouble): throw failed(trouble)
            case .kept: break
            case .appEnded(let status): throw endedAfterwards(status)
            case .stopped(let reason) where !isReady: throw interrupted(reason)
            case .stopped: break
            }
        }
    }

    /// What the platform says of a machine whose log says nothing.
    private mutating func checkState() async throws {
        let seen = try await provider.require(machine, step: .boot)
        guard seen.isResting else { return }
        // What it said last may not have been read yet.
        try await look()
        guard !isReady else { return }
        throw ended(seen)
    }

    // MARK: - Ends

    /// The machine stays, to be looked at by `logs` and `exec` (BEHAVIOURS R4).
    private func failed(_ trouble: BootTrouble) -> any Error {
        Rejection(trouble.failure(of: release))
    }

    private func endedAfterwards(_ status: Int) -> any Error {
        Rejection(
            Failure(
                .endedAfterAnswer, "the app answered once and then ended with status \(status)",
                step: .boot, fix: "see `preview logs`, repair it, commit and push"))
    }

    private func interrupted(_ reason: BootMarkers.Stop) -> any Error {
        Rejection(
            Failure(
                .bootInterrupted, "the machine was stopped while it booted", step: .boot,
                evidence: [.init("reason", reason.rawValue)], fix: "run step 4 again"))
    }

    private func ended(_ machine: FlyMachine) -> any Error {
        let exit = machine.lastExit
        let phase = exit.flatMap { BootScript.phase(failedWith: $0.code) }
        let isOutOfMemory = exit?.isOutOfMemory == true || exit?.code == 137
        return Rejection(
            Failure(
                isOutOfMemory ? .appEnded : .bootInterrupted,
                isOutOfMemory
                    ? "the machine ran out of memory"
                    : "the machine ended during the boot"
                        + (phase.map { ", in phase \($0.rawValue)" } ?? ""),
                step: .boot,
                evidence: [
                    .init("state", machine.state),
                    .init("exit", exit.map { String($0.code) } ?? "unknown"),
                ],
                fix: isOutOfMemory
                    ? "give it more under `resources: { memory: … }`"
                    : "see `preview logs` and run step 4 again"))
    }

    private var limit: Duration {
        let timeouts = release.timeouts
        return .seconds(
            timeouts.clone + timeouts.install + timeouts.build + timeouts.start
                + release.health.timeout) + pace.start
    }

    private func checkTime() throws {
        guard ContinuousClock.now >= began + limit else { return }
        throw Failure(
            .providerTimeout, .timedOut, "the boot took too long, and the machine says nothing",
            step: .boot, fix: "see `preview logs`; running it again goes on from what is there")
    }

    private mutating func sayAlive(_ name: String, limit: Duration) {
        guard ContinuousClock.now - said >= pace.sign else { return }
        said = .now
        let elapsed = Int((ContinuousClock.now - began).components.seconds)
        let most = Int(limit.components.seconds)
        reporter.report(
            Event(
                .wait, "Waiting for \(name), \(elapsed) s of \(most) s", step: .boot,
                data: ["name": .string(name), "elapsed": .int(elapsed), "limit": .int(most)]))
    }

    // MARK: - Proof

    /// Asks the public URL until the app answers there as it does on the machine, and makes sure
    /// that the machine still runs the planned commit.
    private mutating func prove() async throws -> BootReceipt.Proof {
        let probe = Probe(provider.surroundings.http, base: machine.url)
        let health = Duration.seconds(release.health.timeout)
        let end = ContinuousClock.now + health
        var reason = "nothing was heard"
        while ContinuousClock.now < end {
            switch await probe.ask(release.health.path, within: end - .now) {
            case .up(let found) where found < 400 || status.map({ $0 >= 400 }) ?? true:
                return try await proof(status: found)
            case .up(let found):
                // The platform's proxy answers in the app's place until it knows the machine.
                reason = "status \(found), and \(status ?? 0) on the machine"
            case .serverError(let found): reason = "status \(found)"
            case .redirectLoop(let urls):
                throw Rejection(
                    Failure(
                        .redirectLoop, "the app redirects for ever", step: .boot,
                        evidence: [
                            .init("redirects", urls.prefix(4).joined(separator: " → "))
                        ],
                        fix: "set `health: { path: … }` to one that answers"))
            case .noAnswer(let why): reason = why
            }
            try await look()
            sayAlive("an answer from \(machine.url)", limit: health)
            try await Task.sleep(for: pace.look)
        }
        throw Failure(
            .noAnswer, .timedOut,
            "the app answers on its machine, and not at \(machine.url) within "
                + "\(release.health.timeout) s", step: .boot,
            evidence: [.init("reason", reason)],
            fix: "run step 4 again; the address may need some more time to be known")
    }

    private func proof(status: Int) async throws -> BootReceipt.Proof {
        let seen = try await provider.require(machine, step: .boot)
        guard seen.marks?.commit == release.commit else {
            throw Failure(
                .wrongCommit, "somebody else booted another commit meanwhile", step: .boot,
                evidence: [.init("planned", release.commit)], fix: "plan again")
        }
        return BootReceipt.Proof(
            url: machine.url + release.health.path, status: status,
            time: provider.surroundings.now(), commit: release.commit)
    }
}
