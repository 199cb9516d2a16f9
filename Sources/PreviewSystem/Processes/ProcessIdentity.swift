import CPreviewSystem
import Glibc

/// One process, told apart from a later one with the same number.
///
/// Safe to write down: after a restart of the machine or once the number is in use again, the
/// identity matches nothing (ENGINE R-43).
package struct ProcessIdentity: Codable, Hashable, Sendable {
    /// The process id.
    package let pid: Int32
    /// When it started, in clock ticks since the machine did (/proc/PID/stat field 22, proc(5)).
    package let startTicks: UInt64
    /// The kernel's id of the time since the machine started.
    package let bootID: String

    /// An identity written down earlier.
    package init(pid: Int32, startTicks: UInt64, bootID: String) {
        self.pid = pid
        self.startTicks = startTicks
        self.bootID = bootID
    }

    /// The process that has this number now, or nil if there is none.
    package init?(pid: Int32) {
        guard let status = ProcessStatus(pid: pid) else { return nil }
        self.init(pid: pid, startTicks: status.startTicks, bootID: currentBootID)
    }

    /// This process.
    package static var current: ProcessIdentity? { ProcessIdentity(pid: getpid()) }

    /// Whether it runs still. One that has ended but was not waited for does not.
    package var isAlive: Bool {
        guard let status = matchingStatus else { return false }
        return !status.hasEnded
    }

    /// Sends a signal to exactly this process. False, and nothing sent, when it has ended.
    @discardableResult
    package func signal(_ number: Int32) -> Bool {
        let descriptor = cps_pidfd_open(pid)
        guard descriptor >= 0 else { return false }
        let process = Descriptor(owning: descriptor)
        // Checked after opening: the descriptor stays with the process that was checked.
        guard isAlive else { return false }
        return cps_pidfd_signal(process.number, number) == 0
    }

    /// Waits until the process has ended; false if it still runs at `deadline` (nil: none), or when
    /// the waiting task is cancelled. It need not be a child of this one.
    package func waitForEnd(until deadline: ContinuousClock.Instant? = nil) async -> Bool {
        let descriptor = cps_pidfd_open(pid)
        guard descriptor >= 0 else { return !isAlive }
        let process = Descriptor(owning: descriptor)
        guard isAlive else { return true }
        let readiness = await waitUntilReadable(process.number, until: deadline)
        withExtendedLifetime(process) {}
        return readiness == .readable
    }

    /// Ends this process and everything it started: TERM first, KILL to what is left after `grace`,
    /// until nothing is. Empty, or the processes that could not be ended.
    ///
    /// Found are its descendants and the members of the session or group it leads; each is
    /// signalled as itself. Nothing is done if the process has ended and its number belongs to
    /// another now.
    @discardableResult
    package func endTree(grace: Duration) async -> [ProcessIdentity] {
        let killAt = ContinuousClock.now + grace
        let giveUpAt = killAt + .seconds(5)
        var seen: Set<ProcessIdentity> = []
        var asked: Set<ProcessIdentity> = []
        while true {
            seen.formUnion(tree())
            let living = seen.filter(\.isAlive)
            let now = ContinuousClock.now
            if living.isEmpty || now > giveUpAt { return Array(living) }
            for process in living {
                if now >= killAt {
                    process.signal(SIGKILL)
                } else if asked.insert(process).inserted {
                    process.signal(SIGTERM)
                }
            }
            // Not a sleep of the task: an end that has begun goes on when the task is cancelled.
            await BlockingThread.run { _ = usleep(20_000) }
        }
    }

    /// This process if it runs, what descends from it, and the members of its session and group.
    package func tree() -> [ProcessIdentity] {
        let owner = ProcessStatus(pid: pid)
        if let owner, owner.startTicks != startTicks { return [] }
        guard bootID == currentBootID else { return [] }
        let all = ProcessStatus.all()
        var found: Set<Int32> = [pid]
        var grew = true
        while grew {
            grew = false
            for status in all where !found.contains(status.pid) {
                let belongs =
                    found.contains(status.parent) || status.session == pid || status.group == pid
                if belongs, status.startTicks >= startTicks {
                    found.insert(status.pid)
                    grew = true
                }
            }
        }
        return all.filter { found.contains($0.pid) && !$0.hasEnded }.map {
            ProcessIdentity(pid: $0.pid, startTicks: $0.startTicks, bootID: bootID)
        }
    }

    private var matchingStatus: ProcessStatus? {
        guard bootID == currentBootID, let status = ProcessStatus(pid: pid),
            status.startTicks == startTicks
        else { return nil }
        return status
    }
}

/// What /proc/PID/stat says of a process (proc(5)).
private struct ProcessStatus {
    var pid: Int32
    var state: UInt8
    var parent: Int32
    var group: Int32
    var session: Int32
    var startTicks: UInt64

    /// A zombie or one being removed.
    var hasEnded: Bool {
        state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") || state == UInt8(ascii: "x")
    }

    init?(pid: Int32) {
        guard let bytes = kernelFile("/proc/\(pid)/stat"),
            // The name in parentheses may itself contain spaces and parentheses.
            let nameEnd = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = bytes[(nameEnd + 1)...].split(separator: UInt8(ascii: " ")).map {
            String(decoding: $0, as: UTF8.self)
        }
        // The first field here is the third of the file.
        guard fields.count > 19, let state = fields[0].utf8.first,
            let parent = Int32(fields[1]), let group = Int32(fields[2]),
            let session = Int32(fields[3]), let startTicks = UInt64(fields[19])
        else { return nil }
        self.pid = pid
        self.state = state
        self.parent = parent
        self.group = group
        self.session = session
        self.startTicks = startTicks
    }

    static func all() -> [ProcessStatus] {
        kernelFolder("/proc").compactMap { Int32($0) }.compactMap(ProcessStatus.init(pid:))
    }
}

/// Constant for as long as the machine runs, and so read once; empty where there is none.
private let currentBootID: String = {
    let bytes = kernelFile("/proc/sys/kernel/random/boot_id") ?? []
    return String(decoding: bytes.filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
}()

/// The content of a file the kernel makes up; its size is not known beforehand. Nil where it cannot
/// be read, which for a process's file means that the process is gone or somebody else's.
func kernelFile(_ path: String) -> [UInt8]? {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return nil }
    let descriptor = Descriptor(owning: number)
    var content: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 16 * 1024)
    while true {
        let count = repeatingInterrupted { read(descriptor.number, &chunk, chunk.count) }
        if count < 0 { return nil }
        if count == 0 { return content }
        content += chunk[..<count]
    }
}

/// The names in a folder the kernel makes up, in no order; none where it cannot be read.
func kernelFolder(_ path: String) -> [String] {
    // As with the files: unreadable means gone or somebody else's.
    guard let folder = try? Folder.open(path, ownedBy: .any) else { return [] }
    return (try? folder.entryNames()) ?? []
}
