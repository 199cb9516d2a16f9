import PreviewCore
import PreviewSystem
import Testing

@Suite("Records in a store that others share")
struct SharedStoreTests {
    /// A project whose record is at a server of Terraform's protocol, for as long as `body` runs.
    private func withStore(
        _ body: (_ box: Sandbox, _ stateServer: Sandbox.Started) async throws -> Void
    ) async throws {
        try await Sandbox.use { box in
            let script =
                "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
                + "/Fixtures/state-server.py"
            let server = try box.start(["/usr/bin/python3", script, "--tags", "strong"])
            let isUp = try await eventually { server.outputSoFar.contains("\n") }
            #expect(isUp, "\(server.outputSoFar)")
            let port = server.outputSoFar.split(separator: " ").last?.filter(\.isNumber) ?? ""
            let address = "http://127.0.0.1:\(port)/state/{app}"
            try box.makeSite(
                """
                state: { store: http, address: "\(address)", lock_address: "\(address)/lock" }

                """)
            try await body(box, server)
            server.child.signal(15)
            _ = await server.outcome(within: .seconds(10))
        }
    }

    @Test("the whole story works, no record lies here, and what is known is what this folder knows")
    func story() async throws {
        try await withStore { box, _ in
            let applied = try await box.preview("apply", "--yes")
            #expect(applied.code == 0, "\(applied)")
            let files = try await box.shell("ls .preview/*/")
            #expect(!files.contains("state.json") && files.contains("events.jsonl"), "\(files)")
            let again = try await box.preview("plan", "--detailed-exitcode")
            #expect(again.code == 0, "\(again)")
            let list = try await box.preview("list")
            #expect(list.output.contains("completed"), "\(list)")
            #expect(list.errors.contains("cannot list"), "\(list)")
            let destroyed = try await box.preview("destroy", "--yes")
            #expect(destroyed.code == 0, "\(destroyed)")
        }
    }

    @Test("E6: readers of the server's events see what another program did to a shared record")
    func watched() async throws {
        try await withStore { box, _ in
            let server = try await RunningServer.start(in: box)
            let id = try await server.open().id
            let reader = try server.follow(id)
            let isThere = try await eventually { reader.outputSoFar.contains("event: session") }
            #expect(isThere, "\(reader.outputSoFar)")
            let applied = try await box.preview("apply", "--step", "1", "--yes")
            #expect(applied.code == 0, "\(applied)")
            let isSeen = try await eventually {
                try EventText(reader.outputSoFar).sessions.last?["step1Status"] == "completed"
            }
            #expect(isSeen, "\(reader.outputSoFar)")
            _ = await server.stop()
            _ = await reader.outcome(within: .seconds(10))
        }
    }
}
