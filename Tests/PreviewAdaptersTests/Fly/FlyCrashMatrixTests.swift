import FlySimulator
import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

/// ENGINE R-4 and R-5 in full: every request of a run, every fault. Whatever happened, one more run
/// without the fault converges, and nothing exists that the record does not know.
@Suite("R-3, R-4, R-5, R-31, R-42: the crash matrix of fly")
struct FlyCrashMatrixTests {
    @Test(
        "any request, any fault: one more run, and there is one app and one machine, or none",
        arguments: MatrixStory.allCases, MatrixFault.allCases)
    func matrix(story: MatrixStory, fault: MatrixFault) async throws {
        var cells = ""
        var number = 1
        while true {
            let cell = try await MatrixCell(story: story, fault: fault, number: number).play()
            cells += cell.sign
            guard cell == .survived else { break }
            number += 1
        }
        OutputChannel.standardOutput.write("\(story) × \(fault): \(cells)\n")
        #expect(number > 4, "a run has some requests")
    }
}

/// What is interrupted.
enum MatrixStory: String, CaseIterable, CustomTestStringConvertible {
    case firstApply = "first apply"
    case update
    case replacement
    case destroy

    var testDescription: String { rawValue }
}

/// How it is interrupted.
enum MatrixFault: String, CaseIterable, CustomTestStringConvertible {
    case killedBefore = "kill before send"
    case killedAfter = "kill after commit"
    case dropped = "drop after commit"
    case requestTimeout = "408"
    case tooMany = "429"
    case serverError = "500"
    case unavailable = "503 after commit"
    case cut = "cut body"
    case hang

    var testDescription: String { rawValue }

    var isKill: Bool { self == .killedBefore || self == .killedAfter }

    func rule(_ number: Int) -> Fault {
        let json = #"{"error":"the simulator was told to"}"#
        switch self {
        case .killedBefore: return Fault(.hang, .before, nth: number)
        case .killedAfter: return Fault(.hang, .after, nth: number)
        case .dropped: return Fault(.drop, .after, nth: number)
        case .requestTimeout:
            return Fault(.answer(status: 408, body: json), .after, nth: number)
        case .tooMany: return Fault(.answer(status: 429, body: json), .before, nth: number)
        case .serverError: return Fault(.answer(status: 500, body: json), .before, nth: number)
        case .unavailable: return Fault(.answer(status: 503, body: json), .after, nth: number)
        case .cut: return Fault(.cut(bytes: 7), .after, nth: number)
        case .hang: return Fault(.hang, .after, nth: number)
        }
    }
}

/// One cell: a story, a fault and the request it meets.
struct MatrixCell {
    let story: MatrixStory
    let fault: MatrixFault
    let number: Int

    enum Outcome: Equatable {
        case survived
        /// The run has fewer requests.
        case notReached

        var sign: String { self == .survived ? "." : "" }
    }

    func play() async throws -> Outcome {
        let scene = try await MatrixScene()
        do {
            let outcome = try await play(in: scene)
            await scene.end()
            return outcome
        } catch {
            await scene.end()
            throw error
        }
    }

    private func play(in scene: MatrixScene) async throws -> Outcome {
        if story != .firstApply { try await scene.run(.firstApply) }
        await scene.change(for: story)
        await scene.world.forgetRequests()
        await scene.world.add(fault.rule(number))
        if fault.isKill {
            await scene.runAndKill(story, at: number)
        } else {
            // It may fail or not; what counts is the run after it.
            _ = try? await scene.run(story)
        }
        let isReached = await scene.world.requests.count >= number
        await scene.world.removeFaults()
        scene.begin()
        await #expect(throws: Never.self, "\(story.rawValue), \(fault.rawValue), request \(number)")
        {
            try await scene.run(story)
        }
        try await scene.check(after: story, cell: "\(story.rawValue), \(fault.rawValue), \(number)")
        return isReached ? .survived : .notReached
    }
}

/// A platform, a record, and one process after another that works with them.
final class MatrixScene: Sendable {
    private let simulator: FlySimulator
    private let store = SimulatedStore()
    private let source = SimulatedSource(effects: Effects())
    private let process: Locked<FlyProvider>
    private let config: Locked<Config>
    private let processes = Locked(UInt64(1))

    var world: FlyWorld { simulator.world }

    init() async throws {
        var configuration = SimulatorConfiguration(guests: .scripted(GuestScript.booting))
        configuration.delays = configuration.delays.scaled(by: 0.002)
        configuration.rateLimits = .none
        simulator = try await FlySimulator.start(configuration)
        process = Locked(Self.makeProvider(simulator))
        config = Locked(try SimulatedWorld.config())
    }

    private static func makeProvider(_ simulator: FlySimulator) -> FlyProvider {
        // A hang is waited out; everything else is answered long before.
        var surroundings = FlyFixture.surroundings(of: simulator, patience: .seconds(2))
        surroundings.pace.look = .milliseconds(4)
        surroundings.pace.hold = 1
        return FlyProvider(surroundings)
    }

    /// Begins another process: nothing of the one before is left but what it wrote.
    func begin() {
        process.withLock { $0 = Self.makeProvider(simulator) }
        processes.withLock { $0 += 1 }
    }

    func end() async { await simulator.stop() }

    /// What a person changes before the story.
    func change(for story: MatrixStory) async {
        switch story {
        case .firstApply, .destroy: break
        case .update:
            config.withLock { $0.environment["LOG_LEVEL"] = "debug" }
            await source.move(to: SimulatedSource.commit(2))
        case .replacement: config.withLock { $0.regions = ["iad"] }
        }
    }

    func run(_ story: MatrixStory) async throws {
        guard story == .destroy else {
            _ = try await applier.apply(request)
            return
        }
        do {
            _ = try await Destroyer(world: ports, store: store, holder: SimulatedWorld.holder)
                .destroy(SimulatedWorld.identity.folder, lockTimeout: .zero)
        } catch let failure as Failure where failure.code == .nothingRecorded {
            // It was done before the fault came.
        }
    }

    /// Runs until the n-th request is under way, and ends the process there: it sends and writes
    /// nothing more.
    func runAndKill(_ story: MatrixStory, at number: Int) async {
        let task = Task { try await self.run(story) }
        let isOver = Locked(false)
        let end = Task {
            _ = await task.result
            isOver.withLock { $0 = true }
        }
        while !isOver.withLock({ $0 }), await world.requests.count < number {
            await Task.yield()
        }
        // What a killed process holds open comes to nothing, and so does what it would do next.
        await world.add(Fault(.drop, .before, count: nil))
        await store.setHook { throw CancellationError() }
        task.cancel()
        await end.value
        await store.setHook {}
        await store.releaseAll()
    }

    /// One app with one machine, where the configuration says, as the record has it; or nothing.
    func check(after story: MatrixStory, cell: String) async throws {
        let apps = (await world.state)["apps"]?.array ?? []
        let live = apps.filter { $0["is_deleted"]?.bool != true }
        if story == .destroy {
            #expect(live.isEmpty, "\(cell): nothing is left")
            return
        }
        #expect(live.count == 1, "\(cell): one app")
        let machines = (live.first?["machines"]?.array ?? []).filter {
            !["destroyed", "destroying"].contains($0["state"]?.string ?? "")
        }
        #expect(machines.count == 1, "\(cell): one machine")
        #expect(live.first?["addresses"]?.array?.count == 2, "\(cell): two addresses")
        let recorded = try await StateRecord.load(SimulatedWorld.identity.folder, from: store)
        let machine = recorded?.state.output(of: AllocateMachine())?.machine
        #expect(machine?.id == machines.first?["id"]?.string, "\(cell): the recorded one")
        let region = config.withLock { $0.regions[0] }
        #expect(machines.first?["region"]?.string == region, "\(cell): in its region")
        begin()
        let plan = try await applier.plan(request)
        let left = plan.steps.filter { $0.action != .none }.map { "\($0.id): \($0.reason)" }
        #expect(left.isEmpty, "\(cell): the next plan is empty")
    }

    private var request: Applier.Request {
        SimulatedWorld.request(config.withLock(\.self))
    }

    private var applier: Applier {
        Applier(
            world: ports, store: store, approver: ScriptedApprover.yes,
            holder: SimulatedWorld.holder, identity: SimulatedWorld.identity)
    }

    private var ports: World {
        let random = DeterministicRandom(seed: processes.withLock(\.self))
        let clock = FixedClock()
        return World(
            provider: process.withLock(\.self), source: source, secrets: SimulatedSecrets(),
            reporter: RecordingReporter(), now: { clock.now }, uptime: { clock.uptime },
            random: { random.bytes($0) })
    }
}
