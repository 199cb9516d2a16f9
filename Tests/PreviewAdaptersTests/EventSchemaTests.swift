import PreviewAdapters
import PreviewCore
import PreviewTestSupport
import Testing

@Suite("The published schema of events says what the program writes")
struct EventSchemaTests {
    private func lines(_ events: [Event]) -> [JSONValue] {
        events.enumerated().map { index, event in
            LoggedEvent(seq: index + 1, time: FixedClock().now, run: "run-1", event: event).json
        }
    }

    @Test("R-37: every event of a success, a failure and a destruction is valid, and no other form")
    func events() async throws {
        let world = SimulatedWorld()
        let config = try SimulatedWorld.config()
        try await world.apply(config)
        await world.source.fail(with: Failure(.repositoryNotFound, "Repository not found"))
        try await world.destroy()
        await #expect(throws: Failure.self) { try await world.apply(config) }
        let valid = lines(world.reporter.events)
        let failed = try #require(valid.first { $0["type"]?.string == "step_failed" })
        let begun = try #require(valid.first { $0["type"]?.string == "step_begin" })
        let spoilt = [failed, begun].flatMap { SchemaValidator.spoilt($0) }.filter {
            // Further data is welcome.
            $0.path != ["data", "stranger"] && $0.path != ["data", "step", "absent"]
                && $0.path != ["data", "step", "array of arrays"]
        }
        let verdicts = try await SchemaValidator.verdicts(
            valid + spoilt.map(\.document), schema: "event.schema.json")
        for (line, verdict) in zip(valid, verdicts) { #expect(verdict == "accept", "\(line)") }
        for (change, verdict) in zip(spoilt, verdicts.dropFirst(valid.count)) {
            #expect(verdict == "refuse", "\(change.path.joined(separator: "."))")
        }
    }
}
