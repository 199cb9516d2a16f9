import Glibc
import PreviewCore
import Testing

@Suite("R-37: events")
struct EventTests {
    /// Runs that succeed, fail, are declined and are destroyed, as JSON lines.
    private static let runs: [([String], Int32)] = [
        (["apply", "--json"], 3), (["apply", "--json", "--yes"], 0),
        (["apply", "--json", "--yes", "--retry-from", "4"], 0),
        (["restart", "--json"], 0), (["stop", "--json"], 0), (["start", "--json"], 0),
        (["apply", "--json", "--step", "2", "--yes"], 0), (["destroy", "--json", "--yes"], 0),
    ]

    @Test("every line is valid against the schema, numbers have no gap, and each run ends once")
    func validLines() async throws {
        try await Sandbox.use { box in
            try box.makeSite("hooks: { on_complete: 'echo hooked' }\n")
            var lines: [String] = []
            for (words, code) in Self.runs {
                let outcome = try await box.run([Program.path] + words)
                #expect(outcome.code == code, "\(outcome)")
                let events = try outcome.events()
                #expect(events.first?["type"]?.string == "run_begin", "\(outcome)")
                #expect(events.last?["type"]?.string == "run_end", "\(outcome)")
                #expect(events.count { $0["type"]?.string == "run_end" } == 1)
                let numbers = events.compactMap { $0["seq"]?.int }
                if let first = numbers.first {
                    #expect(numbers == Array(first..<first + events.count))
                }
                lines += outcome.lines
            }
            try box.makeApp("  install: exit 7\n")
            let failed = try await box.preview("apply", "--json", "--yes")
            #expect(failed.code == 1, "\(failed)")
            let end = try #require(failed.events().last)
            #expect(end.at("data.error.code")?.string == "PV0411", "\(failed)")
            #expect(end.at("data.outcome")?.string == "PV0411")
            lines += failed.lines
            let log = box.text(try box.record() + "/events.jsonl")
            lines += log.split(separator: "\n").map(String.init)
            try await validate(lines, in: box)
        }
    }

    @Test("the last line of a JSON run carries the URL, and B14's events are there in order")
    func contents() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let outcome = try await box.preview("apply", "--json", "--yes")
            let events = try outcome.events()
            #expect(events.last?.at("data.url")?.string?.hasPrefix("http://shop-") == true)
            let kinds = events.compactMap { $0["type"]?.string }
            let milestones = [
                "run_begin", "session", "repository_detected", "machine_allocated",
                "settings_configured", "repository_booted", "run_end",
            ]
            #expect(kinds.filter(milestones.contains) == milestones, "\(kinds)")
            #expect(
                kinds.count { $0 == "phase_end" } == 5 && kinds.count { $0 == "step_begin" } == 4)
            let detected = events.first { $0["type"]?.string == "repository_detected" }
            #expect(detected?.at("data.details.commit")?.string?.isEmpty == false)
            #expect(outcome.errors.isEmpty, "JSON runs say everything in JSON: \(outcome)")
        }
    }

    @Test("A7: a line that a command prints is seen before the step ends")
    func live() async throws {
        try await Sandbox.use { box in
            try box.makeApp(
                "  install: 'echo first words; while test ! -e \(box.root)/go; do sleep 0.05; done'\n"
            )
            let run = try box.start([Program.path, "apply", "--yes", "--json"])
            #expect(try await eventually { run.outputSoFar.contains("first words") })
            let logs = try await box.preview("logs", "--step", "4")
            #expect(logs.output.contains("first words"), "\(logs)")
            #expect(run.child.isRunning)
            try box.write("\(box.root)/go", "")
            let outcome = await run.outcome()
            #expect(outcome.code == 0, "\(outcome)")
        }
    }

    /// Asks an independent judge, where it is there.
    private func validate(_ lines: [String], in box: Sandbox) async throws {
        let script = """
            import json, sys, jsonschema
            schema = json.load(open(sys.argv[1]))
            judge = jsonschema.validators.validator_for(schema)(schema)
            lines = open(sys.argv[2]).read().splitlines()
            wrong = [(l, e.message) for l in lines for e in judge.iter_errors(json.loads(l))]
            print(len(lines), "lines", wrong[:5])
            sys.exit(1 if wrong else 0)
            """
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let check = try await box.run(
            ["/usr/bin/env", "python3", "-c", "import jsonschema"], with: ["PATH": path])
        guard Allowed.check(check.code == 0, "R-37 (schema)", needing: "python3-jsonschema") else {
            return
        }
        try box.write("\(box.root)/lines", lines.joined(separator: "\n"))
        let outcome = try await box.run(
            [
                "/usr/bin/env", "python3", "-c", script, Sources.root + "/schema/event.schema.json",
                "\(box.root)/lines",
            ],
            with: ["PATH": path])
        #expect(outcome.code == 0, "\(outcome)")
    }
}

/// The checkout these tests were built from.
enum Sources {
    static let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
}

@Suite("A log that another process keeps to itself")
struct HeldLogTests {
    /// A process that keeps a file to itself, as one does that was stopped while it added a line.
    private func keep(_ file: String, in box: Sandbox) async throws -> Sandbox.Started {
        let keeper = try box.start(["/usr/bin/flock", "--no-fork", file, "sleep", "600"])
        let isKept = try await eventually {
            try await box.run(["/usr/bin/flock", "--nonblock", file, "true"]).code != 0
        }
        #expect(isKept)
        return keeper
    }

    @Test("it holds a run up for some seconds, once, and the run says what is missing")
    func heldUp() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            #expect(try await box.preview("apply", "--yes").code == 0)
            let log = box.absolute(try box.record() + "/events.jsonl")
            let before = box.bytes(log)
            let keeper = try await keep(log, in: box)
            try box.makeSite("env: { A: '1' }\n")
            let began = ContinuousClock.now
            let applied = try await box.preview("apply", "--yes")
            #expect(applied.code == 0, "\(applied)")
            #expect(ContinuousClock.now - began < .seconds(40))
            #expect(applied.errors.contains("✓ Step 3 completed successfully"), "it is shown")
            let warnings = applied.logLines.filter { $0.contains("keeps \(log) to itself") }
            #expect(warnings.count == 1, "\(applied)")
            #expect(applied.logLines.contains { $0.contains("events of this run are missing") })
            #expect(box.bytes(log) == before)
            keeper.child.signal(9)
            _ = await keeper.outcome()
            try box.makeSite("env: { A: '2' }\n")
            let free = try await box.preview("apply", "--yes")
            #expect(free.code == 0 && !free.errors.contains("to itself"), "\(free)")
            #expect(box.bytes(log).count > before.count)
        }
    }

    @Test("what was said meanwhile is written as soon as it is free again, in order")
    func freedAgain() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            #expect(try await box.preview("apply", "--yes").code == 0)
            let log = box.absolute(try box.record() + "/events.jsonl")
            let keeper = try await keep(log, in: box)
            try box.makeSite("env: { A: '1' }\n")
            let run = try box.start([Program.path, "apply", "--yes"])
            let isHeldUp = try await eventually { run.errorsSoFar.contains("to itself") }
            #expect(isHeldUp, "\(run.errorsSoFar)")
            keeper.child.signal(9)
            _ = await keeper.outcome()
            let applied = await run.outcome()
            #expect(applied.code == 0 && !applied.errors.contains("missing"), "\(applied)")
            let written = box.text(log)
            #expect(written.contains("keeps \(log) to itself"), "the warning, too")
            let begins = written.matches(of: /"type":"run_begin"/).count
            #expect(begins == 2 && written.matches(of: /"type":"run_end"/).count == 2)
        }
    }
}
