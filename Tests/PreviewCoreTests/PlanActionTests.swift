import PreviewCore
import PreviewTestSupport
import Testing

/// A preview that is up, and what the planner makes of a changed wish.
struct PlanStage: Sendable {
    let world: SimulatedWorld
    var config: Config

    /// Applies a configuration with a plain value and a secret.
    init(_ change: (inout Config) -> Void = { _ in }) async throws {
        world = SimulatedWorld()
        config = try SimulatedWorld.config()
        config.environment = ["LOG_LEVEL": "info"]
        config.secrets = [SecretReference(name: "KEY", source: .environment("KEY"))]
        world.secrets.set("KEY", to: "first value")
        change(&config)
        try await world.apply(config)
    }

    /// The plan for the changed configuration.
    func plan(_ change: (inout Config) -> Void = { _ in }) async throws -> Plan {
        var config = config
        change(&config)
        return try await world.plan(config)
    }
}

extension Plan {
    /// The four actions in order.
    var actions: [Action] { steps.map(\.action) }

    /// The change of a field, in any step.
    func change(_ step: StepID, _ field: String) -> Change? {
        self[step].changes.first { $0.field == field }
    }
}

@Suite("SPEC section 4: what a change of the configuration leads to")
struct PlanActionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let actions: [Action]
        let change: @Sendable (inout Config) -> Void
        var testDescription: String { name }

        init(
            _ name: String, _ actions: [Action],
            _ change: @escaping @Sendable (inout Config) -> Void
        ) {
            (self.name, self.actions, self.change) = (name, actions, change)
        }
    }

    static let rows: [Row] = [
        Row("nothing", [.none, .none, .none, .none]) { _ in },
        Row("region", [.none, .replace, .update, .update]) { $0.regions = ["ord"] },
        Row("memory", [.none, .none, .update, .none]) {
            $0.resources = .init(size: "shared-cpu-2x", cpu: 2, memory: 1024)
        },
        Row("size", [.none, .none, .update, .none]) {
            $0.resources = .init(size: "shared-cpu-4x", cpu: 4, memory: 1024)
        },
        Row("env changed", [.none, .none, .update, .update]) {
            $0.environment["LOG_LEVEL"] = "debug"
        },
        Row("env added", [.none, .none, .update, .update]) { $0.environment["COLOUR"] = "blue" },
        Row("env removed", [.none, .none, .update, .update]) { $0.environment = [:] },
        Row("secret removed", [.none, .none, .update, .update]) { $0.secrets = [] },
        Row("idle_timeout", [.none, .none, .update, .none]) { $0.lifecycle.idleTimeout = 60 },
        Row("auto_start", [.none, .none, .update, .none]) { $0.lifecycle.autoStart = false },
        Row("ttl", [.none, .none, .update, .none]) { $0.lifecycle.ttl = nil },
        Row("run.start", [.none, .none, .none, .update]) { $0.run.start = "node ." },
        Row("run.install", [.none, .none, .none, .update]) { $0.run.install = "npm i" },
        Row("run.build", [.none, .none, .none, .update]) { $0.run.build = "make" },
        Row("run.port", [.none, .none, .none, .update]) { $0.run.port = 4000 },
        Row("run.mode", [.none, .none, .none, .update]) { $0.run.mode = .dev },
        Row("run.image", [.none, .none, .none, .update]) { $0.run.image = "node:20" },
        Row("health.path", [.none, .none, .none, .update]) { $0.health.path = "/up" },
        Row("health.timeout", [.none, .none, .none, .update]) { $0.health.timeout = 9 },
        Row("timeouts", [.none, .none, .none, .none]) { $0.timeouts.install = 1 },
        Row("retries", [.none, .none, .none, .none]) { $0.retries.attempts = 9 },
        Row("hooks", [.none, .none, .none, .none]) { $0.hooks.onError = "true" },
        Row("steps", [.none, .none, .none, .none]) { $0.words[.boot] = .init(title: "Go") },
        Row("limits", [.none, .none, .none, .none]) { $0.limits.maxPreviews = 3 },
    ]

    @Test(
        "a changed key leads to the actions of the table, and applying it settles", arguments: rows)
    func table(_ row: Row) async throws {
        let stage = try await PlanStage()
        let plan = try await stage.plan(row.change)
        #expect(plan.actions == row.actions)
        var config = stage.config
        row.change(&config)
        try await stage.world.apply(config)
        #expect(try await stage.world.plan(config).actions == [.none, .none, .none, .none])
    }

    @Test("a first plan creates all four, with name, URL, commit and what is not known yet")
    func first() async throws {
        let world = SimulatedWorld()
        let plan = try await world.plan(SimulatedWorld.config())
        #expect(plan.actions == [.create, .create, .create, .create])
        #expect(plan.steps.allSatisfy { $0.reason == "not done yet" })
        #expect(plan.app == "shop-4f1c9a2e" && plan.url == "https://shop-4f1c9a2e.fly.dev")
        #expect(plan.lineage == nil && plan.serial == 0 && !plan.isLive)
        #expect(plan.observed.commit == SimulatedSource.commit(1))
        #expect(plan.change(.settings, "machine")?.knownAfter == .machine)
        #expect(plan.change(.boot, "commands")?.knownAfter == .repository)
        #expect(plan[.repository].input != nil && plan[.machine].input != nil)
        #expect(plan[.settings].input == nil && plan[.settings].waitsFor == .machine)
        #expect(plan[.boot].input == nil && plan[.boot].waitsFor == .repository)
        #expect(try await world.state() == nil, "plan creates nothing")
        let sizes = await world.store.sizes
        #expect(world.effects.changes.isEmpty && sizes.isEmpty)
    }

    @Test("a moved branch runs steps 1 and 4, and says so")
    func movedBranch() async throws {
        let stage = try await PlanStage()
        await stage.world.source.move(to: SimulatedSource.commit(2))
        let plan = try await stage.plan()
        #expect(plan.actions == [.update, .none, .none, .update])
        #expect(plan[.repository].reason == "new commit" && plan[.boot].reason == "new commit")
        let change = try #require(plan.change(.boot, "commit"))
        #expect(change.before.string == SimulatedSource.commit(1))
        #expect(change.after.string == SimulatedSource.commit(2))
        #expect(plan.change(.boot, "commands")?.knownAfter == .repository)
    }

    @Test("a changed secret shows as sensitive, in steps 3 and 4, without value or digest")
    func secret() async throws {
        let stage = try await PlanStage()
        stage.world.secrets.set("KEY", to: "second value")
        let plan = try await stage.plan()
        #expect(plan.actions == [.none, .none, .update, .update])
        let change = try #require(plan.change(.settings, "secrets.KEY"))
        #expect(change.isSensitive && change.before != change.after)
        let printed = JSONWriter.pretty(PlanDocument.json(of: plan, withDigests: false))
        #expect(printed.contains("(sensitive)"))
        #expect(!printed.contains("scrypt") && !printed.contains("second value"))
        let saved = JSONWriter.pretty(PlanDocument.json(of: plan, withDigests: true))
        let salt = try #require(try await stage.world.state()).salt
        #expect(saved.contains("scrypt") && !saved.contains(salt))
    }

    @Test("a secret that is not available here is a warning, not a change")
    func missingSecret() async throws {
        let stage = try await PlanStage()
        stage.world.secrets.set("KEY", to: nil)
        let plan = try await stage.plan()
        #expect(!plan.hasChanges)
        #expect(plan.warnings.map(\.code) == [.secretMissing])
    }

    @Test("a machine stays while its region is still wanted; its size goes to step 3 only")
    func regionStays() async throws {
        let stage = try await PlanStage { $0.regions = ["dfw", "ord"] }
        #expect(try await stage.plan { $0.regions = ["ord", "dfw"] }.hasChanges == false)
        #expect(try await stage.plan { $0.regions = ["ord"] }[.machine].action == .replace)
    }

    @Test("what is asked for again runs again: a machine is made anew, the others are repeated")
    func retryFrom() async throws {
        let stage = try await PlanStage()
        func actions(_ step: StepID) async throws -> [Action] {
            var request = SimulatedWorld.request(stage.config)
            request.retryFrom = step
            return try await stage.world.applier().plan(request).actions
        }
        #expect(try await actions(.boot) == [.none, .none, .none, .update])
        #expect(try await actions(.settings) == [.none, .none, .update, .update])
        #expect(try await actions(.machine) == [.none, .replace, .update, .update])
        #expect(try await actions(.repository) == [.update, .replace, .update, .update])
    }

    @Test("variables that .env.example names and nothing sets are a warning")
    func missingVariables() async throws {
        let stage = try await PlanStage()
        var detection = Detection()
        detection.projectType = "node"
        detection.commands.start = "npm start"
        detection.requiredVariables = ["LOG_LEVEL", "KEY", "DATABASE_URL", "PORT_RANGE"]
        await stage.world.source.recognise(detection)
        await stage.world.source.move(to: SimulatedSource.commit(2))
        try await stage.world.apply(stage.config)
        let warnings = try await stage.plan().warnings
        #expect(warnings.map(\.code) == [.environmentFile])
        #expect(warnings[0].message.hasSuffix("DATABASE_URL, PORT_RANGE"))
    }

    @Test("own words for a step appear in the plan; ids stay")
    func ownWords() async throws {
        let stage = try await PlanStage()
        let plan = try await stage.plan {
            $0.words[.machine] = .init(title: "Reserve a box", description: "A box.")
        }
        #expect(plan[.machine].title == "Reserve a box" && plan[.machine].summary == "A box.")
        #expect(plan[.machine].id == .machine)
        #expect(plan[.boot].title == "Repository Boot")
    }
}
