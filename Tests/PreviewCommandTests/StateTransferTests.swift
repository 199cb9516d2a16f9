import PreviewCore
import Testing

@Suite("Records that are encrypted, copied and pushed")
struct StateTransferTests {
    private static let key = String(repeating: "ab", count: 32)
    private static let other = String(repeating: "cd", count: 32)

    @Test(
        "an encrypted record serves every command, is opened by its key only, and the key can change"
    )
    func encrypted() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            try box.write(
                "preview.yaml",
                Sandbox.configuration(
                    """
                    state: { encrypt: { key: env:STATE_KEY } }
                    hooks: { on_complete: 'env > ../hook' }

                    """))
            let missing = try await box.preview("plan")
            #expect(missing.code == 7 && missing.errorCode == "PV0517", "\(missing)")
            let set = ["STATE_KEY": Self.key]
            let applied = try await box.preview("apply", "--yes", with: set)
            #expect(applied.code == 0, "\(applied)")
            let given = box.text("../hook")
            #expect(given.contains("PREVIEW_SESSION_ID") && !given.contains(Self.key), "\(given)")
            let file = try box.record() + "/state.json"
            #expect(!box.text(file).contains("shop") && !box.text(file).contains("lineage"))
            let unchanged = try await box.preview("plan", "--detailed-exitcode", with: set)
            #expect(unchanged.code == 0, "\(unchanged)")
            let wrong = try await box.preview("status", with: ["STATE_KEY": Self.other])
            #expect(wrong.code == 7 && wrong.errorCode == "PV0517", "\(wrong)")
            #expect(!wrong.errors.contains(Self.other))
            let both = ["STATE_KEY": "\(Self.other),\(Self.key)"]
            let rekeyed = try await box.preview("state", "rekey", with: both)
            #expect(rekeyed.code == 0, "\(rekeyed)")
            let new = ["STATE_KEY": Self.other]
            #expect(try await box.preview("status", with: new).code == 0)
            let versions = try await box.preview("state", "list", with: new)
            #expect(versions.output.contains("encrypted, and not with a key"), "\(versions)")
            #expect(try await box.preview("destroy", "--yes", with: new).code == 0)
        }
    }

    @Test(
        "pull and push go round, an older document is refused, and migrate copies to a folder and back"
    )
    func roundTrip() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--through", "2", "--yes")
            let pulled = try await box.preview("state", "pull")
            #expect(pulled.output == box.text(try box.record() + "/state.json"), "byte for byte")
            try box.write("record.json", pulled.output)
            let same = try await box.preview("state", "push", "record.json")
            #expect(same.code == 0 && same.output.contains("already"), "\(same)")
            let more = try await box.preview("apply", "--through", "3", "--yes")
            #expect(more.code == 0, "\(more)")
            let older = try await box.preview("state", "push", "record.json")
            #expect(older.code == 6 && older.errorCode == "PV0519", "\(older)")
            let elsewhere = try await box.preview(
                "state", "migrate", "--from", ".preview", "--state", "team")
            #expect(elsewhere.code == 0 && elsewhere.output.contains("copied"), "\(elsewhere)")
            let again = try await box.preview(
                "state", "migrate", "--from", "{ path: .preview }", "--state", "team", "--json")
            #expect(try again.json().at("records.0.outcome") == "present", "\(again)")
            let list = try await box.preview("list", "--state", "team")
            #expect(list.output.contains("in_progress"), "\(list)")
            let back = try await box.preview("state", "migrate", "--from", "team")
            #expect(back.code == 0 && back.output.contains("already"), "\(back)")
            let broken = try await box.preview("state", "migrate", "--from", "{ store: heroku }")
            #expect(broken.code == 65, "\(broken)")
            _ = try await box.preview("destroy", "--yes")
        }
    }
}
