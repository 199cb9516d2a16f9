import PreviewCore
import PreviewTestSupport
import Testing

@Suite("Plans: reasons, equal meanings, equal bytes")
struct PlanMeaningTests {
    /// Changes that can be combined freely.
    private static let changes: [@Sendable (inout Config) -> Void] = [
        { $0.regions = ["ord"] },
        { $0.resources = .init(size: "shared-cpu-4x", cpu: 4, memory: 4096) },
        { $0.environment["LOG_LEVEL"] = "debug" },
        { $0.environment["NEW"] = "1" },
        { $0.lifecycle.ttl = 60 },
        { $0.run.start = "node ." },
        { $0.health.path = "/up" },
        { $0.secrets = [] },
    ]

    @Test("R-28: every change has reason and cause, every replacement names its attribute")
    func reasons() async throws {
        let stage = try await PlanStage()
        for set in 0..<(1 << Self.changes.count) {
            let plan = try await stage.plan { config in
                for (bit, change) in Self.changes.enumerated() where set & 1 << bit != 0 {
                    change(&config)
                }
            }
            #expect(plan.hasChanges == (set != 0))
            for step in plan.steps {
                #expect(step.action == .none || !step.reason.isEmpty)
                // New settings are shown field by field in step 3.
                let isShown = step.reason != "new settings"
                #expect(
                    (step.action == .none) == step.changes.isEmpty || !isShown, "\(set) \(step)")
                let forcing = step.changes.filter(\.forcesReplacement).map(\.field)
                #expect((step.action == .replace) == !forcing.isEmpty, "\(set) \(step)")
                if step.action == .replace { #expect(forcing == ["region"]) }
            }
        }
    }

    @Test("R-29: the order of secrets means nothing")
    func orderOfSecrets() async throws {
        let names = ["B", "A", "C"]
        let references = names.map { SecretReference(name: $0, source: .environment($0)) }
        let world = SimulatedWorld()
        for name in names { world.secrets.set(name, to: "value of \(name)") }
        var config = try SimulatedWorld.config()
        config.secrets = references
        try await world.apply(config)
        config.secrets = references.reversed()
        #expect(try await world.plan(config).hasChanges == false)
    }

    @Test("R-29: where a secret comes from means nothing while its value is the same")
    func originOfSecret() async throws {
        let stage = try await PlanStage()
        let plan = try await stage.plan {
            $0.secrets = [SecretReference(name: "KEY", source: .file("/run/key"))]
        }
        #expect(!plan.hasChanges)
    }

    @Test("R-29: what the provider leaves out of its echo is no difference")
    func silentEcho() async throws {
        let stage = try await PlanStage()
        await stage.world.provider.change {
            $0.machines[0].settingsRevision = nil
            $0.machines[0].commit = nil
        }
        #expect(try await stage.plan().hasChanges == false)
    }

    @Test("R-26: the same inputs give byte-equal JSON in 100 runs with shuffled dictionaries")
    func equalBytes() async throws {
        let names = (0..<20).map { "NAME_\($0)" }
        var first: [UInt8]?
        for round in 0..<100 {
            let stage = try await PlanStage { config in
                // Another order of insertion and another capacity give another order inside.
                config.environment = Dictionary(minimumCapacity: 20 + round)
                for name in names.shuffled() { config.environment[name] = "value" }
            }
            await stage.world.source.move(to: SimulatedSource.commit(2))
            var plan = try await stage.plan { $0.environment["NAME_0"] = "other" }
            plan.configDigest = "the same"
            let bytes = JSONWriter.line(PlanDocument.json(of: plan, withDigests: true))
            #expect(bytes == first ?? bytes)
            first = bytes
        }
    }

    @Test("R-26: no clock reading, and no state before the first apply, is in a plan")
    func noClock() async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        let before = try await world.plan(config)
        world.clock.advance(seconds: 3600)
        let after = try await world.plan(config)
        #expect(before == after, "another time, other random bytes")
    }

    @Test("the plan document has every step with its sub-actions, and a saved plan comes back")
    func document() async throws {
        let stage = try await PlanStage()
        stage.world.secrets.set("KEY", to: "second value")
        let plan = try await stage.plan { $0.regions = ["ord"] }
        let document = PlanDocument.json(of: plan, withDigests: true)
        #expect(document["steps"]?.array?.count == 4)
        let subActions = document["steps"]?.array?.map { $0["subActions"]?.array?.count }
        #expect(subActions == [4, 4, 4, 4])
        let read = try PlanDocument.plan(
            from: JSONReader.read(JSONWriter.pretty(document)))
        var expected = plan
        (expected.drift, expected.warnings, expected.cost) = ([], [], nil)
        #expect(read == expected)
    }

    @Test("a document that is no saved plan is refused as wrong usage")
    func noPlan() async throws {
        let document = PlanDocument.json(of: try await PlanStage().plan(), withDigests: true)
        let removals = ["format", "lineage", "provider", "steps", "app", "serial", "configDigest"]
        for name in removals {
            var object = try #require(document.object)
            object[name] = nil
            #expect(throws: Failure.self) { try PlanDocument.plan(from: .object(object)) }
        }
        var object = try #require(document.object)
        object["steps"] = .array(try #require(document["steps"]?.array).reversed())
        let failure = #expect(throws: Failure.self) {
            try PlanDocument.plan(from: .object(object))
        }
        #expect(failure?.code == .planUnreadable && failure?.kind == .usage)
    }
}
