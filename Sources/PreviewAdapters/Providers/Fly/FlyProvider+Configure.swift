package import PreviewCore

extension FlyProvider {
    package func configure(
        _ machine: Machine, _ settings: Settings, secrets: [String: String],
        attempt: any AttemptRecorder
    ) async throws -> SettingsReceipt {
        try await translating(step: .settings) {
            async let present = requireMarked(machine, step: .settings)
            let vault = try await setSecrets(settings, secrets, of: machine.app)
            var (current, marks) = try await present
            marks.attempt = attempt.key
            marks.expiresAt = settings.expiresAt
            marks.settings = settings.revision
            marks.secrets = vault.digest
            var config = MachineConfiguration(current.config)
            config.configure(settings, marks: marks)
            guard config.differs(from: current.config) || vault.version != nil else {
                return SettingsReceipt()
            }
            // A running machine starts once with everything: here, or in step 4 if that has to do.
            let restarts = current.isRunning && !settings.isBootNext
            try await update(
                current, of: machine, to: config,
                launches: restarts, secretsVersion: vault.version, attempt: attempt)
            if restarts { try await settle(machine, step: .settings) }
            return SettingsReceipt()
        }
    }

    // MARK: - Secrets

    /// What is known of the app's secrets after they were set.
    struct Vault: Sendable {
        /// The version that a machine must see; `nil` where nothing was changed.
        var version: Int?
        /// Over the platform's own digests of our secrets.
        var digest = ""
    }

    /// Sets what changed and what is missing, takes away what is no longer wanted, and leaves
    /// everything else alone.
    private func setSecrets(
        _ settings: Settings, _ values: [String: String], of app: String
    ) async throws -> Vault {
        guard !settings.secretNames.isEmpty || !settings.withdrawnSecrets.isEmpty else {
            return Vault()
        }
        let present = try await client.secrets(of: app)
        let known = Set(present.map(\.name))
        var changes: [String: String?] = [:]
        for name in settings.secretNames
        where settings.changedSecrets.contains(name) || !known.contains(name) {
            changes[name] = values[name]
        }
        for name in settings.withdrawnSecrets where known.contains(name) {
            changes.updateValue(nil, forKey: name)
        }
        guard !changes.isEmpty else {
            return Vault(digest: Self.digest(of: present))
        }
        let set = try await client.setSecrets(changes, of: app)
        return Vault(version: set.version, digest: Self.digest(of: set.secrets))
    }

    /// A digest over the platform's digests, by which a change by somebody else is seen.
    static func digest(of secrets: [FlySecret]) -> String {
        let lines = secrets.filter { $0.name != BootScript.tokenSecret }
            .map { "\($0.name)=\($0.digest)" }.sorted()
        return lines.isEmpty
            ? "" : String(Digest.hex(lines.joined(separator: "\n").utf8).prefix(16))
    }

    // MARK: - Updates

    /// Replaces the machine's config, carrying the version that was read and a lease of our own
    /// (ENGINE R-14).
    ///
    /// `launches`: whether the machine starts with it; otherwise it rests.
    @discardableResult
    func update(
        _ current: FlyMachine, of machine: Machine, to config: MachineConfiguration,
        launches: Bool, secretsVersion: Int?, attempt: any AttemptRecorder
    ) async throws -> FlyMachine {
        try await withLease(on: machine, attempt: attempt) { nonce in
            let request = FlyMachineUpdate(
                app: machine.app, id: machine.id, config: config.json,
                currentVersion: current.version, skipsLaunch: !launches,
                secretsVersion: secretsVersion, nonce: nonce)
            do {
                return remember(try await client.updateMachine(request))
            } catch let failure as FlyFailure
                where !failure.isCertain || failure.cause == .staleVersion
            {
                // The answer was lost, or the version was refused: as another one, or as one that was
                // still on its way.
                let seen = try await settled(machine, step: nil)
                if !config.differs(from: seen.config) { return seen }
                guard seen.version == current.version else { throw changed(machine) }
                return remember(try await client.updateMachine(request))
            }
        }
    }

    private func changed(_ machine: Machine) -> Failure {
        Failure(
            .machineBusy, .locked, "machine \(machine.name) was changed by somebody else meanwhile",
            evidence: [.init("machine", machine.id)],
            fix: "run it again: it plans from what is there now")
    }

    /// Holds the machine's lease for one change. It runs out by itself, so a killed run holds nobody
    /// up for long.
    func withLease<Result: Sendable>(
        on machine: Machine, attempt: any AttemptRecorder, _ body: (String) async throws -> Result
    ) async throws -> Result {
        // Held by somebody, or by ourselves if an answer was lost: it runs out either way.
        let nonce = try await whenFree {
            try await client.takeLease(
                on: machine.id, in: machine.app, for: pace.lease,
                description: "preview \(attempt.key)")
        }
        do {
            let result = try await body(nonce)
            await release(nonce, on: machine)
            return result
        } catch {
            await release(nonce, on: machine)
            throw error
        }
    }

    private func release(_ nonce: String, on machine: Machine) async {
        // One that cannot be given back runs out by itself.
        try? await client.releaseLease(nonce, on: machine.id, in: machine.app)
    }

    /// Waits until a machine that was told to start runs.
    func settle(_ machine: Machine, step: StepID?) async throws {
        try await wait(
            for: "machine \(machine.name) to run", within: pace.start, step: step
        ) {
            let seen = try await require(machine, step: step)
            return seen.isRunning ? seen : nil
        }
    }
}
