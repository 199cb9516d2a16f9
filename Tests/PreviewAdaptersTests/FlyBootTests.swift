import FoundationEssentials
import Glibc
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

/// The boot script, executed.
@Suite("The boot script", .serialized)
struct FlyBootTests {
    private let fixture: GitFixture

    init() throws {
        fixture = try GitFixture()
    }

    @Test(
        "D50 to D55, D38: five phases, an answer, and a quiet end when nobody came, in any shell",
        arguments: FlyBootMachine.Shell.available)
    func success(shell: FlyBootMachine.Shell) async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(
            fixture, shell: shell, environment: ["NODE_ENV": "production"])
        let release = Release.test(fixture, commit: commit).with {
            $0.install = "echo install: ${NODE_ENV-none} $NPM_CONFIG_INCLUDE; env | grep BOOT; true"
            $0.build = "test -f app.py && echo build: $NODE_ENV $HOST $PORT"
        }
        try machine.start(release, idleTimeout: 1)
        #expect(try await machine.end() == 0)
        let events = try machine.events()
        let phases = events.compactMap { event in
            if case .phaseEnded(let result) = event { result } else { nil }
        }
        #expect(phases.map(\.name) == BootPhase.allCases)
        #expect(phases.allSatisfy { !$0.skipped })
        #expect(events.dropLast().last == .stopped(.idle))
        #expect(try machine.output().last?.hasPrefix("app got TERM") == true)
        #expect(events.contains(.ready(status: 200)))
        // A variable NODE_ENV=production drops no development dependencies (D35).
        #expect(events.contains(.output("install: none dev", .install)))
        #expect(events.contains(.output("build: production 0.0.0.0 \(machine.port)", .build)))
        #expect(events.contains(.output("listening as \(machine.port)", .start)))
        #expect(try !machine.output().contains { $0.contains("BOOT") })
        try await machine.untilEmpty()
    }

    @Test(
        "a stop reaches the app within two seconds, and its exit code is the machine's",
        arguments: FlyBootMachine.Shell.available, [SIGTERM, SIGINT])
    func stop(shell: FlyBootMachine.Shell, signal: Int32) async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture, shell: shell)
        try machine.start(.test(fixture, commit: commit))
        try await machine.untilReady()
        let begin = Date().timeIntervalSince1970
        machine.signal(signal)
        #expect(try await machine.end() == 7)
        let line = try #require(try machine.output().first { $0.hasPrefix("app got TERM at ") })
        let end = try #require(line.split(separator: " ").last.flatMap { Double($0) })
        #expect(end - begin < 2)
        #expect(try machine.events().contains(.stopped(.signal)))
        try await machine.untilEmpty()
    }

    @Test("an app behind a shell of its own may finish its work when it is stopped")
    func lastWords() async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture, environment: ["LAST_WORDS": "1.5"])
        try machine.start(
            .test(fixture, commit: commit, start: "python3 app.py; echo left with $?; exit 3"))
        try await machine.untilReady()
        let begin = ContinuousClock.now
        machine.signal(SIGTERM)
        try await machine.end()
        #expect(ContinuousClock.now - begin > .seconds(1.4))
        try await machine.untilEmpty()
    }

    @Test("an app that ignores its end is killed")
    func stubborn() async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture)
        try machine.start(
            .test(fixture, commit: commit).with {
                $0.start = "trap '' TERM; exec python3 -m http.server --bind 0.0.0.0 $PORT"
            }, idleTimeout: 1)
        #expect(try await machine.end() == 0)
        try await machine.untilEmpty()
    }

    @Test("a node app behind npm", .enabled(if: npm != nil, "needs npm"))
    func node() async throws {
        let commit = try await fixture.makeRepository(
            "shop",
            [
                "package.json": #"{"name": "shop", "scripts": {"start": "node server.js"}}"#,
                "server.js": """
                process.on("SIGTERM", () => { console.log("node got TERM"); process.exit(0) });
                require("http").createServer((_, answer) => answer.end("hello"))
                    .listen(process.env.PORT, process.env.HOST);
                """,
            ])
        let machine = try FlyBootMachine(fixture, environment: ["NODE_ENV": "production"])
        try machine.start(
            .test(fixture, commit: commit, start: "npm start").with {
                $0.install = "npm install --no-audit --no-fund --offline"
            })
        try await machine.untilReady()
        #expect(try await machine.ask() == "hello")
        machine.signal(SIGINT)
        try await machine.end()
        #expect(try machine.output().contains("node got TERM"))
        try await machine.untilEmpty()
    }

    private static let npm = Command.locate("npm", in: "/usr/local/bin:/usr/bin:/bin")

    @Test("USR1 is the app's", arguments: FlyBootMachine.Shell.available)
    func userSignal(shell: FlyBootMachine.Shell) async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture, shell: shell)
        try machine.start(.test(fixture, commit: commit))
        try await machine.untilReady()
        machine.signal(SIGUSR1)
        try await machine.untilPrinted("app got USR1")
        machine.signal(SIGTERM)
        #expect(try await machine.end() == 7)
    }

    @Test("an app that ends after it was ready ends the machine with its exit code")
    func crash() async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture)
        let release = Release.test(
            fixture, commit: commit, start: "python3 app.py & sleep 2; exit 9")
        try machine.start(release)
        #expect(try await machine.end() == 9)
        #expect(try machine.events().contains(.appEnded(status: 9)))
        try await machine.untilEmpty()
    }

    @Test(
        "a stop in the middle of a phase ends all that it had started",
        arguments: FlyBootMachine.Shell.available)
    func stopWhileInstalling(shell: FlyBootMachine.Shell) async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture, shell: shell)
        try machine.start(
            .test(fixture, commit: commit).with { $0.install = "echo begun; sleep 600 & sleep 600" }
        )
        try await machine.untilPrinted("begun")
        machine.signal(SIGTERM)
        #expect(try await machine.end() == 128 + SIGTERM)
        try await machine.untilEmpty()
    }

    @Test("values are values: nothing in them is executed or split")
    func hostileValues() async throws {
        let folder = "a b$(touch pwned);'`touch pwned`"
        let commit = try await fixture.makeShop([
            "\(folder)/app.py": "import os; print(os.getcwd())"
        ])
        let machine = try FlyBootMachine(fixture, shell: .dash)
        try machine.start(
            .test(fixture, commit: commit, start: "python3 app.py; exec python3 ../app.py").with {
                $0.path = folder
                $0.branch = "x;touch pwned"
                $0.health.path = "/`touch${IFS}pwned`?a=[b]&c={d};'&'"
            }, idleTimeout: 1)
        #expect(try await machine.end() == 0)
        #expect(try machine.output().contains { $0.hasSuffix("/app/" + folder) })
        let found = Command("/usr/bin/find", [fixture.root, "-name", "pwned"], environment: [:])
        #expect(try await found.run().outputText.isEmpty)
    }

    @Test("a static site is served as the program itself serves one")
    func site() async throws {
        let commit = try await fixture.makeRepository(
            "shop", ["site/index.html": "home", "site/about.html": "about", "site/404.html": "no"])
        let machine = try FlyBootMachine(fixture)
        try machine.start(
            .test(fixture, commit: commit, start: nil).with { $0.staticRoot = "site" })
        try await machine.untilReady()
        let client = HTTPClient(userAgent: "tests")
        for (path, status, body) in [
            ("/", 200, "home"), ("/about", 200, "about"), ("/nothing", 404, "no"),
            ("/../../app/.git/config", 404, "no"),
        ] {
            let answer = try await client.send(
                HTTPRequest("GET", "http://127.0.0.1:\(machine.port)\(path)"))
            #expect(answer.status == status && answer.body == Array(body.utf8), "\(path)")
        }
    }

    @Test("the checkout's own folder is served without what is hidden in it")
    func hiddenFiles() async throws {
        let commit = try await fixture.makeRepository("shop")
        let machine = try FlyBootMachine(fixture)
        try machine.start(.test(fixture, commit: commit, start: nil).with { $0.staticRoot = "." })
        try await machine.untilReady()
        let answer = try await HTTPClient(userAgent: "tests").send(
            HTTPRequest("GET", "http://127.0.0.1:\(machine.port)/.git/config"))
        #expect(answer.status == 404)
    }

    @Test("python projects get a virtual environment, first on PATH")
    func virtualEnvironment() async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture)
        try machine.start(
            .test(fixture, commit: commit, start: "command -v python; exec python app.py").with {
                $0.platform.runtime = "python"
            })
        try await machine.untilReady()
        #expect(try machine.output().contains { $0.hasSuffix("/app/.venv/bin/python") })
        #expect(
            try machine.events().contains { event in
                if case .phaseEnded(let result) = event {
                    result.name == .install && !result.skipped
                } else {
                    false
                }
            })
    }

    @Test("it is clean", .enabled(if: shellcheck != nil, "needs shellcheck"))
    func clean() async throws {
        _ = try FlyBootMachine(fixture)
        let command = Command(
            try #require(Self.shellcheck),
            ["--shell=sh", "--severity=style", fixture.path("machine/preview/boot.sh")],
            environment: fixture.environment)
        let result = try await command.run()
        #expect(result.ending == .exited(0), "\(result.outputText)")
    }

    private static let shellcheck = Command.locate("shellcheck", in: "/usr/local/bin:/usr/bin:/bin")
}
