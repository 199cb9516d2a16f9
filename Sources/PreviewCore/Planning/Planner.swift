/// Works out the difference between what is recorded, what was seen, and what is asked for. Pure.
package struct Planner: Sendable {
    /// What is asked for.
    package var config: Config
    /// Digest of the file and of what flags and variables made of it; goes into the plan.
    package var configDigest: String
    /// Which preview it is, in words for the plan.
    package var identity: PreviewIdentity
    /// What is recorded.
    package var state: State
    /// What was seen outside.
    package var facts: Facts
    /// Steps from this one on are run again even where nothing differs.
    package var retryFrom: StepID?

    /// `state`: the recorded state, or a new one of serial 0 that is not saved yet.
    package init(
        config: Config, configDigest: String, identity: PreviewIdentity, state: State,
        facts: Facts, retryFrom: StepID? = nil
    ) {
        self.config = config
        self.configDigest = configDigest
        self.identity = identity
        self.state = state
        self.facts = facts
        self.retryFrom = retryFrom
    }

    /// The plan of all four steps.
    package func plan() -> Plan {
        let drift = Drift.find(state: state, facts: facts)
        var context = PlanContext(config: config, state: state, facts: facts)
        var steps: [PlannedStep] = []
        for step in Steps.all {
            let planned = plan(step, in: context, drift: drift)
            context.upstream[step.id] = planned.action
            steps.append(planned)
        }
        let machine = context.output(of: AllocateMachine())
        let isBooted = state[.boot].applied != nil && state[.boot].attempt == nil
        return Plan(
            app: machine?.appName ?? facts.proposal?.app ?? state.app, project: state.project,
            repository: identity.repositoryName,
            branch: facts.head?.branch ?? state.branch,
            path: config.path, provider: config.provider,
            lineage: state.startedAt == nil ? nil : state.lineage, serial: state.serial,
            configDigest: configDigest, url: machine?.previewUrl ?? facts.proposal?.url,
            isLive: isBooted && !drift.contains { $0.step != .settings } && !facts.machine.isDown,
            steps: steps, drift: drift, warnings: warnings(in: context),
            cost: PlanCost(config, state: state), observed: facts.observed,
            destroys: false)
    }

    private func warnings(in context: PlanContext) -> [Plan.Warning] {
        let unavailable = facts.unavailableSecrets.map { name in
            Plan.Warning(
                code: .secretMissing, message: "the secret `\(name)` is not available here",
                fix: "export it or add it to .env before step 3 or 4 runs")
        }
        let seen = facts.warnings.map {
            Plan.Warning(code: $0.code, message: $0.message, fix: $0.fix)
        }
        return seen
            + (facts.proposal?.remarks ?? []) + unavailable + missingVariables(in: context)
    }

    /// Variables that `.env.example` names and nothing sets (BEHAVIOURS Q5).
    private func missingVariables(in context: PlanContext) -> [Plan.Warning] {
        let set = Set(config.environment.keys).union(config.secrets.map(\.name))
        let missing = (context.output(of: DetectRepository())?.requiredVariables ?? [])
            .filter { !set.contains($0) }
        guard !missing.isEmpty else { return [] }
        return [
            Plan.Warning(
                code: .environmentFile,
                message: ".env.example names variables that nothing sets: "
                    + missing.joined(separator: ", "),
                fix: "add them to `env:` or `secrets:` in preview.yaml")
        ]
    }

    private func plan<S: Step>(
        _ step: S, in context: PlanContext, drift: [Drift]
    ) -> PlannedStep {
        let record = state[step.id]
        // An input of an older form cannot be finished; it is planned anew below.
        if step.finishesOpenAttempts, let attempt = record.attempt, attempt.open,
            let input = try? attempt.input.decoded(as: S.Input.self)
        {
            return planned(
                step, .resume, reason: "interrupted: finishing what was begun", input: input,
                unknown: [:], before: state.input(of: step))
        }
        let wish = step.input(in: context)
        let before = state.input(of: step)
        let drifted = drift.first { $0.step == step.id }
        let (action, reason) = decide(
            step, before: before, wish: wish, drifted: drifted, in: context)
        return planned(
            step, action, reason: reason, input: wish.input, unknown: wish.unknown,
            before: drifted?.action == .create ? nil : before)
    }

    /// The action and the words for it.
    private func decide<S: Step>(
        _ step: S, before: S.Input?, wish: Wish<S.Input>, drifted: Drift?, in context: PlanContext
    ) -> (Action, String) {
        let record = state[step.id]
        if record.attempt?.open == true { return (.resume, "interrupted") }
        let failed = record.attempt == nil ? [] : ["failed last time"]
        guard record.applied != nil else { return (.create, failed.first ?? "not done yet") }
        guard let before, context.output(of: step) != nil else {
            return (.replace, "recorded by an older version of this program")
        }
        if let drifted { return (drifted.action, drifted.message) }
        let causes = failed + causes(step, before: before, wish: wish, upstream: context.upstream)
        let action = step.action(from: before, to: wish.input)
        if action != .none, !causes.isEmpty { return (action, causes.joined(separator: ", ")) }
        if let retryFrom, step.id >= retryFrom { return (step.repetition, "asked for again") }
        if !causes.isEmpty { return (.update, causes.joined(separator: ", ")) }
        if let first = others(wish.unknown, than: step.id).min() {
            return (.wait, "depends on what step \(first.number) finds")
        }
        return (.none, "unchanged")
    }

    /// Why it would run: fields that differ, and unknown ones that are sure to.
    private func causes<S: Step>(
        _ step: S, before: S.Input, wish: Wish<S.Input>, upstream: [StepID: Action]
    ) -> [String] {
        let differs = step.action(from: before, to: wish.input) != .none
        let old = Dictionary(grouping: step.fields(of: before), by: \.name).compactMapValues(
            \.first)
        let new = step.fields(of: wish.input)
        var causes: [String] = []
        func add(_ cause: String) { if !causes.contains(cause) { causes.append(cause) } }
        for field in new {
            if let source = wish.source(of: field.name) {
                if isAnew(source, in: upstream) { add(field.cause) }
            } else if differs, old[field.name]?.value ?? .null != field.value {
                add(field.cause)
            }
        }
        guard differs else { return causes }
        let names = Set(new.map(\.name))
        for field in step.fields(of: before) where !names.contains(field.name) { add(field.cause) }
        // What is in the input but not shown still counts when the step says so.
        if causes.isEmpty, wish.unknown.isEmpty { add("settings changed") }
        return causes
    }

    /// Whether what a step makes will certainly be another thing than the recorded one.
    private func isAnew(_ source: StepID, in upstream: [StepID: Action]) -> Bool {
        switch upstream[source] {
        case .create, .replace: true
        case .resume: Steps.step(source).finishesOpenAttempts
        default: false
        }
    }

    /// The steps that must run before this one can be given its input.
    private func others(_ unknown: [String: StepID], than step: StepID) -> [StepID] {
        unknown.values.filter { $0 != step }
    }

    private func planned<S: Step>(
        _ step: S, _ action: Action, reason: String, input: S.Input, unknown: [String: StepID],
        before: S.Input?
    ) -> PlannedStep {
        let waitsFor = others(unknown, than: step.id).min()
        return PlannedStep(
            id: step.id, title: Steps.title(of: step.id, in: config),
            summary: Steps.summary(of: step.id, in: config), action: action, reason: reason,
            changes: action == .none
                ? [] : changes(step, from: before, to: Wish(input, unknown: unknown)),
            // An input that cannot be written as JSON does not exist: all fields are plain values.
            input: waitsFor == nil ? try? JSONValue.encoding(input) : nil, waitsFor: waitsFor,
            lastSeconds: action == .none ? nil : state[step.id].applied?.seconds)
    }

    private func changes<S: Step>(
        _ step: S, from before: S.Input?, to wish: Wish<S.Input>
    ) -> [Change] {
        let old = before.map(step.fields(of:)) ?? []
        let new = step.fields(of: wish.input)
        let isReplaced = before.map { step.action(from: $0, to: wish.input) == .replace } ?? false
        var changes: [Change] = []
        for field in new where field.isShown && wish.source(of: field.name) == nil {
            let was = old.first { $0.name == field.name }?.value ?? .null
            guard was != field.value else { continue }
            changes.append(
                Change(
                    field: field.name, before: was, after: field.value, knownAfter: nil,
                    isSensitive: field.isSensitive,
                    forcesReplacement: isReplaced && field.forcesReplacement))
        }
        for field in old
        where field.isShown && !new.contains(where: { $0.name == field.name }) {
            changes.append(
                Change(
                    field: field.name, before: field.value, after: .null, knownAfter: nil,
                    isSensitive: field.isSensitive, forcesReplacement: false))
        }
        return changes
            + wish.unknown.sorted { $0.key < $1.key }.map { name, source in
                Change(
                    field: name, before: old.first { $0.name == name }?.value ?? .null,
                    after: .null,
                    knownAfter: source, isSensitive: false, forcesReplacement: false)
            }
    }
}

extension Wish {
    /// The step that tells a field, when it is unknown; `commands` covers `commands.build`.
    fileprivate func source(of field: String) -> StepID? {
        unknown.first { field == $0.key || field.hasPrefix($0.key + ".") }?.value
    }
}
