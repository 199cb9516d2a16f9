import PreviewCore
import Testing

@Suite("A zoo of apps with secrets")
struct ZooSecretTests {
    /// With characters that spellings differ by, and long enough to be told from chance.
    private static let secret = "zoo/S3cr3t+K3y &of=\"the\" keeper"

    /// Spellings of it, and of its halves, which two writes must not let through either.
    private static let traces = [
        "S3cr3t", "K3y &of", "keeper", "Y3IzdCtLM3k", "NyM3QrSzN5", "cjN0K0szeS",
    ]

    @Test("R-23: terminal control and a secret in many spellings reach no terminal and no file")
    func terminalCodes() async throws {
        try await Sandbox.visit("terminal-codes") { box in
            let variables = ["ZOO_SECRET": Self.secret]
            let outcome = try await box.preview("apply", "--yes", with: variables)
            #expect(outcome.code == 1 && outcome.errorCode == "PV0412", "\(outcome)")
            expectClean(outcome.output + outcome.errors, "the terminal")
            let json = try await box.preview("apply", "--yes", "--json", with: variables)
            expectClean(json.output + json.errors, "--json")
            let logs = try await box.preview("logs", "--step", "4", with: variables)
            #expect(logs.output.contains("password=***"), "\(logs)")
            #expect(logs.output.contains("first half *** second half"), "\(logs)")
            #expect(logs.output.contains("Error: cannot log in with ***"), "\(logs)")
            expectClean(logs.output + logs.errors, "logs")
            let record = try box.record()
            let files = box.files(below: record).filter { !$0.contains("/checkout/") }
            #expect(files.contains { $0.hasSuffix("/app.log") })
            for file in files { expectClean(box.text(file), file) }
        }
    }

    private func expectClean(_ text: String, _ place: String) {
        for trace in Self.traces { #expect(!text.contains(trace), "\(trace) in \(place)") }
        let control = text.unicodeScalars.first { scalar in
            (scalar.value < 0x20 && scalar != "\n" && scalar != "\t")
                || (0x7F..<0xA0).contains(scalar.value)
                || (0x202A...0x202E).contains(scalar.value)
        }
        #expect(control == nil, "\(control?.value ?? 0) in \(place)")
    }

    @Test("a secret that is not here fails step 3, by name; with it the app comes up")
    func missing() async throws {
        try await Sandbox.visit("needs-a-secret") { box in
            let failed = try await box.preview("apply", "--yes")
            #expect(failed.code == 1 && failed.errorCode == "PV0402", "\(failed)")
            #expect(
                failed.errors.contains(
                    "step 3, Settings Configuration: the secret `ZOO_SECRET` is not available here"
                )
            )
            #expect(failed.errors.contains("environment variable ZOO_SECRET, then .env"))
            #expect(failed.errors.contains("retry        preview apply --step 3"))
            #expect(try box.state()[.boot].attempt == nil, "step 4 was not begun")
            let variables = ["ZOO_SECRET": Self.secret]
            let applied = try await box.preview("apply", "--yes", with: variables)
            #expect(applied.code == 0, "\(applied)")
            try await box.expectDestroyed()
        }
    }
}
