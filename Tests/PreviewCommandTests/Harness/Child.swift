import Glibc
import PreviewSystem

/// A process started by a test: in a group of its own, with no descriptor but the three it is given.
final class Child: Sendable {
    /// Where standard input comes from, or output goes to.
    enum Stream: Sendable {
        case null
        /// The descriptor is not open at all.
        case closed
        /// A file: read as input, made and added to as output.
        case file(String)
        case descriptor(Descriptor)
        /// The terminal, which becomes the controlling one of a session of the child's own.
        case terminal(PseudoTerminal)
    }

    /// How a process ended.
    enum Ending: Hashable, Sendable {
        case exited(Int32)
        case killed(by: Int32)
        /// It was still running when patience was over, and was killed by the test.
        case overdue
    }

    struct StartFailure: Error, CustomStringConvertible {
        var program: String
        var error: Int32

        var description: String {
            "\(program) cannot be started: \(String(cString: strerror(error)))"
        }
    }

    let pid: pid_t
    private let identity: ProcessIdentity?

    init(
        _ words: [String], environment: [String: String], directory: String,
        input: Stream, output: Stream, errors: Stream
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        try GNU.addChangeOfDirectory(&actions, directory)
        for (number, stream) in [(Int32(0), input), (1, output), (2, errors)] {
            Self.add(stream, as: number, to: &actions)
        }
        try GNU.addCloseFrom(&actions, 3)
        Self.configure(
            &attributes, leadsSession: [input, output, errors].contains { $0.isTerminal })
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] =
            environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var pid = pid_t()
        let error = posix_spawn(&pid, words[0], &actions, &attributes, &arguments, &variables)
        guard error == 0 else { throw StartFailure(program: words[0], error: error) }
        self.pid = pid
        identity = ProcessIdentity(pid: pid)
    }

    private static func configure(_ attributes: inout posix_spawnattr_t, leadsSession: Bool) {
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let group =
            leadsSession ? Int32(0x80) /* POSIX_SPAWN_SETSID */ : Int32(POSIX_SPAWN_SETPGROUP)
        let flags = group | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        posix_spawnattr_setflags(&attributes, Int16(flags))
    }

    private static func add(
        _ stream: Stream, as number: Int32, to actions: inout posix_spawn_file_actions_t
    ) {
        let outputFlags = O_WRONLY | O_CREAT | O_APPEND
        switch stream {
        case .null: posix_spawn_file_actions_addopen(&actions, number, "/dev/null", O_RDWR, 0)
        case .closed: posix_spawn_file_actions_addclose(&actions, number)
        case .file(let path):
            posix_spawn_file_actions_addopen(
                &actions, number, path, number == 0 ? O_RDONLY : outputFlags, 0o600)
        case .descriptor(let descriptor):
            posix_spawn_file_actions_adddup2(&actions, descriptor.number, number)
        case .terminal(let terminal):
            posix_spawn_file_actions_addopen(&actions, number, terminal.path, O_RDWR, 0)
        }
    }

    /// Sends a signal to the process alone.
    func signal(_ number: Int32) {
        identity?.signal(number)
    }

    var isRunning: Bool { identity?.isAlive ?? false }

    /// Whether it was stopped by a signal and goes on with SIGCONT (proc(5), `stat`).
    var isStopped: Bool {
        let words = ProcessTable.bytes(of: pid, "stat").split(separator: UInt8(ascii: ")"))
        return words.last?.dropFirst().first == UInt8(ascii: "T")
    }

    /// Waits for the end; kills the whole group when it does not come in time.
    func wait(within patience: Duration = .seconds(90)) async -> Ending {
        let hasEnded = await identity?.waitForEnd(until: .now + patience) ?? true
        if !hasEnded { kill(-pid, SIGKILL) }
        var status: Int32 = 0
        let pid = pid
        status = await BlockingThread.run {
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            return status
        }
        guard hasEnded else { return .overdue }
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .killed(by: signal)
    }
}

extension Child.Stream {
    fileprivate var isTerminal: Bool {
        if case .terminal = self { true } else { false }
    }
}

/// Calls of the C library that Swift's module of it leaves out.
private enum GNU {
    private typealias Actions = UnsafeMutablePointer<posix_spawn_file_actions_t>

    static func addChangeOfDirectory(
        _ actions: inout posix_spawn_file_actions_t, _ directory: String
    ) throws {
        let function = try symbol("posix_spawn_file_actions_addchdir_np")
        typealias Function = @convention(c) (Actions, UnsafePointer<CChar>) -> Int32
        _ = unsafeBitCast(function, to: Function.self)(&actions, directory)
    }

    static func addCloseFrom(_ actions: inout posix_spawn_file_actions_t, _ number: Int32) throws {
        let function = try symbol("posix_spawn_file_actions_addclosefrom_np")
        typealias Function = @convention(c) (Actions, Int32) -> Int32
        _ = unsafeBitCast(function, to: Function.self)(&actions, number)
    }

    private static func symbol(_ name: String) throws -> UnsafeMutableRawPointer {
        guard let symbol = dlsym(nil, name) else {
            throw Child.StartFailure(program: name, error: ENOSYS)
        }
        return symbol
    }
}
