import Glibc
import PreviewAdapters
import PreviewCore
import PreviewSystem
import Testing

/// What the boot script says when a boot fails, and how it ends.
@Suite("A boot that fails on the machine", .serialized)
struct FlyBootFailureTests {
    private let fixture: GitFixture

    init() throws {
        fixture = try GitFixture()
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var phase: BootPhase
        var reason: BootTrouble.Reason
        /// `nil` where it says nothing.
        var status: Int? = 0
        var code: ErrorCode
        /// What one of the last lines begins with.
        var line: String?
        var environment: [String: String] = [:]
        var change: @Sendable (inout Release) -> Void
    }

    private static let cases = [
        Case(
            testDescription: "the commit is nowhere", phase: .clone, reason: .commitMissing,
            status: nil, code: .commitMissing
        ) { $0.commit = String(repeating: "12", count: 20) },
        Case(
            testDescription: "the branch is gone too", phase: .clone, reason: .commitMissing,
            status: nil, code: .commitMissing
        ) {
            $0.commit = String(repeating: "12", count: 20)
            $0.branch = "gone"
        },
        Case(
            testDescription: "the repository is not there", phase: .clone, reason: .git,
            status: 128, code: .repositoryNotFound, line: "fatal: "
        ) { $0.fetchURL += "-gone" },
        Case(
            testDescription: "a transport that is not allowed", phase: .clone, reason: .git,
            status: 128, code: .invalidRepositoryAddress, line: "fatal: transport"
        ) { $0.fetchURL = "ext::sh -c 'exit 1'" },
        Case(
            testDescription: "no such folder", phase: .clone, reason: .pathMissing,
            code: .pathNotFound
        ) { $0.path = "apps/web" },
        Case(
            testDescription: "a folder outside", phase: .clone, reason: .environment,
            code: .cloneFailed
        ) { $0.path = "../.." },
        Case(
            testDescription: "a commit that is none", phase: .clone, reason: .environment,
            code: .cloneFailed
        ) { $0.commit = "--upload-pack=x" },
        Case(
            testDescription: "install fails", phase: .install, reason: .command, status: 3,
            code: .installFailed, line: "cannot install"
        ) { $0.install = "echo cannot install >&2; exit 3" },
        Case(
            testDescription: "the installer is not there", phase: .install,
            reason: .commandNotFound, status: 127, code: .commandNotFound
        ) { $0.install = "no-such-installer --now" },
        Case(
            testDescription: "install takes too long", phase: .install, reason: .timeout,
            code: .installTimeout, line: "patience"
        ) {
            $0.install = "echo patience; sleep 600 & sleep 600"
            $0.timeouts.install = 1
        },
        Case(
            testDescription: "the build fails", phase: .build, reason: .command, status: 1,
            code: .buildFailed, line: "broken"
        ) { $0.build = "echo broken; false" },
        Case(
            testDescription: "the build checks out another commit", phase: .build,
            reason: .wrongCommit, code: .wrongCommit
        ) { $0.build = "git commit --quiet --allow-empty --message x" },
        Case(
            testDescription: "nothing to start", phase: .start, reason: .noStart,
            code: .startCommandMissing
        ) { $0.start = nil },
        Case(
            testDescription: "nothing to serve", phase: .start, reason: .noStart,
            code: .startCommandMissing
        ) {
            $0.start = nil
            $0.staticRoot = "dist"
        },
        Case(
            testDescription: "the app ends at once", phase: .start, reason: .appEnded, status: 5,
            code: .appEnded, line: "KeyError"
        ) { $0.start = "echo KeyError; exit 5" },
        Case(
            testDescription: "the server is not there", phase: .start, reason: .commandNotFound,
            status: 127, code: .commandNotFound
        ) { $0.start = "no-such-server" },
        Case(
            testDescription: "it goes to the background", phase: .start, reason: .background,
            code: .wentToBackground
        ) { $0.start = "sleep 600 &" },
        Case(
            testDescription: "it never listens", phase: .start, reason: .neverListened,
            code: .neverListened
        ) {
            $0.start = "sleep 600"
            $0.timeouts.start = 1
        },
        Case(
            testDescription: "Q11: it listens on loopback only", phase: .start,
            reason: .loopbackOnly, code: .wrongPort, environment: ["HOST": "127.0.0.1"]
        ) { $0.timeouts.start = 24 },
        Case(
            testDescription: "it answers with 500", phase: .probe, reason: .serverError,
            status: 500, code: .serverError, environment: ["STATUS": "500"]
        ) { $0.health.timeout = 2 },
        Case(
            testDescription: "it never answers", phase: .probe, reason: .noAnswer,
            code: .noAnswer, environment: ["HANG": "1"]
        ) { $0.health.timeout = 1 },
    ]

    @Test("the failure names phase and cause, the exit code the phase", arguments: cases)
    func failure(_ example: Case) async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture, environment: example.environment)
        let release = Release.test(fixture, commit: commit).with(example.change)
        try machine.start(release)
        let code = try await machine.end()
        #expect(BootScript.phase(failedWith: Int(code)) == example.phase)
        let trouble = try #require(try machine.trouble(), "\(machine.tail)")
        #expect(trouble.phase == example.phase && trouble.reason == example.reason)
        if let status = example.status { #expect(trouble.status == status) }
        if let line = example.line {
            #expect(trouble.lines.contains { $0.hasPrefix(line) }, "\(trouble.lines)")
        }
        let failure = trouble.failure(of: release)
        #expect(failure.code == example.code && failure.step == .boot && failure.fix != nil)
        try await machine.untilEmpty()
    }

    @Test("Q11: the ports the app listens on instead of its own")
    func wrongPort() async throws {
        let commit = try await fixture.makeShop()
        let other = try Listener.freePort()
        let machine = try FlyBootMachine(fixture, environment: ["LISTEN": String(other)])
        try machine.start(
            .test(fixture, commit: commit).with { $0.timeouts.start = 16 })
        #expect(try await machine.end() == 114)
        let trouble = try #require(try machine.trouble())
        #expect(trouble.reason == .wrongPort && trouble.ports == [other])
    }

    @Test("a stubborn 500 is not waited for to the end; 503 is")
    func stubbornError() async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture, environment: ["STATUS": "500"])
        try machine.start(.test(fixture, commit: commit))
        #expect(try await machine.end(within: .seconds(30)) == 115)
        #expect(try machine.trouble()?.reason == .serverError)
    }

    @Test("R4: a machine that is to stay after a failure does, until it is stopped")
    func kept() async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture)
        try machine.start(
            .test(fixture, commit: commit).with { $0.build = "exit 1" }, keepingAfterFailure: true)
        try await machine.until { try $0.events().contains(.kept) }
        #expect(try machine.trouble()?.reason == .command)
        #expect(fixture.exists("\(machine.work)/app/app.py"))
        machine.signal(SIGTERM)
        #expect(try await machine.end() == 128 + SIGTERM)
    }

    @Test("it stays no longer than an idle app, and then rests")
    func keptForSomeTime() async throws {
        let commit = try await fixture.makeShop()
        let machine = try FlyBootMachine(fixture)
        try machine.start(
            .test(fixture, commit: commit).with { $0.build = "exit 1" }, idleTimeout: 1,
            keepingAfterFailure: true)
        #expect(try await machine.end() == 0)
        #expect(try machine.events().suffix(2) == [.kept, .stopped(.idle)])
    }

    @Test("every reason has its words")
    func words() throws {
        let release = Release.test(fixture, commit: "12", start: "npm start")
        for reason in BootTrouble.Reason.allCases {
            for phase in BootPhase.allCases {
                var markers = BootMarkers(key: "k")
                let events = markers.read(
                    "::preview:k:1-1:1:failed phase=\(phase) reason=\(reason.rawValue) status=1;")
                guard case .failed(let trouble)? = events.last else {
                    Issue.record("\(reason) in \(phase) is not understood")
                    continue
                }
                let failure = trouble.failure(of: release)
                #expect(failure.fix?.isEmpty == false && failure.step == .boot)
                #expect((failure.kind == .timedOut) == reason.isTimeout)
            }
        }
    }
}

extension BootTrouble.Reason {
    fileprivate var isTimeout: Bool { [.timeout, .neverListened, .noAnswer].contains(self) }
}
