package import PreviewCore
import PreviewSystem

extension FlyProvider {
    package func shutDown(_ machine: Machine) async throws {
        try await translating(step: nil) {
            // Absent and taken over are as good as ended.
            guard let found = try await find(machine), !found.isTakenOver(from: machine) else {
                return
            }
            try await end(found, of: machine)
        }
    }

    package func stop(_ machine: Machine) async throws {
        try await translating(step: nil) {
            guard let found = try await find(machine) else { return }
            if found.isTakenOver(from: machine) { throw Self.takenOver(machine, nil) }
            try await end(found, of: machine)
        }
    }

    /// Stops a machine that runs and waits until it rests.
    private func end(_ found: FlyMachine, of machine: Machine) async throws {
        guard !found.isResting else { return }
        try await unlessGone { try await client.stop(machine.id, in: machine.app) }
        try await wait(for: "machine \(machine.name) to stop", within: pace.end, step: nil) {
            switch try await client.wait(
                for: ["stopped"], of: machine.id, version: found.version, in: machine.app,
                seconds: pace.hold)
            {
            case .reached, .gone: return true
            case .ranOut, .impossible, .superseded:
                let seen = try await find(machine)
                return seen?.isResting ?? true ? true : nil
            }
        }
    }

    package func start(_ machine: Machine, secrets: [String: String]) async throws {
        try await translating(step: nil) {
            let found = try await require(machine, step: nil)
            guard found.marks?.commit.isEmpty == false else {
                throw Failure(
                    .nothingRecorded, "nothing was booted on this machine yet",
                    fix: "run `preview apply`")
            }
            if !found.isRunning { try await launch(machine, step: nil) }
        }
    }

    package func restart(_ machine: Machine, secrets: [String: String]) async throws {
        try await translating(step: nil) {
            let found = try await require(machine, step: nil)
            guard found.isRunning else { return try await start(machine, secrets: secrets) }
            try await whenFree { try await client.restart(machine.id, in: machine.app) }
            try await settle(machine, step: nil)
        }
    }

    /// Starts a machine that rests and waits until it runs. For some seconds after it was made,
    /// changed or stopped a start is refused, though its state reads as if it were not
    /// (fly/machines-api section 4.6).
    func launch(_ machine: Machine, step: StepID?) async throws {
        try await wait(
            for: "machine \(machine.name) to be ready to start", within: pace.start, step: step
        ) {
            do {
                try await client.start(machine.id, in: machine.app)
                return true
            } catch let failure as FlyFailure where failure.cause.isPassing {
                return try await require(machine, step: step).isRunning ? true : nil
            }
        }
        try await settle(machine, step: step)
    }

    package func deallocate(_ machine: Machine) async throws {
        try await translating(step: .machine) {
            let present = try await machines(in: machine.app).filter { !$0.isGone }
            let others = present.filter { $0.id != machine.id }
            if present.contains(where: { $0.id == machine.id && $0.isTakenOver(from: machine) }) {
                return
            }
            if others.isEmpty {
                // With its machines and addresses.
                try await remove(app: machine.app)
            } else {
                try await take(away: machine)
            }
        }
    }

    package func remove(_ object: OwnedObject) async throws {
        try await translating(step: .machine) {
            switch object.kind {
            case .app: try await remove(app: object.name)
            case .machine:
                let parts = object.id.split(separator: "/").map(String.init)
                guard parts.count == 2 else { return }
                try await take(away: parts[1], in: parts[0])
            case .address, .process: break
            }
        }
    }

    /// The machines of an app; none where there is no app.
    private func machines(in app: String) async throws -> [FlyMachine] {
        do {
            return try await client.machines(of: app)
        } catch let failure as FlyFailure where failure.cause == .notFound {
            return []
        }
    }

    func take(away machine: Machine) async throws {
        try await take(away: machine.id, in: machine.app)
    }

    /// Destroys a machine and waits until it is gone. Absent is success.
    private func take(away id: String, in app: String) async throws {
        try await unlessGone { try await client.deleteMachine(id, in: app) }
        try await wait(for: "machine \(id) to go away", within: pace.end, step: .machine) {
            do {
                return try await client.machine(id, of: app).isGone ? true : nil
            } catch let failure as FlyFailure where failure.cause == .notFound {
                return true
            }
        }
    }

    /// Deletes an app with everything in it and waits until it is gone. Absent is success.
    func remove(app: String) async throws {
        try await unlessGone { try await client.deleteApp(app) }
        try await wait(for: "the app \(app) to go away", within: pace.end, step: .machine) {
            try await client.standing(of: app) == .ours ? nil : true
        }
    }

    /// Does what is as good as done where its object is gone, and again where it is not known
    /// whether it was done: ending something twice ends it once.
    private func unlessGone(_ change: () async throws -> Void) async throws {
        for _ in 1...3 {
            do {
                return try await whenFree(change)
            } catch let failure as FlyFailure where failure.cause == .notFound {
                return
            } catch let failure as FlyFailure where !failure.isCertain {
                try await Task.sleep(for: pace.look)
            }
        }
        try await change()
    }

    // MARK: - Beside the app

    package func execute(
        _ command: [String], on machine: Machine, secrets: [String: String]
    ) async throws -> Int32 {
        try await translating(step: nil) {
            let result = try await client.execute(command, on: machine.id, in: machine.app)
            OutputChannel.standardOutput.write(surroundings.redactor.redact(result.output))
            OutputChannel.standardError.write(surroundings.redactor.redact(result.errors))
            return Int32(clamping: result.status)
        }
    }

    package func logs(
        _ machine: Machine, tail: Int, follow: Bool
    ) -> AsyncThrowingStream<LogLine, any Error> {
        let pause = pace.look
        return AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    var log = FlyLog(client: client, app: machine.app, machine: machine.id)
                    // Markers of the boot script are for the follower of a boot.
                    func lines() async throws -> [LogLine] {
                        try await log.next().filter { !$0.text.contains("::preview:") }
                    }
                    for line in try await lines().suffix(tail) { continuation.yield(line) }
                    while follow {
                        try await Task.sleep(for: pause)
                        for line in try await lines() { continuation.yield(line) }
                    }
                    continuation.finish()
                } catch is CancellationError {
                    continuation.finish()
                } catch let failure as FlyFailure {
                    continuation.finish(throwing: failure.told(step: nil))
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }
}

/// The log of a machine, page by page.
struct FlyLog {
    let client: FlyClient
    let app: String
    let machine: String
    private var token: String?

    /// `token`: the place to begin after; `nil` for the last lines there are.
    init(client: FlyClient, app: String, machine: String, after token: String? = nil) {
        self.token = token
        self.client = client
        self.app = app
        self.machine = machine
    }

    /// What was printed since the last call, oldest first; what the platform itself says is left
    /// out.
    mutating func next() async throws -> [LogLine] {
        let page = try await client.logs(of: app, machine: machine, after: token)
        token = page.next ?? token
        return page.entries.filter { $0.provider == "app" }.map {
            LogLine(time: $0.time, stream: "stdout", text: $0.message)
        }
    }
}
