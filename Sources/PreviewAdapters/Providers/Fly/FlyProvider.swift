package import PreviewCore
package import PreviewSystem

/// Runs previews on Fly.io Machines (SPEC section 8): an app and one machine for each, made without
/// launch in step 2, configured in step 3, and started with a boot script in step 4.
///
/// Nothing is remembered between calls but what the platform itself keeps: names follow from the
/// attempt's key, and the machine's metadata says whose it is and what it is to be.
package struct FlyProvider: Provider {
    /// What the provider needs to know of its surroundings.
    package struct Surroundings: Sendable {
        /// The client, with its token and addresses.
        package var client: FlyClient
        /// The organization's slug, or `nil` for the one that the token is good for.
        package var organization: String?
        /// Where apps answer, with `{app}` in the place of the name.
        package var urlTemplate: String
        /// Asks the apps themselves.
        package var http: HTTPClient
        /// For repositories that cannot be cloned without it.
        package var repositoryToken: GitToken?
        /// Whether a repository can be read by everybody.
        package var isPublic: @Sendable (_ fetchURL: String) async throws -> Bool
        /// Secrets and tokens, which are taken out of whatever a machine prints.
        package var redactor: Redactor
        /// Wall time.
        package var now: @Sendable () -> Timestamp
        /// What the plan says of the surroundings.
        package var hints: [Plan.Warning]
        /// How long it waits, and for what.
        package var pace = Pace()

        package init(
            client: FlyClient, organization: String?, urlTemplate: String, http: HTTPClient,
            repositoryToken: GitToken?,
            isPublic: @escaping @Sendable (String) async throws -> Bool, redactor: Redactor,
            now: @escaping @Sendable () -> Timestamp, hints: [Plan.Warning] = []
        ) {
            self.client = client
            self.organization = organization
            self.urlTemplate = urlTemplate
            self.http = http
            self.repositoryToken = repositoryToken
            self.isPublic = isPublic
            self.redactor = redactor
            self.now = now
            self.hints = hints
        }
    }

    /// How long the provider waits, and for what.
    package struct Pace: Hashable, Sendable {
        /// Between two looks at something that takes a while.
        package var look = Duration.seconds(1)
        /// How long something just made may be invisible (ENGINE section 2).
        package var visibility = Duration.seconds(30)
        /// How long a lease is held for one change; longer than any change takes.
        package var lease = Duration.seconds(13)
        /// How long somebody else's lease is waited for.
        package var leaseWait = Duration.seconds(30)
        /// How long a machine may take from being told to start until it runs: its image is fetched.
        package var start = Duration.seconds(300)
        /// How long a machine may take to stop or to go away.
        package var end = Duration.seconds(120)
        /// How long one call waits at the platform, in whole seconds; the platform allows a minute.
        package var hold = 20
        /// Between two signs of life of a wait.
        package var sign = Duration.seconds(10)

        /// The figures for the real platform.
        package init() {}
    }

    package let name = ProviderName.fly
    let surroundings: Surroundings
    /// What the plan saw of the names that the app could have.
    private let standings = Locked<[String: FlyStanding]>([:])
    /// A machine as the answer to our own change showed it, good for the next change a moment later
    /// and for the plans before that.
    private let answered = Locked<(machine: FlyMachine, at: ContinuousClock.Instant)?>(nil)

    /// Nothing is asked before the first question.
    package init(_ surroundings: Surroundings) {
        self.surroundings = surroundings
    }

    /// Whose an app's name is, kept for step 2, which follows.
    func look(at app: String) async throws -> FlyStanding {
        let standing = try await client.standing(of: app)
        standings.withLock { $0[app] = standing }
        return standing
    }

    /// Whose the name was when the plan was made; `nil` where nobody looked.
    func standing(seenOf app: String) -> FlyStanding? { standings.withLock { $0[app] } }

    /// Keeps the answer to a change for the look that follows it.
    func remember(_ machine: FlyMachine) -> FlyMachine {
        answered.withLock { $0 = (machine, .now) }
        return machine
    }

    var client: FlyClient { surroundings.client }
    var pace: Pace { surroundings.pace }

    /// Where an app answers.
    func url(of app: String) -> String {
        surroundings.urlTemplate.replacing("{app}", with: app)
    }

    /// The organization that apps are made in.
    func organization() async throws -> String {
        if let organization = surroundings.organization { return organization }
        guard let organization = try await client.organization() else {
            throw Rejection(
                Failure(
                    .providerRefused, .authentication,
                    "the token does not say which organization it is for", step: .machine,
                    fix: "name the organization: export FLY_ORG=personal, or another slug"))
        }
        return organization
    }

    /// The machine as the program knows it.
    func described(_ machine: FlyMachine, app: String, owner: Ownership) -> Machine {
        Machine(
            id: machine.id, name: machine.name, app: app, url: url(of: app),
            region: machine.region, lineage: owner.lineage)
    }

    /// The machine as the answer to our own change of a moment ago showed it.
    func justChanged(_ machine: Machine) -> FlyMachine? {
        guard let known = answered.withLock(\.self), known.machine.id == machine.id,
            .now - known.at < pace.look
        else { return nil }
        return known.machine
    }

    /// A machine by its record, for doing something with it; `nil` when it is gone.
    func find(_ machine: Machine) async throws -> FlyMachine? {
        let known = justChanged(machine)
        // After what is done now it is another one.
        answered.withLock { $0 = nil }
        if let known { return known }
        return try await look(at: machine)
    }

    /// A machine by its record as the platform shows it; `nil` when it is gone.
    func look(at machine: Machine) async throws -> FlyMachine? {
        // One that was made a moment ago may not be seen by everybody yet, and one that was
        // destroyed can still be read: being found nowhere has to be seen more than once.
        for number in 1...3 {
            do {
                let found = try await client.machine(machine.id, of: machine.app)
                return found.isGone ? nil : found
            } catch let failure as FlyFailure where failure.cause == .notFound {
                if number < 3 { try await Task.sleep(for: pace.look) }
            }
        }
        return nil
    }

    /// What another record has taken over is no longer this one's to touch.
    static func takenOver(_ machine: Machine, _ step: StepID?) -> Failure {
        Failure(
            .recordedElsewhere, .stateNeedsRecovery,
            "another record has taken machine \(machine.name) over", step: step,
            evidence: [.init("app", machine.app), .init("this lineage", machine.lineage ?? "")],
            fix: "use that record; `preview destroy` here forgets this one and leaves the machine")
    }

    /// Makes a change as soon as nobody else holds the machine's lease: a run that was killed, and
    /// the proxy when it starts a machine, hold it for some seconds.
    func whenFree<Result: Sendable>(_ change: () async throws -> Result) async throws -> Result {
        let end = ContinuousClock.now + pace.leaseWait
        while true {
            do {
                return try await change()
            } catch let failure as FlyFailure
                where failure.cause == .leaseHeld && ContinuousClock.now < end
            {
                try await Task.sleep(for: pace.look)
            }
        }
    }

    /// The same where the machine must be there.
    func require(_ machine: Machine, step: StepID?) async throws -> FlyMachine {
        if let found = try await find(machine) {
            if found.isTakenOver(from: machine) { throw Rejection(Self.takenOver(machine, step)) }
            return found
        }
        throw Rejection(
            Failure(
                .machineGone, "machine \(machine.name) is gone", step: step,
                evidence: [.init("app", machine.app)],
                fix: "run `preview plan`: step 2 makes it anew"))
    }

    /// The same once an update that is under way has come to its end.
    ///
    /// `tellsEvents`: whether what happened to the machine until then matters; else it is not asked
    /// for again once the wait has said where it ended.
    func settled(
        _ machine: Machine, step: StepID?, tellsEvents: Bool = true
    ) async throws -> FlyMachine {
        try await wait(
            for: "the update of machine \(machine.name)", within: pace.start, step: step
        ) {
            var found = try await require(machine, step: step)
            if !found.isChanging { return found }
            let wait = try await client.wait(
                for: ["settled"], of: found.id, version: found.version, in: machine.app,
                seconds: pace.hold)
            guard !tellsEvents, case .reached(let state?) = wait else { return nil }
            // A server may say no more than what it was asked for.
            found.state = state
            return found.isResting || found.isRunning ? found : nil
        }
    }

    /// The same, with its marks: without them nobody knows whose it is, and it is left alone
    /// (ENGINE section 2).
    func requireMarked(
        _ machine: Machine, step: StepID
    ) async throws -> (machine: FlyMachine, marks: MachineMarks) {
        let found = try await settled(machine, step: step, tellsEvents: false)
        if let marks = found.marks { return (found, marks) }
        throw Rejection(
            Failure(
                .foreignObject, .stateNeedsRecovery,
                "machine \(machine.name) has lost the marks that say whose it is", step: step,
                evidence: [.init("app", machine.app), .init("machine", machine.id)],
                fix: "somebody changed its metadata; remove it, and `preview apply` makes it anew"))
    }

    /// What the boot script clones a private repository with is set as a secret of the app, which the
    /// script gives to git alone; `nil` where everybody can clone it.
    ///
    /// - Returns: the version of the secrets that the machine must see.
    func giveRepositoryToken(for release: Release, to app: String) async throws -> Int? {
        guard let token = surroundings.repositoryToken,
            let remote = try RepositoryReference.parse(release.fetchURL).remote,
            remote.scheme == .https, remote.host == token.host,
            try await !surroundings.isPublic(release.fetchURL)
        else { return nil }
        return try await client.setSecrets([BootScript.tokenSecret: token.value], of: app).version
    }

    /// Looks again and again until something is there.
    ///
    /// - Throws: ``Failure`` of kind timed out, naming what was waited for.
    @discardableResult
    func wait<Value>(
        for what: String, within limit: Duration, step: StepID?,
        _ look: () async throws -> Value?
    ) async throws -> Value {
        let end = ContinuousClock.now + limit
        while true {
            if let value = try await look() { return value }
            guard ContinuousClock.now < end else {
                throw Failure(
                    .providerTimeout, .timedOut, "\(what) took more than \(limit.text)",
                    step: step, fix: "run it again: it goes on where it stopped")
            }
            try await Task.sleep(for: pace.look)
        }
    }
}

extension Duration {
    /// Whole seconds, for messages.
    fileprivate var text: String { "\(components.seconds) s" }
}
