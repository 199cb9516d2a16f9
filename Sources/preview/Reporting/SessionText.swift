import PreviewAdapters
import PreviewCore
import PreviewSystem

/// A session in words.
struct SessionText {
    let paint: Paint

    /// Glyph and word of a step's status; the word alone is enough (BEHAVIOURS A11).
    func status(_ status: Session.StepStatus) -> String {
        switch status {
        case .completed: paint.green("✓ completed")
        case .running: paint.cyan("⟳ running")
        case .error: paint.red("✗ error")
        case .stale: paint.yellow("≠ stale")
        case .pending: paint.dim("○ pending")
        }
    }

    func overall(_ status: Session.OverallStatus) -> String {
        switch status {
        case .completed: paint.green(status.rawValue)
        case .failed: paint.red(status.rawValue)
        case .cancelled: paint.yellow(status.rawValue)
        case .inProgress: paint.cyan(status.rawValue)
        }
    }

    /// The whole state of one preview; `isDetailed`: with all that the provider reports.
    func text(
        of session: Session, machine: MachineStatus?, isDetailed: Bool = false, now: Timestamp,
        config: Config?
    ) -> String {
        let state = session.state
        var lines = [
            paint.bold(state.app),
            row("session", state.lineage),
            row("repository", "\(state.repository) @ \(state.branch)"),
            row("provider", state.provider.rawValue + (state.host.map { " on \($0)" } ?? "")),
            row("status", "\(overall(session.overallStatus)), \(session.progress) %"),
        ]
        if let url = session.previewURL { lines.append(row("url", url)) }
        lines.append("")
        for step in StepID.allCases {
            let title = Steps.title(of: step, in: config)
            let seconds = state[step].applied.map { "  \(DurationText.elapsed($0.seconds))" } ?? ""
            lines.append(
                "  \(step.number)  \(title.padded(to: 25))"
                    + "\(status(session.statuses[step] ?? .pending))\(paint.dim(seconds))")
        }
        if let failure = session.failure {
            lines += [
                "",
                "  \(paint.red("✗ Error"))  step \(failure.step.number): \(failure.error.message) "
                    + "[\(failure.error.code.rawValue)]",
                row("retry", "preview apply --step \(failure.step.number)"),
            ]
        }
        lines.append("")
        if isDetailed { lines += self.lines(of: session.machine, machine, now: now) }
        if let machine {
            let patience = session.state.output(of: ConfigureSettings())?.shutdownAfterInactivity
            lines += self.lines(of: machine, patience: patience, now: now)
        }
        lines.append(row("ttl", LifeText(now: now).ttl(of: state)))
        return lines.joined(separator: "\n") + "\n"
    }

    /// What a live look adds (BEHAVIOURS S4).
    private func lines(
        of machine: Machine?, _ status: MachineStatus?, now: Timestamp
    ) -> [String] {
        let deployed = row("deployed", status?.isDeployed ?? false ? "yes" : "no")
        guard let machine, let status else { return [deployed] }
        let created = status.createdAt.map {
            "\($0.text) (\(DurationText.elapsed(Double(now.seconds - $0.seconds))) ago)"
        }
        return [
            deployed, row("id", machine.id), row("region", status.region ?? machine.region),
            row("created", created ?? "the provider does not say"),
        ]
    }

    /// `patience`: after which time without traffic it stops, such as `1h`.
    private func lines(
        of machine: MachineStatus, patience: String?, now: Timestamp
    ) -> [String] {
        let detail = machine.detail.map { " (\($0))" } ?? ""
        let since =
            machine.since.map {
                ", for \(DurationText.elapsed(Double(now.seconds - $0.seconds)))"
            } ?? ""
        var lines = [row("machine", "\(machine.state.rawValue)\(detail)\(since)")]
        if machine.restarts > 0 { lines.append(row("restarts", String(machine.restarts))) }
        if let commit = machine.commit { lines.append(row("commit", String(commit.prefix(12)))) }
        let stops = patience.flatMap { $0 == DurationText.short(nil) ? nil : $0 }
        let idle =
            machine.state == .running
            ? stops.map { "stops after \($0) without traffic" } ?? "no idle stop" : "not running"
        lines.append(row("idle", machine.idleStopAt.map(LifeText(now: now).clock) ?? idle))
        return lines
    }

    private func row(_ label: String, _ value: String) -> String {
        "  \(paint.dim(label.padded(to: 12)))\(value)"
    }
}

/// What a person sees at the end of a run (BEHAVIOURS H9).
struct SummaryText {
    let paint: Paint

    func text(of session: Session) -> String {
        let words = SessionText(paint: paint)
        let state = session.state
        guard session.overallStatus == .completed else {
            return "\n\(state.app): \(words.overall(session.overallStatus)), "
                + "\(session.completedSteps.count) of 4 steps done. "
                + "Next: preview apply --step \(session.currentStep)"
        }
        return "\n\(paint.green("Ready."))  preview open · preview logs -f · preview status"
            + " · preview destroy"
    }
}

/// What destroying does, before and after (BEHAVIOURS S5).
struct DestroyText {
    let paint: Paint

    /// What will be lost.
    func plan(of state: State) -> String {
        var lines = ["\(paint.bold(state.app)) (\(state.repository) @ \(state.branch)) will lose:"]
        for step in Steps.all.reversed() where state.steps[step.id] != nil {
            lines.append("  - \(loss(of: step.id, state: state))")
        }
        lines.append("The history of its runs stays readable.")
        return lines.joined(separator: "\n") + "\n"
    }

    private func loss(of step: StepID, state: State) -> String {
        switch step {
        case .boot: "the running app and everything it keeps on the machine"
        case .settings: "its settings"
        case .machine:
            "the machine and its URL "
                + (state.output(of: AllocateMachine())?.previewUrl ?? "(being allocated)")
        case .repository: "what was detected"
        }
    }

    /// The receipt.
    func receipt(_ receipt: Destroyer.Receipt) -> String {
        let steps = receipt.undone.map { String($0.number) }.joined(separator: ", ")
        var lines = ["\(paint.green("Destroyed")) \(receipt.app): steps \(steps) undone."]
        for object in receipt.removed {
            lines.append("  also removed: \(object.kind.rawValue) \(object.name)")
        }
        lines.append("Looked again: nothing is left.")
        return lines.joined(separator: "\n")
    }
}
