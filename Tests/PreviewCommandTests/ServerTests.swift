import PreviewCore
import PreviewSystem
import Testing

@Suite("The API of preview serve")
struct ServerTests {
    @Test("C1 to C5: a session is created once and got ever after; no step is run")
    func createOrGet() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(in: box)
            for path in ["", "?projectId=shop", "?githubRepo=.", "?projectId=&githubRepo=."] {
                let bad = try await server.call("GET", "/api/machine-setup" + path)
                #expect(bad.status == 400, "\(bad)")
                #expect(bad.json["error"] == "projectId and githubRepo are required")
            }
            let first = try await server.open()
            #expect(first.status == 200 && first.json["isNew"] == true, "\(first)")
            #expect(first.json["success"] == true)
            for (name, value) in [
                ("projectId", "shop"), ("githubBranch", "main"), ("overallStatus", "in_progress"),
                ("step1Status", "pending"),
            ] {
                #expect(first.json["session"]?[name]?.string == value, "\(name)")
            }
            #expect(first.json.at("session.currentStep") == 1)
            #expect(first.json.at("session.completedSteps") == [])
            #expect(first.json.at("session.startedAt")?.isNull == true)
            let again = try await server.open()
            #expect(again.json["isNew"] == false && again.id == first.id, "\(again)")
            let read = try await server.call("GET", "/api/machine-setup/\(first.id)")
            #expect(read.json["session"] == again.json["session"])
            let status = try await box.preview("status", "--json")
            #expect(try status.json()["id"]?.string == first.id, "\(status)")
            #expect(box.supervisors().isEmpty)
        }
    }

    @Test("C6, C8: what cannot be run is refused with its reason and changes nothing")
    func refusals() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(in: box)
            let id = try await server.open().id
            for (body, error) in [
                ("{}", "sessionId and stepNumber are required"),
                ("{\"sessionId\":\"\(id)\"}", "sessionId and stepNumber are required"),
                ("{\"sessionId\":\"\(id)\",\"stepNumber\":0}", "Invalid step number"),
                ("{\"sessionId\":\"\(id)\",\"stepNumber\":5}", "Invalid step number"),
                ("{\"sessionId\":\"\(id)\",\"stepNumber\":\"1\"}", "Invalid step number"),
                ("[]", "the body is no JSON object"),
            ] {
                let answer = try await server.call("POST", "/api/machine-setup", body: body)
                #expect(answer.status == 400 && answer.json["error"]?.string == error, "\(answer)")
                #expect(answer.json["success"] == false && answer.json["code"] == "PV0805")
            }
            let missing = try await server.run(3, of: id)
            #expect(missing.status == 409 && missing.json["code"] == "PV0601", "\(missing)")
            #expect(missing.json["missingSteps"] == [1, 2], "\(missing)")
            #expect(missing.json.at("stepResult.status") == "pending")
            let unknown = try await server.run(1, of: "00000000-0000-4000-8000-000000000000")
            #expect(unknown.status == 404 && unknown.json["code"] == "PV0507", "\(unknown)")
            let state = try box.state()
            #expect(state.startedAt == nil && state.steps.isEmpty)
        }
    }

    @Test("C7, H3 to H9: four steps, one call each, lead to an app that answers")
    func fourSteps() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(in: box)
            let id = try await server.open().id
            for step in 1...4 {
                let answer = try await server.run(step, of: id)
                #expect(answer.status == 200 && answer.json["success"] == true, "\(answer)")
                #expect(answer.json.at("stepResult.step") == .int(step))
                #expect(answer.json.at("stepResult.status") == "completed")
                #expect(answer.json.at("session.progress") == .int(25 * step))
                #expect(
                    answer.json.at("stepResult.details")
                        == answer.json["session"]?["step\(step)Details"])
            }
            let session = try await server.call("GET", "/api/machine-setup/\(id)").json
            #expect(session.at("session.overallStatus") == "completed")
            let machine = try await server.call("GET", "/api/machine-setup/\(id)/machine")
            #expect(machine.json.at("machine.state") == "running", "\(machine)")
            let listed = try await server.call("GET", "/api/sessions?status=completed&limit=1")
            #expect(listed.json.at("sessions.0.id")?.string == id, "\(listed)")
            #expect(
                try await server.call("GET", "/api/sessions?status=failed").json["total"] == 0)
            for verb in ["stop", "start", "restart"] {
                let changed = try await server.call(
                    "POST", "/api/machine-setup/\(id)/machine/\(verb)")
                #expect(changed.status == 200, "\(changed)")
                #expect(
                    changed.json.at("machine.state") == (verb == "stop" ? "stopped" : "running"))
            }
            let gone = try await server.call("DELETE", "/api/machine-setup/\(id)")
            #expect(gone.status == 200, "\(gone)")
            #expect(try await server.call("GET", "/api/machine-setup/\(id)").status == 404)
            #expect(box.supervisors().isEmpty)
        }
    }

    @Test("C7: a failed step is no success, and a retry clears its error")
    func failedStep() async throws {
        try await Sandbox.use { box in
            try box.write("preview.yaml", Sandbox.configuration("path: web\n"))
            try box.write("index.html", "<h1>hello</h1>")
            let server = try await RunningServer.start(in: box)
            let id = try await server.open().id
            let failed = try await server.run(1, of: id)
            #expect(failed.status == 500 && failed.json["success"] == false, "\(failed)")
            #expect(failed.json["code"] == "PV0210")
            #expect(failed.json.at("stepResult.status") == "error")
            #expect(failed.json.at("session.overallStatus") == "failed")
            #expect(failed.json.at("session.errorStep") == 1)
            try box.write("web/index.html", "<h1>hello</h1>")
            let repaired = try await server.run(1, of: id)
            #expect(repaired.status == 200, "\(repaired)")
            #expect(repaired.json.at("session.errorMessage")?.isNull == true)
        }
    }

    @Test("A plan shows what each step would do; a step that is no longer what was shown is 409")
    func shownPlan() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(in: box)
            let id = try await server.open().id
            let plan = try await server.call("GET", "/api/machine-setup/\(id)/plan")
            #expect(plan.json.at("plan.steps.0.action") == "create", "\(plan)")
            #expect(plan.json.at("plan.steps.0.subActions")?.array?.count == 4)
            let shown = try #require(plan.json["shown"]?["1"]?.string)
            try box.write("index.html", "<h1>changed</h1>")
            let body = "{\"sessionId\":\"\(id)\",\"stepNumber\":1,\"shown\":\"\(shown)\"}"
            let stale = try await server.call("POST", "/api/machine-setup", body: body)
            #expect(stale.status == 409 && stale.json["code"] == "PV0604", "\(stale)")
            #expect(try box.state().startedAt == nil)
            try box.write("index.html", "<h1>hello</h1>\n")
            let fresh = try await server.call("POST", "/api/machine-setup", body: body)
            #expect(fresh.status == 200, "\(fresh)")
        }
    }

    @Test("C13: a call whose record cannot be written fails with its own code, and is no success")
    func unwritable() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(in: box)
            let id = try await server.open().id
            try await box.shell("mv .preview away && touch .preview")
            for answer in [
                try await server.run(1, of: id), try await server.open(branch: "other"),
            ] {
                #expect(answer.status == 500, "\(answer)")
                #expect(answer.json["success"] == false && answer.json["code"] == "PV0509")
            }
            try await box.shell("rm .preview && mv away .preview")
            #expect(try await server.run(1, of: id).status == 200)
        }
    }

    @Test("C9: wrong addresses, methods, types, sizes and configurations have their own answers")
    func errors() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(in: box)
            let id = try await server.open().id
            let large = "{\"sessionId\":\"" + String(repeating: "x", count: 70_000) + "\"}"
            let cases: [(String, String, String?, [String: String], Int)] = [
                ("GET", "/api/nothing", nil, [:], 404),
                ("GET", "/api/machine-setup/not-an-id", nil, [:], 404),
                ("PUT", "/api/machine-setup", "{}", [:], 405),
                ("POST", "/api/machine-setup", "{", [:], 400),
                ("POST", "/api/machine-setup", "{}", ["Content-Type": "text/plain"], 415),
                ("POST", "/api/machine-setup", large, [:], 413),
                ("GET", "/api/sessions?limit=0", nil, [:], 400),
                ("GET", "/api/sessions?status=odd", nil, [:], 400),
                ("GET", "/api/sessions?limit=%ff", nil, [:], 400),
                ("GET", "/api/machine-setup/\(id)/events", nil, ["Last-Event-ID": "x"], 400),
                ("POST", "/api/machine-setup/\(id)/machine/explode", nil, [:], 404),
            ]
            for (method, path, body, headers, status) in cases {
                let answer = try await server.call(method, path, body: body, headers: headers)
                #expect(answer.status == status, "\(method) \(path): \(answer)")
                #expect(answer.json["success"] == false && answer.json["code"] != nil)
                #expect(answer.json["error"]?.string?.isEmpty == false)
            }
            for bad in ["nonsense", "ext::sh", "-o"] {
                let answer = try await server.open(bad)
                #expect(answer.status == 400, "\(answer)")
            }
            #expect(try await server.open(branch: "a%20b").status == 400)
            try box.write("preview.yaml", Sandbox.configuration("region: nowhere\n"))
            let invalid = try await server.open(branch: "other")
            #expect(invalid.status == 422 && invalid.json["code"] == "PV0103", "\(invalid)")
            #expect(invalid.json.at("problems.0.line") == 5)
            try box.write("preview.yaml", "version: 1\nname: shop\nrepo: .\nprovider: fly\n")
            let absent = try await server.open(branch: "other")
            #expect(absent.status == 503, "\(absent)")
        }
    }

    @Test("/healthz and /metrics tell how it is, without a token and without names")
    func health() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(in: box)
            let id = try await server.open().id
            _ = try await server.run(1, of: id)
            _ = try await server.run(3, of: id)
            #expect(
                try await server.call("GET", "/healthz", token: "").json == ["status": "ok"])
            let metrics = try await server.call("GET", "/metrics", token: "").text
            for line in [
                "preview_steps_total{step=\"1\",result=\"completed\"} 1",
                "preview_runs_total{verb=\"apply\",outcome=\"PV0601\"} 1",
                "preview_step_duration_seconds_count{step=\"1\"} 1",
                "preview_event_readers 0",
                "preview_http_requests_total{method=\"POST\",route=\"/api/machine-setup\","
                    + "status=\"409\"} 1",
            ] {
                #expect(metrics.contains(line + "\n"), "\(line)\n\(metrics)")
            }
            #expect(!metrics.contains(id) && !metrics.contains("shop"))
            let log = server.started.errorsSoFar
            #expect(log.contains("POST /api/machine-setup 200"), "\(log)")
            #expect(log.contains("session=\(id) step=1"), "\(log)")
            #expect(!log.contains(server.token) && !log.contains("projectId"), "\(log)")
        }
    }

    @Test("without the server's program beside it, `preview serve` says what is missing")
    func missingProgram() async throws {
        try await Sandbox.use { box in
            try await box.shell("cp \(Program.path) \(box.root)/preview")
            let outcome = try await box.run([box.root + "/preview", "serve"])
            #expect(outcome.code == 1 && outcome.errorCode == "PV0807", "\(outcome)")
        }
    }
}
