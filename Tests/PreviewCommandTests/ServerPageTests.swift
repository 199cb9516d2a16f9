import PreviewCore
import PreviewSystem
import Testing

@Suite("The page of preview serve")
struct ServerPageTests {
    private static let root = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    private static let folder = root + "/Sources/PreviewServer/Page"

    @Test("E25: every file of the page is served as it is, typed, without a token")
    func files() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(in: box)
            let types = [
                "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
                "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml",
            ]
            let names = box.entries(Self.folder)
            #expect(names.contains("machine-setup-service.js") && names.contains("embed.js"))
            for name in names {
                let path = name == "index.html" ? "/" : "/\(name)"
                let answer = try await server.call("GET", path, token: "")
                let ending = try #require(name.split(separator: ".").last)
                #expect(answer.status == 200, "\(name)")
                #expect(answer.text == box.text("\(Self.folder)/\(name)"), "\(name)")
                #expect(answer.header("Content-Type") == types[String(ending)], "\(name)")
                #expect(answer.header("X-Content-Type-Options") == "nosniff")
                let tag = try #require(answer.header("ETag"))
                let again = try await server.call(
                    "GET", path, token: "", headers: ["If-None-Match": tag])
                #expect(again.status == 304 && again.text.isEmpty, "\(name)")
                let other = try await server.call(
                    "GET", path, token: "", headers: ["If-None-Match": "\"older\""])
                #expect(other.status == 200)
                #expect(try await server.call("POST", path, token: "").status == 405)
            }
        }
    }

    @Test("U7: the page has no inline script, loads nothing from elsewhere, and is in no index")
    func policy() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(in: box)
            let page = try await server.call("GET", "/", token: "")
            let policy = try #require(page.header("Content-Security-Policy"))
            for rule in [
                "default-src 'none'", "script-src 'self'", "style-src 'self'",
                "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'",
            ] {
                #expect(policy.split(separator: "; ").contains(Substring(rule)), "\(rule)")
            }
            #expect(!policy.contains("unsafe"))
            #expect(page.header("X-Robots-Tag") == "noindex")
            for name in box.entries(Self.folder) {
                let text = box.text("\(Self.folder)/\(name)")
                for pattern in [
                    #"(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval)\b"#,
                    #"\bon[a-z]+="|style=""#, #"(src|href|url\(|from|import) ?[=(]?"?https?:"#,
                ] {
                    #expect(try text.firstMatch(of: Regex(pattern)) == nil, "\(name): \(pattern)")
                }
            }
        }
    }

    @Test("a page of an allowed origin may load the module, one of another may not")
    func origins() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            let server = try await RunningServer.start(
                "--allow-origin", "https://portal.example", in: box)
            let allowed = try await server.call(
                "GET", "/embed.js", token: "", headers: ["Origin": "https://portal.example"])
            #expect(allowed.status == 200)
            #expect(allowed.header("Access-Control-Allow-Origin") == "https://portal.example")
            #expect(allowed.header("Cross-Origin-Resource-Policy") == "cross-origin")
            let refused = try await server.call(
                "GET", "/embed.js", token: "", headers: ["Origin": "https://evil.example"])
            #expect(refused.status == 403, "\(refused)")
            let plain = try await server.call("GET", "/embed.js", token: "")
            #expect(plain.header("Cross-Origin-Resource-Policy") == "same-origin")
        }
    }

    @Test("H2: `preview serve --open` opens the page with the token in the fragment alone")
    func opening() async throws {
        try await Sandbox.use { box in
            try box.makeSite()
            try box.write(
                box.root + "/browser", "#!/bin/sh\nprintf '%s' \"$1\" > \"\(box.root)/opened\"\n",
                mode: 0o755)
            let server = try await RunningServer.start(
                "--open", in: box, with: ["BROWSER": box.root + "/browser"])
            let address = "\(server.url)/#token=\(server.token)"
            #expect(try await eventually { box.text(box.root + "/opened") == address })
            #expect(!server.token.isEmpty && !server.started.errorsSoFar.contains(server.token))
        }
    }

    @Test("F1 to F10: the client module does in Node what is documented")
    func module() async throws {
        try await Sandbox.use { box in
            let version = try await box.run(["/usr/bin/env", "node", "--version"])
            guard Allowed.check(version.code == 0, "the client module", needing: "node") else {
                return
            }
            try box.makeSite()
            // Only a folder that says so holds modules for Node.
            let place = box.root + "/page"
            try await box.shell("cp -R '\(Self.folder)' '\(place)'")
            try box.write(place + "/package.json", "{\"type\":\"module\"}")
            let server = try await RunningServer.start(in: box)
            let outcome = try await box.run(
                ["/usr/bin/env", "node", "--test", Self.root + "/Tests/Browser/service.test.mjs"],
                with: ["PAGE": place, "SERVER": server.url, "TOKEN": server.token])
            #expect(outcome.code == 0, "\(outcome)")
            #expect(outcome.output.contains("pass 1"), "\(outcome)")
        }
    }
}
