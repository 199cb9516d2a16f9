import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

@Suite("P5: fly.toml for Fly's own tool")
struct FlyTomlTests {
    private static func config(_ change: (inout Config) -> Void = { _ in }) throws -> Config {
        var config = Config(name: "shop", repository: try RepositoryReference.parse("acme/shop"))
        change(&config)
        return config
    }

    /// What step 1 finds in files.
    private static func detected(_ files: [String: String]) throws -> DetectedRepository {
        let detection = Detector.detect(snapshot(files))
        let identity = PreviewIdentity(
            folder: "shop-4f1c9a2e", source: "", user: "ann", host: "here",
            repository: "https://github.com/acme/shop", repositoryName: "acme/shop",
            branch: "main")
        return DetectedRepository(
            detection, head: Head(commit: "c", branch: "main", fetchURL: "u"), identity: identity,
            description: "")
    }

    private static func snapshot(_ files: [String: String]) -> RepositorySnapshot {
        RepositorySnapshot(paths: files.keys) { name in
            files[name].map { .init(Array($0.utf8)) }
        }
    }

    private static let node = [
        "package.json": #"{"scripts":{"build":"tsc","start":"node server.js"}}"#,
        "package-lock.json": "{}",
    ]

    private static func text(
        _ files: [String: String] = node, _ change: (inout Config) -> Void = { _ in }
    ) throws -> String {
        FlyToml(
            app: "shop-4f1c9a2e", config: try config(change), detected: try detected(files)
        ).text
    }

    /// The document as a reader that shares no code with the program understands it: Python's.
    private static func read(_ text: String) async throws -> JSONValue {
        let program =
            "import json,sys,tomllib;json.dump(tomllib.loads(sys.stdin.read()),sys.stdout)"
        let command = Command(
            "/usr/bin/python3", ["-c", program],
            environment: ["PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"])
        let result = try await command.run(input: Array(text.utf8), timeout: .seconds(60))
        #expect(result.ending == .exited(0), "\(text)\n\(result.errorText)")
        return try JSONReader.read(result.outputText)
    }

    @Test("P5: it says port, https, size and what else the file of the preview says")
    func everything() async throws {
        let document = try await Self.read(
            Self.text {
                $0.regions = ["lhr", "ord"]
                $0.resources = .init(size: "shared-cpu-4x", cpu: 4, memory: 2048)
                $0.environment = ["LOG_LEVEL": "debug"]
                $0.health.path = "/healthz"
            })
        #expect(
            document == [
                "app": "shop-4f1c9a2e", "primary_region": "lhr",
                "env": ["HOST": "0.0.0.0", "LOG_LEVEL": "debug", "PORT": "3000"],
                "processes": ["app": "npm run start"],
                "http_service": [
                    "internal_port": 3000, "force_https": true, "auto_stop_machines": "stop",
                    "auto_start_machines": true, "min_machines_running": 0, "processes": ["app"],
                    "checks": [
                        [
                            "method": "GET", "path": "/healthz", "interval": "15s",
                            "timeout": "10s", "grace_period": "120s",
                        ]
                    ],
                ],
                "vm": [["size": "shared-cpu-4x", "memory": "2048mb"]],
            ])
    }

    @Test("without an idle stop it is not stopped, and without auto start not started")
    func lifecycle() async throws {
        let document = try await Self.read(
            Self.text {
                $0.lifecycle.idleTimeout = nil
                $0.lifecycle.autoStart = false
            })
        let service = document["http_service"]
        #expect(service?["auto_stop_machines"] == "off" && service?["min_machines_running"] == 1)
        #expect(service?["auto_start_machines"] == false)
    }

    @Test(
        "any value comes back as it was, and none ends its line or reaches a terminal raw",
        arguments: [
            "plain", "", "a\"b", #"back\slash \n \u0041"#, "two\nlines", "tab\tand\rreturn",
            "\u{1}\u{7F}\u{85}\u{1B}[2J", "é 🎉 ]\n[env]\nA = 'x'", "'''", "\"\"\"", "#",
        ])
    func values(_ value: String) async throws {
        let text = try Self.text { $0.environment = ["VALUE": value] }
        #expect(try await Self.read(text)["env"]?["VALUE"]?.string == value)
        let controls = text.unicodeScalars.filter {
            ($0.value < 0x20 && $0 != "\n") || (0x7F...0x9F).contains($0.value)
        }
        #expect(controls.isEmpty)
    }

    @Test(
        "a command that needs a shell gets one, and no other does",
        arguments: [
            ("npm start", "npm start"), ("node --title 'a b' x.js", "node --title 'a b' x.js"),
            ("cd web && npm start", "sh -c 'cd web && npm start'"),
            ("A=1 node x", "sh -c 'A=1 node x'"),
            ("echo 'it' | cat", #"sh -c 'echo '\''it'\'' | cat'"#),
            ("serve -p $PORT", "sh -c 'serve -p $PORT'"),
        ])
    func shell(_ start: String, _ process: String) async throws {
        let document = try await Self.read(Self.text { $0.run.start = start })
        #expect(document["processes"]?["app"]?.string == process)
    }

    @Test("secrets are named in a comment only, and a name cannot leave it")
    func secrets() async throws {
        let text = try Self.text {
            $0.secrets = [
                SecretReference(name: "API_KEY", source: .environment("API_KEY")),
                SecretReference(name: "DB", source: .file("~/db")),
            ]
        }
        #expect(text.contains("#   fly secrets set API_KEY=… DB=…"))
        #expect(try await Self.read(text)["env"]?["API_KEY"] == nil)
    }

    @Test("a Dockerfile is named; without one the file tells how it would be made")
    func images() async throws {
        let docker = try Self.text(["Dockerfile": "FROM alpine\nEXPOSE 9000\nCMD x\n"])
        let document = try await Self.read(docker)
        #expect(document["build"]?["dockerfile"] == "Dockerfile")
        #expect(document["processes"] == nil, "it says itself how it starts")
        #expect(document["http_service"]?["internal_port"] == 9000)
        let plain = try Self.text { $0.run.image = "node:20\nEVIL = 1" }
        #expect(plain.contains("#   FROM node:20 EVIL = 1\n#   WORKDIR /app"))
        #expect(plain.contains("#   RUN npm ci\n#   RUN npm run build\n"))
        let site = try Self.text(["index.html": "<h1>x</h1>"])
        #expect(site.contains("CMD caddy file-server --root /srv --listen :8080"))
        #expect(try await Self.read(site)["http_service"]?["internal_port"] == 8080)
    }

    @Test("detection reads the exported file as what it came from")
    func roundTrip() throws {
        var files = Self.node
        files["fly.toml"] = try Self.text {
            $0.run.port = 4321
            $0.run.start = "node other.js"
        }
        let detection = Detector.detect(Self.snapshot(files))
        #expect(detection.port == 4321 && detection.commands.start == "node other.js")
        #expect(detection.warnings.isEmpty, "\(detection.warnings)")
    }
}
