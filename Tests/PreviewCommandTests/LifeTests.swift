import Glibc
import PreviewCore
import PreviewSystem
import Testing

@Suite("The life of a preview, and looking at it live")
struct LifeTests {
    @Test("D33: extend moves the end, pin removes it, and a later plan and apply leave both alone")
    func extendAndPin() async throws {
        try await Sandbox.use { box in
            try box.makeSite("lifecycle: { ttl: 2h }\n")
            let early = try await box.preview("extend", "1h")
            #expect(early.code == 1 && early.errorCode == "PV0507", "\(early)")
            #expect(try await box.preview("apply", "--yes").code == 0)
            let first = try #require(try box.state().expiresAt)
            let extended = try await box.preview("extend", "24h")
            #expect(extended.code == 0, "\(extended)")
            let second = first + 86_400
            #expect(extended.output.contains("lives until \(second.text)"), "\(extended)")
            #expect(try box.state().expiresAt == second)
            let plan = try await box.preview("plan", "--detailed-exitcode")
            #expect(plan.code == 0, "\(plan)")
            try box.write(
                "preview.yaml", Sandbox.configuration("env: { A: '1' }\nlifecycle: { ttl: 1h }\n"))
            #expect(try await box.preview("apply", "--yes").code == 0)
            #expect(try box.state().expiresAt == second, "the ttl of the file does not come back")
            let record = try box.record()
            for file in ["machine", "settings"] {
                let document = try JSONReader.read(
                    box.bytes("\(record)/supervisor/\(file).json"))
                #expect(document["expiresAt"]?.string == second.text, "\(file)")
            }
            let pinned = try await box.preview("pin", "--json")
            let end = try #require(try pinned.events().last)
            #expect(end.at("data.expiresAt")?.isNull == true, "\(pinned)")
            #expect(end.at("data.chosenEnd")?.string == "never", "\(pinned)")
            let status = try await box.preview("status")
            #expect(status.output.contains("no end of life: pinned"), "\(status)")
            let unpinned = try await box.preview("pin", "--remove")
            #expect(unpinned.code == 0, "\(unpinned)")
            #expect(try box.state().expiresAt == (try box.state().createdAt) + 3600)
        }
    }

    @Test(
        "a duration that is none is wrong usage", arguments: ["0s", "1w", "1h30m", "never", "24"])
    func wrongDuration(_ duration: String) async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let outcome = try await box.preview("extend", duration)
            #expect(outcome.code == 64, "\(outcome)")
        }
    }

    @Test("R-13: extend under another's lock is exit 5 and changes nothing")
    func locked() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            #expect(try await box.preview("apply", "--yes").code == 0)
            let before = box.bytes(try box.record() + "/state.json")
            let holder = try box.start(
                ["/usr/bin/flock", "\(box.project)/\(try box.record())/lock", "/bin/sleep", "60"])
            _ = try await eventually {
                try await box.run(
                    ["/usr/bin/flock", "-n", try box.record() + "/lock", "/bin/true"]
                ).code != 0
            }
            let outcome = try await box.preview("extend", "1h")
            #expect(outcome.code == 5 && outcome.errorCode == "PV0504", "\(outcome)")
            #expect(box.bytes(try box.record() + "/state.json") == before)
            holder.child.signal(SIGKILL)
        }
    }

    @Test("S4: status --live looks once in a pipe, and fails where the provider cannot be asked")
    func liveOnce() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            #expect(try await box.preview("apply", "--yes", "--through", "1").code == 0)
            let early = try await box.preview("status", "--live")
            #expect(early.code == 0 && early.output.contains("deployed    no"), "\(early)")
            #expect(try await box.preview("apply", "--yes").code == 0)
            let live = try await box.preview("status", "--live")
            let machine = try #require(try box.state().output(of: AllocateMachine())?.machine)
            for part in [
                "deployed    yes", machine.id, "region      local", "created     2", machine.url,
            ] {
                #expect(live.output.contains(part), "\(part): \(live)")
            }
            let json = try await box.preview("status", "--live", "--json").json()
            #expect(json["deployed"]?.bool == true && json.at("machine.id")?.string == machine.id)
            #expect(json.at("machine.createdAt")?.string.flatMap { Timestamp($0) } != nil)
        }
    }

    @Test("S4: at a terminal status --live goes on looking until Ctrl-C")
    func liveOn() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            #expect(try await box.preview("apply", "--yes").code == 0)
            let terminal = try PseudoTerminal()
            let child = try box.start("status", "--live", at: terminal)
            #expect(try await terminal.shows("running"), "\(terminal.text)")
            #expect(try await box.preview("stop").code == 0)
            #expect(try await terminal.shows("stopped"), "\(terminal.text)")
            terminal.type("\u{3}")
            #expect(await child.wait() == .exited(130))
        }
    }

    @Test("P5: export writes fly.toml and never overwrites one without --force")
    func export() async throws {
        try await Sandbox.use { box in
            try box.makeApp("secrets: [API_KEY]\n")
            let shown = try await box.preview("export", "fly.toml", "--print")
            #expect(shown.code == 0 && shown.output.contains("force_https = true"), "\(shown)")
            #expect(!box.exists("fly.toml") && !box.exists(".preview"), "showing makes nothing")
            let first = try await box.preview(
                "export", "fly.toml", with: ["API_KEY": "hidden-value-1234"])
            #expect(first.code == 0 && box.text("fly.toml") == shown.output, "\(first)")
            #expect(!box.text("fly.toml").contains("hidden-value-1234"))
            try box.write("fly.toml", "# mine\n")
            let second = try await box.preview("export", "fly.toml")
            #expect(second.code == 64 && box.text("fly.toml") == "# mine\n", "\(second)")
            let forced = try await box.preview("export", "fly.toml", "--force", "--json")
            #expect(try forced.json()["isWritten"]?.bool == true, "\(forced)")
            #expect(box.text("fly.toml") != "# mine\n")
            #expect(try await box.preview("export", "compose.yaml").code == 64)
        }
    }
}
