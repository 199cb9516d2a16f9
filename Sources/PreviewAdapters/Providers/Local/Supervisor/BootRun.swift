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
            try ProofPhase(workshop: workshop, order: order, start: start)
                .run(started, until: deadline(release.health.timeout))
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
                isDone
                    ? "\(phase.rawValue) done in \(DurationText.elapsed(seconds))"
                    : "\(phase.rawValue) not needed",
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
        // Whatever the reason, a folder that cannot be opened cannot be used.
        if isInside, (try? Folder.open(folder, ownedBy: .any)) != nil { return }
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
                timeout(.installTimeout, "install", line, after: release.timeouts.install)
            )
        }
        guard !ending.isSuccess else { return true }
        throw .failed(failure(.installFailed, "install", line, ending))
    }

    private func build() throws(BootEnd) -> Bool {
        guard let line = release.build else { return false }
        let ending = try shell(line, .build, environment.forBuild, release.timeouts.build)
        guard let ending else {
            throw .failed(timeout(.buildTimeout, "build", line, after: release.timeouts.build))
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
        guard release.platform.runtime == "python", !hasVirtualEnvironment else { return false }
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
            throw .failed(
                timeout(
                    .installTimeout,
                    "install",
                    Self.makesEnvironment,
                    after: release.timeouts.install
                )
            )
        }
        guard ending.isSuccess else {
            var failure = failure(.installFailed, "install", Self.makesEnvironment, ending)
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

    private static let makesEnvironment = "python3 -m venv .venv"

    private var hasVirtualEnvironment: Bool {
        KernelFile.exists(virtualEnvironment + "/bin/python")
    }

    private func useVirtualEnvironment() {
        guard release.platform.runtime == "python", hasVirtualEnvironment else { return }
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

    private func timeout(
        _ code: ErrorCode,
        _ name: String,
        _ line: String,
        after seconds: Int
    ) -> Failure {
        Failure(
            code,
            .timedOut,
            "the \(name) command did not finish within \(seconds) s",
            step: .boot,
            evidence: [.init("command", line)] + workshop.record.lastLines.evidence,
            fix:
                "see whether it waits for an answer or never ends by itself; if it only needs longer, "
                + "raise `timeouts: { \(name): … }`"
        )
    }
}
