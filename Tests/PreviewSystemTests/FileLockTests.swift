import Glibc
import PreviewSystem
import Testing

@Suite struct FileLockTests {
    private let temporary: TemporaryFolder
    private var folder: Folder { temporary.folder }

    init() throws {
        temporary = try TemporaryFolder()
    }

    @Test("R-10: one has the lock, the other is told who")
    func exclusive() async throws {
        let lock = try await FileLock.acquire("lock", in: folder, holder: "first")
        #expect(try FileLock.currentHolder(of: "lock", in: folder) == "first")
        await #expect(throws: FileLock.Failure.held(holder: "first")) {
            try await FileLock.acquire("lock", in: folder, holder: "second")
        }
        lock.release()
        #expect(try FileLock.currentHolder(of: "lock", in: folder) == nil)
        let second = try await FileLock.acquire("lock", in: folder, holder: "2")
        #expect(try FileLock.currentHolder(of: "lock", in: folder) == "2")
        second.release()
        #expect(mode(folder.path + "/lock") == 0o600)
    }

    @Test("a lock that was never taken is free, and looking makes no file")
    func absent() throws {
        #expect(try FileLock.currentHolder(of: "lock", in: folder) == nil)
        #expect(try folder.entryNames() == [])
    }

    @Test("R-13: a waiter shows the holder and has the lock within 200 ms of its release")
    func waits() async throws {
        let limit = Duration.milliseconds(200)
        let time = try await fastest(below: limit) { try await timeToWake() }
        #expect(time < limit)
    }

    private func timeToWake() async throws -> Duration {
        let folder = folder
        let first = try await FileLock.acquire("lock", in: folder, holder: "first")
        let shown = Locked<[String]>([])
        let waiter = Task {
            let second = try await FileLock.acquire(
                "lock",
                in: folder,
                holder: "second",
                waitingUntil: .now + .seconds(20),
                whenHeld: { holder in shown.withLock { $0.append(holder) } }
            )
            second.release()
            return ContinuousClock.now
        }
        #expect(try await eventually { shown.withLock { $0 } == ["first"] })
        let released = ContinuousClock.now
        first.release()
        let woken = try await waiter.value
        #expect(shown.withLock { $0 } == ["first"])
        return woken - released
    }

    @Test("R-13: a wait ends at its deadline and when it is cancelled")
    func waitEnds() async throws {
        let folder = folder
        let first = try await FileLock.acquire("lock", in: folder, holder: "first")
        await #expect(throws: FileLock.Failure.held(holder: "first")) {
            try await FileLock.acquire(
                "lock",
                in: folder,
                holder: "second",
                waitingUntil: .now + .milliseconds(150)
            )
        }
        let waiter = Task {
            try await FileLock.acquire(
                "lock",
                in: folder,
                holder: "second",
                waitingUntil: .now + .seconds(60)
            )
        }
        waiter.cancel()
        await #expect(throws: FileLock.Failure.cancelled) { try await waiter.value }
        first.release()
    }

    @Test("R-11: the lock of a killed process is free at once")
    func killedHolder() async throws {
        let python = try #require(Command.locate("python3", in: plainEnvironment["PATH"] ?? ""))
        let script = """
            import fcntl, time
            f = open("lock", "w"); fcntl.flock(f, fcntl.LOCK_EX)
            f.write("python"); f.flush(); time.sleep(60)
            """
        let holder = try Command(
            python,
            ["-c", script],
            environment: plainEnvironment,
            directory: folder.path
        ).start(.ownSession)
        let isHeld = try await eventually {
            try FileLock.currentHolder(of: "lock", in: folder) == "python"
        }
        try #require(isHeld)
        await #expect(throws: FileLock.Failure.held(holder: "python")) {
            try await FileLock.acquire("lock", in: folder, holder: "me")
        }
        kill(holder.pid, SIGKILL)
        waitpid(holder.pid, nil, 0)
        #expect(try FileLock.currentHolder(of: "lock", in: folder) == nil)
        let limit = Duration.milliseconds(100)
        let time = try await fastest(below: limit) {
            let before = ContinuousClock.now
            try await FileLock.acquire("lock", in: folder, holder: "me").release()
            return ContinuousClock.now - before
        }
        #expect(time < limit)
    }

    @Test("R-12: a process started under the lock does not hold it")
    func notInherited() async throws {
        let lock = try await FileLock.acquire("lock", in: folder, holder: "me")
        let child = try shell("exec sleep 60").start(.ownSession)
        lock.release()
        #expect(try FileLock.currentHolder(of: "lock", in: folder) == nil)
        #expect(await child.endTree(grace: .zero) == [])
        waitpid(child.pid, nil, 0)
    }

    @Test("R-24: a symbolic link is not taken for the lock")
    func link() async throws {
        symlink("/tmp/elsewhere", folder.path + "/lock")
        let failure = FileFailure(.lock, folder.path + "/lock", .symbolicLink)
        await #expect(throws: FileLock.Failure.file(failure)) {
            try await FileLock.acquire("lock", in: folder, holder: "me")
        }
    }
}
