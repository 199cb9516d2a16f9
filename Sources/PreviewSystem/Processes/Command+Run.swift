import CPreviewSystem
import Glibc
import Subprocess
import SystemPackage

extension Command {
    /// How much of a command's standard error is kept, in bytes.
    package static let errorOutputLimit = 64 * 1024
    /// Time between TERM and KILL for a command that is to end early (ENGINE section 4).
    static let grace = Duration.seconds(5)

    /// Runs the command to its end and returns what it wrote.
    ///
    /// The child has a process group of its own and the descriptors 0, 1 and 2 only. When the
    /// command ends, whatever else is left in its group is killed. When the waiting task is
    /// cancelled or `timeout` is over, the group gets TERM, and KILL five seconds later.
    /// `input` is what the child reads on its standard input; nil means /dev/null.
    package func run(
        input: [UInt8]? = nil,
        outputLimit: Int = 16 * 1024 * 1024,
        timeout: Duration? = nil
    ) async throws(ProcessFailure) -> CommandResult {
        let errors = Locked<[UInt8]>([])
        return try await within(timeout, errors: errors) { () async throws(ProcessFailure) in
            try await capture(input: input, outputLimit: outputLimit, errors: errors)
        }
    }

    /// Runs the command to its end and hands on its output, standard output and standard error
    /// mixed in the order written, line by line without line ends.
    ///
    /// As `run` otherwise. The command is held up while `onLine` has not returned, so output never
    /// piles up. A line longer than `LineSplitter.limit` comes in pieces.
    package func streamLines(
        timeout: Duration? = nil,
        onLine: @escaping @Sendable (String) async -> Void
    ) async throws(ProcessFailure) -> ProcessEnding {
        try await within(timeout, errors: Locked([])) { () async throws(ProcessFailure) in
            try await stream(onLine)
        }
    }

    private func capture(
        input: [UInt8]?,
        outputLimit: Int,
        errors: Locked<[UInt8]>
    ) async throws(ProcessFailure) -> CommandResult {
        let output = Locked<[UInt8]>([])
        let tooLarge = Locked(false)
        let status: TerminationStatus
        do {
            status = try await Subprocess.run(
                try configuration(ownGroup: true),
                input: .fileDescriptor(try source(input), closeAfterSpawningProcess: true),
                output: .sequence,
                error: .sequence
            ) { execution in
                let group = ChildGroup(execution.processIdentifier.value)
                await group.supervise([
                    {
                        await read(execution.standardOutput, of: group) { bytes in
                            let isOver = output.withLock { output in
                                output += bytes
                                return output.count > outputLimit
                            }
                            if isOver {
                                tooLarge.withLock { $0 = true }
                                group.kill()
                            }
                        }
                    },
                    {
                        await read(execution.standardError, of: group) { bytes in
                            errors.withLock { keepTail(of: &$0, adding: bytes) }
                        }
                    },
                ])
            }.terminationStatus
        } catch {
            throw failure(error)
        }
        if tooLarge.withLock({ $0 }) { throw .outputTooLarge(limit: outputLimit) }
        return CommandResult(
            ending: ProcessEnding(status),
            output: output.withLock { $0 },
            errorOutput: errors.withLock { $0 }
        )
    }

    private func stream(
        _ onLine: @escaping @Sendable (String) async -> Void
    ) async throws(ProcessFailure) -> ProcessEnding {
        do {
            let result = try await Subprocess.run(
                try configuration(ownGroup: true),
                input: .none,
                output: .sequence,
                error: .combinedWithOutput
            ) { execution in
                let group = ChildGroup(execution.processIdentifier.value)
                await group.supervise([
                    {
                        let splitter = Locked(LineSplitter())
                        await read(execution.standardOutput, of: group) { bytes in
                            for line in splitter.withLock({ $0.feed(bytes) }) {
                                await onLine(line)
                            }
                        }
                        if let rest = splitter.withLock({ $0.finish() }) { await onLine(rest) }
                    }
                ])
            }
            return ProcessEnding(result.terminationStatus)
        } catch {
            throw failure(error)
        }
    }

    /// Runs `operation`, cancelling it when the time is over.
    private func within<Value: Sendable>(
        _ timeout: Duration?,
        errors: Locked<[UInt8]>,
        _ operation: @escaping @Sendable () async throws(ProcessFailure) -> Value
    ) async throws(ProcessFailure) -> Value {
        if Task.isCancelled { throw .cancelled }
        let isOver = Locked(false)
        let result = await withTaskGroup(of: Result<Value, ProcessFailure>?.self) { group in
            group.addTask {
                do throws(ProcessFailure) {
                    return .success(try await operation())
                } catch {
                    return .failure(error)
                }
            }
            if let timeout {
                group.addTask {
                    // Cancelled means that the operation has ended in time.
                    guard (try? await Task.sleep(for: timeout)) != nil else { return nil }
                    isOver.withLock { $0 = true }
                    return nil
                }
            }
            var result: Result<Value, ProcessFailure>?
            while let next = await group.next() {
                group.cancelAll()
                result = next ?? result
            }
            return result
        }
        if Task.isCancelled { throw .cancelled }
        if let timeout, isOver.withLock({ $0 }) {
            throw .timedOut(after: timeout, errorOutput: errors.withLock { $0 })
        }
        guard let result else { throw .lost(program: program) }
        return try result.get()
    }

    func configuration(ownGroup: Bool) throws(ProcessFailure) -> Configuration {
        var options = PlatformOptions()
        if ownGroup {
            options.processGroupID = 0
            options.teardownSequence = [
                .send(
                    signal: .terminate,
                    toProcessGroup: true,
                    allowedDurationToNextStep: Self.grace
                )
            ]
        }
        return Configuration(
            executable: .path(FilePath(program)),
            arguments: Arguments(arguments),
            // The bytes are taken as C strings, which the library does not end itself.
            environment: .custom(environment.map { Array("\($0.key)=\($0.value)\0".utf8) }),
            workingDirectory: directory.map { FilePath($0) },
            platformOptions: options
        )
    }

    /// A descriptor from which `input` can be read; the child's side owns it.
    private func source(_ input: [UInt8]?) throws(ProcessFailure) -> FileDescriptor {
        guard let input else {
            let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard null >= 0 else { throw .notStarted(program: program, error: errno) }
            return FileDescriptor(rawValue: null)
        }
        var ends: [Int32] = [-1, -1]
        guard cps_pipe(&ends) == 0 else { throw .notStarted(program: program, error: errno) }
        let writer = Descriptor(owning: ends[1])
        // A child that does not read its input to the end is no failure.
        BlockingThread.start { _ = writeAll(input, to: writer.number) }
        return FileDescriptor(rawValue: ends[0])
    }

    func failure(_ error: any Error) -> ProcessFailure {
        if let failure = error as? ProcessFailure { return failure }
        if error is CancellationError { return .cancelled }
        guard let error = error as? SubprocessError else { return .lost(program: program) }
        switch error.code {
        case .executableNotFound: return .programNotFound(program)
        case .failedToChangeWorkingDirectory: return .directoryUnusable(directory ?? ".")
        case .spawnFailed:
            return .notStarted(program: program, error: error.underlyingError?.rawValue ?? 0)
        default: return .lost(program: program)
        }
    }
}

extension ProcessEnding {
    init(_ status: TerminationStatus) {
        switch status {
        case .exited(let code): self = .exited(code)
        case .signaled(let number): self = .signalled(number)
        }
    }
}

/// A child that leads a process group, from its start until it is waited for.
private final class ChildGroup: Sendable {
    private let leader: pid_t
    private let endedAt = Locked<ContinuousClock.Instant?>(nil)

    init(_ leader: pid_t) {
        self.leader = leader
        cps_signals_register_group(leader)
    }

    /// Kills every process of the group. Only while the leader has not been waited for: until then
    /// its number, and so the group's, cannot belong to anybody else.
    func kill() {
        _ = Glibc.kill(-leader, SIGKILL)
    }

    /// Whether the leader ended so long ago that no more output is waited for.
    var isDrained: Bool {
        guard let endedAt = endedAt.withLock({ $0 }) else { return false }
        return ContinuousClock.now - endedAt > .seconds(1)
    }

    /// Runs `readers` while waiting for the leader's end, then kills what is left of the group.
    ///
    /// In a task of its own that cancellation does not reach: the caller's cancellation sends the
    /// signals, and output is read until they have worked, or a full pipe would delay them.
    func supervise(_ readers: [@Sendable () async -> Void]) async {
        await Task {
            await withTaskGroup { group in
                group.addTask { await self.waitForLeader() }
                for reader in readers {
                    group.addTask { await reader() }
                }
            }
        }.value
        cps_signals_forget_group(leader)
    }

    private func waitForLeader() async {
        let descriptor = cps_pidfd_open(leader)
        if descriptor >= 0 {
            let process = Descriptor(owning: descriptor)
            _ = await waitUntilReadable(process.number)
            withExtendedLifetime(process) {}
        }
        endedAt.withLock { $0 = ContinuousClock.now }
        kill()
    }
}

/// Hands on what arrives on `sequence` until its end, or until the command has long ended.
private func read(
    _ sequence: SubprocessOutputSequence,
    of group: ChildGroup,
    _ onBytes: @Sendable ([UInt8]) async -> Void
) async {
    do {
        for try await buffer in sequence {
            await onBytes(buffer.withUnsafeBytes { Array($0) })
            if group.isDrained { return }
        }
    } catch {
        // A pipe that cannot be read would block the command for ever.
        group.kill()
    }
}

private func keepTail(of bytes: inout [UInt8], adding more: [UInt8]) {
    bytes += more
    let excess = bytes.count - Command.errorOutputLimit
    if excess > 0 { bytes.removeFirst(excess) }
}
