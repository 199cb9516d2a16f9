import FoundationEssentials
import Glibc
import PreviewSystem

/// What the executed guest of a machine tells.
enum GuestReport: Sendable {
    /// A line of output.
    case line(String)
    /// The main process has ended, and with it everything it had started. The last report.
    case ended(GuestEnding)
}

/// Runs machines on this one: each has a folder for its root filesystem, a main process in a session
/// of its own, and ports of the loopback address in place of its own address.
///
/// The process is not confined to the folder: it runs in it, its home is in it, the files of the
/// config are in it, and an argument that names something in it means that. `PATH` is that of this
/// machine and stands in for the image. Where `PORT` names an internal port of the machine's
/// services, it is given a free port instead, since machines share their addresses here.
final class MachineRunner: Sendable {
    /// A machine whose root folder exists.
    private struct Guest: Sendable {
        var process: ProcessIdentity?
        var environment: [String: String] = [:]
        /// The port here that stands for an internal port.
        var ports: [Int: Int] = [:]
    }

    private let execution: Guests.Execution
    private let guests = Locked<[String: Guest]>([:])
    /// How many folders are being removed.
    private let removals = Locked(0)
    private let client = HTTPClient(userAgent: "Consul Health Check")

    /// How long leftovers of a machine are hunted.
    private static let cleanupLimit = Duration.seconds(3)

    init(_ execution: Guests.Execution) {
        self.execution = execution
    }

    // MARK: - Life of a machine

    /// Prepares the root folder and starts the main process.
    func boot(_ boot: GuestBoot, ports: [Int]) -> AsyncStream<GuestReport> {
        let (reports, continuation) = AsyncStream.makeStream(of: GuestReport.self)
        let root = RootFolder(machine: boot.machine, in: execution.folder)
        do {
            try root.prepare(
                isFresh: boot.isRootFresh, files: boot.files, removals: removals)
            let environment = environment(for: boot, root: root, ports: ports)
            let command = try command(for: boot, root: root, environment: environment)
            let pipe = try Descriptor.makePipe()
            let process = try command.start(
                .ownSession, output: pipe.writer, errorOutput: pipe.writer)
            guests.withLock { $0[boot.machine]?.process = process }
            follow(process, of: boot.machine, output: pipe.reader, continuation)
        } catch {
            // As the platform's init, which cannot run the command either.
            continuation.yield(.line("ERROR Error: failed to spawn command: \(error)"))
            continuation.yield(.ended(GuestEnding(code: 127)))
            continuation.finish()
        }
        return reports
    }

    /// Sends a signal to the main process, as the platform's init does.
    func signal(_ machine: String, _ number: Int) {
        process(of: machine)?.signal(Int32(number))
    }

    /// Ends the main process; what it has started goes with it.
    func powerOff(_ machine: String) {
        signal(machine, Int(SIGKILL))
    }

    /// Stops time for all processes of a machine.
    func freeze(_ machine: String) {
        for process in family(of: machine) { process.signal(SIGSTOP) }
    }

    /// Lets time go on for them.
    func thaw(_ machine: String) {
        for process in family(of: machine) { process.signal(SIGCONT) }
    }

    /// Ends a machine and removes its folder; the processes that were sent to their end.
    @discardableResult
    func discard(_ machine: String) -> [ProcessIdentity] {
        let family = family(of: machine)
        guard guests.withLock({ $0.removeValue(forKey: machine) }) != nil else { return [] }
        for process in family { process.signal(SIGKILL) }
        RootFolder(machine: machine, in: execution.folder).discard(removals)
        return family
    }

    /// Ends all machines and removes their folders.
    func discardAll() -> [ProcessIdentity] {
        guests.withLock { Array($0.keys) }.flatMap { discard($0) }
    }

    /// As ``discardAll()``, and returns when all of it is gone, or after some seconds.
    func end() async {
        let deadline = ContinuousClock.now + Self.cleanupLimit
        for process in discardAll() { _ = await process.waitForEnd(until: deadline) }
        await BlockingThread.run { [removals] in
            while removals.withLock({ $0 }) > 0, ContinuousClock.now < deadline { usleep(5_000) }
        }
    }

    private func process(of machine: String) -> ProcessIdentity? {
        guests.withLock { $0[machine]?.process }
    }

    /// Everything that runs in a machine: the session of the main process, and what has left it
    /// but still has the machine's id in its environment.
    private func family(of machine: String) -> [ProcessIdentity] {
        let main = process(of: machine)
        let own = main?.tree() ?? []
        let strays = ProcessIdentity.all(withVariables: ["FLY_MACHINE_ID": machine])
        return Array(Set(own + strays))
    }

    private func command(
        for boot: GuestBoot, root: RootFolder, environment: [String: String]
    ) throws(ProcessFailure) -> Command {
        let words = MachineConfig.command(of: boot.config)
        guard let first = words.first else { throw .programNotFound("the image's own command") }
        return try command([first] + words.dropFirst(), root: root, environment: environment)
    }

    private func command(
        _ words: [String], root: RootFolder, environment: [String: String]
    ) throws(ProcessFailure) -> Command {
        let words = words.map(root.resolved)
        guard let first = words.first,
            let program = Command.locate(first, in: environment["PATH"] ?? "")
        else { throw .programNotFound(words.first ?? "") }
        return Command(
            program, Array(words.dropFirst()), environment: environment, directory: root.path)
    }

    private func environment(
        for boot: GuestBoot, root: RootFolder, ports: [Int]
    ) -> [String: String] {
        var environment = ["PATH": execution.searchPath, "HOME": root.path + "/root"]
            .merging(boot.environment) { $1 }
        let known = guests.withLock { $0[boot.machine]?.ports ?? [:] }
        var mapped: [Int: Int] = [:]
        for port in ports {
            mapped[port] = port
            guard environment["PORT"] == String(port) else { continue }
            // Without a free port the machine keeps its own and shares it with others.
            mapped[port] =
                known[port].flatMap { $0 == port ? nil : $0 } ?? (try? Listener.freePort()) ?? port
        }
        if let wanted = environment["PORT"].flatMap(Int.init), let port = mapped[wanted] {
            environment["PORT"] = String(port)
        }
        let guest = Guest(process: nil, environment: environment, ports: mapped)
        guests.withLock { $0[boot.machine] = guest }
        return environment
    }

    // MARK: - Following

    /// Reads the output on one thread and waits for the end on another.
    private func follow(
        _ process: ProcessIdentity, of machine: String, output: Descriptor,
        _ reports: AsyncStream<GuestReport>.Continuation
    ) {
        let isRead = Locked(false)
        BlockingThread.start {
            readLines(from: output) { reports.yield(.line($0)) }
            isRead.withLock { $0 = true }
        }
        BlockingThread.start { [self] in
            let ending = waitForEnding(of: process)
            let deadline = ContinuousClock.now + Self.cleanupLimit
            var isClean = false
            while !isClean, ContinuousClock.now < deadline {
                let left = self.family(of: machine, ledBy: process)
                for stray in left { stray.signal(SIGKILL) }
                isClean = left.isEmpty && isRead.withLock { $0 }
                if !isClean { usleep(5_000) }
            }
            guests.withLock { guests in
                if guests[machine]?.process == process { guests[machine]?.process = nil }
            }
            reports.yield(.ended(ending))
            reports.finish()
        }
    }

    private func family(of machine: String, ledBy main: ProcessIdentity) -> [ProcessIdentity] {
        let strays = ProcessIdentity.all(withVariables: ["FLY_MACHINE_ID": machine])
        return Set(main.tree() + strays).filter(\.isAlive)
    }

    // MARK: - Looking in

    /// Runs a command in a machine; nil when it did not end in time.
    func run(_ exec: Exec) async -> ExecResult? {
        let root = RootFolder(machine: exec.machine, in: execution.folder)
        guard let guest = guests.withLock({ $0[exec.machine] }) else {
            return ExecResult(code: 1, errorOutput: "machine is gone")
        }
        do throws(ProcessFailure) {
            let command = try command(exec.command, root: root, environment: guest.environment)
            let result = try await command.run(input: exec.input, timeout: exec.timeout)
            switch result.ending {
            case .exited(let code):
                return ExecResult(
                    code: Int(code), output: result.outputText, errorOutput: result.errorText)
            case .signalled(let number):
                return ExecResult(
                    code: 128 + Int(number), signal: Int(number), output: result.outputText,
                    errorOutput: result.errorText)
            }
        } catch {
            if case .timedOut = error { return nil }
            return ExecResult(code: 127, errorOutput: "\(error)")
        }
    }

    /// What runs in a machine, with ports as the machine knows them.
    func processes(of machine: String) async -> [GuestProcess] {
        let ports = guests.withLock { $0[machine]?.ports ?? [:] }
        let root = RootFolder(machine: machine, in: execution.folder).path
        return await BlockingThread.run { [self] in
            let family = self.family(of: machine)
            let sockets = Dictionary(grouping: ListeningSocket.all(of: family), by: \.pid)
            return family.map { process in
                GuestProcess(
                    pid: process.pid, root: root,
                    sockets: (sockets[process.pid] ?? []).map { socket in
                        let port = Int(socket.port)
                        return GuestProcess.Socket(
                            address: socket.address,
                            port: ports.first { $0.value == port }?.key ?? port)
                    })
            }
        }
    }

    /// The port here on which a machine serves an internal port, or nil while it does not: nobody
    /// listens, or only on the machine's loopback address, which the proxy cannot reach.
    func openPort(of machine: String, internalPort: Int) async -> Int? {
        let port = guests.withLock { $0[machine]?.ports[internalPort] } ?? internalPort
        return await BlockingThread.run { [self] in
            let sockets = ListeningSocket.all(of: self.family(of: machine))
            return sockets.contains { Int($0.port) == port && !$0.isLoopbackOnly } ? port : nil
        }
    }

    /// Runs a health check.
    func probe(
        _ machine: String, _ check: MachineConfig.Check
    ) async -> (isPassing: Bool, output: String) {
        guard let port = await openPort(of: machine, internalPort: check.port) else {
            return (false, "connect: connection refused")
        }
        guard check.isHTTP else { return (true, "Success") }
        do throws(HTTPFailure) {
            let response = try await client.send(
                HTTPRequest(
                    check.method, "http://127.0.0.1:\(port)\(check.path)",
                    timeout: check.timeout, bodyLimit: 4096, excess: .cut))
            let text = String(decoding: response.body.prefix(200), as: UTF8.self)
            return ((200..<300).contains(response.status), "\(response.status) \(text)")
        } catch {
            return (false, error.message)
        }
    }
}

/// Hands on every line until the last writer is gone.
private func readLines(from output: Descriptor, _ take: (String) -> Void) {
    var splitter = LineSplitter()
    var buffer = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
        let count = read(output.number, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { break }
        for line in splitter.feed(Array(buffer[..<count])) { take(line) }
    }
    if let rest = splitter.finish() { take(rest) }
}

/// Waits for a child of this process.
private func waitForEnding(of process: ProcessIdentity) -> GuestEnding {
    var status: Int32 = 0
    while waitpid(process.pid, &status, 0) < 0 {
        // Somebody else waited for it: how it ended is lost.
        guard errno == EINTR else { return GuestEnding(code: 1) }
    }
    // The low seven bits hold the signal, the next byte the exit code (wait(2)).
    let signal = Int(status & 0x7F)
    return signal == 0
        ? GuestEnding(code: Int((status >> 8) & 0xFF))
        : GuestEnding(code: 128 + signal, signal: signal)
}

extension GuestProcess {
    /// What the kernel tells of a process (proc(5)).
    fileprivate init(pid: Int32, root: String, sockets: [Socket]) {
        let line = KernelFile.text("/proc/\(pid)/cmdline") ?? ""
        let pages = (KernelFile.text("/proc/\(pid)/statm") ?? "").split(separator: " ")
        let folder = Host.resolved("/proc/\(pid)/cwd") ?? "/"
        let inside = folder.hasPrefix(root) ? String(folder.dropFirst(root.count)) : folder
        self.init(
            pid: Int(pid),
            command: line.split(separator: "\0").joined(separator: " "),
            directory: inside.isEmpty ? "/" : inside,
            rss: (pages.count > 1 ? Int(pages[1]) ?? 0 : 0) * 4096, sockets: sockets)
    }
}
