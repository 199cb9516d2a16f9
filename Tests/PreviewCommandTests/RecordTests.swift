import PreviewCore
import Testing

@Suite("Looking after the record")
struct RecordTests {
    /// What may have happened to a record's file.
    enum Damage: String, CaseIterable, Sendable {
        case missing, empty, cut, altered, foreign, newer, folder, otherType

        var code: String {
            switch self {
            case .foreign: "PV0503"
            case .newer: "PV0502"
            default: "PV0501"
            }
        }

        func make(_ path: String, in box: Sandbox) async throws {
            let text = box.text(path)
            switch self {
            case .missing: try await box.shell("rm \(path)")
            case .empty: try box.write(path, "")
            case .cut: try box.write(path, String(text.prefix(text.count / 2)))
            case .altered:
                try box.write(
                    path, text.replacing("\"branch\":\"main\"", with: "\"branch\":\"mein\""))
            case .newer: try box.write(path, text.replacing("\"format\":1", with: "\"format\":99"))
            case .otherType: try box.write(path, "[1, 2, 3]")
            case .folder: try await box.shell("rm \(path) && mkdir \(path)")
            case .foreign:
                var state = try StateFile.decode(box.bytes(path))
                state.source = String(repeating: "0", count: 64)
                try box.write(path, StateFile.encode(state))
            }
        }
    }

    @Test(
        "R-2, R-36: a damaged record is exit 7 with the newest good version, for every command",
        arguments: Damage.allCases)
    func damage(_ damage: Damage) async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--through", "3", "--yes")
            let path = try box.record() + "/state.json"
            let serial = try box.state().serial
            try await damage.make(path, in: box)
            let before = try await box.shell(
                "find .preview -name 'state.json*' | sort | xargs ls -ld --time-style=full-iso")
            for words in [["plan"], ["apply", "--yes"], ["status"], ["destroy", "--yes"]] {
                let outcome = try await box.run([Program.path] + words)
                if damage == .folder {
                    #expect(outcome.code == 1 || outcome.code == 7, "\(outcome)")
                    continue
                }
                #expect(outcome.code == 7 && outcome.errorCode == damage.code, "\(outcome)")
                if damage == .newer {
                    #expect(outcome.errors.contains("99"), "the version is named: \(outcome)")
                } else {
                    #expect(outcome.errors.contains("newest good version"), "\(outcome)")
                }
            }
            let after = try await box.shell(
                "find .preview -name 'state.json*' | sort | xargs ls -ld --time-style=full-iso")
            #expect(after == before, "nothing was touched")
            guard damage != .newer, damage != .folder else { return }
            try await restore(box, past: serial)
        }
    }

    private func restore(_ box: Sandbox, past serial: Int) async throws {
        let verified = try await box.preview("state", "verify")
        let isForeign = verified.code == 0
        #expect(verified.code == 7 || isForeign, "\(verified)")
        let restored = try await box.run(
            [Program.path, "state", "restore"] + (isForeign ? ["--yes"] : []))
        #expect(restored.code == 0 && restored.output.contains("Restored"), "\(restored)")
        #expect(try box.state().serial > serial - 1, "the serial goes on: \(restored)")
        let again = try await box.preview("apply", "--yes")
        #expect(again.code == 0, "\(again)")
        #expect(box.supervisors().count == 1)
    }

    @Test("state show, list, verify: what they print is what is there")
    func looking() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let nothing = try await box.preview("state", "show")
            #expect(nothing.code == 1 && nothing.errorCode == "PV0507", "\(nothing)")
            _ = try await box.preview("apply", "--yes")
            let shown = try await box.preview("state", "show").json()
            #expect(shown["serial"]?.int == (try box.state().serial))
            #expect(shown["lineage"]?.string == (try box.state().lineage))
            let list = try await box.preview("state", "list", "--json").json()
            #expect(list["versions"]?.array?.count == 6, "the current one and five before it")
            let verify = try await box.preview("state", "verify", "--json").json()
            #expect(verify.at("records.0.good")?.bool == true)
        }
    }

    @Test("R-34: a write is as large after many runs as after the first")
    func flatRecord() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--through", "3", "--yes")
            let first = box.bytes(try box.record() + "/state.json").count
            for _ in 0..<10 {
                let run = try await box.preview(
                    "apply", "--retry-from", "1", "--through", "3", "--yes")
                #expect(run.code == 0, "\(run)")
            }
            let last = box.bytes(try box.record() + "/state.json").count
            #expect(abs(last - first) < 16, "\(first), then \(last) bytes")
            let kept = box.entries(try box.record()).filter { $0.hasPrefix("state.json.") }
            #expect(kept.count == 5, "\(kept)")
        }
    }

    @Test("R-35: a torn or foreign line in a log is skipped and reported, and stops nothing")
    func tornLogs() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--yes")
            let record = try box.record()
            for name in ["events.jsonl", "runs.jsonl"] {
                let path = "\(record)/\(name)"
                let text = box.text(path)
                for length in [text.count - 1, text.count - 40, text.count / 2] {
                    try box.write(path, String(text.prefix(length)))
                    for words in [["logs"], ["history"], ["status"], ["plan"]] {
                        let outcome = try await box.run([Program.path] + words)
                        #expect(outcome.code == 0, "\(outcome)")
                    }
                }
                try box.write(path, text + "no JSON at all\n\u{0}\u{1}\n")
                let command = name == "events.jsonl" ? "logs" : "history"
                let outcome = try await box.preview(command)
                #expect(outcome.code == 0 && outcome.errors.contains("2 torn lines"), "\(outcome)")
            }
            let apply = try await box.preview("apply", "--retry-from", "4", "--yes")
            #expect(apply.code == 0, "\(apply)")
            try await box.shell("rm \(record)/events.jsonl \(record)/runs.jsonl")
            let destroyed = try await box.preview("destroy", "--yes")
            #expect(destroyed.code == 0, "\(destroyed)")
        }
    }

    @Test("R-15: a clock set back or forth by a day changes neither order nor resumption")
    func clockJumps() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--through", "2", "--yes")
            let path = try box.record() + "/state.json"
            var state = try box.state()
            for step in StepID.allCases {
                state.steps[step]?.applied?.at = Timestamp(seconds: 4_000_000_000)
            }
            state.updatedAt = Timestamp(seconds: 4_000_000_000)
            try box.write(path, StateFile.encode(state), mode: 0o600)
            let serial = state.serial
            let again = try await box.preview("apply", "--yes")
            #expect(again.code == 0, "\(again)")
            #expect(try box.state().serial > serial)
            let status = try await box.preview("status")
            #expect(!status.output.contains(/[ (]-[0-9]/), "no duration is negative: \(status)")
        }
    }

    @Test("destroying leaves the history readable, and a new begin counts on with a new lineage")
    func beginAgain() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("apply", "--yes")
            let first = try box.state()
            _ = try await box.preview("destroy", "--yes")
            let history = try await box.preview("history", "--json").json()
            #expect(history["runs"]?.array?.count == 2)
            let list = try await box.preview("list", "--json").json()
            #expect(list["sessions"]?.array?.isEmpty == true)
            let all = try await box.preview("list", "--all", "--json").json()
            #expect(all["sessions"]?.array?.count == 1)
            let again = try await box.preview("apply", "--yes")
            #expect(
                again.code == 0 && again.logLines.first == "Setup session created successfully",
                "\(again)")
            let second = try box.state()
            #expect(second.lineage != first.lineage && second.serial > first.serial)
            let verified = try await box.preview("state", "verify")
            #expect(verified.code == 0, "\(verified)")
        }
    }
}
