import PreviewAdapters
import PreviewCore
import Testing

/// What counts as traffic on a machine.
@Suite("D38: the idle time of a machine", .serialized)
struct FlyBootIdleTests {
    private let fixture: GitFixture

    init() throws {
        fixture = try GitFixture()
    }

    @Test("an open connection is traffic, however long")
    func openConnection() async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture)
        try machine.start(.test(fixture, commit: commit), idleTimeout: 2)
        try await machine.untilReady()
        // Twice the idle time.
        #expect(try await machine.ask("/slow") == "hello")
        #expect(try await machine.end() == 0)
        #expect(try machine.events().contains(.stopped(.idle)))
    }

    @Test("short requests are traffic as well, where they are no health checks")
    func shortRequests() async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture)
        try machine.start(.test(fixture, commit: commit), idleTimeout: 4)
        try await machine.untilReady()
        let end = ContinuousClock.now + .seconds(8)
        while ContinuousClock.now < end { try await machine.ask("/nap") }
        #expect(try !machine.events().contains(.stopped(.idle)))
        #expect(try await machine.end() == 0)
    }

    @Test("health checks are no traffic")
    func healthChecks() async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture)
        try machine.start(
            .test(fixture, commit: commit), idleTimeout: 2,
            variables: [BootScript.Name.checkInterval.rawValue: "1"])
        try await machine.untilReady()
        let end = ContinuousClock.now + .seconds(20)
        while try !machine.events().contains(.stopped(.idle)), ContinuousClock.now < end {
            // Refused, once the app is being stopped.
            _ = try? await machine.ask("/nap")
        }
        #expect(ContinuousClock.now < end)
        #expect(try await machine.end() == 0)
    }
}
