import Glibc
import PreviewSystem
import Testing

@Suite struct ProcessIdentityTests {
    @Test("a started process runs, and is seen to end")
    func ends() async throws {
        let process = try shell("exec sleep 60").start(.ownSession)
        #expect(process.isAlive)
        #expect(process == ProcessIdentity(pid: process.pid))
        let soon = ContinuousClock.now + .milliseconds(50)
        #expect(await process.waitForEnd(until: soon) == false)
        #expect(process.signal(SIGTERM))
        #expect(await process.waitForEnd())
        #expect(!process.isAlive)
        #expect(waitpid(process.pid, nil, 0) == process.pid)
    }

    @Test("R-44: when a process began is known in wall time")
    func began() async throws {
        let before = Int(Moment.unixMilliseconds / 1000)
        let process = try shell("exec sleep 60").start(.ownSession)
        let after = Int(Moment.unixMilliseconds / 1000)
        let started = try #require(process.startedUnixSeconds)
        #expect((before - 2...after + 2).contains(started))
        await process.endTree(grace: .zero)
        #expect(waitpid(process.pid, nil, 0) == process.pid)
    }

    @Test("R-43: a reused number is not signalled", arguments: ["start", "boot"])
    func reused(what: String) async throws {
        let process = try shell("exec sleep 60").start(.ownSession)
        let stranger = ProcessIdentity(
            pid: process.pid,
            startTicks: process.startTicks + (what == "start" ? 1 : 0),
            bootID: what == "boot" ? "another" : process.bootID
        )
        #expect(!stranger.isAlive)
        #expect(!stranger.signal(SIGKILL))
        #expect(await stranger.endTree(grace: .zero) == [])
        #expect(process.isAlive)
        #expect(await process.endTree(grace: .zero) == [])
        waitpid(process.pid, nil, 0)
    }

    @Test("a cancelled wait for a process ends at once")
    func cancelledWait() async throws {
        let process = try shell("exec sleep 60").start(.ownSession)
        let task = Task { await process.waitForEnd() }
        await Task.yield()
        let before = ContinuousClock.now
        task.cancel()
        #expect(await task.value == false)
        #expect(ContinuousClock.now - before < .seconds(2))
        #expect(await process.endTree(grace: .zero) == [])
        waitpid(process.pid, nil, 0)
    }

    @Test("R-12: a started process has only the descriptors it was given")
    func descriptors() async throws {
        let careless = open("/dev/null", O_RDONLY)
        defer { close(careless) }
        let temporary = try TemporaryFolder()
        let log = try temporary.folder.appending(to: "log")
        let extra = try temporary.folder.appending(to: "extra")
        let script = "for n in /proc/$$/fd/*; do readlink $n && echo ${n##*/}; done"
        let process = try shell(script).start(
            .ownSession,
            output: log.descriptor,
            errorOutput: log.descriptor,
            passing: [extra.descriptor]
        )
        waitpid(process.pid, nil, 0)
        let text = String(
            decoding: try temporary.folder.read("log", limit: 4096) ?? [],
            as: UTF8.self
        )
        let expected = """
            /dev/null
            0
            \(temporary.path)/log
            1
            \(temporary.path)/log
            2
            \(temporary.path)/extra
            3

            """
        #expect(text == expected)
    }

    @Test("a started process leads its own session, blocks and ignores no signal")
    func session() async throws {
        let temporary = try TemporaryFolder()
        let log = try temporary.folder.appending(to: "log")
        let process = try Command(
            "/bin/grep",
            ["-E", "^(NSsid|SigBlk|SigIgn)", "/proc/self/status"],
            environment: [:]
        ).start(.ownSession, output: log.descriptor)
        waitpid(process.pid, nil, 0)
        let text = String(
            decoding: try temporary.folder.read("log", limit: 4096) ?? [],
            as: UTF8.self
        )
        // 32 and 33 belong to the C library, which ignores them in every process it spawns.
        let expected = """
            NSsid:\t\(process.pid)
            SigBlk:\t0000000000000000
            SigIgn:\t0000000180000000

            """
        #expect(text == expected)
    }

    @Test("ending a tree reaches TERM-ignoring, orphaned and re-grouped processes of its session")
    func tree() async throws {
        let temporary = try TemporaryFolder()
        let script = """
            trap '' TERM
            (sh -c 'trap "" TERM; echo $$ > orphan; while :; do sleep 1; done' &)
            perl -e 'setpgrp; open F, ">", "grouped"; print F $$; close F; sleep 60' &
            while :; do sleep 1; done
            """
        let process = try shell(script, directory: temporary.path).start(.ownSession)
        for name in ["orphan", "grouped"] {
            let isWritten = try await eventually {
                try temporary.folder.read(name, limit: 100)?.isEmpty == false
            }
            try #require(isWritten)
        }
        let members = process.tree()
        #expect(members.count >= 3)
        #expect(await process.endTree(grace: .milliseconds(100)) == [])
        #expect(members.filter(\.isAlive) == [])
        waitpid(process.pid, nil, 0)
    }

    @Test("the session of a dead leader is still ended")
    func deadLeader() async throws {
        let temporary = try TemporaryFolder()
        let script = "sleep 60 & echo $! > child; exec sleep 60"
        let process = try shell(script, directory: temporary.path).start(.ownSession)
        #expect(try await eventually { try temporary.folder.read("child", limit: 10) != nil })
        process.signal(SIGKILL)
        waitpid(process.pid, nil, 0)
        #expect(process.tree().count == 1)
        #expect(await process.endTree(grace: .zero) == [])
        #expect(process.tree() == [])
    }

    @Test("a program that is not there is a failure of the start")
    func notThere() {
        #expect(throws: ProcessFailure.programNotFound("/nonexistent")) {
            try Command("/nonexistent", environment: [:]).start(.ownGroup)
        }
        #expect(throws: ProcessFailure.directoryUnusable("/nonexistent")) {
            try shell("true", directory: "/nonexistent").start(.ownGroup)
        }
    }

    @Test(
        "Q11: listening ports are found with address and owner",
        arguments: [("127.0.0.1", false), ("0.0.0.0", false), ("::1", true), ("::", true)]
    )
    func listening(address: String, isSix: Bool) async throws {
        let temporary = try TemporaryFolder()
        let script = """
            import socket, time
            s = socket.socket(socket.AF_INET6 if \(isSix ? 1 : 0) else socket.AF_INET)
            s.bind(("\(address)", 0)); s.listen()
            open("port", "w").write(str(s.getsockname()[1]) + "\\n")
            time.sleep(60)
            """
        let python = try #require(
            Command.locate("python3", in: plainEnvironment["PATH"] ?? "")
        )
        // Inside a shell, so that the listener is not the process that was started.
        let process = try Command(
            "/bin/sh",
            ["-c", "\"$@\"; true", "sh", python, "-c", script],
            environment: plainEnvironment,
            directory: temporary.path
        ).start(.ownSession)
        let isWritten = try await eventually {
            try temporary.folder.read("port", limit: 10)?.last == UInt8(ascii: "\n")
        }
        try #require(isWritten)
        let text = String(
            decoding: try temporary.folder.read("port", limit: 10) ?? [],
            as: UTF8.self
        )
        let sockets = ListeningSocket.all(of: process.tree())
        #expect(sockets.map(\.address) == [address])
        #expect(sockets.map { "\($0.port)\n" } == [text])
        #expect(sockets.allSatisfy { $0.pid != process.pid })
        #expect(sockets.allSatisfy { $0.isLoopbackOnly == (address.contains("1")) })
        #expect(
            sockets.allSatisfy { $0.isOnAllAddresses == (address == "0.0.0.0" || address == "::") }
        )
        #expect(await process.endTree(grace: .zero) == [])
        waitpid(process.pid, nil, 0)
    }
}
