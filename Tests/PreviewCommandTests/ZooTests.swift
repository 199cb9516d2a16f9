import Testing

@Suite("R-45: a zoo of apps that do not come up")
struct ZooTests {
    @Test("S15, S16: the verdict, the code, the fix, and what is left", arguments: ZooAnimal.all)
    func verdict(on animal: ZooAnimal) async throws {
        try await Sandbox.visit(animal.folder, needing: animal.programs) { box in
            let outcome = try await box.preview("apply", "--yes")
            expectVerdict(of: animal, in: outcome)
            try await box.expectWreck(of: animal)
            try await box.expectRecovery(animal.repairs)
        }
    }

    private func expectVerdict(of animal: ZooAnimal, in outcome: Outcome) {
        #expect(outcome.code == animal.exit, "\(outcome)")
        let report = outcome.errors.split(separator: "\n").map(String.init)
        let start = report.firstIndex { $0.hasPrefix("error[") } ?? report.endIndex
        let told = report[start...].joined(separator: "\n")
        let head = "error\\[\(animal.code)\\]: step 4, Repository Boot: \(animal.message)"
        #expect(matches(report[start...].first ?? "", head), "\(outcome)")
        #expect(outcome.logLines.contains { matches($0, "Error: \(animal.message)") }, "\(outcome)")
        #expect(outcome.logLines.last == "✗ Error: Failed to boot repository")
        for part in animal.prints + animal.evidence {
            #expect(told.contains(part), "\(part): \(outcome)")
        }
        let fix = report[start...].first { $0.hasPrefix("  fix ") } ?? ""
        #expect(fix.contains(animal.fix), "\(fix)")
        #expect(told.contains("  retry        preview apply --step 4"))
        #expect(told.contains("preview explain \(animal.code)"))
        #expect(outcome.output.isEmpty, "no URL is promised")
    }

    private func matches(_ text: String, _ pattern: String) -> Bool {
        // A pattern of this table that cannot be read matches nothing, which fails the test.
        guard let expression = try? Regex(pattern) else { return false }
        return text.wholeMatch(of: expression) != nil
    }
}
