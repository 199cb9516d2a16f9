package import PreviewCore

extension FlyProvider {
    /// The end of life is known in two places: to `prune` and to the next boot by the machine's
    /// metadata, and to the boot script that runs by its environment, or by what it was told since.
    package func setExpiry(_ machine: Machine, _ end: Timestamp?) async throws {
        try await translating(step: nil) {
            guard try await find(machine) != nil else { return }
            let found = try await settled(machine, step: nil)
            // Whose marks are gone is nobody's to change; the plan tells of it.
            guard var marks = found.marks else { return }
            marks.expiresAt = end
            switch state(of: found, marks: marks) {
            case .running:
                try await mark(end, on: machine)
                // A new environment would mean a restart.
                try await tell(end, to: machine)
            case .idle: try await wake(found, of: machine, until: end, marks: marks)
            case .stopped:
                try await wake(found, of: machine, until: end, marks: marks)
                try await stop(machine)
            case .created, .booting, .crashed, .lost, .unknown: try await mark(end, on: machine)
            }
        }
    }

    package func time() async throws -> Timestamp? {
        try await translating(step: nil) { try await client.time() }
    }

    private func mark(_ end: Timestamp?, on machine: Machine) async throws {
        try await whenFree {
            try await client.setMetadata(
                [MachineMarks.Key.expires: end?.text ?? MachineMarks.never], of: machine.id,
                in: machine.app)
        }
    }

    /// Gives a machine that sleeps the environment it will wake with. It has to wake for it: the
    /// proxy may not start one that was changed without a launch (fly/machines-api section 5.2).
    private func wake(
        _ found: FlyMachine, of machine: Machine, until end: Timestamp?, marks: MachineMarks
    ) async throws {
        var config = MachineConfiguration(found.config)
        config.expire(at: end, marks: marks)
        guard config.differs(from: found.config) else { return try await mark(end, on: machine) }
        try await update(
            found, of: machine, to: config, launches: true, secretsVersion: nil,
            attempt: NothingMade(key: marks.attempt))
        try await settle(machine, step: nil)
    }

    private func tell(_ end: Timestamp?, to machine: Machine) async throws {
        let answer = try await client.execute(
            BootScript.extend(to: end), on: machine.id, in: machine.app)
        guard answer.status == 0 else {
            throw Failure(
                .providerError, "the machine could not be told the new end of its life",
                evidence: [
                    .init("status", String(answer.status)),
                    .init("last lines", surroundings.redactor.redact(answer.errors)),
                ],
                fix: "run it again; a machine that does not listen is helped by `preview restart`")
        }
    }
}

/// A change that makes no object and so has nothing to record.
private struct NothingMade: AttemptRecorder {
    let key: String
    var isResumed: Bool { false }
    var named: [NamedObject] { [] }
    var adopts: Bool { false }

    func willMake(_ object: ObjectKind, named name: String) async throws {}
}
