import Glibc
import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

/// A provider `local` with folders of its own and a repository to boot; its processes are ended and
/// its folders removed with the last reference.
final class LocalFixture: Sendable {
    let path: String
    let provider: LocalProvider
    let reporter = EventRecorder()
    private let parent: Folder
    private let name: String

    /// Times that let a test end soon.
    static func quickPace(second: Int = 1000) -> Pace {
        var pace = Pace()
        pace.second = second
        pace.grace = 500
        pace.settle = 100
        pace.backoff = 50
        pace.longestBackoff = 200
        pace.restarts = 3
        return pace
    }

    /// `gitEnvironment` and `token`: what git is given beyond the usual.
    init(
        pace: Pace = LocalFixture.quickPace(), environment: [String: String] = [:],
        gitEnvironment: [String: String] = [:], token: GitToken? = nil
    ) throws {
        let suffix = Digest.hexadecimal(Moment.randomBytes(6))
        name = "preview-local-tests-\(suffix)"
        parent = try Folder.open("/tmp", ownedBy: .any)
        path = try parent.makeFolder(name).path
        var surroundings = LocalProvider.Surroundings(
            root: path + "/.preview",
            executable: try Self.executable,
            environment: Self.environment.merging(environment) { $1 },
            git: GitRepository(
                .init(
                    environment: Self.environment.merging(gitEnvironment) { $1 },
                    baseFolder: path,
                    temporaryFolder: path,
                    token: token
                )
            )
        )
        surroundings.pace = pace
        provider = LocalProvider(surroundings)
    }

    deinit {
        // A supervisor that outlived a test ends in good order, so that its control groups go too.
        for process in processes
        where KernelFile.text("/proc/\(process.pid)/cmdline")?.contains("__supervise") == true {
            process.signal(SIGTERM)
        }
        let deadline = ContinuousClock.now + .seconds(5)
        while !processes.isEmpty, ContinuousClock.now < deadline { usleep(5000) }
        for process in processes { process.kill() }
        // What a test leaves behind in /tmp harms no other test.
        try? parent.removeTree(name)
    }

    /// The built program, beside the tests.
    static var executable: String { get throws { try BuiltProgram.path } }

    static let environment = BuiltProgram.environment

    var owner: Ownership {
        Ownership(lineage: name, source: String(repeating: "ab", count: 32))
    }

    var app: String { "app-" + name.suffix(8) }

    // MARK: - Repositories

    /// Makes a repository of these files; returns its folder and its commit.
    func commit(_ files: [String: String]) async throws -> (folder: String, commit: String) {
        let folder = try Folder.open(path).makeFolder("repository")
        for (name, content) in files {
            try writeFile(name, content, in: folder)
        }
        let script =
            "git init -q -b main . && git add -A && git -c user.name=t -c user.email=t@t commit -qm x "
            + "&& git rev-parse HEAD"
        let result = try await Command(
            "/bin/sh",
            ["-c", script],
            environment: Self.environment,
            directory: folder.path
        ).run()
        try #require(result.ending.isSuccess, "\(result.errorText)")
        return (folder.path, String(result.outputText.prefix(40)))
    }

    private func writeFile(_ name: String, _ content: String, in folder: Folder) throws {
        let parts = name.split(separator: "/").map(String.init)
        var place = folder
        for part in parts.dropLast() { place = try place.makeFolder(part) }
        try place.write(parts[parts.count - 1], Array(content.utf8))
    }

    /// A release of a repository made of these files.
    func release(
        _ files: [String: String],
        start: String?,
        install: String? = nil,
        build: String? = nil,
        staticRoot: String? = nil,
        runtime: String? = nil,
        change: (inout Release) -> Void = { _ in }
    ) async throws -> Release {
        let (folder, commit) = try await commit(files)
        var health = Config.Health()
        health.timeout = 20
        var timeouts = Config.PhaseTimeouts()
        timeouts.start = 20
        let release = Release(
            fetchURL: folder,
            branch: "main",
            commit: commit,
            path: "",
            install: install,
            build: build,
            start: start,
            staticRoot: staticRoot,
            platform: Platform(runtime: runtime),
            port: nil,
            previewVariables: ["PREVIEW": "true"],
            settingsRevision: "r1",
            health: health,
            timeouts: timeouts
        )
        var changed = release
        change(&changed)
        return changed
    }

    // MARK: - Steps

    /// A key that no other test has, since control groups are named after it.
    func key(_ number: Int) -> String { "k\(number)-\(name.suffix(12))" }

    func allocate(key number: Int = 1) async throws -> Machine {
        try await provider.allocate(
            MachineSpec(
                app: app,
                owner: owner,
                regions: ["local"],
                resources: .default,
                expiresAt: nil
            ),
            replacing: nil,
            attempt: TestAttempt(key: key(number))
        )
    }

    @discardableResult
    func configure(
        _ machine: Machine,
        environment: [String: String] = [:],
        idleTimeout: Int? = 3600,
        autoStart: Bool = true,
        memory: Int = 512,
        secretNames: [String] = []
    ) async throws -> SettingsReceipt {
        var lifecycle = Config.Lifecycle()
        lifecycle.idleTimeout = idleTimeout
        lifecycle.autoStart = autoStart
        return try await provider.configure(
            machine,
            Settings(
                environment: environment,
                secretNames: secretNames,
                resources: Config.Resources(size: "test", cpu: 1, memory: memory),
                lifecycle: lifecycle,
                revision: "r1",
                expiresAt: nil
            ),
            secrets: [:],
            attempt: TestAttempt(key: key(2))
        )
    }

    @discardableResult
    func boot(
        _ release: Release,
        on machine: Machine,
        key number: Int = 3,
        secrets: [String: String] = [:]
    ) async throws -> BootReceipt {
        try await provider.boot(
            release,
            on: machine,
            secrets: secrets,
            attempt: TestAttempt(key: key(number)),
            reporter: reporter
        )
    }

    /// Allocates, configures and boots.
    @discardableResult
    func up(
        _ release: Release,
        environment: [String: String] = [:],
        secrets: [String: String] = [:],
        idleTimeout: Int? = 3600
    ) async throws -> (machine: Machine, receipt: BootReceipt) {
        let machine = try await allocate()
        try await configure(machine, environment: environment, idleTimeout: idleTimeout)
        return (machine, try await boot(release, on: machine, secrets: secrets))
    }

    /// Boots what must fail, and returns how it failed.
    func failure(of release: Release, environment: [String: String] = [:]) async throws -> Failure {
        let machine = try await allocate()
        try await configure(machine, environment: environment)
        do {
            try await boot(release, on: machine)
        } catch let rejection as Rejection {
            #expect(
                processes.isEmpty,
                "after a failed boot none of its processes is left"
            )
            return rejection.failure
        }
        throw Unexpected.success
    }

    enum Unexpected: Error { case success }

    // MARK: - Looking

    /// Every living process of this fixture's machines.
    var processes: [ProcessIdentity] {
        ProcessIdentity.all(withVariables: ["PREVIEW_LINEAGE": name])
    }

    func state(_ machine: Machine) async throws -> MachineState? {
        try await provider.inspect(machine)?.state
    }

    /// The text that a URL of the preview answers with.
    func get(_ machine: Machine, _ path: String = "/") async throws -> HTTPResponse {
        let port = try #require(machine.port)
        return try await HTTPClient(userAgent: "test").send(
            HTTPRequest(
                "GET",
                "http://127.0.0.1:\(port)\(path)",
                headers: [HTTPHeader("Connection", "close")],
                timeout: .seconds(20)
            )
        )
    }

    func text(_ machine: Machine, _ path: String = "/") async throws -> String {
        String(decoding: try await get(machine, path).body, as: UTF8.self)
    }

    func file(_ path: String) -> String? {
        KernelFile.text(self.path + "/.preview/" + app + "/" + path)
    }
}

/// Waits until `condition` holds, for at most twenty seconds; false if it never did.
func holds(_ condition: () async throws -> Bool) async rethrows -> Bool {
    let deadline = ContinuousClock.now + .seconds(20)
    while ContinuousClock.now < deadline {
        if try await condition() { return true }
        // Cancelled tests end by their own deadline.
        try? await Task.sleep(for: .milliseconds(10))
    }
    return try await condition()
}

/// An attempt that remembers what was announced.
final class TestAttempt: AttemptRecorder {
    let key: String
    let isResumed: Bool
    let named: [NamedObject] = []
    let adopts: Bool
    private let announced = Locked<[String]>([])

    init(key: String, isResumed: Bool = false, adopts: Bool = false) {
        self.key = key
        self.adopts = adopts
        self.isResumed = isResumed
    }

    var names: [String] { announced.withLock { $0 } }

    func willMake(_ object: ObjectKind, named name: String) async throws {
        announced.withLock { $0.append("\(object.rawValue) \(name)") }
    }
}

/// Remembers every event.
final class EventRecorder: Reporter {
    private let recorded = Locked<[Event]>([])

    var events: [Event] { recorded.withLock { $0 } }

    func report(_ event: Event) {
        recorded.withLock { $0.append(event) }
    }

    /// The lines that were printed in a phase.
    func output(_ phase: BootPhase) -> [String] {
        events.filter { $0.kind == .output && $0.data["phase"]?.string == phase.rawValue }
            .map(\.message)
    }
}

/// Small apps.
enum TestApps {
    /// Answers every request with a text made of the expression `body`.
    static func python(_ body: String = "'ok'", before: String = "") -> String {
        """
        import http.server, os, sys, time, threading, signal
        \(before)
        class H(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'
            def do_GET(self):
                data = str(\(body)).encode()
                self.send_response(200)
                self.send_header('Content-Length', str(len(data)))
                self.end_headers()
                if self.command == 'GET': self.wfile.write(data)
            do_HEAD = do_GET
            def log_message(self, *a): print(self.command, self.path)
        http.server.ThreadingHTTPServer(('127.0.0.1', int(os.environ['PORT'])), H).serve_forever()
        """
    }
}
