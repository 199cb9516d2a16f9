import FlySimulator
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("The client of Fly.io when things go wrong")
struct FlyClientFaultTests {
    private let app = FlyClientFixture.app

    // MARK: - Causes that the platform really sends

    @Test("no room, limits and unknown images have their causes")
    func capacity() async throws {
        try await FlyClientFixture.with { fixture in
            try await fixture.makeApp()
            func cause() async throws -> FlyFailure.Cause {
                let failure = try await fixture.failure {
                    try await fixture.client.createMachine(fixture.creation())
                }
                #expect(failure.isCertain && failure.tries == 1)
                return failure.cause
            }
            await fixture.world.setCapacity(fullRegions: ["dfw"])
            #expect(try await cause() == .regionFull)
            await fixture.world.setCapacity(fullRegions: [], fullHosts: ["dfw": "memory"])
            #expect(try await cause() == .hostFull)
            await fixture.world.setCapacity(fullRegions: [])
            await fixture.world.setMissingImages(["node:22"])
            #expect(try await cause() == .imageUnknown)
            await fixture.world.setMissingImages([])
            await fixture.world.setMachineLimit(0, ofOrganization: "personal")
            #expect(try await cause() == .machineLimit)
            #expect(await fixture.world.counters.machines == 0)
            await fixture.world.setMachineLimit(nil, ofOrganization: "personal")
            await fixture.world.setCapacity(fullRegions: ["dfw"])
            let machine = try await fixture.client.createMachine(
                fixture.creation(regions: ["dfw", "iad"]))
            #expect(machine.region == "iad")
        }
    }

    @Test("R-5: what was just made is seen with the cookie that came with it")
    func visibility() async throws {
        try await FlyClientFixture.with { configuration in
            configuration.visibility.missedReads = 1000
            configuration.visibility.duration = .seconds(3600)
        } _: { fixture in
            let machine = try await fixture.makeMachine()
            #expect(try await fixture.client.machine(machine.id, of: app).id == machine.id)
            #expect(try await fixture.client.machines(of: app).count == 1)
            let other = FlyClientFixture.client(
                of: fixture.simulator, token: SimulatorConfiguration.defaultToken)
            #expect(try await other.standing(of: app) == .free)
        }
    }

    // MARK: - Repeating

    @Test(
        "R-31: a call that reads is repeated, whatever became of it",
        arguments: [
            Fault(.drop), Fault(.drop, .after), Fault(.answer(status: 503, body: "")),
            Fault(.answer(status: 408, body: #"{"error":"deadline_exceeded: host"}"#)),
            Fault(.cut(bytes: 3)), Fault(.garble(body: "<html>")), Fault(.hang),
        ])
    func reads(fault: Fault) async throws {
        try await FlyClientFixture.with { fixture in
            let machine = try await fixture.makeMachine()
            await fixture.world.forgetRequests()
            await fixture.world.add(fault)
            let client =
                fault.effect == .hang ? fixture.client(patience: .seconds(1)) : fixture.client
            #expect(try await client.machines(of: app).map(\.id) == [machine.id])
            #expect(await fixture.count("GET", "/v1/apps/shop/machines") >= 2)
        }
    }

    @Test(
        "R-5: a change is sent once, and its fate is unknown where it may have happened",
        arguments: [
            Fault(.drop), Fault(.drop, .after), Fault(.answer(status: 500, body: "")),
            Fault(.answer(status: 502, body: "<html>"), .after),
            Fault(.answer(status: 408, body: #"{"error":"deadline_exceeded: host"}"#), .after),
            Fault(.cut(bytes: 3)), Fault(.garble(body: #"{"no":"machine"}"#)), Fault(.hang),
            Fault(.hang, .after),
        ])
    func changes(fault: Fault) async throws {
        try await FlyClientFixture.with { fixture in
            try await fixture.makeApp()
            await fixture.world.add(fault)
            let client =
                fault.effect == .hang
                ? fixture.client(patience: .milliseconds(200)) : fixture.client
            let failure = try await fixture.failure {
                try await client.createMachine(fixture.creation())
            }
            #expect(!failure.isCertain && failure.tries == 1)
            #expect(await fixture.count("POST", "/v1/apps/shop/machines") == 1)
            let isMade =
                switch fault.effect {
                case .cut, .garble: true
                default: fault.occasion == .after
                }
            #expect(await fixture.world.counters.machines == (isMade ? 1 : 0))
        }
    }

    @Test("a change that nobody received is sent again, and certainly did nothing if none does")
    func nobodyThere() async throws {
        try await FlyClientFixture.with { fixture in
            let url = fixture.simulator.machinesURL
            let client = fixture.client
            await fixture.simulator.stop()
            let failure = try await fixture.failure {
                try await client.createMachine(fixture.creation())
            }
            #expect(failure.cause == .unreachable && failure.isCertain, "\(url)")
            #expect(failure.tries == 3)
        }
    }

    @Test(
        "what is the same done twice is repeated: deleting, stopping, an app with its key",
        arguments: [Fault(.drop, .after), Fault(.answer(status: 503, body: ""), .after)])
    func converging(fault: Fault) async throws {
        try await FlyClientFixture.with { fixture in
            let client = fixture.client
            await fixture.world.add(fault)
            try await fixture.makeApp()
            #expect(await fixture.count("POST", "/v1/apps") == 2)
            #expect(await fixture.world.counters.apps == 1)
            let machine = try await client.createMachine(fixture.creation())
            await fixture.world.add(fault)
            try await client.stop(machine.id, in: app)
            await fixture.world.add(fault)
            try await client.setMetadata(["a": "b"], of: machine.id, in: app)
            await fixture.world.add(fault)
            do {
                try await client.deleteMachine(machine.id, in: app)
            } catch let failure as FlyFailure where failure.cause == .notFound {
                // The first one was faster: absent is success.
            }
            #expect(await fixture.count("DELETE", "/v1/apps/shop/machines/\(machine.id)") == 2)
        }
    }

    @Test("R-31: trouble that stays ends after the tries there are, with the request's id")
    func exhausted() async throws {
        try await FlyClientFixture.with { fixture in
            await fixture.world.add(
                Fault(.answer(status: 503, body: #"{"error":"no"}"#), count: nil))
            let failure = try await fixture.failure {
                try await fixture.client.machines(of: app)
            }
            #expect(failure.cause == .unreachable && failure.tries == 3)
            #expect(failure.message == "no" && failure.status == 503)
            #expect(failure.call == "GET /apps/shop/machines")
            #expect(failure.requestID?.isEmpty == false)
        }
    }

    @Test("a refusal is not repeated")
    func refused() async throws {
        try await FlyClientFixture.with { fixture in
            await fixture.world.add(
                Fault(.answer(status: 403, body: #"{"error":"unauthorized"}"#), count: nil))
            let failure = try await fixture.failure { try await fixture.client.app(app) }
            #expect(failure.cause == .forbidden && failure.tries == 1)
        }
    }

    @Test("an answer that comes drop by drop is read, or ends with the patience there is")
    func drip() async throws {
        try await FlyClientFixture.with { fixture in
            _ = try await fixture.makeMachine()
            await fixture.world.add(Fault(.drip(bytes: 200, every: .milliseconds(1))))
            #expect(try await fixture.client.machines(of: app).count == 1)
            await fixture.world.add(Fault(.drip(bytes: 1, every: .milliseconds(100)), count: nil))
            let client = fixture.client(patience: .milliseconds(300), attempts: 1)
            let failure = try await fixture.failure { try await client.machines(of: app) }
            #expect(failure.cause == .timedOut)
        }
    }

    // MARK: - Rate limits

    @Test("R-31: calls that come too often wait and go on, also those that change something")
    func rateLimits() async throws {
        try await FlyClientFixture.with { configuration in
            configuration.rateLimits = .documented
            configuration.rateLimits.general = .init(burst: 2, perSecond: 20)
        } _: { fixture in
            try await fixture.makeApp()
            let client = fixture.client
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...12 {
                    group.addTask {
                        _ = try await client.setSecrets(["S\(number)": "x"], of: "shop")
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await client.secrets(of: app).count == 12)
            let refused = await fixture.world.requests.count { $0.status == 429 }
            #expect(refused > 0)
        }
    }

    @Test("R-31: fifty processes that come at once all get through well within the time of a call")
    func fiftyProcesses() throws {
        let policy = FlyClient.retries
        for seed in 1...5 {
            var random = Random(state: UInt64(seed))
            var bucket = (tokens: 3.0, filledAt: 0.0)
            var waiting = (1...50).map { _ in (time: 0.0, attempt: 1) }
            while let next = waiting.min(by: { $0.time < $1.time }) {
                let index = try #require(waiting.firstIndex { $0 == next })
                waiting.remove(at: index)
                bucket.tokens = min(3, bucket.tokens + next.time - bucket.filledAt)
                bucket.filledAt = next.time
                if bucket.tokens >= 1 {
                    bucket.tokens -= 1
                    continue
                }
                let share = random.next()
                let pause = policy.pause(
                    after: .success(HTTPResponse(status: 429)), attempt: next.attempt,
                    pacing: .init(jitter: { $0 * share }))
                waiting.append((next.time + (try #require(pause) / .seconds(1)), next.attempt + 1))
            }
            #expect(bucket.filledAt < 60, "of the \(policy.timeLimit) that a call has")
        }
    }

    /// Numbers from 0 to 1 that are the same in every run (Knuth, "MMIX").
    private struct Random {
        var state: UInt64

        mutating func next() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) / Double(1 << 53)
        }
    }

    @Test("R-31: calls that come too often for too long end with that cause")
    func longWait() async throws {
        try await FlyClientFixture.with(retries: {
            $0.backoff = .seconds(60)
            $0.longestBackoff = .seconds(60)
            $0.timeLimit = .seconds(5)
        }) { fixture in
            await fixture.world.add(
                Fault(.answer(status: 429, body: "rate limit exceeded"), count: nil))
            let failure = try await fixture.failure { try await fixture.makeApp() }
            #expect(failure.cause == .rateLimited(after: nil) && failure.isCertain)
            #expect(await fixture.count("POST", "/v1/apps") == failure.tries)
        }
    }

    @Test("a call under way ends with its task")
    func cancellation() async throws {
        try await FlyClientFixture.with { fixture in
            await fixture.world.add(Fault(.hang, count: nil))
            let client = fixture.client
            let task = Task { try await client.machines(of: "shop") }
            while await fixture.world.requests.isEmpty { await Task.yield() }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
        }
    }
}
