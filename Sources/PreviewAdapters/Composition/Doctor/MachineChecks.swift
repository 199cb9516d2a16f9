import PreviewCore
import PreviewSystem

/// What keeps a URL dark (BEHAVIOURS M3), and what runs on this machine that should not.
struct MachineChecks: Sendable {
    let patient: Patient

    /// What the provider says of the machine.
    func state() async throws -> [Finding] {
        try await look { preview, machine in
            [
                try Self.judge(
                    try await preview.world(reporter: Silence()).provider.inspect(machine), machine)
            ]
        }
    }

    private static func judge(_ status: MachineStatus?, _ machine: Machine) throws -> Finding {
        guard let status else {
            throw Failure(
                .machineGone, "the machine \(machine.name) is gone",
                fix: "run `preview apply`: step 2 makes it anew")
        }
        let detail = status.detail.map { $0 == status.state.rawValue ? "" : ", \($0)" } ?? ""
        let restarts = status.restarts > 0 ? ", started again \(status.restarts) times" : ""
        let words = "\(machine.name) is \(status.state.rawValue)\(detail)\(restarts)"
        switch status.state {
        case .running, .idle, .created, .booting: return .ok(words)
        case .stopped: return .warning(words, fix: "start it: `preview start`")
        case .unknown: return .warning("\(words), which is no word that is known here")
        case .crashed:
            throw Failure(.appEnded, words, fix: "see `preview logs`, then `preview apply`")
        case .lost: throw Failure(.supervisorLost, words, fix: "run `preview apply`")
        }
    }

    /// Whether somebody listens where visitors come in, on this machine.
    func sockets() async throws -> [Finding] {
        try await look { preview, machine in
            guard preview.state.provider == .local else {
                return [.skipped("it is not seen from here; the URL tells")]
            }
            guard Self.isUp(preview), let port = machine.port,
                let sockets = try patient.local(preview.records).sockets(of: machine)
            else { return [.skipped("nothing was booted yet")] }
            guard sockets.isOpenToVisitors else {
                throw Failure(
                    .noAnswer, "nobody listens at port \(port) of this preview",
                    fix: "start it: `preview start`")
            }
            let app = sockets.app.map { "\($0.address):\($0.port)" }.joined(separator: ", ")
            let words = app.isEmpty ? "the app sleeps" : "the app listens at \(app)"
            return [.ok("port \(port) is open to visitors; \(words)")]
        }
    }

    /// Whether the recorded URL answers, of a completed preview only (BEHAVIOURS S16).
    func url() async throws -> [Finding] {
        try await look { preview, machine in
            guard Self.isUp(preview) else { return [.skipped("the preview is not completed")] }
            let provider = try preview.world(reporter: Silence()).provider
            let state = try await provider.inspect(machine)?.state
            guard state == .running || state == .unknown else {
                let word = state?.rawValue ?? "gone"
                return [.skipped("not asked: the machine is \(word), and asking would wake it")]
            }
            let base = machine.url
            let probe =
                machine.port.map { Probe(patient.http, base: base, port: $0) }
                ?? Probe(patient.http, base: base)
            let path = preview.workspace?.config.health.path ?? Config.Health().path
            return [try Self.judge(await probe.ask(path, within: .seconds(15)), base + path)]
        }
    }

    private static func judge(_ verdict: Probe.Verdict, _ url: String) throws -> Finding {
        let logs = "see `preview logs`"
        switch verdict {
        case .up(let status): return .ok("\(url) answers with \(status)")
        case .serverError(let status):
            throw Failure(.serverError, "\(url) answers with \(status)", fix: logs)
        case .redirectLoop(let urls):
            throw Failure(
                .redirectLoop, "\(url) leads round in circles",
                evidence: [.init("redirects", urls.prefix(4).joined(separator: "\n"))], fix: logs)
        case .noAnswer(let reason):
            throw Failure(.noAnswer, "\(url) does not answer: \(reason)", fix: logs)
        }
    }

    /// What runs on this machine for previews of this folder that no record knows.
    func strays() async throws -> [Finding] {
        let survey = try await Needs.check("records") { try await patient.survey.value }
        let records = try patient.records.get()
        let damaged = Set(survey.damaged.map(\.folder))
        let strays = try patient.local(records).strays(besides: survey.lineages)
            // Whose a damaged record is cannot be told: it is to be mended first.
            .filter { !damaged.contains($0.app) }
        guard !strays.isEmpty else { return [.ok("there are none")] }
        return strays.map { stray in
            let count = stray.processes.count
            return .failed(
                Failure(
                    .strayProcesses,
                    "\(count) \(count == 1 ? "process" : "processes") of \(stray.app) "
                        + "\(count == 1 ? "runs" : "run"), of which no record knows",
                    evidence: stray.lineage.map { [.init("lineage", $0)] } ?? [],
                    fix: "end \(count == 1 ? "it" : "them"): `\(stray.command)`"))
        }
    }

    /// Looks at the machine of the preview, if it has one that can be looked at from here.
    private func look(
        _ body: (RecordedPreview, Machine) async throws -> [Finding]
    ) async throws -> [Finding] {
        if patient.hasUnusableFile { return [.needsFile] }
        let known = try await Needs.check("records") { try await patient.preview.value }
        guard let preview = known,
            let machine = preview.state.output(of: AllocateMachine())?.machine
        else { return [.needsMachine] }
        if let host = preview.state.host, host != patient.surroundings.host {
            return [.skipped("the preview runs on another machine, \(host)")]
        }
        return try await body(preview, machine)
    }

    private static func isUp(_ preview: RecordedPreview) -> Bool {
        Session(of: preview.state, isLocked: false).completedSteps.contains(StepID.boot.number)
    }
}

extension Finding {
    /// What can only be looked at once step 2 is done.
    fileprivate static let needsMachine = Finding.skipped("no machine is recorded of this preview")
}
