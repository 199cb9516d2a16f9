package import PreviewCore
import PreviewSystem

extension LocalProvider {
    package func boot(
        _ release: Release,
        on machine: Machine,
        secrets: [String: String],
        attempt: any AttemptRecorder,
        reporter: any Reporter
    ) async throws -> BootReceipt {
        let link = try requireLink(to: machine, step: .boot)
        let order = try await makeOrder(
            .boot,
            release,
            machine: machine,
            link: link,
            secrets: secrets,
            attempt: attempt.key
        )
        if let supervisor = try adoptable(order, link) {
            return try await follow(supervisor, link, reporter)
        }
        try await attempt.willMake(.process, named: "supervisor-" + attempt.key)
        try await link.end()
        try MachinePlace.write(release, to: .release, in: link.folder)
        return try await follow(try await link.start(order), link, reporter)
    }

    package func start(_ machine: Machine, secrets: [String: String]) async throws {
        let link = try requireLink(to: machine, step: nil)
        let status = try await link.status()
        if try link.living != nil {
            switch status?.state {
            case .running, .booting: return
            case .idle: return try await settle(link, asking: .wake, after: status?.starts ?? 0)
            default: break
            }
        }
        let release: Release? = try MachinePlace.read(.release, in: link.folder)
        guard let release, status?.proof != nil || status?.phases.isEmpty == false else {
            throw Failure(
                .nothingRecorded,
                "nothing was booted on this machine yet",
                fix: "run `preview apply`"
            )
        }
        try await link.end()
        let order = try await makeOrder(
            .start,
            release,
            machine: machine,
            link: link,
            secrets: secrets,
            attempt: status?.attempt ?? link.machine.attempt
        )
        _ = try await follow(try await link.start(order), link, Silent())
    }

    package func stop(_ machine: Machine) async throws {
        guard let link = try link(to: machine) else { return }
        try await link.end()
        guard var status = try link.recorded, status.state != .stopped else { return }
        // It was ended by us, in whatever way: that is no crash and no loss.
        status.state = .stopped
        status.since = SupervisorRecord.now()
        status.supervisor = nil
        status.app = nil
        try MachinePlace.write(status, to: .status, in: link.folder)
    }

    package func shutDown(_ machine: Machine) async throws {
        try await stop(machine)
    }

    package func restart(_ machine: Machine, secrets: [String: String]) async throws {
        let link = try requireLink(to: machine, step: nil)
        let status = try await link.status()
        guard try link.living != nil, let status, [.running, .idle].contains(status.state) else {
            return try await start(machine, secrets: secrets)
        }
        try await settle(link, asking: .restart, after: status.starts)
    }

    /// A supervisor that does, or has done, what an order asks for: an earlier run of this attempt
    /// has started it.
    private func adoptable(_ order: BootOrder, _ link: SupervisorLink) throws -> ProcessIdentity? {
        guard let status = try link.recorded, let living = try link.living,
            status.attempt == order.attempt,
            status.order == BootOrder.digest(of: order.release)
        else { return nil }
        let isUseful = status.state == .booting || status.proof != nil
        return isUseful ? living : nil
    }

    private func makeOrder(
        _ purpose: BootOrder.Purpose,
        _ release: Release,
        machine: Machine,
        link: SupervisorLink,
        secrets: [String: String],
        attempt: String
    ) async throws -> BootOrder {
        let git = surroundings.git
        var (isPlainFolder, token) = (false, GitToken?.none)
        var gitEnvironment = GitEnvironment(inherited: surroundings.environment).variables
        if purpose == .boot {
            let source = try GitRepository.place(ofFetchURL: release.fetchURL)
            if case .plainFolder = source { isPlainFolder = true }
            let process = try await git.git(for: source)
            gitEnvironment = process.environment.variables
            token = process.failures.token
        } else if case .plainFolder = try GitRepository.place(atFolder: link.place.checkout) {
            // Copied, not cloned: there is no commit to be verified before the start.
            isPlainFolder = true
        }
        return BootOrder(
            purpose: purpose,
            attempt: attempt,
            machine: link.machine,
            url: machine.url,
            release: release,
            isPlainFolder: isPlainFolder,
            secrets: secrets,
            token: token,
            baseEnvironment: AppEnvironment.base(of: surroundings.environment),
            gitEnvironment: gitEnvironment,
            hasLargeFileSupport: git.hasLargeFileSupport,
            executable: surroundings.executable,
            pace: surroundings.pace
        )
    }

    /// Follows a boot to its end and tells what came of it.
    private func follow(
        _ supervisor: ProcessIdentity,
        _ link: SupervisorLink,
        _ reporter: any Reporter
    ) async throws -> BootReceipt {
        do {
            try await BootFollower(folder: link.folder, supervisor: supervisor).follow {
                reporter.report($0)
            }
        } catch is CancellationError {
            await abandon(supervisor, link)
            throw CancellationError()
        }
        if try link.recorded?.state != .running {
            // Its last words are said; a moment later it is gone, and nothing of the boot is left.
            _ = await supervisor.waitForEnd(until: .now + .seconds(2))
        }
        return try receipt(supervisor, link)
    }

    private func receipt(
        _ supervisor: ProcessIdentity,
        _ link: SupervisorLink
    ) throws -> BootReceipt {
        let status = try link.recorded
        if let failure = status?.failure {
            // Observed: whatever it was, none of its processes is left.
            throw Rejection(failure.failure)
        }
        if let status, let proof = status.proof {
            return BootReceipt(phases: status.phases, proof: proof, notes: status.notes)
        }
        if status?.state == .stopped {
            throw Rejection(
                Failure(
                    .bootInterrupted,
                    "the preview was stopped while it booted",
                    step: .boot
                )
            )
        }
        throw Failure(
            .supervisorLost,
            "the supervisor ended in the middle of the boot",
            step: .boot,
            evidence: [.init("process", String(supervisor.pid))],
            fix: "run step 4 again; if memory was used up, the system's log says so"
        )
    }

    /// Tells the supervisor to give up, and leaves it to end by itself after a moment.
    private func abandon(_ supervisor: ProcessIdentity, _ link: SupervisorLink) async {
        await Task {
            _ = await ControlSocket.ask(.cancel, in: link.folder, timeout: .seconds(1))
            _ = await supervisor.waitForEnd(until: .now + .seconds(2))
        }.value
    }

    /// Asks for a start and waits until the app is up, or is known not to come up.
    private func settle(
        _ link: SupervisorLink,
        asking request: ControlRequest,
        after starts: Int
    ) async throws {
        _ = await ControlSocket.ask(request, in: link.folder)
        while true {
            let status = try await link.status()
            switch status?.state {
            case .running where (status?.starts ?? 0) > starts: return
            case .crashed:
                throw status?.failure?.failure ?? Failure(.appEnded, "the app does not come up")
            case .lost, .stopped, nil:
                throw Failure(.supervisorLost, "the supervisor ended meanwhile")
            default: try await Task.sleep(for: .milliseconds(20))
            }
        }
    }

    private struct Silent: Reporter {
        func report(_ event: Event) {}
    }
}
