import FoundationEssentials
import Glibc
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

/// A machine as the boot script sees one: the files of its config, a shell, an environment and a
/// log. Everything that runs on it is ended with its last reference.
final class FlyBootMachine: Sendable {
    /// What `/bin/sh` is: on Debian, on images that replaced it, and on Alpine.
    enum Shell: String, CaseIterable, Sendable {
        case dash, bash, busybox

        var words: [String] {
            switch self {
            case .dash: ["/bin/dash"]
            case .bash: ["/bin/bash"]
            case .busybox: ["/bin/busybox", "sh"]
            }
        }

        /// Those that are installed here.
        static var available: [Shell] {
            allCases.filter { KernelFile.exists($0.words[0]) }
        }
    }

    static let key = "k3vabcdefgh01234"

    let fixture: GitFixture
    let port: Int

    /// Ports below those that the system gives out by itself: one that is free now may be given to
    /// another test before the app takes it.
    private static let ports = Locked(10_000 + Int(getpid() % 900) * 10)

    private static func nextPort() -> Int? {
        ports.withLock { next in
            for _ in 0..<1_000 {
                next = next >= 19_999 ? 10_000 : next + 1
                if Listener.isFree(port: next) { return next }
            }
            return nil
        }
    }
    private let shell: Shell
    private let id = "boot-tests-\(Digest.hexadecimal(Moment.randomBytes(6)))"
    private let process = Locked<ProcessIdentity?>(nil)
    private let starts = Locked(0)
    /// Whatever else is to be in the environment.
    private let extra: [String: String]

    init(
        _ fixture: GitFixture, shell: Shell = .dash, environment: [String: String] = [:]
    ) throws {
        self.fixture = fixture
        self.shell = shell
        extra = environment
        port = try #require(Self.nextPort())
        for file in BootScript.files {
            let path = try #require(file["guest_path"]?.string)
            let bytes = try #require(Data(base64Encoded: file["raw_value"]?.string ?? ""))
            try fixture.write(String(decoding: bytes, as: UTF8.self), to: "machine" + path)
        }
        try fixture.write("", to: "machine/root/.keep")
    }

    deinit {
        for process in ProcessIdentity.all(withVariables: ["FLY_MACHINE_ID": id]) {
            process.kill()
        }
        guard let main = process.withLock({ $0 }) else { return }
        main.kill()
        var status: Int32 = 0
        waitpid(main.pid, &status, 0)
    }

    /// The folder in which the script works.
    var work: String { "machine/preview/work" }

    var environment: [String: String] {
        fixture.environment.merging([
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": fixture.path("machine/root"),
            "FLY_MACHINE_ID": id, "PORT": String(port),
        ]) { $1 }.merging(extra) { $1 }
    }

    /// Starts the machine with a release; `variables` are added to those of the script.
    func start(
        _ release: Release, idleTimeout: Int? = nil, variables: [String: String] = [:],
        keepingAfterFailure: Bool = false, through words: [String] = []
    ) throws {
        var lifecycle = Config.Lifecycle()
        lifecycle.idleTimeout = idleTimeout
        let environment =
            environment
            .merging(
                BootScript.variables(for: lifecycle, expiresAt: nil, checkInterval: nil)
            ) { $1 }
            .merging(
                BootScript.variables(
                    for: release, key: Self.key, staysAfterFailure: keepingAfterFailure)
            ) { $1 }
            .merging(variables) { $1 }
        let all = words + shell.words + [fixture.path("machine/preview/boot.sh")]
        let program = try #require(all.first)
        let log = open(fixture.path("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        try #require(log >= 0)
        let output = Descriptor(owning: log)
        let command = Command(
            program, Array(all.dropFirst()), environment: environment,
            directory: fixture.path("machine"))
        let started = try command.start(.ownSession, output: output, errorOutput: output)
        process.withLock { $0 = started }
        starts.withLock { $0 += 1 }
    }

    func signal(_ number: Int32) {
        process.withLock { $0 }?.signal(number)
    }

    /// Waits for the script's end and returns its exit code, or 128 and the number of a signal.
    @discardableResult
    func end(within patience: Duration = .seconds(60)) async throws -> Int32 {
        let process = try #require(process.withLock { $0 })
        let hasEnded = await process.waitForEnd(until: .now + patience)
        try #require(hasEnded, "it goes on: \(tail)")
        self.process.withLock { $0 = nil }
        return await BlockingThread.run {
            var status: Int32 = 0
            while waitpid(process.pid, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7f
            return signal == 0 ? (status >> 8) & 0xff : 128 + signal
        }
    }

    /// What the machine has printed so far, of all its starts.
    func lines() throws -> [String] {
        (try fixture.read("log") ?? "").split(separator: "\n", omittingEmptySubsequences: false)
            .dropLast().map(String.init)
    }

    /// Its last lines, for the message of a test that failed.
    var tail: String { (try? lines())?.suffix(12).joined(separator: "\n") ?? "no log" }

    /// What that tells a follower.
    func events() throws -> [BootMarkers.Event] {
        var markers = BootMarkers(key: Self.key)
        return try lines().flatMap { markers.read($0) }
    }

    /// The lines a command or the app printed.
    func output() throws -> [String] {
        try events().compactMap { event in
            if case .output(let line, _) = event { line } else { nil }
        }
    }

    /// The phases that ended, of all its starts.
    func phases() throws -> [BootReceipt.PhaseResult] {
        try events().compactMap { event in
            if case .phaseEnded(let result) = event { result } else { nil }
        }
    }

    func trouble() throws -> BootTrouble? {
        try events().lazy.compactMap { event in
            if case .failed(let trouble) = event { trouble } else { nil }
        }.last
    }

    /// Waits until the log tells something.
    func until(_ isSo: (FlyBootMachine) throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try !isSo(self) {
            try #require(
                ContinuousClock.now < deadline, "it never came: \(tail)")
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    func untilReady() async throws {
        try await until { try $0.events().contains(.ready(status: 200)) }
    }

    func untilPrinted(_ start: String) async throws {
        try await until { try $0.lines().contains { $0.hasPrefix(start) } }
    }

    /// Waits until the next start of the machine need not clone again.
    func untilSealed() async throws {
        try await until { $0.fixture.exists("\($0.work)/stamp") }
    }

    /// Boots a release and stops it when it is up and sealed.
    func boot(_ release: Release) async throws {
        let count = try readyCount()
        try start(release)
        try await until { try $0.readyCount() > count }
        try await untilSealed()
        signal(SIGTERM)
        try await end()
    }

    private func readyCount() throws -> Int {
        try events().count { $0 == .ready(status: 200) }
    }

    /// Asks the app, and closes the connection.
    @discardableResult
    func ask(_ path: String = "/") async throws -> String {
        let answer = try await HTTPClient(userAgent: "tests").send(
            HTTPRequest(
                "GET", "http://127.0.0.1:\(port)\(path)",
                headers: [HTTPHeader("Connection", "close")]))
        return String(decoding: answer.body, as: UTF8.self)
    }

    /// Runs a command beside the app, as `exec` does, and returns what it printed.
    @discardableResult
    func run(_ words: [String]) async throws -> String {
        let words = words.map { $0 == BootScript.path ? fixture.path("machine" + $0) : $0 }
        let result = try await Command(
            words[0], Array(words.dropFirst()), environment: environment
        ).run(timeout: .seconds(30))
        try #require(result.ending.isSuccess, "\(result.errorText)")
        return result.outputText
    }

    /// Whatever runs on the machine.
    var processes: [ProcessIdentity] {
        ProcessIdentity.all(withVariables: ["FLY_MACHINE_ID": id]).filter(\.isAlive)
    }

    /// Ends everything at once, as the power does.
    func crash() async throws {
        for process in processes { process.kill() }
        if process.withLock({ $0 }) != nil { try await end() }
        try await untilEmpty()
    }

    /// Waits until nothing runs on the machine any more; the script's clock ends within a second.
    func untilEmpty() async throws {
        try await until { $0.processes.isEmpty }
    }

    /// Makes the folder `bin` with links to programs, which is then all that the machine has.
    static func makeBin(_ fixture: GitFixture, without missing: Set<String> = []) throws {
        for name in needed + ["git", "python3"] where !missing.contains(name) {
            let program = try #require(
                Command.locate(name, in: "/usr/bin:/bin:/usr/sbin:/sbin"), "no \(name)")
            _ = try? Folder.open(fixture.root).makeFolder("bin")
            symlink(program, fixture.path("bin/\(name)"))
        }
    }

    /// What the script needs of an image, beside git and one program that asks by HTTP.
    static let needed = [
        "sh", "awk", "cat", "chmod", "date", "dirname", "id", "ls", "mkdir", "mv", "printf", "rm",
        "sed", "sleep", "sort", "sync", "tr",
    ]
}

extension Release {
    /// A release of the fixture's repository `shop`.
    static func test(
        _ fixture: GitFixture, commit: String, start: String? = "exec python3 app.py"
    ) -> Release {
        Release(
            fetchURL: "file://\(fixture.path("shop"))", branch: "main", commit: commit, path: "",
            install: nil, build: nil, start: start, staticRoot: nil, platform: Platform(),
            port: nil, previewVariables: [:], settingsRevision: "r1", health: .init(),
            timeouts: .init())
    }

    /// With something changed.
    func with(_ change: (inout Release) -> Void) -> Release {
        var release = self
        change(&release)
        return release
    }
}

extension GitFixture {
    /// Writes a program of the shell.
    func writeProgram(_ text: String, to relative: String) throws {
        try write("#!/bin/sh\n" + text + "\n", to: relative)
        try #require(chmod(path(relative), 0o755) == 0)
    }

    /// The repository `shop` with an app that answers on PORT, after a while at `/nap` and `/slow`,
    /// tells the names in its environment at `/env`, and ends with 7 on TERM. `HOST`, `LISTEN`,
    /// `STATUS`, `HANG` and `LAST_WORDS` change its ways.
    @discardableResult
    func makeShop(_ files: [String: String] = [:]) async throws -> String {
        try await makeRepository("shop", ["app.py": Self.app].merging(files) { $1 })
    }

    private static let app = """
        import http.server, os, signal, sys, time

        def end(*_):
            print("app got TERM at", time.time(), flush=True)
            time.sleep(float(os.environ.get("LAST_WORDS", "0")))
            os._exit(7)

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if "HANG" in os.environ: time.sleep(600)
                time.sleep({"/slow": 4, "/nap": 0.3}.get(self.path, 0))
                body = "\\n".join(sorted(os.environ)).encode() if self.path == "/env" else b"hello"
                self.send_response(int(os.environ.get("STATUS", "200")))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_): pass

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGUSR1, lambda *_: print("app got USR1", flush=True))
        port = int(os.environ.get("LISTEN", os.environ["PORT"]))
        server = http.server.ThreadingHTTPServer((os.environ["HOST"], port), Handler)
        print("listening as", os.environ["PORT"], flush=True)
        server.serve_forever()
        """
}
