import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

@Suite("preview doctor about tokens and providers")
struct DoctorAccessTests {
    @Test("a good token of Fly.io is told by kind and organization, never by itself")
    func goodFlyToken() async throws {
        try await SimulatedFly.use { fly in
            try await fly.makeRepository()
            let outcome = try await fly.preview("doctor", "--json")
            #expect(outcome.code == 0, "\(outcome)")
            let checks = try Checks(outcome)
            #expect(checks.detail(of: "Fly.io token").contains("FLY_API_TOKEN holds "))
            #expect(checks.detail(of: "Fly.io token").contains("for personal"), "\(outcome)")
            #expect(checks.detail(of: "provider").contains("regions"))
            #expect(checks.outcome(of: "clock") == "ok")
            #expect(checks.outcome(of: "tools") == "skipped", "the image brings them")
            #expect(checks.outcome(of: "machine") == "skipped")
            let token = try #require(fly.variables["FLY_API_TOKEN"])
            #expect(!outcome.output.contains(token) && !outcome.errors.contains(token))
            #expect(await fly.changes().isEmpty, "looking changes nothing")
        }
    }

    @Test("after apply the machine is looked at and the recorded URL asked")
    func runningOnFly() async throws {
        try await SimulatedFly.use { fly in
            try await fly.makeRepository()
            let apply = try await fly.preview("apply", "--yes", "-q")
            #expect(apply.code == 0, "\(apply)")
            let outcome = try await fly.preview("doctor", "--json")
            let checks = try Checks(outcome)
            #expect(checks.detail(of: "machine").contains("is running"), "\(outcome)")
            #expect(checks.outcome(of: "URL") == "ok", "\(outcome)")
            #expect(checks.outcome(of: "socket") == "skipped")
        }
    }

    @Test(
        "a wrong token fails, the platform answers all the same; without one that is what is said")
    func wrongFlyToken() async throws {
        try await SimulatedFly.use { fly in
            try await fly.makeRepository()
            var variables = fly.variables
            variables["FLY_API_TOKEN"] = "fm2_c4n4ryc4n4ry"
            let wrong = try await fly.box.preview("doctor", "--json", with: variables)
            #expect(wrong.code == 1 && !wrong.output.contains("c4n4ry"), "\(wrong)")
            #expect(try Checks(wrong).failures == ["Fly.io token PV0312"])
            #expect(try Checks(wrong).outcome(of: "provider") == "ok")
            let text = try await fly.box.preview("doctor", with: variables)
            #expect(!text.output.contains("c4n4ry") && text.output.contains("error[PV0312]"))
            variables["FLY_API_TOKEN"] = ""
            let none = try await fly.box.preview("doctor", "--json", with: variables)
            #expect(try Checks(none).failures == ["Fly.io token PV0311"], "\(none)")
            var other = fly.variables
            other["FLY_ORG"] = "elsewhere"
            let foreign = try await fly.box.preview("doctor", "--json", with: other)
            #expect(try Checks(foreign).failures == ["Fly.io token PV0312"], "\(foreign)")
            #expect(foreign.output.contains("elsewhere"))
        }
    }

    @Test("S17: GitHub's token is told by variable, kind, scopes and what is left of its hour")
    func gitHubToken() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await WebServer { request in
                guard request.path == "/rate_limit" else {
                    return GitHubServer.refusal(404, "Not Found")
                }
                guard request.header("Authorization") == "Bearer \(GitHubServer.token)" else {
                    return GitHubServer.refusal(401, "Bad credentials")
                }
                return GitHubServer.json(
                    ["resources": [:]],
                    headers: [
                        HTTPHeader("X-OAuth-Scopes", "gist, read:org"),
                        HTTPHeader(
                            "GitHub-Authentication-Token-Expiration", "2027-01-31 00:00:00 UTC"),
                    ])
            }
            var variables = ["GH_TOKEN": GitHubServer.token, "GITHUB_API_URL": server.url()]
            let good = try await box.preview("doctor", "--json", with: variables)
            #expect(good.code == 0, "\(good)")
            let checks = try Checks(good)
            let detail = checks.detail(of: "GitHub token")
            for words in [
                "GH_TOKEN holds a classic personal token, ghp_***", "scopes gist read:org",
                "until 2027-01-31 00:00:00 UTC", "4999 of 5000 requests left",
            ] {
                #expect(detail.contains(words), "\(detail)")
            }
            let remark = checks.all("GitHub token").last
            #expect(remark?["outcome"]?.string == "warning", "it lacks the scope repo")
            #expect(!good.output.contains("c4n4ry"))
            variables["GH_TOKEN"] = "ghp_c4n4ryother"
            let wrong = try await box.preview("doctor", "--json", with: variables)
            #expect(try Checks(wrong).failures == ["GitHub token PV0214"], "\(wrong)")
            #expect(!wrong.output.contains("c4n4ry"))
        }
    }

    @Test("who may use the server is told by number, and whether its port is to be had")
    func server() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            _ = try await box.preview("token", "create")
            let checks = try Checks(
                try await box.preview("doctor", "--json", with: ["PREVIEW_SERVE_TOKEN": "c4n4ry-t"])
            )
            #expect(
                checks.detail(of: "server") == "1 token is made, and PREVIEW_SERVE_TOKEN is set")
            let port = checks.all("server").last
            let isTold =
                port?["outcome"]?.string == "ok"
                ? port?["detail"]?.string?.contains("4747") : port?["fix"]?.string?.contains("4748")
            #expect(isTold == true, "\(checks.document)")
        }
    }
}
