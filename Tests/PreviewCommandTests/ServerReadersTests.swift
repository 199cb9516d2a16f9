import Glibc
import PreviewCore
import PreviewSystem
import Testing

@Suite("Many readers of preview serve, and what none of them may read")
struct ServerReadersTests {
    @Test("200 readers at once get every event, and one that takes nothing holds up nobody")
    func manyReaders() async throws {
        try await Sandbox.use { box in
            try box.makeApp("  build: yes 'a line of output' | head -n 300\n")
            let server = try await RunningServer.start("--rate-limit", "1000", "-q", in: box)
            let id = try await server.open().id
            let address = "\(server.url)/api/machine-setup/\(id)/events"
            let slow = try server.follow(id)
            #expect(try await eventually { slow.outputSoFar.contains("event: ") })
            slow.child.signal(SIGSTOP)
            let list = (1...200).map { "url=\"\(address)\"\noutput=\"\(box.root)/reader-\($0)\"\n" }
            try box.write(box.root + "/readers", list.joined())
            let readers = try box.start([
                "/usr/bin/curl", "-sN", "--parallel", "--parallel-immediate", "--parallel-max",
                "200", "-H", "Authorization: Bearer \(server.token)", "-K", box.root + "/readers",
            ])
            let areConnected = try await eventually(within: .seconds(30)) {
                (1...200).allSatisfy { box.text("\(box.root)/reader-\($0)").contains("event: ") }
            }
            #expect(areConnected, "\(readers.errorsSoFar)")
            let metrics = try await server.call("GET", "/metrics", token: "").text
            #expect(metrics.contains("preview_event_readers 201\n"), "\(metrics)")
            for step in 1...4 {
                let answer = try await server.run(step, of: id)
                #expect(answer.status == 200, "\(answer)")
            }
            let last = box.text(try box.record() + "/events.jsonl").split(separator: "\n").count
            let haveAll = try await eventually(within: .seconds(30)) {
                (1...200).allSatisfy {
                    box.text("\(box.root)/reader-\($0)").contains("id: \(last)\n")
                }
            }
            #expect(haveAll)
            for reader in 1...200 {
                let events = try EventText(box.text("\(box.root)/reader-\(reader)"))
                #expect(events.log.compactMap { $0["seq"]?.int } == Array(1...last), "\(reader)")
            }
        }
    }

    @Test("N6, D39: no answer, no event, no measurement and no log line holds a secret")
    func secrets() async throws {
        try await Sandbox.use { box in
            let canaries = [
                "API_KEY": "canary-of-the-app-5f0c2d9e", "FLY_API_TOKEN": "canary-of-fly-81b6a3c4",
                "GITHUB_TOKEN": "canary-of-github-77d2e0f9",
                "PREVIEW_SERVE_TOKEN": "canary-of-the-page-3a9c1b5d",
            ]
            try box.makeApp(
                "  build: echo built with $API_KEY; echo $API_KEY >&2; [ -e \(box.root)/cure ]\n"
                    + "secrets: [API_KEY]\n")
            let server = try await RunningServer.start(in: box, with: canaries)
            let token = canaries["PREVIEW_SERVE_TOKEN"]
            var said = ""
            @discardableResult func ask(
                _ method: String, _ path: String, body: String? = nil, with token: String?
            ) async throws -> RunningServer.Answer {
                let answer = try await server.call(method, path, token: token, body: body)
                said += "\(answer.headers)\n\(answer.text)\n"
                return answer
            }
            let id = try await ask(
                "GET", "/api/machine-setup?projectId=shop&githubRepo=.", with: token
            ).id
            func run(_ step: Int) async throws -> Int {
                let body = "{\"sessionId\":\"\(id)\",\"stepNumber\":\(step)}"
                return try await ask("POST", "/api/machine-setup", body: body, with: token).status
            }
            let stream = try server.follow(id, token: token)
            for step in 1...3 { #expect(try await run(step) == 200) }
            #expect(try await run(4) == 500)
            #expect(said.contains("built with ***"), "the build said it, and it was taken out")
            try box.write(box.root + "/cure", "")
            #expect(try await run(4) == 200)
            let session = "/api/machine-setup/\(id)"
            for path in [
                session, session + "/plan", session + "/machine", "/api/sessions",
                "/api/suggestion", "/metrics", "/openapi.json", "/", "/page.js", "/healthz",
            ] {
                #expect(try await ask("GET", path, with: token).status == 200, "\(path)")
            }
            #expect(try await ask("GET", "/api/sessions?limit=x", with: token).status == 400)
            #expect(try await ask("GET", "/api/sessions", with: "wrong").status == 401)
            let isComplete = try await eventually {
                stream.outputSoFar.contains("Setup completed successfully!")
            }
            #expect(isComplete)
            said += stream.outputSoFar
            let outcome = await server.stop()
            said += outcome.output + outcome.errors
            for (name, canary) in canaries { #expect(!said.contains(canary), "\(name)") }
        }
    }
}
