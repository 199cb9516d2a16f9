import PreviewCore
import PreviewSystem

/// The first phase: brings the checkout to exactly the planned commit.
struct CheckoutPhase {
    let workshop: Workshop
    let order: BootOrder
    let folder: String

    /// Returns remarks for the user.
    func run(until deadline: ContinuousClock.Instant) throws(BootEnd) -> [String] {
        if order.isPlainFolder {
            try copy(until: deadline)
            return []
        }
        guard let git = Command.locate("git", in: order.gitEnvironment["PATH"] ?? "") else {
            throw .failed(GitFailures.gitMissing)
        }
        try removeLeftovers()
        var checkout = GitCheckout(
            fetchURL: order.release.fetchURL,
            commit: order.release.commit,
            branch: order.release.branch,
            folder: folder,
            hasLargeFileSupport: order.hasLargeFileSupport,
            token: order.token
        )
        var next = checkout.first()
        while true {
            switch next {
            case .run(let command, let output):
                let outcome = try runGit(git, command, isShown: output == .shown, until: deadline)
                next = checkout.next(after: outcome)
            case .done(let warnings): return warnings
            case .failed(let failure): throw .failed(asClone(failure))
            }
        }
    }

    /// What git fails at without a known cause is, in this phase, a clone that failed.
    private func asClone(_ failure: Failure) -> Failure {
        guard failure.code == .gitFailed else { return failure }
        return Failure(
            .cloneFailed,
            failure.message,
            step: .boot,
            evidence: failure.evidence,
            fix:
                "see the last lines; `git fetch \(order.release.fetchURL) \(order.release.branch)` shows "
                + "the same by hand"
        )
    }

    /// Checks, right before the start, that the files are those of the planned commit: a build may
    /// have checked out something else.
    func verify(until deadline: ContinuousClock.Instant) throws(BootEnd) {
        guard !order.isPlainFolder,
            let git = Command.locate("git", in: order.gitEnvironment["PATH"] ?? "")
        else { return }
        let command = GitCommand(in: folder, ["rev-parse", "--verify", "HEAD"])
        let found = try runGit(git, command, isShown: false, until: deadline).text
        guard found == order.release.commit else {
            throw .failed(
                Failure(
                    .wrongCommit,
                    "the checkout is not at the planned commit",
                    step: .boot,
                    evidence: [.init("planned", order.release.commit), .init("found", found)],
                    fix: "do not change the checked-out commit in install or build commands"
                )
            )
        }
    }

    private func runGit(
        _ program: String,
        _ command: GitCommand,
        isShown: Bool,
        until deadline: ContinuousClock.Instant
    ) throws(BootEnd) -> GitOutcome {
        let captured = Workshop.Captured()
        let ending = try workshop.run(
            Command(program, command.arguments, environment: order.gitEnvironment),
            phase: .clone,
            until: deadline,
            isShown: isShown,
            captured: captured
        )
        guard let ending else { throw .failed(timeout) }
        return GitOutcome(
            status: ending.shellStatus,
            output: captured.output,
            errors: String(decoding: captured.errors, as: UTF8.self)
        )
    }

    private func copy(until deadline: ContinuousClock.Instant) throws(BootEnd) {
        let (source, target, commit) = (order.release.fetchURL, folder, order.release.commit)
        var outcome: Result<Void, any Error>?
        do {
            let task = try workshop.loop.run(
                { () async -> Result<Void, any Error> in
                    do {
                        return .success(
                            try await PlainFolder(source).copy(to: target, expecting: commit)
                        )
                    } catch {
                        return .failure(error)
                    }
                },
                then: { outcome = $0 }
            )
            defer { task.cancel() }
            guard try workshop.wait("clone", until: deadline, for: { outcome != nil }) else {
                throw BootEnd.failed(timeout)
            }
            try outcome?.get()
        } catch let end as BootEnd {
            throw end
        } catch let failure as Failure {
            throw .failed(failure)
        } catch {
            throw .failed(
                Failure(.cloneFailed, "the folder cannot be copied: \(error)", step: .boot)
            )
        }
    }

    private func removeLeftovers() throws(BootEnd) {
        do {
            try GitRepository.removeLeftovers(in: folder)
        } catch {
            throw .failed(
                error as? Failure ?? Failure(.cloneFailed, "\(error)", step: .boot)
            )
        }
    }

    private var timeout: Failure {
        Failure(
            .cloneTimeout,
            .timedOut,
            "the clone did not finish within \(order.release.timeouts.clone) s",
            step: .boot,
            evidence: workshop.record.lastLines.evidence,
            fix: "check the network, or raise `timeouts: { clone: … }`"
        )
    }
}

extension ProcessEnding {
    /// As a shell would count it: the exit code, or 128 and the signal's number.
    var shellStatus: Int32 {
        switch self {
        case .exited(let code): code
        case .signalled(let number): 128 + number
        }
    }

    /// Such as `ended with status 1` or `was ended by signal 9 (SIGKILL)`.
    var text: String {
        switch self {
        case .exited(let code):
            // A shell tells by such a status that a signal ended what it ran.
            Self.signalNames[code - 128].map { "ended with status \(code) (\($0))" }
                ?? "ended with status \(code)"
        case .signalled(let number):
            "was ended by signal \(number)" + (Self.signalNames[number].map { " (\($0))" } ?? "")
        }
    }

    /// Those that end programs in practice, as Linux numbers them on every common processor
    /// (signal(7)).
    private static let signalNames: [Int32: String] = [
        1: "SIGHUP", 2: "SIGINT", 3: "SIGQUIT", 4: "SIGILL", 6: "SIGABRT", 7: "SIGBUS", 8: "SIGFPE",
        9: "SIGKILL", 11: "SIGSEGV", 13: "SIGPIPE", 14: "SIGALRM", 15: "SIGTERM", 24: "SIGXCPU",
        25: "SIGXFSZ", 31: "SIGSYS",
    ]
}
