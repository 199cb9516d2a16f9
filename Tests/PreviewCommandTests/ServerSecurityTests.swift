import Glibc
import PreviewCore
import PreviewSystem
import Testing

@Suite("Who may use preview serve")
struct ServerSecurityTests {
    /// Every call that names a session.
    private static let calls: [(method: String, path: String)] = [
        ("GET", ""), ("DELETE", ""), ("GET", "/events"), ("GET", "/plan"), ("POST", "/cancel"),
        ("GET", "/machine"), ("POST", "/machine/start"), ("POST", "/machine/stop"),
        ("POST", "/machine/restart"),
    ]

    private func makeToken(_ box: Sandbox, _ flags: String...) async throws -> String {
        let made = try await box.run([Program.path, "token", "create"] + flags)
        try #require(made.code == 0, "\(made)")
        return try #require(made.lines.first)
    }

    @Test("C10: nothing of the API answers without a token, or with a wrong one")
    func tokens() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(in: box)
            let id = try await server.open().id
            let calls =
                Self.calls.map { ($0.method, "/api/machine-setup/\(id)\($0.path)") } + [
                    ("GET", "/api/machine-setup?projectId=shop&githubRepo=."),
                    ("POST", "/api/machine-setup"), ("GET", "/api/sessions"),
                    ("GET", "/api/suggestion"), ("POST", "/api/sign-in"), ("POST", "/api/sign-out"),
                ]
            for (method, path) in calls {
                for headers in [
                    [:], ["Authorization": "Bearer pvt_wrong"], ["Authorization": "Basic eDp5"],
                    ["Cookie": "preview_token_=\(server.token)"],
                ] {
                    let answer = try await server.call(
                        method, path, token: "", headers: headers)
                    #expect(answer.status == 401, "\(method) \(path): \(answer)")
                    #expect(answer.json["code"] == "PV0801")
                    #expect(answer.header("WWW-Authenticate") == "Bearer")
                }
                let inQuery = path + (path.contains("?") ? "&" : "?") + "token=\(server.token)"
                #expect(try await server.call(method, inQuery, token: "").status == 401)
            }
            #expect(try box.state().cancelledAt == nil)
        }
    }

    @Test("tokens are kept as digests, shown once, and end when they are revoked, streams included")
    func tokenLife() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let token = try await makeToken(box)
            let file = box.text(".preview/tokens.json")
            #expect(!file.contains(token) && file.contains(Digest.hex(Array(token.utf8))))
            #expect(box.text(".preview/.gitignore") == "*\n")
            let listed = try await box.preview("token", "list", "--json")
            #expect(!listed.output.contains(token) && !listed.output.contains("digest"))
            let name = try #require(try listed.json().at("tokens.0.id")?.string)
            let server = try await RunningServer.start(in: box)
            #expect(server.token.isEmpty, "one that is configured is enough")
            let id = try await server.open(token: token).id
            let stream = try server.follow(id, token: token)
            #expect(try await eventually { stream.outputSoFar.contains("event: session") })
            let revoked = try await box.preview("token", "revoke", name)
            #expect(revoked.code == 0, "\(revoked)")
            #expect(try await server.open(token: token).status == 401)
            _ = try await box.preview("apply", "--step", "1", "--yes")
            #expect(await stream.outcome(within: .seconds(10)).code == 0)
            #expect(!stream.outputSoFar.contains("Executing Step 1"))
            let again = try await box.preview("token", "revoke", name)
            #expect(again.code == 64 && again.errorCode == "PV0810", "\(again)")
        }
    }

    @Test("a token of the environment opens the server and is printed nowhere")
    func environmentToken() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let secret = "a-token-of-the-environment"
            let server = try await RunningServer.start(
                in: box, with: ["PREVIEW_SERVE_TOKEN": secret])
            #expect(server.token.isEmpty)
            #expect(try await server.open(token: secret).status == 200)
            let outcome = await server.stop()
            #expect(!(outcome.output + outcome.errors).contains(secret), "\(outcome)")
        }
    }

    @Test(
        "a user sees only their own sessions, on every call; the default one shares the terminal's")
    func twoUsers() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let own = try await makeToken(box)
            let ada = try await makeToken(box, "--user", "ada")
            let bob = try await makeToken(box, "--user", "bob")
            let server = try await RunningServer.start(in: box)
            let ids = try await [own, ada, bob].asyncMap { try await server.open(token: $0).id }
            #expect(Set(ids).count == 3)
            for (index, token) in [own, ada, bob].enumerated() {
                let sessions = try await server.call("GET", "/api/sessions", token: token)
                #expect(sessions.json["total"] == 1, "\(sessions)")
                #expect(sessions.json.at("sessions.0.id")?.string == ids[index])
                for (other, id) in ids.enumerated() where other != index {
                    for (method, path) in Self.calls {
                        let answer = try await server.call(
                            method, "/api/machine-setup/\(id)\(path)", token: token)
                        #expect(answer.status == 404, "\(method) \(path): \(answer)")
                        #expect(answer.json["error"] == "there is no such session")
                    }
                    #expect(try await server.run(1, of: id, token: token).status == 404)
                }
            }
            #expect(try await server.run(1, of: ids[1], token: ada).status == 200)
            let terminal = try await box.preview("status", "--json")
            #expect(try terminal.json()["id"]?.string == ids[0])
            let reached = try await box.preview("status", "--json", "--user", "ada")
            #expect(try reached.json()["id"]?.string == ids[1], "\(reached)")
            #expect(try reached.json()["userId"] == "ada")
            #expect(try reached.json()["completedSteps"] == [1])
        }
    }

    @Test("requests under a foreign name, or made by a page of another origin, are refused")
    func foreignRequests() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(
                "--allow-origin", "https://portal.example", in: box)
            let refused: [[String: String]] = [
                ["Host": "evil.example"], ["Host": "127.0.0.1.evil.example:80"],
                ["Origin": "https://evil.example"], ["Origin": "null"],
                ["Origin": "http://localhost:1"], ["Sec-Fetch-Site": "cross-site"],
                ["Sec-Fetch-Site": "same-site"],
            ]
            for headers in refused {
                let answer = try await server.call("GET", "/api/sessions", headers: headers)
                #expect(answer.status == 403, "\(headers): \(answer)")
                #expect(answer.json["code"] == "PV0802")
                #expect(answer.header("Access-Control-Allow-Origin") == nil)
            }
            for headers in [
                ["Host": "localhost"], ["Origin": server.url], ["Sec-Fetch-Site": "same-origin"],
            ] {
                let answer = try await server.call("GET", "/api/sessions", headers: headers)
                #expect(answer.status == 200, "\(headers): \(answer)")
            }
            let allowed = ["Origin": "https://portal.example"]
            let welcome = try await server.call("GET", "/api/sessions", headers: allowed)
            #expect(welcome.status == 200)
            #expect(welcome.header("Access-Control-Allow-Origin") == "https://portal.example")
            #expect(welcome.header("Access-Control-Allow-Credentials") == nil)
            let asked = try await server.call(
                "OPTIONS", "/api/machine-setup", token: "",
                headers: allowed.merging(["Access-Control-Request-Method": "POST"]) { $1 })
            #expect(asked.status == 204, "\(asked)")
            #expect(asked.header("Access-Control-Allow-Headers")?.contains("Authorization") == true)
        }
    }

    @Test("the page's cookie counts for its own page alone")
    func cookie() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(
                "--allow-origin", "https://portal.example", in: box)
            let signedIn = try await server.call("POST", "/api/sign-in")
            let cookie = String(try #require(signedIn.header("Set-Cookie")).prefix { $0 != ";" })
            for (headers, status) in [
                ([:], 403), (["Origin": "https://portal.example"], 403),
                (["Sec-Fetch-Site": "none"], 403), (["Origin": server.url], 200),
                (["Sec-Fetch-Site": "same-origin"], 200),
            ] {
                let answer = try await server.call(
                    "POST", "/api/sign-out", token: "",
                    headers: headers.merging(["Cookie": cookie]) { $1 })
                #expect(answer.status == status, "\(headers): \(answer)")
            }
        }
    }

    @Test("repositories are allowed by the server's flags alone, and never folders of this machine")
    func repositories() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(
                "--allow-repo", "github.com/acme/*", "--allow-repo", "\(box.root)/allowed", in: box)
            try box.write("\(box.root)/allowed/index.html", "<h1>allowed</h1>")
            try box.write("\(box.root)/hidden/index.html", "<h1>hidden</h1>")
            for repository in [
                "acme/shop", "https://github.com/acme/shop.git", "git@github.com:acme/shop.git",
                ".",
                box.project, "\(box.root)/allowed",
            ] {
                let answer = try await server.open(repository)
                #expect(answer.status == 200, "\(repository): \(answer)")
            }
            for repository in [
                "evil/shop", "https://github.com.evil.example/acme/shop", "\(box.root)/hidden",
                "\(box.root)/allowed/../hidden", "file://\(box.root)/hidden", "..", "/etc",
                "https://example.com/acme/shop",
            ] {
                let answer = try await server.open(repository)
                #expect(answer.status == 403, "\(repository): \(answer)")
                #expect(answer.json["code"] == "PV0803")
            }
            let same = try await [".", box.project].asyncMap { try await server.open($0).id }
            #expect(same[0] == same[1], "one repository, two spellings")
        }
    }

    @Test("a user who asks too often is told to wait, and others are not held up")
    func rateLimit() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let own = try await makeToken(box)
            let ada = try await makeToken(box, "--user", "ada")
            let server = try await RunningServer.start("--rate-limit", "1", in: box)
            var answers: [RunningServer.Answer] = []
            for _ in 0..<4 {
                answers.append(try await server.call("GET", "/api/sessions", token: own))
            }
            let refused = try #require(answers.first { $0.status == 429 })
            #expect(refused.json["code"] == "PV0804" && refused.header("Retry-After") == "1")
            #expect(try await server.call("GET", "/api/sessions", token: ada).status == 200)
        }
    }

    @Test("with a certificate it speaks https, and its cookie is for https alone")
    func encrypted() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            try await box.shell(
                """
                openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
                    -addext subjectAltName=IP:127.0.0.1 \
                    -keyout ../key.pem -out ../chain.pem 2> /dev/null
                """)
            let server = try await RunningServer.start(
                "--tls-certificate", "../chain.pem", "--tls-key", "../key.pem", in: box)
            #expect(server.url.hasPrefix("https://"))
            let signedIn = try await box.shell(
                "curl -si --cacert ../chain.pem -X POST -H 'Authorization: Bearer \(server.token)' "
                    + "\(server.url)/api/sign-in")
            #expect(signedIn.contains("200 OK") && signedIn.contains("; Secure"), "\(signedIn)")
            let wrong = try await box.preview("serve", "--tls-certificate", "a", "--tls-key", "b")
            #expect(wrong.code == 64, "\(wrong)")
        }
    }

    @Test("answers tell a browser to trust nothing in them, and no record is open to others")
    func hardening() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(in: box)
            let answer = try await server.open()
            for (name, part) in [
                ("Content-Security-Policy", "default-src 'none'"),
                ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"),
                ("Cross-Origin-Resource-Policy", "same-origin"), ("Cache-Control", "no-store"),
            ] {
                #expect(answer.header(name)?.contains(part) == true, "\(name)")
            }
            let taken = try #require(server.url.split(separator: ":").last)
            let second = try await box.preview("serve", "--port", String(taken))
            #expect(second.code == 1 && second.errorCode == "PV0808", "\(second)")
            let many = String(repeating: "x", count: 20_000)
            let large = try await server.call("GET", "/healthz", headers: ["X-Large": many])
            #expect(large.status == 400, "\(large)")
        }
    }
}

extension Sequence {
    /// The elements after an asynchronous function, one after another.
    fileprivate func asyncMap<Result>(
        _ transform: (Element) async throws -> Result
    ) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
