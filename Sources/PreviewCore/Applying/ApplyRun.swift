/// One run of `apply`: what it has seen so far, and how it does one step.
struct ApplyRun: Sendable {
    /// What was seen and planned at one moment.
    struct View: Sendable {
        var loaded: StateRecord.Loaded?
        var state: State
        var facts: Facts
        var plan: Plan
    }

    let request: Applier.Request
    let world: World
    private let store: any StateStore
    private let approver: any Approver
    private let holder: LockHolder
    private let identity: PreviewIdentity
    private let fresh: State
    private var refresher: Refresher
    /// The record as this run first saw it: what it must still be, but for this run's own writes.
    private var baseline: State?
    private var hasSaved = false
    /// What the last look outside found different from the record.
    private var drift: [Drift] = []
    /// The look of a moment ago, while nobody was asked and nothing was done since.
    private var undisturbed: View?
    /// What was already warned of.
    private var warned: Set<String> = []
    /// Steps from this one on are still to be done again, done or not.
    private var retryFrom: StepID?
    /// Whether a person said that what another record has may be taken over.
    private var adopts: Bool

    init(
        request: Applier.Request, world: World, store: any StateStore, approver: any Approver,
        holder: LockHolder, identity: PreviewIdentity
    ) {
        self.request = request
        self.world = world
        self.store = store
        self.approver = approver
        self.holder = holder
        self.identity = identity
        retryFrom = request.retryFrom
        adopts = request.adopts
        refresher = Refresher(
            config: request.config, world: world, otherNames: identity.otherNames,
            looks: request.looks)
        fresh = State(beginning: request.config, as: identity, in: world)
    }

    /// Reads the record, looks at the world and plans.
    ///
    /// `earlier`: a view of a moment ago. Where the record is the same, so is the machine.
    mutating func look(after earlier: View? = nil) async throws -> View {
        let loaded = try await load()
        try checkContinuity(loaded?.state)
        var state = fresh
        if let recorded = loaded?.state {
            if recorded.isDestroyed { state.serial = recorded.serial } else { state = recorded }
        }
        try checkHost(of: state)
        try chooseProvider(of: &state)
        let seen = earlier?.state.serial == state.serial ? earlier?.facts.machine : nil
        let facts = try await refresher.look(at: state, machine: seen)
        let planner = Planner(
            config: request.config, configDigest: request.configDigest, identity: identity,
            state: state, facts: facts, retryFrom: retryFrom)
        let plan = planner.plan()
        drift = plan.drift
        return View(loaded: loaded, state: state, facts: facts, plan: plan)
    }

    /// Ends the run when somebody cancelled or destroyed the preview since it was first seen.
    private mutating func checkContinuity(_ recorded: State?) throws {
        guard let baseline, baseline.startedAt != nil, !baseline.isDestroyed else {
            // Nothing was begun yet that could end.
            self.baseline = recorded
            return
        }
        guard let recorded, recorded.lineage == baseline.lineage, !recorded.isDestroyed else {
            throw Failure.destroyedMeanwhile
        }
        guard recorded.cancelledAt == nil || recorded.cancelledAt == baseline.cancelledAt else {
            throw Failure(
                .sessionCancelled, "the session was cancelled by another process",
                fix: "what was done so far is recorded; `preview apply` goes on",
                retry: "preview apply")
        }
    }

    private func checkHost(of state: State) throws {
        guard let host = state.host, host != identity.host else { return }
        throw Failure(
            .otherHost, .stateNeedsRecovery, "this preview runs on another machine, \(host)",
            fix: "run the command there")
    }

    /// A preview is with one provider at a time; where it has no machine yet, with the one asked for.
    private func chooseProvider(of state: inout State) throws {
        let wanted = request.config.provider
        guard state.provider != wanted else { return }
        guard state[.machine] == StepRecord() else {
            throw Failure(
                .otherProvider,
                "this preview is on \(state.provider.rawValue), not on \(wanted.rawValue)",
                fix: "destroy it there first, or go on with "
                    + "`--provider \(state.provider.rawValue)`",
                retry: "preview destroy")
        }
        state.provider = wanted
        state.host = fresh.host
    }

    /// Does one step, if the plan says that it has something to do.
    mutating func perform(_ step: any Step) async throws {
        if request.saved != nil { refresher.forget() }
        var approved: (step: PlannedStep, approval: Approval)?
        var (runs, rounds) = (0, 0)
        while true {
            let view = try await look(after: undisturbed)
            undisturbed = nil
            tellWhatCouldNotBeSeen(view)
            let planned = view.plan[step.id]
            guard planned.action != .none else {
                // The next step is planned from what was just seen; a saved one is checked anew.
                if request.saved == nil { undisturbed = view }
                return reportNothingToDo(step, ran: runs > 0)
            }
            guard runs < 2, rounds < 10 else { throw Failure.keepsMoving(step.id) }
            try checkSaved(view.plan, for: step.id)
            try await checkOrder(of: planned, in: view.plan)
            if planned != approved?.step {
                approved = (planned, try await approve(planned, in: view.plan))
            }
            let earlier = approved?.approval == .standing ? view : nil
            try Task.checkCancellation()
            if try await runOrAdopt(step, expecting: planned, after: earlier) {
                if let from = retryFrom, from <= step.id {
                    retryFrom = StepID(number: step.id.number + 1)
                }
                (runs, approved) = (runs + 1, nil)
                // Only a finished old attempt leaves a present wish to look at.
                guard planned.action == .resume, step.finishesOpenAttempts else { return }
            } else {
                rounds += 1
            }
        }
    }

    /// Refuses a step whose earlier steps are not done (SPEC section 1).
    private mutating func checkOrder(of planned: PlannedStep, in plan: Plan) async throws {
        let missing = plan.steps.filter { $0.id < planned.id && $0.action != .none }
        guard !missing.isEmpty else { return }
        // Somebody may have destroyed everything between reading the record and looking outside.
        try checkContinuity(try await load()?.state)
        throw Failure.missingSteps(missing, before: planned.id)
    }

    private func load() async throws -> StateRecord.Loaded? {
        try await StateRecord.load(
            identity.folder, from: store, source: identity.source,
            comparesHistory: baseline == nil)
    }

    /// Warns, once, of what could not be looked up, such as a branch that is gone: the run goes on
    /// from the record. While step 1 is still to run, that step reports it itself.
    private mutating func tellWhatCouldNotBeSeen(_ view: View) {
        guard view.plan[.repository].action == .none else { return }
        for failure in view.facts.warnings where warned.insert(failure.message).inserted {
            world.reporter.report(
                Event(
                    .log, "\(failure.message); going on with what is recorded", level: .warning,
                    code: failure.code))
        }
    }

    private func checkSaved(_ plan: Plan, for step: StepID) throws {
        guard let saved = request.saved else { return }
        try SavedPlanCheck(saved: saved, fresh: plan)
            .check(step, ownSerial: hasSaved ? baseline?.serial : nil)
    }

    private mutating func approve(
        _ planned: PlannedStep, in plan: Plan
    ) async throws -> Approval {
        let approval = try await approver.approve(planned, in: plan)
        switch approval {
        case .standing: break
        case .given: if planned.id <= .machine { refresher.forget() }
        case .declined:
            throw Failure(
                .declined, .notApproved, "step \(planned.id.number), \(planned.title), was not run",
                fix: "nothing was changed by it; go on when you are ready",
                retry: "preview apply --step \(planned.id.number)")
        }
        return approval
    }

    /// Runs the step; where another record has what it needs, asks whether to take that over and
    /// runs it again: the answer is the yes to this step, too. `false` as ``runLocked(_:expecting:)``.
    private mutating func runOrAdopt(
        _ step: any Step, expecting planned: PlannedStep, after view: View?
    ) async throws -> Bool {
        do {
            return try await runLocked(step, expecting: planned, after: view)
        } catch let refusal as Failure where refusal.code == .recordedElsewhere && !adopts {
            guard try await approver.adopts(refusal) else { throw refusal }
            adopts = true
        }
        // The refusal is in the record by now, so the plan has another reason for the same work.
        let again = try await look().plan[step.id]
        guard again.isSameWork(as: planned) else { return false }
        return try await runLocked(step, expecting: again, after: nil)
    }

    /// Runs the step under the lock; `false` when the plan is no longer what was approved.
    private mutating func runLocked(
        _ step: any Step, expecting planned: PlannedStep, after view: View?
    ) async throws -> Bool {
        let wait = LockWait(world, limit: request.lockTimeout, step: planned.id)
        let lock = try await store.lock(
            identity.folder, for: holder, timeout: request.lockTimeout, waiting: wait.tell)
        do {
            let view = try await look(after: view)
            let isSame = view.plan[step.id].isSameWork(as: planned)
            if isSame { try await execute(step, planned: planned, view: view) }
            await lock.release()
            return isSame
        } catch {
            await lock.release()
            throw error
        }
    }

    private mutating func execute<S: Step>(
        _ step: S, planned: PlannedStep, view: View
    ) async throws {
        guard let recorded = planned.input else { throw Failure.keepsMoving(step.id) }
        let input = try recorded.decoded(as: S.Input.self)
        let journal = Journal(
            store: store, folder: identity.folder, loaded: view.loaded, fresh: view.state,
            now: world.now)
        if !hasSaved { try await journal.note(view.plan.drift) }
        let isResumed = view.state[step.id].attempt.map { $0.open && $0.input == recorded } ?? false
        let attempt = try await journal.begin(planned, input: recorded) {
            $0.provider = view.state.provider
            $0.host = view.state.host
        }
        baseline = await journal.state
        reportBegin(step, planned: planned, view: view)
        let recorder = JournalRecorder(
            journal: journal, step: step.id, attempt: attempt, isResumed: isResumed,
            adopts: adopts)
        let run = StepRun(
            config: request.config, identity: identity, state: await journal.state,
            facts: view.facts, previous: view.state.output(of: step), action: planned.action,
            attempt: recorder, world: world)
        do {
            try await self.run(step, input, run, in: journal)
        } catch let failure as Failure where failure.code == .destroyedMeanwhile {
            throw await abandoned(await journal.state, failure)
        }
        baseline = await journal.state
    }

    /// Runs the step and records what came of it.
    private func run<S: Step>(
        _ step: S, _ input: S.Input, _ run: StepRun<S.Output>, in journal: Journal
    ) async throws {
        let started = world.uptime()
        do {
            let output = try await step.run(input, run)
            try await record(
                output, of: step, input: JSONValue.encoding(step.settled(input, by: output)),
                seconds: seconds(since: started), in: journal)
        } catch {
            try await recordFailure(error, of: step, in: journal)
        }
    }

    private mutating func reportBegin(_ step: any Step, planned: PlannedStep, view: View) {
        if !hasSaved {
            hasSaved = true
            let isNew = view.loaded?.state.isDestroyed ?? true
            world.reporter.report(.sessionBegins(view.state, isNew: isNew))
            world.reporter.report(Event(.log, "App Name: \(view.plan.app)"))
            if let url = view.plan.url { world.reporter.report(Event(.log, "Preview URL: \(url)")) }
        }
        world.reporter.report(
            Event(
                .stepBegin, "Executing Step \(step.id.number): \(planned.title)", step: step.id,
                data: ["action": .string(planned.action.rawValue)]))
    }

    private func reportNothingToDo(_ step: any Step, ran: Bool) {
        guard !ran else { return }
        world.reporter.report(
            Event(
                .log,
                "Step \(step.id.number) already done: "
                    + Steps.title(of: step.id, in: request.config),
                step: step.id))
    }

    /// Records what a run without a step has to say: that the session goes on although it was
    /// cancelled before (BEHAVIOURS B15), and what it saw outside.
    private mutating func settle() async throws -> State {
        let holding = try await store.lock(
            identity.folder, for: holder, timeout: request.lockTimeout, waiting: { _ in })
        do {
            let view = try await look()
            let journal = Journal(
                store: store, folder: identity.folder, loaded: view.loaded, fresh: fresh,
                now: world.now)
            try await journal.update {
                $0.cancelledAt = nil
                $0.drift = view.plan.drift
            }
            await holding.release()
            return await journal.state
        } catch {
            await holding.release()
            throw error
        }
    }

    /// The state at the end of the run; tells when everything is done.
    mutating func end() async throws -> State {
        guard let loaded = try await load() else { return fresh }
        try checkContinuity(loaded.state)
        var state = loaded.state
        if state.cancelledAt != nil || (!hasSaved && state.drift != drift) {
            state = try await settle()
        }
        if hasSaved, Session(of: state, isLocked: false).overallStatus == .completed {
            world.reporter.report(Event(.log, "Setup completed successfully!"))
        }
        return state
    }
}
