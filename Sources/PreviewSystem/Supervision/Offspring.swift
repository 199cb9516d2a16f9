import CPreviewSystem
import Glibc

/// The children of a supervisor on a loop, and theirs: none escapes by starting another and ending,
/// and none is left as a zombie.
///
/// One per process, in a process that waits for children in no other way.
package final class Offspring {
    /// A child that was started here.
    package final class Child {
        /// Which process it is.
        package let identity: ProcessIdentity
        /// When it was started.
        package let startedAt = ContinuousClock.now
        /// How it ended; `nil` while it runs.
        package fileprivate(set) var ending: ProcessEnding?

        fileprivate init(_ identity: ProcessIdentity) {
            self.identity = identity
        }
    }

    /// The signals that ask a supervisor to end.
    private static let endSignals = [SIGHUP, SIGINT, SIGTERM]

    private let loop: EventLoop
    private let signals: ByteStream
    private let signalWriter: Descriptor
    private var running: [Int32: Child] = [:]

    /// Called inside a wait when a signal asks this process to end.
    package var whenAskedToEnd: () -> Void = {}

    /// Takes over the signals of this process and becomes the parent of its orphans.
    package init(on loop: EventLoop) throws(FileFailure) {
        self.loop = loop
        let (reader, writer) = try Descriptor.makePipe()
        _ = fcntl(writer.number, F_SETFL, O_NONBLOCK)
        signalWriter = writer
        signals = ByteStream(reader, on: loop)
        Children.adoptOrphans()
        let forwarded = Self.endSignals + [SIGCHLD]
        let result = cps_signals_forward(forwarded, forwarded.count, writer.number)
        precondition(result == 0, "sigaction: error \(errno)")
        signals.start(
            receiving: { [unowned self] numbers in
                if numbers.contains(where: { Self.endSignals.contains(Int32($0)) }) {
                    whenAskedToEnd()
                }
                reap()
            },
            ending: { _ in }
        )
    }

    /// Starts a command in a process group of its own, with /dev/null as its input and no
    /// descriptors but the standard ones. It is killed when this process ends in whatever way.
    ///
    /// `output` and `errorOutput` take what it writes as it comes, and nil at the end, which is that
    /// of the last writer and not of the child. `groups` are the `cgroup.procs` files of control
    /// groups that it enters before it runs.
    package func start(
        _ command: Command,
        groups: [String] = [],
        output: @escaping ([UInt8]?) -> Void,
        errorOutput: @escaping ([UInt8]?) -> Void
    ) throws(ProcessFailure) -> Child {
        let outputs = try [output, errorOutput].map { take throws(ProcessFailure) in
            (pipe: try makePipe(for: command), take: take)
        }
        let child = try spawn(command, groups: groups, outputs: outputs.map(\.pipe.writer))
        running[child.identity.pid] = child
        for (pipe, take) in outputs { listen(to: pipe.reader, take) }
        return child
    }

    /// Whether nothing that was started here, or by what was started here, exists any more.
    package var isGone: Bool {
        var information = siginfo_t()
        return waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) != 0 && errno == ECHILD
    }

    /// Everything that was started here, directly or not, and still runs.
    package func processes() -> [ProcessIdentity] {
        let own = getpid()
        return ProcessIdentity.current?.tree().filter { $0.pid != own } ?? []
    }

    /// Asks everything that was started here, directly or not, to end (TERM).
    package func terminateAll() {
        for process in processes() { process.signal(SIGTERM) }
    }

    /// Ends everything that was started here, directly or not (KILL). What is being started at this
    /// moment may be missed, so repeat until ``isGone``.
    package func killAll() {
        for process in processes() { process.signal(SIGKILL) }
    }

    /// Takes what the children wrote and was not read yet, without waiting for more.
    package func readRest() {
        for stream in streams.values { stream.readRest() }
    }

    private var streams: [ObjectIdentifier: ByteStream] = [:]

    private func listen(to reader: Descriptor, _ take: @escaping ([UInt8]?) -> Void) {
        let stream = ByteStream(reader, on: loop)
        streams[ObjectIdentifier(stream)] = stream
        stream.start(
            receiving: take,
            ending: { [unowned self, unowned stream] _ in
                streams[ObjectIdentifier(stream)] = nil
                stream.close()
                take(nil)
            }
        )
    }

    private func makePipe(
        for command: Command
    ) throws(ProcessFailure) -> (reader: Descriptor, writer: Descriptor) {
        do {
            return try Descriptor.makePipe()
        } catch {
            throw .notStarted(program: command.program, error: EMFILE)
        }
    }

    private func spawn(
        _ command: Command,
        groups: [String],
        outputs: [Descriptor]
    ) throws(ProcessFailure) -> Child {
        let arguments = CStringArray([command.program] + command.arguments)
        let environment = CStringArray(command.environment.map { "\($0.key)=\($0.value)" })
        let groups = CStringArray(groups)
        var pid: pid_t = 0
        let error = withOptionalCString(command.directory) { directory in
            command.program.withCString { program in
                groups.withConstantPointers { groupPointers, count in
                    var request = cps_child_request(
                        program: program,
                        arguments: arguments.pointers,
                        environment: environment.pointers,
                        directory: directory,
                        descriptors: (-1, outputs[0].number, outputs[1].number),
                        groups: groupPointers,
                        group_count: count
                    )
                    return cps_start_child(&request, &pid)
                }
            }
        }
        withExtendedLifetime((outputs, arguments, environment, groups)) {}
        switch error {
        case 0: break
        case ENOENT, EACCES, ENOTDIR: throw .programNotFound(command.program)
        default: throw .notStarted(program: command.program, error: error)
        }
        // Not waited for yet, so it can be looked up even when it has ended already.
        guard let identity = ProcessIdentity(pid: pid) else {
            throw .lost(program: command.program)
        }
        return Child(identity)
    }

    private func reap() {
        while true {
            var status: Int32 = 0
            let pid = repeatingInterrupted { waitpid(-1, &status, WNOHANG) }
            guard pid > 0 else { return }
            running.removeValue(forKey: pid)?.ending = ProcessEnding(waitStatus: status)
        }
    }
}

extension ProcessEnding {
    /// The low seven bits hold the signal, the next byte the exit code (wait(2)).
    init(waitStatus status: Int32) {
        let signal = status & 0x7f
        self = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
    }
}
