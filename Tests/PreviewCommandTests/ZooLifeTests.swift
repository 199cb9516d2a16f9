import PreviewCore
import PreviewSystem
import Testing

@Suite("A zoo of apps that come up, and misbehave")
struct ZooLifeTests {
    @Test("R-45, Q11: on loopback only: reached here, with a warning")
    func loopback() async throws {
        try await Sandbox.visit("listens-on-loopback") { box in
            let outcome = try await box.preview("apply", "--yes")
            #expect(outcome.code == 0, "\(outcome)")
            let warning = outcome.logLines.first {
                $0.hasPrefix("Warning: the app listens on 127.")
            }
            #expect(warning?.contains("where HOST is 0.0.0.0, as on fly") == true, "\(outcome)")
            try await box.expectDestroyed()
        }
    }

    @Test("R-31: a first answer after eleven seconds is in time, and the wait shows signs of life")
    func late() async throws {
        try await Sandbox.visit("answers-late") { box in
            let outcome = try await box.preview("apply", "--yes")
            #expect(outcome.code == 0, "\(outcome)")
            let sign = /\s*waiting for an answer from http:\S+, 1[0-9] s of 1[0-9]+ s/
            #expect(outcome.logLines.contains { $0.wholeMatch(of: sign) != nil }, "\(outcome)")
            try await box.expectDestroyed()
        }
    }

    @Test("it does not hear TERM: stop, start and destroy end it all the same")
    func ignoresTerm() async throws {
        try await Sandbox.visit("ignores-term") { box in
            let applied = try await box.preview("apply", "--yes")
            #expect(applied.code == 0, "\(applied)")
            let stopped = try await box.preview("stop")
            #expect(stopped.code == 0, "\(stopped)")
            #expect(box.processes().isEmpty, "after stop nothing of it runs")
            let started = try await box.preview("start")
            #expect(started.code == 0, "\(started)")
            #expect(try await box.page(of: applied, "/preview.yaml").contains("name: zoo"))
            try await box.expectDestroyed()
        }
    }

    @Test("it dies again and again: started again after longer and longer pauses, then given up")
    func diesLater() async throws {
        try await Sandbox.visit("dies-later") { box in
            let applied = try await box.preview("apply", "--yes")
            #expect(applied.code == 0, "\(applied)")
            let isGivenUp = try await eventually(within: .seconds(120)) {
                try await Task.sleep(for: .milliseconds(500))
                return box.supervisors().isEmpty
            }
            #expect(isGivenUp)
            #expect(box.processes().isEmpty)
            let status = try await box.preview("status", "--json")
            #expect(try status.json().at("machine.state")?.string == "crashed", "\(status)")
            #expect(try status.json().at("machine.restarts")?.int == 6, "\(status)")
            let logs = try await box.preview("logs")
            for (number, pause) in ["1.0", "2.0", "4.0", "8.0", "16.0"].enumerated() {
                let line = "starting it again in \(pause) s (\(number + 1) of 5)"
                #expect(logs.output.contains(line), "\(logs)")
            }
            #expect(logs.output.contains("giving up after 5 restarts"), "\(logs)")
            try await box.expectRecovery(["start": "start"])
        }
    }

    @Test("it floods its output: nothing is lost and it comes up")
    func floods() async throws {
        try await Sandbox.visit("floods-output") { box in
            let outcome = try await box.preview("apply", "--yes")
            #expect(outcome.code == 0, "\(outcome.ending)")
            let log = box.text(try box.record() + "/logs/app.log")
            #expect(log.split(separator: "\n").count { $0.contains(" stdout flood") } == 20_000)
            try await box.expectDestroyed()
        }
    }

    @Test("a million characters without a line end are cut into lines, everywhere")
    func longLine() async throws {
        try await Sandbox.visit("megabyte-line") { box in
            let outcome = try await box.preview("apply", "--yes")
            #expect(outcome.code == 1 && outcome.errorCode == "PV0412", "\(outcome.ending)")
            let record = try box.record()
            for file in ["/logs/app.log", "/events.jsonl"] {
                let lines = box.text(record + file).split(separator: "\n")
                #expect(lines.allSatisfy { $0.utf8.count < 20_000 }, "\(file)")
            }
            let log = box.text(record + "/logs/app.log")
            #expect(log.count { $0 == "x" } >= 1_000_000 && log.count { $0 == "y" } >= 1_000_000)
            #expect(box.processes().isEmpty)
            try await box.expectRecovery(["start": "start"])
        }
    }

    @Test("an app with its port in its code, where something else has it")
    func portInCode() async throws {
        try await Sandbox.visit("port-is-taken", needing: ["node"]) { box in
            let server = try await TakenPort(in: box)
            let variables = ["ZOO_BUSY_PORT": String(server.port)]
            let outcome = try await box.preview("apply", "--yes", with: variables)
            #expect(outcome.code == 1 && outcome.errorCode == "PV0412", "\(outcome)")
            #expect(outcome.errors.contains("EADDRINUSE"), "\(outcome)")
            #expect(outcome.errors.contains("a port written in the code is taken"), "\(outcome)")
        }
    }

    @Test("the preview's own port is taken after it was reserved")
    func portTaken() async throws {
        try await Sandbox.visit("listens-on-loopback") { box in
            let begun = try await box.preview("apply", "--yes", "--through", "3")
            #expect(begun.code == 0, "\(begun)")
            let machine = try #require(box.state().output(of: AllocateMachine()))
            let port = try #require(machine.previewUrl.split(separator: ":").last.map(String.init))
            let server = try await TakenPort(in: box, port: port)
            let failed = try await box.preview("apply", "--yes")
            #expect(failed.code == 1 && failed.errorCode == "PV0302", "\(failed)")
            #expect(failed.errors.contains("port \(port) of the preview is taken"), "\(failed)")
            #expect(failed.errors.contains("ss -ltnp"), "\(failed)")
            try await server.leave()
            try await box.expectRecovery(["start": "start"])
        }
    }
}

/// A stranger that listens on a port.
private struct TakenPort {
    let port: Int
    private let stranger: Sandbox.Started

    /// Takes `port`; any free one by default.
    init(in box: Sandbox, port: String = "0") async throws {
        let source = """
            import socket, sys
            s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
            print(s.getsockname()[1], flush=True)
            s.accept()
            """
        let stranger = try box.start(["/usr/bin/python3", "-c", source, port])
        _ = try await eventually { stranger.outputSoFar.hasSuffix("\n") }
        self.port = try #require(Int(stranger.outputSoFar.dropLast()), "\(stranger.errorsSoFar)")
        self.stranger = stranger
    }

    /// Gives the port back.
    func leave() async throws {
        stranger.child.signal(9)
        _ = await stranger.outcome()
    }
}
