import Glibc
import PreviewCore
import PreviewSystem
import Testing

/// A folder of one test's own with a home, a place for temporary files and a project, in which the
/// built program is run. Nothing of it is left afterwards, no process either.
final class Sandbox: Sendable {
    /// Absolute.
    let root: String
    private let runs = Locked(0)

    var home: String { root + "/home" }
    var temporary: String { root + "/tmp" }
    /// The folder the program is started in.
    var project: String { root + "/project" }
    var records: String { project + "/.preview" }

    private init() throws {
        let suffix = Moment.randomBytes(6).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            .joined()
        root = "/tmp/pv-test-\(suffix)"
        for folder in [root, home, temporary, project, root + "/streams"] {
            guard mkdir(folder, 0o700) == 0 else {
                throw Child.StartFailure(program: folder, error: errno)
            }
        }
    }

    /// Runs a test in a sandbox of its own.
    static func use(_ body: (Sandbox) async throws -> Void) async throws {
        await Turn.begin()
        let sandbox = try Sandbox()
        do {
            try await body(sandbox)
            sandbox.checkLogs()
        } catch {
            await sandbox.cleanUp()
            await Turn.end()
            throw error
        }
        await sandbox.cleanUp()
        await Turn.end()
    }

    /// Ends what runs for this sandbox, which is told by its path, and removes the folder.
    private func cleanUp() async {
        for _ in 0..<100 {
            let left = processes()
            if left.isEmpty { break }
            for process in left { process.signal(SIGKILL) }
            await BlockingThread.run { _ = usleep(10_000) }
        }
        removeTree(root)
    }

    /// The living processes whose arguments or environment name this sandbox.
    func processes(containing text: String? = nil) -> [ProcessIdentity] {
        let needle = Array((text ?? root).utf8)
        return ProcessTable.all().filter { pid in
            pid != getpid()
                && ["cmdline", "environ"].contains {
                    ProcessTable.bytes(of: pid, $0).end(of: needle) != nil
                }
        }.compactMap(ProcessIdentity.init(pid:)).filter(\.isAlive)
    }

    /// The supervisors of this sandbox's previews.
    func supervisors() -> [ProcessIdentity] {
        processes().filter {
            ProcessTable.bytes(of: $0.pid, "cmdline").end(of: Array("__supervise".utf8)) != nil
        }
    }
}

// MARK: - Files

extension Sandbox {
    /// Writes a file of the project, with the folders it needs.
    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws {
        try write(name, Array(text.utf8), mode: mode)
    }

    func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o644) throws {
        let path = absolute(name)
        var folder = ""
        for part in path.split(separator: "/").dropLast() {
            folder += "/" + part
            mkdir(folder, 0o755)
        }
        let number = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard number >= 0 else { throw Child.StartFailure(program: path, error: errno) }
        defer { close(number) }
        guard Glibc.write(number, bytes, bytes.count) == bytes.count else {
            throw Child.StartFailure(program: path, error: errno)
        }
    }

    /// The text of a file of the project, empty where there is none.
    func text(_ name: String) -> String { String(decoding: bytes(name), as: UTF8.self) }

    /// The bytes of a file of the project, empty where there is none.
    func bytes(_ name: String) -> [UInt8] { ProcessTable.read(absolute(name)) }

    func exists(_ name: String) -> Bool {
        var status = stat()
        return lstat(absolute(name), &status) == 0
    }

    func absolute(_ name: String) -> String { name.hasPrefix("/") ? name : "\(project)/\(name)" }

    /// The folder of the only record, relative to the project.
    func record() throws -> String {
        let names = entries(records).filter { !$0.hasPrefix(".") }
        guard let name = names.first, names.count == 1 else { throw NotOne(records: names) }
        return ".preview/" + name
    }

    struct NotOne: Error { var records: [String] }

    /// The recorded state of the only preview, found to be whole.
    func state() throws -> State { try StateFile.decode(bytes(record() + "/state.json")) }

    /// The names in a folder.
    func entries(_ folder: String) -> [String] {
        guard let stream = opendir(absolute(folder)) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Every file below a folder, with its path.
    func files(below folder: String) -> [String] {
        entries(folder).flatMap { name -> [String] in
            let path = "\(absolute(folder))/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0 else { return [] }
            return status.st_mode & S_IFMT == S_IFDIR ? files(below: path) : [path]
        }
    }

    func removeTree(_ path: String) {
        var status = stat()
        guard lstat(absolute(path), &status) == 0 else { return }
        if status.st_mode & S_IFMT == S_IFDIR {
            for name in entries(path) { removeTree("\(absolute(path))/\(name)") }
            rmdir(absolute(path))
        } else {
            unlink(absolute(path))
        }
    }
}

// MARK: - Running

extension Sandbox {
    /// What every program started here sees: nothing of the machine's own settings.
    var environment: [String: String] {
        [
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "TMPDIR": temporary,
            "LC_ALL": "C", "TERM": "xterm", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_AUTHOR_NAME": "T",
            "GIT_AUTHOR_EMAIL": "t@x.test",
            "GIT_COMMITTER_NAME": "T", "GIT_COMMITTER_EMAIL": "t@x.test",
        ]
    }

    /// Runs the program to its end.
    func preview(
        _ arguments: String..., with variables: [String: String] = [:],
        input: Child.Stream = .null, in directory: String? = nil
    ) async throws -> Outcome {
        try await run(
            [Program.path] + arguments, with: variables, input: input, in: directory)
    }

    /// Runs any command to its end.
    func run(
        _ words: [String], with variables: [String: String] = [:], input: Child.Stream = .null,
        in directory: String? = nil, within patience: Duration = .seconds(90)
    ) async throws -> Outcome {
        let started = try start(words, with: variables, input: input, in: directory)
        return await started.outcome(within: patience)
    }

    /// Starts the program and does not wait.
    func start(
        _ words: [String], with variables: [String: String] = [:], input: Child.Stream = .null,
        in directory: String? = nil
    ) throws -> Started {
        let number = runs.withLock {
            $0 += 1; return $0
        }
        let streams = ("\(root)/streams/\(number).out", "\(root)/streams/\(number).err")
        let child = try Child(
            words, environment: environment.merging(variables) { _, new in new },
            directory: directory ?? project, input: input, output: .file(streams.0),
            errors: .file(streams.1))
        return Started(child: child, words: words, output: streams.0, errors: streams.1)
    }

    /// Starts the program at a terminal.
    func start(_ arguments: String..., at terminal: PseudoTerminal) throws -> Child {
        try Child(
            [Program.path] + arguments, environment: environment, directory: project,
            input: .terminal(terminal), output: .terminal(terminal), errors: .terminal(terminal))
    }

    /// A run that may still be going on.
    struct Started: Sendable {
        let child: Child
        let words: [String]
        fileprivate let output: String
        fileprivate let errors: String

        /// What it has written to standard error so far.
        var errorsSoFar: String { String(decoding: ProcessTable.read(errors), as: UTF8.self) }
        /// What it has written to standard output so far.
        var outputSoFar: String { String(decoding: ProcessTable.read(output), as: UTF8.self) }

        func outcome(within patience: Duration = .seconds(90)) async -> Outcome {
            let ending = await child.wait(within: patience)
            return Outcome(
                words: Array(words.dropFirst()), ending: ending, output: outputSoFar,
                errors: errorsSoFar)
        }
    }

    /// Runs a shell script and requires that it succeeds.
    @discardableResult
    func shell(_ script: String, in directory: String? = nil) async throws -> String {
        let outcome = try await run(["/bin/sh", "-ec", script], in: directory)
        try #require(outcome.code == 0, "\(outcome)")
        return outcome.output
    }
}

/// The program under test: the file that was built beside the tests.
enum Program {
    static let path: String = {
        let bundle = Host.executable ?? ""
        return bundle.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/preview"
    }()
}

/// What /proc tells.
enum ProcessTable {
    /// Every process id.
    static func all() -> [pid_t] {
        guard let stream = opendir("/proc") else { return [] }
        defer { closedir(stream) }
        var pids: [pid_t] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if let pid = pid_t(name) { pids.append(pid) }
        }
        return pids
    }

    /// One file of a process, empty when it is gone.
    static func bytes(of pid: pid_t, _ name: String) -> [UInt8] { read("/proc/\(pid)/\(name)") }

    /// A whole file, empty where there is none.
    static func read(_ path: String) -> [UInt8] {
        let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard number >= 0 else { return [] }
        defer { close(number) }
        var (bytes, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 64 << 10))
        while true {
            let count = Glibc.read(number, &buffer, buffer.count)
            guard count > 0 else { return bytes }
            bytes += buffer.prefix(count)
        }
    }
}

/// Lets few sandboxes be in use at once: each runs programs, some of which are timed.
private actor Turn {
    private static let shared = Turn()
    private var free = 4
    private var waiting: [CheckedContinuation<Void, Never>] = []

    static func begin() async { await shared.begin() }

    static func end() async { await shared.end() }

    private func begin() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    private func end() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
