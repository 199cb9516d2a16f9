import FlySimulator
import PreviewCore
import Testing

@Suite("Many previews at once, within the platform's limits")
struct FlyFleetTests {
    @Test("of ten previews applied by ten processes none fails, and each is there once")
    func fleet() async throws {
        func slow(_ configuration: inout SimulatorConfiguration) {
            configuration.rateLimits = .documented
            configuration.latency = .milliseconds(50)
        }
        try await SimulatedFly.use(slow) { fly in
            try await fly.makeRepository()
            let branches = (0..<10).map { "branch-\($0)" }
            let repository = fly.box.root + "/repo"
            for branch in branches {
                try await fly.box.shell("git branch \(branch)", in: repository)
            }
            let runs = try branches.map {
                try fly.box.start(
                    [Program.path, "apply", "--yes", "--branch", $0], with: fly.variables)
            }
            for run in runs {
                let outcome = await run.outcome()
                #expect(outcome.code == 0, "\(outcome)")
            }
            let refusals = await fly.world.requests.filter { $0.status == 429 }.count
            #expect(refusals > 0, "the limits were met")
            let apps = await fly.apps()
            #expect(apps.count == 10)
            #expect(await fly.machines().count == 10)
            #expect(apps.allSatisfy { $0["addresses"]?.array?.count == 2 })
        }
    }
}
