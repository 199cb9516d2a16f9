import PreviewCore
import PreviewSystem
import Testing

@Suite("Plans")
struct PlanTests {
    @Test(
        "R-26: the same inputs give the same bytes, whatever the language, the time zone, the place"
    )
    func sameBytes() async throws {
        try await Sandbox.use { box in
            try box.makeSite("env: { B: b, A: a, C: c }\nsecrets: [KEY_ONE, KEY_TWO]\n")
            let variables = ["KEY_ONE": "value one", "KEY_TWO": "value two"]
            _ = try await box.preview("apply", "--through", "3", "--yes", with: variables)
            try box.write("preview.yaml", box.text("preview.yaml").replacing("A: a", with: "A: z"))
            var seen = Set<String>()
            for (language, zone) in [
                ("C", "UTC"), ("de_DE.UTF-8", "Asia/Tokyo"), ("tr_TR.UTF-8", "America/Chicago"),
            ] {
                for _ in 0..<4 {
                    let outcome = try await box.preview(
                        "plan", "--json",
                        with: variables.merging(["LC_ALL": language, "TZ": zone]) { $1 })
                    #expect(outcome.code == 0, "\(outcome)")
                    seen.insert(outcome.output)
                }
            }
            #expect(seen.count == 1)
            let elsewhere = try await box.run(
                [Program.path, "plan", "--json", "-C", box.project], with: variables, in: "/tmp")
            #expect(elsewhere.output == seen.first, "\(elsewhere)")
            #expect(!(seen.first ?? box.root).contains(box.root), "no path of this machine")
        }
    }

    @Test("exit codes: 0, and 2 with --detailed-exitcode as long as something is pending")
    func exitCodes() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            #expect(try await box.preview("plan").code == 0)
            #expect(try await box.preview("plan", "--detailed-exitcode").code == 2)
            _ = try await box.preview("apply", "--yes")
            #expect(try await box.preview("plan", "--detailed-exitcode").code == 0)
            #expect(try await box.preview("plan", "--destroy", "--detailed-exitcode").code == 2)
            let supervisor = try #require(box.supervisors().first)
            supervisor.signal(9)
            #expect(try await eventually { box.supervisors().isEmpty })
            let drift = try await box.preview("plan", "--detailed-exitcode")
            #expect(
                drift.code == 2 && drift.output.contains("what ran the app is gone"), "\(drift)")
            let blind = try await box.preview("plan", "--detailed-exitcode", "--no-refresh")
            #expect(blind.code == 0, "\(blind)")
            let repaired = try await box.preview("apply", "--yes")
            #expect(repaired.code == 0 && box.supervisors().count == 1, "\(repaired)")
        }
    }

    @Test("H3, A2: a plan shows four steps with sub-actions, the future URL, and the formats")
    func formats() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let text = try await box.preview("plan").output
            for step in Steps.all {
                #expect(text.contains("  \(step.id.number)  \(step.title)"))
                for action in step.subActions { #expect(text.contains(action), "\(action)") }
            }
            #expect(text.contains(".localhost:") && text.contains("(not live yet)"))
            #expect(text.contains("Nothing was changed."))
            let markdown = try await box.preview("plan", "--format", "markdown")
            #expect(markdown.output.contains("| 1 Repository Detection | create |"), "\(markdown)")
            let json = try await box.preview("plan", "--format", "json").json()
            #expect(json["steps"]?.array?.count == 4 && json.at("summary.toRun")?.int == 4)
            #expect(json.at("steps.0.subActions")?.array?.count == 4)
            #expect(json["live"]?.bool == false)
        }
    }

    @Test("R-8, R-9: a saved plan runs while it fits")
    func savedPlan() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let inside = try await box.preview("plan", "--out", "plan.json")
            #expect(inside.code == 64 && inside.errors.contains("part of the folder"), "\(inside)")
            let plan = try await box.preview("plan", "--out", "../plan.json")
            #expect(plan.code == 0 && plan.errors.contains("Saved to ../plan.json"), "\(plan)")
            try await box.shell("test $(stat -c %a ../plan.json) = 600")
            let applied = try await box.preview("apply", "../plan.json", "--yes")
            #expect(applied.code == 0, "\(applied)")
            let twice = try await box.preview("apply", "../plan.json", "--yes")
            #expect(twice.code == 0, "what is done fits still: \(twice)")
        }
    }

    /// What moved since a plan was saved, and the word the refusal shows.
    enum Move: String, CaseIterable, Sendable {
        case config, serial, commit, settings, machineGone

        var word: String {
            switch self {
            case .config: "configuration"
            case .commit: "commit"
            case .serial, .settings: "serial"
            case .machineGone: "machine"
            }
        }

        func make(in box: Sandbox) async throws {
            switch self {
            case .config: try box.write("preview.yaml", box.text("preview.yaml") + "# more\n")
            case .serial: _ = try await box.preview("cancel")
            case .commit: try await box.commit("<h1>three</h1>")
            case .settings:
                let yaml = box.text("preview.yaml")
                try box.write("preview.yaml", yaml + "env: { A: b }\n")
                _ = try await box.preview("apply", "--yes", "--step", "3")
                try box.write("preview.yaml", yaml)
            case .machineGone: try await box.shell("rm -r \(try box.record())/supervisor")
            }
        }
    }

    @Test("R-9: a saved plan is refused with the difference, exit 4", arguments: Move.allCases)
    func stalePlan(move: Move) async throws {
        try await Sandbox.use { box in
            try await box.makeRepository()
            _ = try await box.preview("apply", "--yes", "--through", "3")
            try await box.commit("<h1>two</h1>")
            _ = try await box.preview("apply", "--yes", "--step", "1")
            let saved = try await box.preview("plan", "--out", "\(box.root)/plan.json")
            #expect(saved.code == 0, "\(saved)")
            try await move.make(in: box)
            let refused = try await box.preview("apply", "\(box.root)/plan.json", "--yes")
            #expect(refused.code == 4 && refused.errorCode == "PV0604", "\(refused)")
            #expect(refused.errors.contains(move.word), "the difference is shown: \(refused)")
            #expect(refused.errors.contains(" → "), "\(refused)")
        }
    }

    @Test("R-9: another preview's change refuses nothing")
    func otherPreview() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("plan", "--out", "\(box.root)/plan.json")
            try box.write("other.yaml", box.text("preview.yaml").replacing("shop", with: "other"))
            let other = try await box.preview(
                "apply", "--yes", "--through", "2", "-f", "other.yaml")
            #expect(other.code == 0, "\(other)")
            // other.yaml is part of the folder that is previewed, so the plan names another commit.
            let plan = try await box.preview("plan", "--out", "\(box.root)/plan.json")
            #expect(plan.code == 0, "\(plan)")
            _ = try await box.preview("apply", "--yes", "--step", "3", "-f", "other.yaml")
            let applied = try await box.preview("apply", "\(box.root)/plan.json", "--yes")
            #expect(applied.code == 0, "\(applied)")
        }
    }

    @Test("a plan file that is missing, cut or of another format is wrong usage, exit 64")
    func unreadable() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("plan", "--out", "../plan.json")
            let text = box.text("../plan.json")
            try box.write("cut.json", String(text.prefix(200)))
            try box.write("newer.json", text.replacing("\"format\": 1", with: "\"format\": 9"))
            for name in ["none.json", "cut.json", "newer.json"] {
                let outcome = try await box.preview("apply", name, "--yes")
                #expect(outcome.code == 64 && outcome.errorCode == "PV0607", "\(outcome)")
            }
            #expect(!box.exists(".preview"))
        }
    }

    @Test("R-29: another spelling of the same is no difference")
    func equalMeaning() async throws {
        try await Sandbox.use { box in
            try box.makeSite("resources: { memory: 1gb }\nenv: { A: '1', B: '2' }\n")
            _ = try await box.preview("apply", "--yes", "-f", "preview.yaml")
            for memory in ["1024", "1024mb", "'1gb'"] {
                // Step 1 sees the folder, of which this file is a part.
                try box.write(
                    "\(box.root)/other.yaml",
                    """
                    version: 1
                    name: shop
                    repo: ./project
                    provider: local
                    env: { B: '2', A: '1' }
                    resources: { memory: \(memory) }
                    state: { path: project/.preview }
                    """)
                let plan = try await box.preview(
                    "plan", "--detailed-exitcode", "-f", "\(box.root)/other.yaml")
                #expect(plan.code == 0, "\(memory): \(plan)")
            }
        }
    }

    @Test("U1: a flag goes before PREVIEW_*, that before the file, and plan -v names the source")
    func precedence() async throws {
        try await Sandbox.use { box in
            try await box.makeRepository("branch: main\n")
            try await box.shell(
                "git branch one && git branch two && git branch three", in: box.root + "/repo")
            let file = try await box.preview("plan", "-v")
            #expect(file.errors.contains(/branch +main +\(preview.yaml\)/), "\(file)")
            let variable = try await box.preview("plan", "-v", with: ["PREVIEW_BRANCH": "one"])
            #expect(variable.errors.contains(/branch +one +\(PREVIEW_BRANCH\)/), "\(variable)")
            let flag = try await box.preview(
                "plan", "-v", "--branch", "two", with: ["PREVIEW_BRANCH": "one"])
            #expect(flag.errors.contains(/branch +two +\(--branch\)/), "\(flag)")
            let region = try await box.preview(
                "plan", "-v", with: ["FLY_REGION": "lhr", "PREVIEW_REGION": "ord"])
            #expect(region.errors.contains(/region +ord +\(PREVIEW_REGION\)/), "\(region)")
            let own = try await box.preview("plan", "-v", with: ["FLY_REGION": "lhr"])
            #expect(own.errors.contains(/region +lhr +\(FLY_REGION\)/), "\(own)")
        }
    }

    @Test("fly without a token: plan warns and names the way out, apply is exit 8")
    func withoutToken() async throws {
        try await Sandbox.use { box in
            try await box.makeRepository()
            try box.write(
                "preview.yaml",
                "version: 1\nname: shop\nrepo: file://\(box.root)/repo\nprovider: fly\n")
            let plan = try await box.preview("plan")
            #expect(plan.code == 0 && plan.output.contains("[PV0311]"), "\(plan)")
            #expect(plan.output.contains("--local"), "the way out is named: \(plan)")
            let applied = try await box.preview("apply", "--yes")
            #expect(applied.code == 8 && applied.errorCode == "PV0311", "\(applied)")
            #expect(applied.errors.contains("--local"), "\(applied)")
            let unknown = try await box.preview("plan", "--provider", "heroku")
            #expect(unknown.code == 64 && unknown.errorCode == "PV0701", "\(unknown)")
        }
    }
}
