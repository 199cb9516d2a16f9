import Glibc
import Subprocess
import SystemPackage

extension Command {
    /// What is made of output on its way: given the bytes as they come and `nil` at their end.
    package typealias OutputFilter = @Sendable (_ bytes: [UInt8]?) -> [UInt8]

    /// How long output is waited for after the command has ended: a process that it left behind may
    /// keep the pipe open for ever.
    private static let patience = Duration.seconds(1)

    /// Runs the command with this process's own standard input, output and error, in its process
    /// group, so that it can use the terminal. An interrupt typed at the terminal reaches the
    /// command and not this process. Cancellation ends the command alone.
    ///
    /// Output that does not go to a terminal passes a filter, one made for each of the two.
    package func runInTerminal(
        filtering makeFilter: @Sendable () -> OutputFilter
    ) async throws(ProcessFailure) -> ProcessEnding {
        var interrupt = sigaction()
        var quit = sigaction()
        sigaction(SIGINT, nil, &interrupt)
        sigaction(SIGQUIT, nil, &quit)
        signal(SIGINT, SIG_IGN)
        signal(SIGQUIT, SIG_IGN)
        defer {
            sigaction(SIGINT, &interrupt, nil)
            sigaction(SIGQUIT, &quit, nil)
        }
        let output = try FilteredOutput(.standardOutput, makeFilter)
        let errors = try FilteredOutput(.standardError, makeFilter)
        let result = await runInTerminal(output, errors)
        await output.finish(within: Self.patience)
        await errors.finish(within: Self.patience)
        return try result.get()
    }

    private func runInTerminal(
        _ output: FilteredOutput, _ errors: FilteredOutput
    ) async -> Result<ProcessEnding, ProcessFailure> {
        do {
            var configuration = try configuration(ownGroup: false)
            configuration.platformOptions.teardownSequence = [
                .send(signal: .terminate, allowedDurationToNextStep: Self.grace)
            ]
            let result = try await Subprocess.run(
                configuration,
                input: .fileDescriptor(.standardInput, closeAfterSpawningProcess: false),
                output: .fileDescriptor(
                    FileDescriptor(rawValue: output.childsEnd), closeAfterSpawningProcess: false),
                error: .fileDescriptor(
                    FileDescriptor(rawValue: errors.childsEnd), closeAfterSpawningProcess: false)
            )
            return .success(ProcessEnding(result.terminationStatus))
        } catch {
            return .failure(failure(error))
        }
    }
}

/// One of a command's two outputs: a terminal as it is, anything else behind a pipe and a filter.
private final class FilteredOutput: Sendable {
    /// What the command is given; valid until ``finish(within:)``.
    let childsEnd: Int32
    private let writer: Locked<Descriptor?>
    private let pump: Task<Void, Never>?

    init(
        _ channel: OutputChannel, _ makeFilter: () -> Command.OutputFilter
    ) throws(ProcessFailure) {
        guard !Terminal.isTerminal(channel.descriptor) else {
            childsEnd = channel.descriptor
            writer = Locked(nil)
            pump = nil
            return
        }
        let pipe: (reader: Descriptor, writer: Descriptor)
        do {
            pipe = try Descriptor.makePipe()
        } catch {
            throw .notStarted(program: "a pipe", error: EMFILE)
        }
        childsEnd = pipe.writer.number
        writer = Locked(pipe.writer)
        let (filter, reader) = (makeFilter(), pipe.reader)
        // Not a part of the waiting task: what was written is passed on also when that is cancelled.
        pump = Task {
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            // With nobody left to read it, the command is to notice: the pipe is closed.
            while channel.isOpen, await waitUntilReadable(reader.number) == .readable {
                let count = repeatingInterrupted { read(reader.number, &chunk, chunk.count) }
                guard count > 0 else { break }
                channel.write(filter(Array(chunk[..<count])))
            }
            channel.write(filter(nil))
        }
    }

    /// Waits until everything is passed on, or for `patience` when somebody keeps the pipe open.
    func finish(within patience: Duration) async {
        writer.withLock { $0 = nil }
        guard let pump else { return }
        let limit = Task {
            // Cancelled means that the output has ended in time.
            guard (try? await Task.sleep(for: patience)) != nil else { return }
            pump.cancel()
        }
        await pump.value
        limit.cancel()
    }
}
