import PreviewCore
import PreviewTestSupport
import Testing

@Suite("The session: progress as people see it")
struct StateSessionTests {
    private static let time = FixedClock().now

    private func state(
        completed: [StepID] = [], attempt: (StepID, Attempt)? = nil
    ) -> State {
        var state = State(
            lineage: "lineage", serial: 3, app: "shop-4f1c9a2e", source: "source", salt: "salt",
            project: "shop", user: "ann", repository: "https://github.com/acme/shop",
            branch: "main", path: "", provider: .fly, createdAt: Self.time)
        for step in completed {
            state[step].applied = Applied(input: [:], output: [:], at: Self.time, seconds: 1)
        }
        if let (step, attempt) = attempt { state[step].attempt = attempt }
        return state
    }

    private func attempt(open: Bool, error: RecordedError? = nil) -> Attempt {
        Attempt(
            key: "key", action: .update, input: [:], begunAt: Self.time, open: open, error: error)
    }

    private func session(of state: State, isLocked: Bool = false) -> Session {
        Session(of: state, isLocked: isLocked)
    }

    @Test("B10, B11, F4, F8, F9: every set of completed steps", arguments: 0..<16)
    func sets(_ bits: Int) {
        let completed = StepID.allCases.filter { bits & 1 << ($0.number - 1) != 0 }
        let session = session(of: state(completed: completed.reversed()))
        #expect(session.completedSteps == completed.map(\.number), "an ordered set")
        #expect(session.progress == completed.count * 25)
        let lowest = (1...4).first { !completed.map(\.number).contains($0) }
        #expect(session.currentStep == lowest ?? 4)
        #expect(session.overallStatus == (completed.count == 4 ? .completed : .inProgress))
        for step in StepID.allCases {
            #expect(session.statuses[step] == (completed.contains(step) ? .completed : .pending))
        }
    }

    @Test("B12: a begun step is running while its run holds the lock, interrupted when it is gone")
    func running() {
        let state = state(completed: [.repository], attempt: (.machine, attempt(open: true)))
        let running = session(of: state, isLocked: true)
        #expect(running.statuses[.machine] == .running && running.overallStatus == .inProgress)
        let gone = session(of: state)
        #expect(gone.statuses[.machine] == .error && gone.overallStatus == .failed)
        #expect(gone.failure?.error.code == .interrupted)
    }

    @Test("B12: an update that runs is running, and its earlier result stays readable")
    func updating() {
        let state = state(completed: StepID.allCases, attempt: (.boot, attempt(open: true)))
        let session = session(of: state, isLocked: true)
        #expect(session.statuses[.boot] == .running)
        #expect(session.completedSteps == [1, 2, 3] && session.progress == 75)
        #expect(session.json["step4Details"] == [:])
    }

    @Test("B16: message and step of the failure, and the status that follows")
    func failed() {
        let error = RecordedError(code: .appEnded, message: "the app ended")
        let state = state(
            completed: [.repository, .machine, .settings],
            attempt: (.boot, attempt(open: false, error: error)))
        let session = session(of: state, isLocked: true)
        #expect(session.statuses[.boot] == .error && session.overallStatus == .failed)
        #expect(session.json["errorMessage"]?.string == "the app ended")
        #expect(session.json["errorStep"]?.int == 4)
        var retried = state
        retried[.boot] = StepRecord(
            applied: Applied(input: [:], output: [:], at: Self.time, seconds: 1))
        let after = self.session(of: retried)
        #expect(
            after.json["errorMessage"]?.isNull == true && after.json["errorStep"]?.isNull == true)
        #expect(after.overallStatus == .completed)
    }

    @Test("B15: cancelled wins over everything else")
    func cancelled() {
        for completed in [[], StepID.allCases] {
            var state = state(completed: completed)
            state.cancelledAt = Self.time
            #expect(session(of: state).overallStatus == .cancelled)
        }
    }

    @Test("a stale step stays completed")
    func stale() {
        let session = Session(
            of: state(completed: StepID.allCases), isLocked: false, stale: [.settings, .boot])
        #expect(session.statuses[.settings] == .stale && session.completedSteps == [1, 2, 3, 4])
    }

    @Test("B15: the words are exactly these")
    func words() {
        #expect(
            Session.OverallStatus.allCases.map(\.rawValue)
                == ["in_progress", "completed", "failed", "cancelled"])
        #expect(
            Session.StepStatus.allCases.map(\.rawValue)
                == ["pending", "running", "completed", "error", "stale"])
    }

    @Test("B4, B13, B17, B18, B21: the fields of the contract, in a run from beginning to end")
    func fields() async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        let begun = world.clock.now
        await world.provider.setHook { call, moment in
            if moment == .after, call == .boot { world.clock.advance(seconds: 100) }
        }
        var request = SimulatedWorld.request(config)
        request.selection = .only(.repository)
        let first = session(of: try await world.applier().apply(request)).json
        #expect(
            first["flyAppName"]?.string == "shop-4f1c9a2e" && first["previewUrl"]?.isNull == true)
        #expect(first["startedAt"]?.string == begun.text && first["completedAt"]?.isNull == true)
        let json = session(of: try await world.apply(config)).json
        let names = [
            "id", "projectId", "userId", "flyAppName", "previewUrl", "githubRepoUrl",
            "githubBranch", "currentStep", "completedSteps", "overallStatus", "step1Status",
            "step2Status", "step3Status", "step4Status", "step1Details", "step2Details",
            "step3Details", "step4Details", "errorMessage", "errorStep", "progress", "createdAt",
            "updatedAt", "startedAt", "completedAt",
        ]
        #expect(json.object?.names == names)
        #expect(json["previewUrl"]?.string == "https://shop-4f1c9a2e.fly.dev")
        #expect(json["githubRepoUrl"]?.string == "https://github.com/acme/shop")
        #expect(json["completedAt"]?.string == (begun + 100).text)
        #expect(json["createdAt"]?.string == begun.text)
        let details: [(String, [String])] = [
            (
                "step1Details",
                [
                    "repositoryName", "repositoryUrl", "branchName", "commit", "projectType",
                    "framework", "packageInfo", "commands", "port", "evidence", "description",
                ]
            ),
            (
                "step2Details",
                [
                    "appName", "previewUrl", "machineSize", "region", "machineId", "reserved",
                    "description",
                ]
            ),
            (
                "step3Details",
                [
                    "environment", "secrets", "resources", "autoStartStop",
                    "shutdownAfterInactivity", "description",
                ]
            ),
            (
                "step4Details",
                [
                    "bootStatus", "syncStatus", "nextActions", "phases", "evidence", "description",
                ]
            ),
        ]
        for (step, names) in details {
            let fields = try #require(json[step]?.object?.names)
            #expect(Set(fields).isSuperset(of: names), "\(step): \(fields)")
        }
        #expect(json["step4Details"]?["nextActions"]?.array?.count == 4)
        #expect(json["step3Details"]?["shutdownAfterInactivity"]?.string == "1h")
    }

    @Test("B18: a step that runs again takes back the end")
    func completedAt() async throws {
        let stage = try await PlanStage { $0.secrets = [] }
        await stage.world.provider.setHook { call, moment in
            guard call == .configure, moment == .before else { return }
            let state = try await stage.world.state()
            #expect(state?.completedAt == nil, "not while a step is running")
            throw Rejection(Failure(.settingsFailed, "refused"))
        }
        var config = stage.config
        config.environment["NEW"] = "1"
        await #expect(throws: Failure.self) { try await stage.world.apply(config) }
        #expect(try await stage.world.state()?.completedAt == nil)
    }
}

@Suite("Reading a record from a store")
struct StateRecordTests {
    private let app = SimulatedWorld.identity.folder

    private func failure(
        _ world: SimulatedWorld, source: String? = SimulatedWorld.identity.source
    ) async -> Failure? {
        await #expect(throws: Failure.self) {
            _ = try await StateRecord.load(app, from: world.store, source: source)
        }
    }

    @Test("R-2: only no record and no kept version means nothing exists")
    func nothing() async throws {
        let world = SimulatedWorld()
        #expect(try await StateRecord.load(app, from: world.store) == nil)
    }

    @Test("R-2: damage of any sort is exit 7, and names the newest good version")
    func damage() async throws {
        let stage = try await PlanStage()
        let serial = try #require(try await stage.world.state()).serial
        let bytes = try #require(try await stage.world.store.read(app)?.bytes)
        let cases: [[UInt8]?] = [
            nil, [], Array(bytes.prefix(100)), bytes.map { $0 == UInt8(ascii: "9") ? 0x38 : $0 },
            Array("[]".utf8),
        ]
        for planted in cases {
            await stage.world.store.plant(planted, for: app)
            let failure = await failure(stage.world)
            #expect(failure?.code == .stateDamaged && failure?.kind.exitCode == 7)
            #expect(
                failure?.evidence.map(\.text) == ["serial \(serial - 1), version \(serial - 1)"])
            #expect(failure?.retry == "preview state restore \(serial - 1)")
            await #expect(throws: Failure.self) { try await stage.plan() }
        }
    }

    @Test("R-2: another preview's record is foreign")
    func foreignSource() async throws {
        let stage = try await PlanStage()
        let failure = await failure(stage.world, source: "another")
        #expect(failure?.code == .stateForeign && failure?.kind.exitCode == 7)
        #expect(try await StateRecord.load(app, from: stage.world.store, source: nil) != nil)
    }

    @Test("R-2: a lineage unlike the kept versions' is foreign, unless the preview was destroyed")
    func foreignLineage() async throws {
        let stage = try await PlanStage()
        var state = try #require(try await stage.world.state())
        state.lineage = "another"
        await stage.world.store.plant(StateFile.encode(state), for: app)
        #expect(await failure(stage.world)?.code == .stateForeign)
        let again = try await PlanStage()
        try await again.world.destroy()
        try await again.world.apply(again.config)
        #expect(try await StateRecord.load(app, from: again.world.store) != nil)
    }

    @Test("a preview of another host is left alone")
    func otherHost() async throws {
        let world = SimulatedWorld(provider: .local)
        var config = try SimulatedWorld.config()
        config.provider = .local
        try await world.apply(config)
        var state = try #require(try await world.state())
        #expect(state.host == "here")
        state.host = "there"
        await world.store.plant(StateFile.encode(state), for: app)
        let failure = await #expect(throws: Failure.self) { try await world.plan(config) }
        #expect(failure?.code == .otherHost && failure?.kind.exitCode == 7)
    }

    @Test("an input or output of an older form is planned again")
    func olderForm() async throws {
        for step in StepID.allCases {
            let stage = try await PlanStage()
            var state = try #require(try await stage.world.state())
            state[step].applied?.input = ["older": true]
            await stage.world.store.plant(StateFile.encode(state), for: app)
            let plan = try await stage.plan()
            #expect(plan[step].action == .replace)
            #expect(plan[step].reason == "recorded by an older version of this program")
        }
    }
}
