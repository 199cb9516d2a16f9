import PreviewCore
import Testing

@Suite("Taking over what another record has")
struct AdoptTests {
    /// A preview that runs, and whose record is lost.
    private func loseRecord(_ box: Sandbox) async throws -> String {
        try box.makeSite()
        let made = try await box.preview("apply", "--yes")
        #expect(made.code == 0, "\(made)")
        let lineage = try box.state().lineage
        try await box.shell("rm \(box.record())/state.json*")
        return lineage
    }

    @Test("R-33: without consent exit 7 with both lineages; with --adopt it is taken over")
    func flag() async throws {
        try await Sandbox.use { box in
            let lineage = try await loseRecord(box)
            let plan = try await box.preview("plan")
            #expect(plan.output.contains("another record"), "the plan warns of it: \(plan)")
            let refused = try await box.preview("apply", "--yes")
            #expect(refused.code == 7 && refused.errorCode == "PV0305", "\(refused)")
            #expect(refused.errors.contains(lineage))
            #expect(refused.errors.contains(try box.state().lineage))
            #expect(refused.errors.contains("preview apply --adopt"), "the fix is named")
            #expect(box.supervisors().count == 1, "what runs goes on")
            let adopted = try await box.preview("apply", "--yes", "--adopt")
            #expect(adopted.code == 0, "\(adopted)")
            #expect(adopted.lines.last == plan.url, "at the URL of the plan")
            #expect(box.supervisors().count == 1)
            let again = try await box.preview("apply", "--yes")
            #expect(again.code == 0 && !again.errors.contains("Executing"), "\(again)")
            let destroyed = try await box.preview("destroy", "--yes")
            #expect(destroyed.code == 0 && box.supervisors().isEmpty, "\(destroyed)")
        }
    }

    @Test("R-33: a person at a terminal is asked, and the answer decides")
    func asked() async throws {
        try await Sandbox.use { box in
            let lineage = try await loseRecord(box)
            for (answer, code) in [("n\n", Int32(7)), ("y\n", 0)] {
                let terminal = try PseudoTerminal()
                let child = try box.start("apply", at: terminal)
                #expect(try await terminal.shows("Run it?"))
                terminal.type("a\n")
                #expect(try await terminal.shows(lineage), "\(terminal.text)")
                #expect(try await terminal.shows("Take it over?"), "\(terminal.text)")
                terminal.type(answer)
                #expect(await child.wait() == .exited(code), "\(terminal.text)")
            }
            #expect(try box.state().lineage != lineage)
            #expect(box.supervisors().count == 1)
        }
    }
}

extension Outcome {
    /// The URL that a plan names.
    fileprivate var url: String? {
        output.split(separator: "\n").first { $0.contains("URL") }?
            .split(separator: " ").dropFirst().first.map(String.init)
    }
}
