import PreviewCore
import PreviewSystem

/// The last phase: waits for a good answer from the preview's own URL, given by the process that
/// was started (ENGINE R-45).
struct ProofPhase {
    let workshop: Workshop
    let order: BootOrder
    let start: AppStart

    /// Records the proof when it succeeds.
    func run(
        _ app: AppStart.Listening,
        until end: ContinuousClock.Instant
    ) throws(BootEnd) {
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

    private var release: Release { order.release }

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
            let end = app.child.ending.map(\.text) ?? "ended"
            failure.message = "the app answered once and then \(end)"
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
