import PreviewCore
import PreviewSystem

/// One boot: the five phases, one after another, each with its limit and its place in the record.
final class BootRun {
    private let workshop: Workshop
    private let order: BootOrder
    private let place: MachinePlace
    private let settings: Settings
    private let gate: Gate
    private var environment: AppEnvironment
    private var notes: [String] = []
    /// For the limit of the phase under way.
    private var phaseBegan = ContinuousClock.now

    init(
        workshop: Workshop,
        order: BootOrder,
        place: MachinePlace,
        settings: Settings,
        gate: Gate,
        environment: AppEnvironment
    ) {
        self.workshop = workshop
        self.order = order
        self.place = place
        self.settings = settings
        self.gate = gate
        self.environment = environment
    }

    /// What is there when a boot has succeeded.
    struct Outcome {
        var app: AppStart.Listening
        /// By which the app is started again.
        var start: AppStart
    }

    /// Runs what the order asks for. When it throws, processes may be left for the caller to end.
    func run() throws(BootEnd) -> Outcome {
        if order.purpose == .boot {
            try phase(.clone) { () throws(BootEnd) in
                notes += try checkout.run(until: deadline(release.timeouts.clone))
                return true
            }
            try checkFolder()
            try phase(.install, install)
            try phase(.build, build)
        }
        useVirtualEnvironment()
        try checkFolder()
        try checkout.verify(until: .now + order.pace.seconds(release.timeouts.clone))
        let start = AppStart(
            workshop: workshop,
            order: order,
            environment: environment,
            folder: folder
        )
        var started: AppStart.Listening?
        try phase(.start) { () throws(BootEnd) in
            started = try start.run(limiting: settings.resources)
            return true
        }
        guard let started else { preconditionFailure("a phase that returned has run") }
        gate.open(to: started.address)
        try phase(.probe) { () throws(BootEnd) in
            try prove(started)
            return true
        }
        notes += started.notes
        workshop.record.update { $0.notes = notes }
        return Outcome(app: started, start: start)
    }

    private var release: Release { order.release }
    private var checkout: CheckoutPhase {
        CheckoutPhase(workshop: workshop, order: order, folder: place.checkout)
    }
    /// Absolute folder of the application.
    private var folder: String {
        release.path.isEmpty ? place.checkout : place.checkout + "/" + release.path
    }

    /// Runs a phase; `body` returns false when there was nothing to do.
    private func phase(
        _ phase: BootPhase,
        _ body: () throws(BootEnd) -> Bool
    ) throws(BootEnd) {
        phaseBegan = .now
        workshop.record.beginOutput()
        let position: JSONValue = ["phase": .string(phase.rawValue), "number": .int(phase.number)]
        workshop.record.say(
            Event(
                .phaseBegin,
                "[\(phase.number)/\(BootPhase.allCases.count)] \(phase.rawValue)",
                step: .boot,
                data: position
            )
        )
        let isDone = try body()
        let seconds = (ContinuousClock.now - phaseBegan).inSeconds
        let result = BootReceipt.PhaseResult(
            name: phase,
            seconds: isDone ? seconds : 0,
            skipped: !isDone
        )
        workshop.record.add(result)
        workshop.record.say(
            Event(
                .phaseEnd,
                isDone ? "\(phase.rawValue) done" : "\(phase.rawValue) not needed",
                step: .boot,
                data: [
                    "phase": .string(phase.rawValue), "number": .int(phase.number),
                    "seconds": .seconds(result.seconds), "skipped": .bool(!isDone),
                ]
            )
        )
    }

    private func deadline(_ seconds: Int) -> ContinuousClock.Instant {
        phaseBegan + order.pace.seconds(seconds)
    }

    private func checkFolder() throws(BootEnd) {
        let isInside = !release.path.split(separator: "/").contains("..")
        if isInside, (try? Folder.open(folder, ownedBy: .any)) != nil { return }
        // Whatever the reason, the application's folder cannot be used.
        throw .failed(
            Failure(
                release.path.isEmpty ? .cloneFailed : .pathNotFound,
                release.path.isEmpty
                    ? "there is no checkout to start from"
                    : "the commit has no folder `\(release.path)`",
                step: .boot,
                evidence: [.init("folder", folder)],
                fix: release.path.isEmpty
                    ? "run step 4 again" : "set `path:` to a folder of the repository"
            )
        )
    }
}

// MARK: - Install and build

extension BootRun {
    private func install() throws(BootEnd) -> Bool {
        let isMade = try makeVirtualEnvironment()
        useVirtualEnvironment()
        guard let line = release.install else { return isMade }
        let ending = try shell(line, .install, environment.forInstall, release.timeouts.install)
        guard let ending else {
            throw .failed(
                timeout(.installTimeout, "install", after: release.timeouts.install)
            )
        }
        guard !ending.isSuccess else { return true }
        throw .failed(failure(.installFailed, "install", line, ending))
    }

    private func build() throws(BootEnd) -> Bool {
        guard let line = release.build else { return false }
        let ending = try shell(line, .build, environment.forBuild, release.timeouts.build)
        guard let ending else {
            throw .failed(timeout(.buildTimeout, "build", after: release.timeouts.build))
        }
        guard !ending.isSuccess else { return true }
        throw .failed(failure(.buildFailed, "build", line, ending))
    }

    private func shell(
        _ line: String,
        _ phase: BootPhase,
        _ variables: [String: String],
        _ limit: Int
    ) throws(BootEnd) -> ProcessEnding? {
        try workshop.run(
            Command("/bin/sh", ["-c", line], environment: variables, directory: folder),
            phase: phase,
            until: deadline(limit)
        )
    }

    private var virtualEnvironment: String { folder + "/.venv" }

    /// Python projects get a virtual environment, so that what they install stays in the checkout
    /// (SPEC section 8). One that is there is used; one without anything to install needs no pip,
    /// which is what takes the time.
    private func makeVirtualEnvironment() throws(BootEnd) -> Bool {
        guard release.runtime == "python", !hasVirtualEnvironment else { return false }
        let options = release.install == nil && release.build == nil ? ["--without-pip"] : []
        guard
            let python = Command.locate("python3", in: environment.forApp["PATH"] ?? "")
        else {
            throw .failed(
                Failure(
                    .commandNotFound,
                    "there is no `python3` on this machine",
                    step: .boot,
                    fix: "install Python 3"
                )
            )
        }
        let ending = try workshop.run(
            Command(
                python,
                ["-m", "venv"] + options + [virtualEnvironment],
                environment: environment.forInstall,
                directory: folder
            ),
            phase: .install,
            until: deadline(release.timeouts.install)
        )
        guard let ending else {
            throw .failed(timeout(.installTimeout, "install", after: release.timeouts.install))
        }
        guard ending.isSuccess else {
            var failure = failure(.installFailed, "install", "python3 -m venv .venv", ending)
            failure.fix =
                "install the part of Python that makes virtual environments (on Debian "
                + "`apt-get install python3-venv`)"
            throw .failed(failure)
        }
        // Git then takes it for ignored and leaves it there when the next commit is checked out.
        _ = try? Folder.open(virtualEnvironment, ownedBy: .any)
            .write(".gitignore", Array("*\n".utf8))
        return true
    }

    private var hasVirtualEnvironment: Bool {
        KernelFile.exists(virtualEnvironment + "/bin/python")
    }

    private func useVirtualEnvironment() {
        guard release.runtime == "python", hasVirtualEnvironment else { return }
        environment.virtualEnvironment = virtualEnvironment
    }

    private func failure(
        _ code: ErrorCode,
        _ name: String,
        _ line: String,
        _ ending: ProcessEnding
    ) -> Failure {
        let lines = workshop.record.lastLines
        let isUnknown = ending == .exited(127)
        return Failure(
            isUnknown ? .commandNotFound : code,
            isUnknown
                ? "the \(name) command names a program that is not there"
                : "the \(name) command \(ending.text)",
            step: .boot,
            evidence: [.init("command", line)] + lines.evidence,
            fix: BootDiagnosis.fix(for: lines.lines)
                ?? "run `\(line)` in a fresh clone, repair it, commit and push"
        )
    }

    private func timeout(_ code: ErrorCode, _ name: String, after seconds: Int) -> Failure {
        Failure(
            code,
            .timedOut,
            "the \(name) command did not finish within \(seconds) s",
            step: .boot,
            evidence: workshop.record.lastLines.evidence,
            fix: "raise `timeouts: { \(name): … }`, or see whether it waits for an answer"
        )
    }
}

// MARK: - Probe

extension BootRun {
    /// Waits for a good answer from the preview's URL, given by the process that was started.
    private func prove(_ app: AppStart.Listening) throws(BootEnd) {
        let end = deadline(release.health.timeout)
        let client = HTTPClient(userAgent: "preview")
        let probe = Probe(client, base: order.url, port: order.machine.port)
        var pause = Duration.milliseconds(50)
        var serverErrors = 0
        while true {
            let verdict = try ask(probe, app, until: end)
            switch verdict {
            case .up(let status): return try settle(app, status: status)
            case .redirectLoop(let urls): throw .failed(redirectLoop(urls))
            case .serverError(let status):
                serverErrors += 1
                // An app that is warming up says 503; any other error seldom heals by itself.
                let isFinal = serverErrors > Self.serverErrorPatience && status != 503
                if isFinal || ContinuousClock.now + pause >= end {
                    throw .failed(serverError(status))
                }
            case .noAnswer(let reason):
                if ContinuousClock.now + pause >= end { throw .failed(noAnswer(reason)) }
            }
            try watch(app, for: pause, event: " while it was asked for its first answer")
            pause = min(pause * 2, .seconds(2))
        }
    }

    /// How often an answer of 500 is asked again: some seconds altogether.
    private static let serverErrorPatience = 6

    private func ask(
        _ probe: Probe,
        _ app: AppStart.Listening,
        until end: ContinuousClock.Instant
    ) throws(BootEnd) -> Probe.Verdict {
        let path = release.health.path
        let limit = max(end - .now, .milliseconds(1))
        var verdict: Probe.Verdict?
        let task: Task<Void, Never>
        do {
            task = try workshop.loop.run(
                { await probe.ask(path, within: limit) },
                then: { verdict = $0 }
            )
        } catch {
            throw .failed(Failure(.internalError, "\(error)", step: .boot))
        }
        defer { task.cancel() }
        let answered = try workshop.wait("an answer from \(order.url)", until: end) {
            verdict != nil || app.child.ending != nil
        }
        try checkAlive(app, event: " while it was asked for its first answer")
        guard answered, let verdict else { return .noAnswer(reason: "no answer in time") }
        return verdict
    }

    private func settle(_ app: AppStart.Listening, status: Int) throws(BootEnd) {
        do {
            try watch(app, for: .milliseconds(order.pace.settle), event: "")
        } catch .failed(var failure) {
            failure.code = .endedAfterAnswer
            failure.message = "the app answered once and ended"
            throw .failed(failure)
        }
        let proof = BootReceipt.Proof(
            url: order.url + release.health.path,
            status: status,
            time: SupervisorRecord.now(),
            commit: release.commit
        )
        workshop.record.update { $0.proof = proof }
    }

    private func watch(
        _ app: AppStart.Listening,
        for duration: Duration,
        event: String
    ) throws(BootEnd) {
        _ = try workshop.wait("the app to settle", until: .now + duration) {
            app.child.ending != nil
        }
        try checkAlive(app, event: event)
    }

    private func checkAlive(_ app: AppStart.Listening, event: String) throws(BootEnd) {
        guard let ending = app.child.ending else { return }
        workshop.offspring.readRest()
        let start = AppStart(
            workshop: workshop,
            order: order,
            environment: environment,
            folder: folder
        )
        throw .failed(start.failure(app.child, ending, after: event))
    }

    private func redirectLoop(_ urls: [String]) -> Failure {
        Failure(
            .redirectLoop,
            "the app redirects for ever",
            step: .boot,
            evidence: [.init("redirects", urls.prefix(4).joined(separator: " → "))],
            fix:
                "behind the preview's address the app must not insist on https or another path; or "
                + "set `health: { path: … }` to one that answers"
        )
    }

    private func serverError(_ status: Int) -> Failure {
        let lines = workshop.record.lastLines
        return Failure(
            .serverError,
            "the app answers with status \(status)",
            step: .boot,
            evidence: [.init("url", order.url + release.health.path)] + lines.evidence,
            fix: BootDiagnosis.fix(for: lines.lines)
                ?? "see the last lines and `preview logs`; or set `health: { path: … }` to one that "
                + "answers"
        )
    }

    private func noAnswer(_ reason: String) -> Failure {
        Failure(
            .noAnswer,
            .timedOut,
            "the app did not answer within \(release.health.timeout) s",
            step: .boot,
            evidence: [.init("url", order.url + release.health.path), .init("reason", reason)]
                + workshop.record.lastLines.evidence,
            fix: "raise `health: { timeout: … }`, or set `health: { path: … }` to one that answers "
                + "sooner"
        )
    }
}
