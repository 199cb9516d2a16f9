import FlySimulator
import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("D33: the end of a machine's life on fly")
struct FlyExpiryTests {
    private static let end = Timestamp(seconds: 1_900_000_000)
    private static let variable = BootScript.Name.expires.rawValue

    private func configured(_ fixture: FlyFixture) async throws -> Machine {
        let machine = try await fixture.provider.allocate(
            fixture.spec, replacing: nil, attempt: TrialAttempt("attempt000000001"))
        _ = try await fixture.provider.configure(
            machine, fixture.settings, secrets: [:], attempt: TrialAttempt("attempt000000002"))
        return machine
    }

    private func boot(
        _ machine: Machine, _ fixture: FlyFixture, commit: Int = 1, key: String
    ) async throws {
        _ = try await fixture.provider.boot(
            fixture.release(commit), on: machine, secrets: [:], attempt: TrialAttempt(key),
            reporter: Silence())
    }

    /// What the platform has of the machine.
    private func config(
        _ machine: Machine, _ fixture: FlyFixture
    ) async throws -> (environment: String?, metadata: String?, version: String) {
        let client = FlyFixture.surroundings(of: fixture.simulator).client
        let found = try await client.machine(machine.id, of: machine.app)
        let config = JSONValue.object(found.config)
        return (
            config["env"]?[Self.variable]?.string, config["metadata"]?["preview_expires"]?.string,
            found.version
        )
    }

    private func count(_ text: String, _ fixture: FlyFixture) async -> Int {
        await fixture.world.requests.count { "\($0.method) \($0.path)".hasSuffix(text) }
    }

    @Test("one that is not booted yet goes on resting, and its first boot has it from the start")
    func configuredOnly() async throws {
        try await FlyFixture.with({ $0.visibility = .immediate }) { fixture in
            let machine = try await configured(fixture)
            try await fixture.provider.setExpiry(machine, Self.end)
            #expect(try await config(machine, fixture).metadata == Self.end.text)
            #expect(try await fixture.provider.inspect(machine)?.state == .created)
            #expect(try await fixture.provider.inspect(machine)?.otherChanges == [])
            try await boot(machine, fixture, key: "attempt000000003")
            #expect(try await config(machine, fixture).environment == "1900000000")
            try await fixture.provider.setExpiry(machine, nil)
            #expect(try await config(machine, fixture).metadata == "never")
        }
    }

    @Test("one that was stopped has it when it starts again, and is stopped until then")
    func stopped() async throws {
        try await FlyFixture.with({ $0.visibility = .immediate }) { fixture in
            let machine = try await configured(fixture)
            try await boot(machine, fixture, key: "attempt000000003")
            try await fixture.provider.stop(machine)
            try await fixture.provider.setExpiry(machine, Self.end)
            let config = try await config(machine, fixture)
            #expect(config.environment == "1900000000" && config.metadata == Self.end.text)
            let status = try #require(try await fixture.provider.inspect(machine))
            #expect(status.state == .stopped && status.otherChanges.isEmpty)
        }
    }

    @Test("one that sleeps, perhaps because its life was over, is woken with it")
    func asleep() async throws {
        try await FlyFixture.with({ $0.visibility = .immediate }) { fixture in
            let machine = try await configured(fixture)
            try await boot(machine, fixture, key: "attempt000000003")
            await fixture.world.endGuest(ofMachine: machine.id, code: 0)
            while try await fixture.provider.inspect(machine)?.state != .idle {
                await Task.yield()
            }
            try await fixture.provider.setExpiry(machine, Self.end)
            #expect(try await config(machine, fixture).environment == "1900000000")
            #expect(try await fixture.provider.inspect(machine)?.state == .running)
        }
    }

    @Test("one that runs is told, without a restart, and the next boot has it from the start")
    func running() async throws {
        try await FlyFixture.with({ $0.visibility = .immediate }) { fixture in
            let machine = try await configured(fixture)
            try await boot(machine, fixture, key: "attempt000000003")
            let before = try await config(machine, fixture)
            await fixture.world.forgetRequests()
            try await fixture.provider.setExpiry(machine, Self.end)
            let after = try await config(machine, fixture)
            #expect(after.metadata == Self.end.text && after.version == before.version)
            #expect(await count("/exec", fixture) == 1)
            #expect(try await fixture.provider.inspect(machine)?.state == .running)
            #expect(try await fixture.provider.inspect(machine)?.otherChanges == [])
            try await boot(machine, fixture, commit: 2, key: "attempt000000004")
            let next = try await config(machine, fixture)
            #expect(next.environment == "1900000000" && next.metadata == Self.end.text)
        }
    }

    @Test("a machine that cannot be told is a failure, not a promise")
    func deaf() async throws {
        try await FlyFixture.with({ $0.visibility = .immediate }) { fixture in
            let machine = try await configured(fixture)
            try await boot(machine, fixture, key: "attempt000000003")
            await fixture.world.setExecResult(
                ExecResult(code: 1, errorOutput: "no such file"), ofMachine: machine.id)
            let failure = await #expect(throws: Failure.self) {
                try await fixture.provider.setExpiry(machine, Self.end)
            }
            #expect(failure?.code == .providerError)
        }
    }

    @Test("one that is gone, or whose marks are gone, is left alone")
    func notOurs() async throws {
        try await FlyFixture.with({ $0.visibility = .immediate }) { fixture in
            let machine = try await configured(fixture)
            let client = FlyFixture.surroundings(of: fixture.simulator).client
            try await client.deleteMetadata("preview_lineage", of: machine.id, in: machine.app)
            let before = try await config(machine, fixture)
            try await fixture.provider.setExpiry(machine, Self.end)
            #expect(try await config(machine, fixture) == before)
            try await fixture.provider.deallocate(machine)
            try await fixture.provider.setExpiry(machine, Self.end)
        }
    }

    @Test("ENGINE 5: the platform's clock is read from its answers")
    func clock() async throws {
        try await FlyFixture.with({ $0.visibility = .immediate }) { fixture in
            let first = try #require(try await fixture.provider.time())
            await fixture.world.advance(by: .seconds(86_400))
            let second = try #require(try await fixture.provider.time())
            #expect((86_400...86_460).contains(second.seconds - first.seconds))
        }
    }
}
