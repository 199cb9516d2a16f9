package import PreviewCore

// What the command line and the server do with a configured preview, said once.

extension Workspace {
    /// What an apply of this configuration is asked to do: everything, unless changed.
    package var request: Applier.Request {
        Applier.Request(config: config, configDigest: configDigest)
    }

    /// Goes through the steps, written down, between the limits of the file and its hooks.
    ///
    /// `ending`: is given the state at the end before the run's last event.
    /// - Throws: what the applier throws; a limit of the file before anything else.
    package func apply(
        _ request: Applier.Request, approver: any Approver, in run: RecordedRun,
        ending: (State) -> Void = { _ in }
    ) async throws {
        try await Limits(self).check()
        let hooks = Hooks(workspace: self, reporter: run.reporter)
        do {
            try await run.perform {
                let applier = Applier(
                    world: try world(reporter: run.reporter),
                    store: records.store.passingFaultPoints,
                    approver: approver, holder: run.holder, identity: identity)
                let state = try await applier.apply(request)
                try await hooks.completed(state)
                ending(state)
                return Self.summary(of: state)
            }
        } catch {
            try await hooks.failed(error)
            throw error
        }
    }

    /// What the last event of a run tells of the preview.
    private static func summary(of state: State) -> JSONObject {
        let session = Session(of: state, isLocked: false)
        var data = JSONObject()
        data["url"] = JSONValue(session.previewURL)
        data["app"] = .string(state.app)
        data["id"] = .string(state.lineage)
        data["status"] = .string(session.overallStatus.rawValue)
        return data
    }

    /// The plan without a run: nothing is locked, reported or written.
    ///
    /// `looks`: whether the world is asked, or the record alone. `remark`: told what goes on otherwise
    /// than it should.
    package func plan(
        looks: Bool, remark: (@Sendable (Failure) -> Void)? = nil
    ) async throws -> Plan {
        var request = request
        request.looks = looks
        let applier = Applier(
            world: try world(reporter: Silence(), remark: remark), store: records.store,
            approver: NobodyToAsk(),
            holder: LockHolder(
                id: "", user: "", host: "", process: 0, command: "", since: Clocks.now()),
            identity: identity)
        return try await applier.plan(request)
    }

    /// The app that could be taken into this preview's record; writes nothing.
    ///
    /// - Throws: what ``Importer/look(at:)`` throws; a limit of the file before anything else.
    package func importable(_ app: String) async throws -> Importer.Finding {
        try await Limits(self).check()
        return try await importer(reporter: Silence(), store: records.store).look(at: app)
    }

    /// Takes it into the record, written down.
    ///
    /// `ending`: is given the state at the end before the run's last event.
    package func take(
        _ finding: Importer.Finding, in run: RecordedRun, lockTimeout: Duration,
        ending: (State) -> Void
    ) async throws {
        try await run.perform {
            let state = try await importer(
                reporter: run.reporter, store: records.store.passingFaultPoints
            ).take(finding, as: run.holder, lockTimeout: lockTimeout)
            ending(state)
            return Self.summary(of: state)
        }
    }

    private func importer(
        reporter: any Reporter, store: any StateStore
    ) throws -> Importer {
        try Importer(
            config, world: world(reporter: reporter), store: store, identity: identity)
    }

    /// Completed steps whose input no longer follows from the file, as far as the record tells, or
    /// the world where it is looked at.
    package func staleSteps(
        of state: State, looks: Bool, remark: (@Sendable (Failure) -> Void)? = nil
    ) async throws -> Set<StepID> {
        guard config.provider == state.provider else { return [] }
        let plan = try await plan(looks: looks, remark: remark)
        return Set(plan.steps.filter { $0.action != .none }.map(\.id))
    }
}

/// A reporter for commands that are no runs.
package struct Silence: Reporter {
    package init() {}

    package func report(_ event: Event) {}
}

/// Refuses because nobody can be asked.
package struct NobodyToAsk: Approver {
    package init() {}

    package func approve(_ step: PlannedStep, in plan: Plan) async throws -> Approval {
        throw Failure(
            .nobodyToAsk, .notApproved,
            "step \(step.id.number) needs a yes and nobody can be asked",
            fix: "run it in a terminal, or say yes beforehand with --yes",
            retry: "preview apply --step \(step.id.number) --yes")
    }
}
