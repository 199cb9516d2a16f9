package import PreviewCore

/// Why a boot on a machine of Fly failed, as the boot script observed it.
package struct BootTrouble: Hashable, Sendable {
    /// What went wrong. The raw values are the script's.
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// A value that the script needs is missing or has the wrong form.
        case environment
        /// No git in the image, and none could be installed.
        case gitMissing = "git-missing"
        /// git failed; its last lines tell why.
        case git
        case commitMissing = "commit-missing"
        case wrongCommit = "wrong-commit"
        case pathMissing = "path-missing"
        /// The phase took longer than it may.
        case timeout
        /// A command of the repository's owner failed.
        case command
        case commandNotFound = "command-not-found"
        /// Python cannot make a virtual environment.
        case noEnvironment = "no-venv"
        /// Nothing in the image can serve a static site, and nothing could be installed.
        case noServer = "no-server"
        /// There is nothing to start, or the folder to serve is not there.
        case noStart = "no-start"
        /// The start command ended and left the app behind.
        case background
        case appEnded = "app-ended"
        case neverListened = "never-listened"
        case wrongPort = "wrong-port"
        /// It listens where the platform's proxy cannot reach it (BEHAVIOURS Q11).
        case loopbackOnly = "loopback-only"
        case serverError = "server-error"
        case noAnswer = "no-answer"
    }

    /// The phase that did not come to its end.
    package var phase: BootPhase
    /// What went wrong in it.
    package var reason: Reason
    /// Exit status of what failed, or the status of the app's answer; 0 where there is none.
    package var status: Int
    /// The ports the app listened on instead of its own.
    package var ports: [Int]
    /// What was printed last in the phase, oldest first.
    package var lines: [String]

    init?(_ marker: Marker, lines: [String]) {
        guard let phase = BootPhase(rawValue: marker["phase"]),
            let reason = Reason(rawValue: marker["reason"])
        else { return nil }
        self.phase = phase
        self.reason = reason
        status = Int(marker["status"]) ?? 0
        ports = marker["ports"].split(separator: ",").compactMap { Int($0) }
        self.lines = lines
    }

    /// The failure of step 4, in the words that a boot on this machine would have.
    package func failure(of release: Release) -> Failure {
        var failure = plainFailure(release)
        failure.step = .boot
        if !lines.isEmpty {
            failure.evidence.append(.init("last lines", lines.joined(separator: "\n")))
        }
        return failure
    }

    private func plainFailure(_ release: Release) -> Failure {
        switch reason {
        case .timeout: timeout(release)
        case .environment, .gitMissing, .git, .commitMissing, .wrongCommit, .pathMissing:
            cloneFailure(release)
        case .command, .commandNotFound, .noEnvironment: commandFailure(release)
        case .noServer, .noStart, .background, .appEnded, .neverListened, .wrongPort, .loopbackOnly:
            startFailure(release)
        case .serverError, .noAnswer: probeFailure(release)
        }
    }
}

// MARK: - Words

extension BootTrouble {
    private func cloneFailure(_ release: Release) -> Failure {
        let git = GitFailures(address: release.fetchURL, token: nil)
        switch reason {
        case .gitMissing:
            return Failure(
                .gitMissing, "the machine's image has no git, and it could not be installed there",
                fix:
                    "set `run: { image: … }` to an image with git, or to one with apt or apk that runs "
                    + "as root")
        case .commitMissing: return git.commitGone(release.commit, from: release.branch)
        case .wrongCommit:
            return Failure(
                .wrongCommit, "the checkout is not at the planned commit",
                evidence: [.init("planned", release.commit)],
                fix: "do not change the checked-out commit in install or build commands")
        case .pathMissing:
            return Failure(
                .pathNotFound, "the commit has no folder `\(release.path)`",
                fix: "set `path:` to a folder of the repository")
        case .git:
            let failure = git.failure(
                GitOutcome(
                    status: Int32(clamping: status), errors: lines.joined(separator: "\n")))
            let isKnown = failure.code != .gitFailed
            return Failure(
                isKnown ? failure.code : .cloneFailed, failure.kind, failure.message,
                fix: failure.fix)
        default:
            return Failure(
                .cloneFailed, "the machine was not told what to boot",
                fix: "run step 4 again; if somebody changed the machine's environment, `preview "
                    + "plan` shows it")
        }
    }

    private func commandFailure(_ release: Release) -> Failure {
        if reason == .noEnvironment {
            return Failure(
                .installFailed, "Python could not make a virtual environment",
                evidence: [.init("command", "python3 -m venv .venv")],
                fix: "set `run: { image: … }` to an image of Python, such as python:3.12")
        }
        let line = command(release)
        let isUnknown = reason == .commandNotFound
        return Failure(
            isUnknown ? .commandNotFound : phase == .install ? .installFailed : .buildFailed,
            isUnknown
                ? "the \(phase.rawValue) command names a program that is not there"
                : "the \(phase.rawValue) command ended with status \(status)",
            evidence: line.map { [.init("command", $0)] } ?? [],
            fix: memoryFix ?? BootDiagnosis.fix(for: lines)
                ?? (isUnknown
                    ? "add it to the project's dependencies, or set `run: { image: … }` to an image that "
                        + "has it"
                    : "run `\(line ?? phase.rawValue)` in a fresh clone, repair it, commit and push")
        )
    }

    private func startFailure(_ release: Release) -> Failure {
        switch reason {
        case .noServer:
            Failure(
                .startCommandMissing,
                "the machine's image has no python3 to serve the files with, and it could not be "
                    + "installed there",
                fix: "set `run: { image: … }` to an image with python3")
        case .noStart:
            Failure(
                .startCommandMissing,
                release.staticRoot.map { "the folder `\($0)` that is to be served is not there" }
                    ?? "there is no start command",
                fix: "check what the build writes, or write `run: { start: … }` in preview.yaml")
        case .background:
            Failure(
                .wentToBackground, "the start command ended and left the app in the background",
                fix: "start the app in the foreground, without `&`, `nohup` or a daemon option")
        case .neverListened:
            Failure(
                .neverListened, .timedOut,
                "the app did not listen within \(release.timeouts.start) s",
                evidence: [.init("sockets", "none")],
                fix: BootDiagnosis.fix(for: lines)
                    ?? advice(release)
                    + "; if it only needs longer, raise `timeouts: { start: … }`")
        case .wrongPort:
            Failure(
                .wrongPort,
                "the app listens on port \(portList) and not on its own, as PORT asks",
                evidence: [.init("sockets", "port \(portList)")], fix: advice(release))
        case .loopbackOnly:
            Failure(
                .wrongPort,
                "the app listens on the machine's loopback address only, where nobody reaches it",
                evidence: [.init("sockets", "127.0.0.1 port \(portList)")],
                fix: "let the app listen on the address in the variable HOST, which is 0.0.0.0")
        default: appEnded(release)
        }
    }

    private func appEnded(_ release: Release) -> Failure {
        Failure(
            .appEnded, "the app ended with status \(status) before it was up",
            evidence: command(release).map { [.init("command", $0)] } ?? [],
            fix: memoryFix ?? BootDiagnosis.fix(for: lines)
                ?? (status == 0
                    ? "use a start command that keeps running in the foreground"
                    : "run the start command here by hand, repair it, commit and push"))
    }

    private func probeFailure(_ release: Release) -> Failure {
        let path = release.health.path
        if reason == .serverError {
            return Failure(
                .serverError, "the app answers with status \(status)",
                evidence: [.init("path", path)],
                fix: BootDiagnosis.fix(for: lines)
                    ?? "see the last lines and `preview logs`; or set `health: { path: … }` to one that "
                    + "answers")
        }
        return Failure(
            .noAnswer, .timedOut, "the app did not answer within \(release.health.timeout) s",
            evidence: [.init("path", path)],
            fix: "raise `health: { timeout: … }`, or set `health: { path: … }` to one that answers "
                + "sooner")
    }

    private func timeout(_ release: Release) -> Failure {
        let (code, limit): (ErrorCode, Int) =
            switch phase {
            case .clone: (.cloneTimeout, release.timeouts.clone)
            case .install: (.installTimeout, release.timeouts.install)
            case .build: (.buildTimeout, release.timeouts.build)
            case .start: (.neverListened, release.timeouts.start)
            case .probe: (.noAnswer, release.health.timeout)
            }
        return Failure(
            code, .timedOut, "the \(phase.rawValue) phase did not finish within \(limit) s",
            evidence: command(release).map { [.init("command", $0)] } ?? [],
            fix:
                "see whether it waits for an answer or never ends by itself; if it only needs longer, "
                + "raise `timeouts: { \(phase.rawValue): … }`")
    }

    private func command(_ release: Release) -> String? {
        switch phase {
        case .install: release.install
        case .build: release.build
        case .start, .probe: release.start
        case .clone: nil
        }
    }

    /// 137 is the end by KILL, which on a machine of its own only a lack of memory brings.
    private var memoryFix: String? {
        guard status == 137 else { return nil }
        return "its memory was probably used up: give it more under `resources: { memory: … }`"
    }

    private var portList: String { ports.map(String.init).joined(separator: " or ") }

    private func advice(_ release: Release) -> String {
        PortAdvice.fix(
            start: release.start, runtime: release.platform.runtime, found: ports)
    }
}
