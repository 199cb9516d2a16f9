/// Takes an app that exists into a record that does not know it (`preview import`): looks, and after a
/// person's consent marks the machine and records what was seen.
///
/// A step counts as done only where its effect was seen: step 2, and step 3 where the machine says
/// what this program gave it. Steps 1 and 4 are never claimed: nobody saw what was detected, nor the
/// boot, so the next plan has them to run.
package struct Importer: Sendable {
    /// What would be taken into the record.
    package struct Finding: Hashable, Sendable {
        /// The app's name.
        package var app: String
        /// Its one machine.
        package var found: FoundMachine
        /// The app's addresses.
        package var addresses: [String]
        /// Secrets that the app has and the file asks for.
        package var secrets: [String]
        /// Secrets that the app has and the file does not know: they are left alone.
        package var otherSecrets: [String]
        /// The record it would be taken into, new or begun.
        package var state: State

        /// The lineage that loses the machine; `nil` where it is nobody's, or this record's already.
        package var otherLineage: String? {
            found.owner?.lineage == state.lineage ? nil : found.owner?.lineage
        }
    }

    private let config: Config
    private let world: World
    private let store: any StateStore
    private let identity: PreviewIdentity

    /// For the preview that `config` asks for.
    package init(
        _ config: Config, world: World, store: any StateStore, identity: PreviewIdentity
    ) {
        self.config = config
        self.world = world
        self.store = store
        self.identity = identity
    }

    // MARK: - Look

    /// What there is to take. Writes nothing.
    ///
    /// - Throws: ``Failure``: ``ErrorCode/notImportable`` for what is no app with one machine, or where
    ///   the record has one; ``ErrorCode/foreignObject`` for the machine of another preview.
    package func look(at app: String) async throws -> Finding {
        let loaded = try await load()
        return try await finding(of: app, for: loaded)
    }

    private func finding(
        of app: String, for loaded: StateRecord.Loaded?
    ) async throws -> Finding {
        let state = try await begin(app, after: loaded?.state)
        guard let survey = try await asked({ try await world.provider.survey(app) }) else {
            throw Failure(
                .notImportable, "there is no app \(app)",
                fix: "`fly apps list` shows which there are; `preview apply` makes one")
        }
        let found = try onlyMachine(of: app, survey)
        let wanted = Set(config.secrets.map(\.name))
        return Finding(
            app: app, found: found, addresses: survey.addresses,
            secrets: survey.secrets.filter(wanted.contains).sorted(),
            otherSecrets: survey.secrets.filter { !wanted.contains($0) }.sorted(), state: state)
    }

    private func load() async throws -> StateRecord.Loaded? {
        try await StateRecord.load(identity.folder, from: store, source: identity.source)
    }

    /// The record to take the app into.
    private func begin(_ app: String, after recorded: State?) async throws -> State {
        var fresh = State(beginning: config, as: identity, in: world)
        fresh.app = app
        guard let recorded else { return fresh }
        guard !recorded.isDestroyed else {
            fresh.serial = recorded.serial
            return fresh
        }
        try checkUnfinished(recorded, app)
        if let present = recorded.output(of: AllocateMachine()) {
            try await check(present, gives: app)
        }
        return recorded
    }

    /// What another run began is that run's to finish.
    private func checkUnfinished(_ state: State, _ app: String) throws {
        guard let attempt = state[.machine].attempt, attempt.open else { return }
        let isOurs = attempt.named.allSatisfy { $0.kind != .app || $0.name == app }
        guard isOurs, attempt.input["app"]?.string == app else {
            throw Failure(
                .notImportable, "step 2 of this preview was begun and not finished",
                evidence: attempt.named.map { .init($0.kind.rawValue, $0.name) },
                fix: "finish it, or take it away with `preview destroy`", retry: "preview apply")
        }
    }

    /// A record gives its machine up only where that is gone, or somebody else's by now.
    private func check(_ present: AllocateMachine.Output, gives app: String) async throws {
        do {
            let status = try await asked { try await world.provider.inspect(present.machine) }
            if status == nil, present.appName == app { return }
        } catch let failure as Failure
            where failure.code == .recordedElsewhere && present.appName == app
        {
            return
        }
        let isSame = present.appName == app
        throw Failure(
            .notImportable,
            isSame
                ? "\(app) is in the record already"
                : "this preview has an app already, \(present.appName)",
            evidence: [.init("machine", present.machine.name)],
            fix: isSame
                ? "`preview plan` shows what differs"
                : "take that away first, or import with the preview.yaml that \(app) is for",
            retry: isSame ? "preview plan" : "preview destroy")
    }

    /// The machine that could be this preview's.
    private func onlyMachine(of app: String, _ survey: AppSurvey) throws -> FoundMachine {
        guard let found = survey.machines.first else {
            throw Failure(
                .notImportable, "the app \(app) has no machine to import",
                fix:
                    "`preview apply --adopt` makes one in it, where the app has this preview's name"
            )
        }
        guard survey.machines.count == 1 else {
            throw Failure(
                .notImportable, "the app \(app) has \(survey.machines.count) machines",
                evidence: survey.machines.map {
                    .init("machine \($0.machine.id)", "\($0.machine.name), \($0.machine.region)")
                },
                fix: "a preview has one: keep it, and remove each of the others with "
                    + "`fly machine destroy ID --app \(app)`", retry: "preview import \(app)")
        }
        // Step 2 gives an app its addresses; where they are missing it is not done.
        guard !survey.addresses.isEmpty else {
            throw Failure(
                .notImportable, "the app \(app) has no public address",
                fix:
                    "give it the two that cost nothing: `fly ips allocate-v4 --shared --app \(app)`"
                    + ", `fly ips allocate-v6 --app \(app)`", retry: "preview import \(app)")
        }
        if let owner = found.owner, owner.source != identity.source {
            throw Failure(
                .foreignObject, .stateNeedsRecovery,
                "the app \(app) is the preview of something else",
                evidence: [
                    .init("machine", found.machine.name),
                    .init("lineage", owner.lineage),
                    .init("this preview", "\(identity.repositoryName) @ \(identity.branch)"),
                ],
                fix: "import it with the preview.yaml it was made from, or name its branch with "
                    + "`--branch`")
        }
        return found
    }

    // MARK: - Take

    /// Marks the machine and records it, under the lock. Killed anywhere, the same again finishes it.
    ///
    /// `shown`: what a person said yes to.
    /// - Throws: ``Failure``; ``ErrorCode/machineBusy`` where there is something else by now.
    package func take(
        _ shown: Finding, as holder: LockHolder, lockTimeout: Duration
    ) async throws -> State {
        let wait = LockWait(world, limit: lockTimeout)
        return try await store.withLock(
            identity.folder, for: holder, timeout: lockTimeout, waiting: wait.tell
        ) {
            let loaded = try await load()
            var finding = try await finding(of: shown.app, for: loaded)
            guard finding.found.isSame(as: shown.found), finding.secrets == shown.secrets,
                finding.state.serial == shown.state.serial
            else { throw Self.changed(shown.app) }
            // A record that is new has the lineage that was shown.
            finding.state = shown.state
            let journal = Journal(
                store: store, folder: identity.folder, loaded: loaded, fresh: finding.state,
                now: world.now)
            return try await take(finding, in: journal)
        }
    }

    private static func changed(_ app: String) -> Failure {
        Failure(
            .machineBusy, .locked, "the app \(app) or its record changed since it was shown",
            fix: "look at it again", retry: "preview import \(app)")
    }

    private func take(_ finding: Finding, in journal: Journal) async throws -> State {
        let started = world.uptime()
        let input = AllocateMachine.Input(
            app: finding.app, provider: config.provider,
            regions: [finding.found.machine.region], resources: finding.found.resources)
        let attempt = try await journal.begin(
            planned(input), input: JSONValue.encoding(input)
        ) {
            $0.provider = config.provider
            $0.host = nil
        }
        let recorder = JournalRecorder(
            journal: journal, step: .machine, attempt: attempt, isResumed: false, adopts: true)
        let machine = try await takeOver(finding.found.machine, recorder, in: journal)
        let output = AllocateMachine.Output(
            appName: machine.app, previewUrl: machine.url, machineSize: input.resources.label,
            region: machine.region, machineId: machine.id, reserved: true,
            description: "Machine \(machine.name) imported, in \(machine.region)",
            machine: machine)
        let settings = try settings(of: finding, createdAt: await journal.state.createdAt)
        try await journal.finish(
            .machine, input: JSONValue.encoding(input), output: JSONValue.encoding(output),
            seconds: (world.uptime() - started).recorded
        ) { state in
            state.app = machine.app
            state.drift = []
            guard let settings else { return }
            state[.settings] = StepRecord(applied: settings)
            state.expiresAt = finding.found.settings?.expiresAt
        }
        world.reporter.report(Event(.log, "App Name: \(machine.app)"))
        world.reporter.report(Event(.log, "Preview URL: \(machine.url)"))
        world.reporter.report(Event(.log, output.description, step: .machine))
        return await journal.state
    }

    private func takeOver(
        _ machine: Machine, _ recorder: JournalRecorder, in journal: Journal
    ) async throws -> Machine {
        func fail(_ failure: Failure, closing: Bool) async throws -> Never {
            try await journal.fail(
                .machine, error: RecordedError(code: failure.code, message: failure.message),
                closing: closing)
            throw failure
        }
        do {
            return try await world.provider.takeOver(
                machine, for: journal.state.owner, attempt: recorder)
        } catch let rejection as Rejection {
            try await fail(rejection.failure, closing: true)
        } catch let failure as Failure {
            try await fail(failure, closing: false)
        }
    }

    private func planned(_ input: AllocateMachine.Input) throws -> PlannedStep {
        let step = AllocateMachine()
        return PlannedStep(
            id: step.id, title: Steps.title(of: step.id, in: config),
            summary: Steps.summary(of: step.id, in: config), action: .create, reason: "imported",
            changes: [], input: try JSONValue.encoding(input))
    }

    /// Step 3 as the machine tells it. Of a secret only that it is there: whether its value is the one
    /// that is wanted is not to be known.
    private func settings(of finding: Finding, createdAt: Timestamp) throws -> Applied? {
        guard let found = finding.found.settings else { return nil }
        var lifecycle = Config.Lifecycle()
        lifecycle.autoStart = found.startsOnRequest
        lifecycle.idleTimeout = found.idleTimeout
        // Its life counts from the beginning of this record.
        lifecycle.ttl = found.expiresAt.map { max(0, $0.seconds - createdAt.seconds) }
        let resources = finding.found.resources
        let input = ConfigureSettings.Input(
            machine: finding.found.machine.id, environment: found.environment,
            secrets: SecretsFingerprint(names: finding.secrets), resources: resources,
            lifecycle: lifecycle)
        let output = ConfigureSettings.Output(
            environment: found.environment, secrets: finding.secrets,
            resources: .init(cpu: resources.cpu, memory: resources.memory),
            autoStartStop: found.startsOnRequest,
            shutdownAfterInactivity: DurationText.short(found.idleTimeout),
            description: "Settings as they were found on the machine", notes: [],
            revision: found.revision, expiresAt: found.expiresAt)
        return Applied(
            input: try JSONValue.encoding(input), output: try JSONValue.encoding(output),
            at: world.now(), seconds: 0)
    }

    /// A provider's refusal is a failure like any other here: nothing is left open but the attempt.
    private func asked<Result: Sendable>(
        _ call: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await call()
        } catch let rejection as Rejection {
            throw rejection.failure
        }
    }
}

extension Provider {
    package func survey(_ app: String) async throws -> AppSurvey? {
        throw Self.nothingToImport(name)
    }

    package func takeOver(
        _ machine: Machine, for owner: Ownership, attempt: any AttemptRecorder
    ) async throws -> Machine {
        throw Self.nothingToImport(name)
    }

    private static func nothingToImport(_ name: ProviderName) -> Failure {
        Failure(
            .notImportable, .usage,
            "only an app of Fly.io can be imported, not one of \(name.rawValue)",
            fix:
                "nothing of a \(name.rawValue) preview outlives its record: `preview apply` makes it"
        )
    }
}
