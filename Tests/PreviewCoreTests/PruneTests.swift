import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("K6, S9: prune takes what is past its time, and nothing else")
struct PruneTests {
    private static let day = 86_400
    private static let now = Timestamp(seconds: 1_800_000_000)

    /// A record begun some days ago; its life ended yesterday, where not said otherwise.
    private static func state(
        _ name: String = "shop", daysOld: Int = 10, change: (inout State) -> Void = { _ in }
    ) -> State {
        var state = State(
            lineage: "lineage of \(name)", serial: 1, app: name, source: "source",
            salt: "00", project: name, user: "ann", repository: "https://github.com/acme/\(name)",
            branch: "main", path: "", provider: .fly, createdAt: now + -daysOld * day)
        state.expiresAt = now + -day
        change(&state)
        return state
    }

    private static func candidate(_ state: State) throws -> PruneCandidate {
        try #require(
            PruneCandidate(folder: state.app, session: Session(of: state, isLocked: false)))
    }

    private static func fail(_ state: inout State) {
        state[.boot].attempt = Attempt(
            key: "k", action: .create, input: [:], begunAt: now, open: false,
            error: RecordedError(code: .appEnded, message: "the app ended"))
    }

    private func verdict(
        _ selection: PruneSelection, _ state: State
    ) throws -> PruneSelection.Verdict {
        selection.verdict(on: try Self.candidate(state), at: Self.now, host: "here")
    }

    @Test("without a selection it takes what is past the end of its life")
    func pastItsTime() throws {
        let plain = PruneSelection()
        #expect(
            try verdict(plain, Self.state()) == .take(["past its end of life for 24h 0m"]))
        #expect(try verdict(plain, Self.state { $0.expiresAt = Self.now }) != .pass)
        #expect(try verdict(plain, Self.state { $0.expiresAt = Self.now + 1 }) == .pass)
        #expect(try verdict(plain, Self.state { $0.expiresAt = nil }) == .pass)
    }

    @Test("age and status select, and both together narrow it down")
    func selections() throws {
        let old = PruneSelection(olderThan: 7 * Self.day)
        let failed = PruneSelection(status: .failed)
        let both = PruneSelection(olderThan: 7 * Self.day, status: .failed)
        let alive: (inout State) -> Void = { $0.expiresAt = nil }
        let failing: (inout State) -> Void = { Self.fail(&$0) }
        #expect(try verdict(old, Self.state(change: alive)) == .take(["begun 10d 0h ago"]))
        #expect(try verdict(old, Self.state(daysOld: 7)) == .pass, "a week is not more than one")
        #expect(try verdict(failed, Self.state()) == .pass)
        #expect(try verdict(failed, Self.state(daysOld: 1, change: failing)) == .take(["failed"]))
        #expect(try verdict(both, Self.state(daysOld: 1, change: failing)) == .pass)
        #expect(try verdict(both, Self.state()) == .pass)
        #expect(
            try verdict(both, Self.state(change: failing))
                == .take(["begun 10d 0h ago", "failed"]))
        #expect(try verdict(PruneSelection(isMerged: true), Self.state()) == .take([]))
    }

    @Test(
        "what a person said stays: pinned always, extended until its time, and other machines'",
        arguments: [
            PruneSelection(olderThan: day), PruneSelection(status: .inProgress),
            PruneSelection(isMerged: true),
        ])
    func keeps(_ selection: PruneSelection) throws {
        let later = Self.now + 60
        let pinned = Self.state { ($0.chosenEnd, $0.expiresAt) = (.never, nil) }
        let extended = Self.state { ($0.chosenEnd, $0.expiresAt) = (.at(later), later) }
        let over = Self.state { ($0.chosenEnd, $0.expiresAt) = (.at(Self.now), Self.now) }
        #expect(try verdict(selection, pinned) == .keep("it is pinned"))
        #expect(try verdict(selection, extended) == .keep("it was extended until \(later.text)"))
        guard case .take = try verdict(selection, over) else {
            Issue.record("an extension that is over holds nothing")
            return
        }
        let elsewhere = Self.state { $0.host = "there" }
        #expect(try verdict(selection, elsewhere) == .keep("it runs on there"))
    }

    @Test("a destroyed preview is none of its business")
    func destroyed() {
        let state = Self.state { $0.destroyedAt = Self.now }
        #expect(
            PruneCandidate(folder: "shop", session: Session(of: state, isLocked: false)) == nil)
    }

    @Test("a first run that never got as far as step 3 has an end of life, too")
    func halfMade() async throws {
        let world = SimulatedWorld()
        var config = try SimulatedWorld.config()
        config.lifecycle.ttl = Self.day
        await world.provider.change { $0.fullRegions = ["dfw"] }
        await #expect(throws: Failure.self) { try await world.apply(config) }
        let state = try #require(try await world.state())
        #expect(state.expiresAt == state.createdAt + Self.day)
    }

    @Test(
        "the provider's clock counts when it differs by more than five minutes, and that is said",
        arguments: [(300, false), (-300, false), (301, true), (-301, true)])
    func clocks(_ difference: Int, _ counts: Bool) {
        let theirs = Self.now + difference
        let judged = JudgedTime(own: Self.now, provider: theirs, of: .fly)
        #expect(judged.now == (counts ? theirs : Self.now))
        let word = difference > 0 ? "5m 1s behind that of fly" : "5m 1s ahead of that of fly"
        #expect(judged.remark?.contains(word) ?? false == counts)
        #expect(JudgedTime(own: Self.now, provider: nil, of: .local).remark == nil)
    }
}

@Suite("S9: previews are destroyed side by side, and failures stop nothing")
struct PrunerTests {
    private static func choices(_ count: Int) throws -> [Pruner.Choice] {
        try (0..<count).map { number in
            let state = State(
                lineage: "\(number)", serial: 1, app: "app-\(number)", source: "", salt: "",
                project: "p", user: "u", repository: "r", branch: "b", path: "", provider: .fly,
                createdAt: Timestamp(seconds: 0))
            let session = Session(of: state, isLocked: false)
            return Pruner.Choice(
                try #require(PruneCandidate(folder: state.app, session: session)), reasons: [])
        }
    }

    private static func receipt(_ preview: PruneCandidate) -> Destroyer.Receipt {
        Destroyer.Receipt(app: preview.app)
    }

    private let pruner = Pruner(PruneSelection(olderThan: 1), host: "here")
    private let now: @Sendable (PruneCandidate) -> Timestamp = { _ in Timestamp(seconds: 100) }

    @Test("four at a time, each failure is told apart, and the order of the choices is kept")
    func manyAndFailures() async throws {
        let running = Locked((now: 0, most: 0))
        let outcomes = await pruner.prune(try Self.choices(20), now: now) { preview, _ in
            running.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
            defer { running.withLock { $0.now -= 1 } }
            // Others get their turn meanwhile, or none would be side by side.
            for _ in 0..<50 { await Task.yield() }
            switch preview.app {
            case "app-3": throw Failure(.leftovers, .leftovers, "something is left")
            case "app-5": throw Failure(.nothingRecorded, "gone")
            case "app-7": throw Rejection(Failure(.machineGone, "refused"))
            default: return Self.receipt(preview)
            }
        }
        #expect(running.withLock { $0.most } == 4 && outcomes.count == 20)
        for (number, outcome) in outcomes.enumerated() {
            switch (number, outcome) {
            case (3, .failed(let failure)): #expect(failure.kind == .leftovers)
            case (5, .gone): break
            case (7, .failed(let failure)): #expect(failure.code == .machineGone)
            case (_, .destroyed(let receipt)): #expect(receipt.app == "app-\(number)")
            default: Issue.record("\(number): \(outcome)")
            }
        }
    }

    @Test("a signal begins no further one")
    func cancelled() async throws {
        let (begun, choices) = (Locked(0), try Self.choices(20))
        let task = Task { [pruner, now] in
            await pruner.prune(choices, now: now) { preview, _ in
                begun.withLock { $0 += 1 }
                try await Task.sleep(for: .seconds(60))
                return Self.receipt(preview)
            }
        }
        while begun.withLock({ $0 }) < 4 { await Task.yield() }
        task.cancel()
        let outcomes = await task.value
        #expect(outcomes.allSatisfy { $0 == .interrupted } && outcomes.count == 20)
        #expect(begun.withLock { $0 } == 4)
    }

    /// A preview that is past its time, and its choice.
    private func expired() async throws -> (SimulatedWorld, Pruner.Choice) {
        let world = SimulatedWorld()
        var config = try SimulatedWorld.config()
        config.lifecycle.ttl = 60
        try await world.apply(config)
        world.clock.advance(seconds: 100)
        let session = Session(of: try #require(try await world.state()), isLocked: false)
        let folder = SimulatedWorld.identity.folder
        return (
            world,
            Pruner.Choice(
                try #require(PruneCandidate(folder: folder, session: session)), reasons: [])
        )
    }

    private func prune(
        _ choice: Pruner.Choice, in world: SimulatedWorld
    ) async -> Pruner.Outcome? {
        let clock = world.clock
        return await Pruner(PruneSelection(), host: "here").prune(
            [choice], now: { _ in clock.now }
        ) { preview, check in
            try await Destroyer(
                world: world.world, store: world.store, holder: SimulatedWorld.makeHolder("prune")
            ).destroy(preview.folder, lockTimeout: .zero, check: check)
        }.first
    }

    @Test("it really destroys, and nothing is left")
    func destroys() async throws {
        let (world, choice) = try await expired()
        guard case .destroyed(let receipt) = await prune(choice, in: world) else {
            Issue.record("it was not destroyed")
            return
        }
        #expect(receipt.undone == [.boot, .settings, .machine, .repository])
        let left = await world.provider.contents
        #expect(left.machines.isEmpty && left.apps.isEmpty)
        #expect(try await world.state()?.isDestroyed == true)
        #expect(await prune(choice, in: world) == .gone, "and again is success")
    }

    @Test("R-20, R-42: what was pinned, extended or set up anew since it was shown stays")
    func chosenNoLonger() async throws {
        for wish in [LifeChange.Wish.pin, .extend(60)] {
            let (world, choice) = try await expired()
            _ = try await LifeChange(
                world: world.world, store: world.store, holder: SimulatedWorld.holder
            ).make(wish, of: choice.preview.folder, lockTimeout: .zero)
            guard case .kept = await prune(choice, in: world) else {
                Issue.record("\(wish) was overruled")
                continue
            }
            #expect(await world.provider.contents.machines.count == 1)
        }
        let (world, choice) = try await expired()
        try await world.destroy()
        var config = try SimulatedWorld.config()
        config.lifecycle.ttl = nil
        try await world.apply(config)
        #expect(await prune(choice, in: world) == .kept("it was set up anew meanwhile"))
        #expect(await world.provider.contents.machines.count == 1)
    }
}
