import PreviewCore
import PreviewTestSupport
import Testing

@Suite("The published schemas of record and plan say what the program writes")
struct SchemaTests {
    /// Results of steps may have further fields, and what a provider says of sizes is its own.
    private static func isOpen(_ path: [String]) -> Bool {
        guard let last = path.last else { return false }
        return last == "output" || last == "environment" || last == "digests"
            || last.hasSuffix("Details")
    }

    /// Members that are there only when there is something to say.
    private static let optional: Set<String> = [
        "subject", "commit", "image", "install", "build", "start", "staticRoot", "runtime", "port",
        "idleTimeout", "ttl", "joint", "digests", "repository", "machine", "settings", "boot",
        "chosenEnd", "drift",
    ]

    private func check(
        valid: [JSONValue], spoilt: [(path: [String], document: JSONValue)], schema: String
    ) async throws {
        let verdicts = try await SchemaValidator.verdicts(
            valid + spoilt.map(\.document), schema: schema)
        for (document, verdict) in zip(valid, verdicts) {
            #expect(
                verdict == "accept", "\(String(decoding: JSONWriter.line(document), as: UTF8.self))"
            )
        }
        for (change, verdict) in zip(spoilt, verdicts.dropFirst(valid.count)) {
            #expect(verdict == "refuse", "\(change.path.joined(separator: "."))")
        }
    }

    /// What is left after removing a member that need not be there is no mistake.
    private func mistakes(
        in document: JSONValue
    ) -> [(path: [String], document: JSONValue)] {
        SchemaValidator.spoilt(document, isOpen: Self.isOpen).filter { change in
            guard change.path.last == "absent", let name = change.path.dropLast().last else {
                return true
            }
            // The top level has members of the same names that must be there.
            let isTopLevel = change.path.count == 2 && name != "chosenEnd"
            let isStep = change.path.count == 3 && change.path.first == "steps"
            return isTopLevel
                || !(Self.optional.contains(name) && (isStep || change.path.count != 3))
        }
    }

    private static func document(_ world: SimulatedWorld) async throws -> JSONValue {
        let stored = try await world.store.read(SimulatedWorld.identity.folder)
        return try JSONReader.read(try #require(stored).bytes)
    }

    /// Everything that was ever written in runs of many kinds.
    private static func records() async throws -> [JSONValue] {
        var documents: [JSONValue] = []
        var full = try await StateFileTests.full()
        for end in [ChosenEnd.never, .at(full.createdAt)] {
            full.chosenEnd = end
            documents.append(try JSONReader.read(StateFile.encode(full)))
        }
        for provider in [ProviderName.fly, .local] {
            let world = SimulatedWorld(provider: provider)
            let written = Written()
            await world.store.setHook {
                if let bytes = try await world.store.read(SimulatedWorld.identity.folder)?.bytes {
                    await written.add(bytes)
                }
            }
            var config = try SimulatedWorld.config()
            config.provider = provider
            config.lifecycle.ttl = nil
            config.run.image = "node:22"
            config.run.mode = .dev
            try await world.apply(config)
            config.lifecycle.idleTimeout = nil
            await world.provider.setHook { call, moment in
                guard call == .configure, moment == .after else { return }
                throw Rejection(Failure(.settingsFailed, "refused"))
            }
            await #expect(throws: Failure.self) { try await world.apply(config) }
            for wish in [LifeChange.Wish.extend(3600), .pin, .unpin] {
                _ = try await LifeChange(
                    world: world.world, store: world.store, holder: SimulatedWorld.holder
                ).make(wish, of: SimulatedWorld.identity.folder, lockTimeout: .zero)
            }
            _ = try await Cancellation.cancel(
                SimulatedWorld.identity.folder, in: world.store, now: { world.clock.now })
            try await world.destroy()
            documents += try await written.all.map { try JSONReader.read($0) }
        }
        return documents
    }

    private actor Written {
        private(set) var all: [[UInt8]] = []

        func add(_ bytes: [UInt8]) {
            if all.last != bytes { all.append(bytes) }
        }
    }

    @Test("schema/state.schema.json accepts every record of many runs, and no other form of one")
    func state() async throws {
        let records = try await Self.records()
        #expect(records.count > 30)
        let first = try #require(records.first)
        try await check(
            valid: records, spoilt: mistakes(in: first), schema: "state.schema.json")
    }

    @Test("schema/plan.schema.json accepts plans of every kind, and no other form of one")
    func plan() async throws {
        let world = SimulatedWorld()
        var plans = [try await world.plan(SimulatedWorld.config())]
        let stage = try await PlanStage()
        plans.append(try await stage.plan())
        plans.append(try await stage.plan { $0.regions = ["ord"] })
        stage.world.secrets.set("KEY", to: nil)
        plans.append(try await stage.plan { $0.environment["NEW"] = "1" })
        stage.world.secrets.set("KEY", to: "another")
        await stage.world.provider.change { $0.machines = [] }
        let gone = try await stage.plan()
        plans.append(gone)
        let documents = plans.flatMap { plan in
            [true, false].map { PlanDocument.json(of: plan, withDigests: $0) }
        }
        let spoilt = SchemaValidator.spoilt(try #require(documents.last)) { path in
            path.last == "cost" || path.last == "environment"
        }
        try await check(valid: documents, spoilt: spoilt, schema: "plan.schema.json")
    }

    @Test("codes, actions and kinds in the schemas are those of the program")
    func words() throws {
        func words(_ schema: String, _ path: String...) throws -> [String] {
            let file = "\(SchemaValidator.repository)/schema/\(schema)"
            var value: JSONValue? = try JSONReader.read(ConfigCorpus.bytes(file))
            for name in path { value = value?[name] }
            return try #require(value?["enum"]?.array).compactMap(\.string)
        }
        let event = "event.schema.json"
        #expect(try words(event, "properties", "type") == Event.Kind.allCases.map(\.rawValue))
        #expect(try words(event, "properties", "level") == Event.Level.allCases.map(\.rawValue))
        let state = "state.schema.json"
        #expect(
            try words(state, "$defs", "call", "properties", "object")
                == ObjectKind.allCases.map(\.rawValue))
        #expect(
            try words(state, "$defs", "session", "properties", "overallStatus")
                == Session.OverallStatus.allCases.map(\.rawValue))
        #expect(
            try words(state, "$defs", "session", "properties", "step1Status")
                == Session.StepStatus.allCases.map(\.rawValue))
    }
}
