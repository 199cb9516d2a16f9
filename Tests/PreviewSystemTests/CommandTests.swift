import Glibc
import PreviewSystem
import Testing

@Suite struct CommandTests {
    @Test("a result has the exit code and both outputs")
    func result() async throws {
        let result = try await shell("echo out; echo err >&2; exit 3").run()
        #expect(result.ending == .exited(3))
        #expect(result.outputText == "out\n")
        #expect(result.errorText == "err\n")
    }

    @Test("a child ended by a signal says so")
    func signalled() async throws {
        let result = try await shell("kill -9 $$").run()
        #expect(result.ending == .signalled(9))
    }

    @Test("arguments reach the program as they are")
    func arguments() async throws {
        let strange = ["", "a b", "$HOME", "`id`", "--", "ü\n"]
        let result = try await Command(
            "/usr/bin/printf",
            ["[%s]"] + strange,
            environment: [:]
        ).run()
        #expect(result.outputText == "[][a b][$HOME][`id`][--][ü\n]")
    }

    @Test("the environment is the one given and nothing else")
    func environment() async throws {
        let result = try await Command("/usr/bin/env", environment: ["ONLY": "this=that"]).run()
        #expect(result.outputText == "ONLY=this=that\n")
    }

    @Test("the child starts in the folder given")
    func directory() async throws {
        let temporary = try TemporaryFolder()
        let result = try await shell("pwd -P", directory: temporary.path).run()
        #expect(result.outputText == temporary.path + "\n")
    }

    @Test("standard input is /dev/null or the bytes given")
    func input() async throws {
        let null = try await shell("readlink /proc/self/fd/0; wc -c").run()
        #expect(null.outputText == "/dev/null\n0\n")
        let bytes = [UInt8](repeating: 7, count: 300_000)
        let counted = try await shell("wc -c").run(input: bytes)
        #expect(counted.outputText == "300000\n")
    }

    @Test("a child that ignores its input is no failure")
    func unreadInput() async throws {
        let result = try await shell("exit 0").run(input: [UInt8](repeating: 7, count: 1_000_000))
        #expect(result.ending == .exited(0))
    }

    @Test("a program, a folder that is not there, are different failures")
    func notThere() async throws {
        await #expect(throws: ProcessFailure.programNotFound("/nonexistent/program")) {
            try await Command("/nonexistent/program", environment: [:]).run()
        }
        await #expect(throws: ProcessFailure.directoryUnusable("/nonexistent")) {
            try await shell("true", directory: "/nonexistent").run()
        }
    }

    @Test("a program is found on the search path, a folder of that name is not one")
    func locate() throws {
        let temporary = try TemporaryFolder()
        _ = try temporary.folder.makeFolder("sh")
        #expect(Command.locate("sh", in: "\(temporary.path):/bin") == "/bin/sh")
        #expect(Command.locate("no-such-program", in: "/bin:/usr/bin") == nil)
    }

    @Test("more output than taken ends the command")
    func tooMuch() async throws {
        await #expect(throws: ProcessFailure.outputTooLarge(limit: 1000)) {
            try await Command("/usr/bin/yes", environment: [:]).run(outputLimit: 1000)
        }
    }

    @Test("of standard error the last part is kept")
    func errorTail() async throws {
        let result = try await shell("seq 1 100000 >&2; echo the end >&2").run()
        #expect(result.errorOutput.count == Command.errorOutputLimit)
        #expect(result.errorText.hasSuffix("\nthe end\n"))
    }

    @Test("R-12: a child has the descriptors 0, 1 and 2 only")
    func descriptors() async throws {
        // A descriptor without close-on-exec, as a careless library leaves one.
        let careless = open("/dev/null", O_RDONLY)
        defer { close(careless) }
        let temporary = try TemporaryFolder()
        let lock = try await FileLock.acquire("lock", in: temporary.folder, holder: "test")
        defer { lock.release() }
        // 3 is the one that ls has open to read the folder.
        let result = try await Command("/bin/ls", ["/proc/self/fd"], environment: [:]).run()
        #expect(result.outputText == "0\n1\n2\n3\n")
    }

    @Test("a timeout ends the whole group, TERM-ignoring grandchildren too")
    func timeout() async throws {
        let temporary = try TemporaryFolder()
        let script = """
            (trap '' TERM; echo $(exec sh -c 'echo $PPID') > grandchild; while :; do sleep 1; done) &
            echo half >&2
            wait
            """
        do {
            _ = try await shell(script, directory: temporary.path).run(timeout: .milliseconds(500))
            Issue.record("the command was not ended")
        } catch ProcessFailure.timedOut(let duration, let errorOutput) {
            #expect(duration == .milliseconds(500))
            #expect(String(decoding: errorOutput, as: UTF8.self) == "half\n")
        }
        #expect(try await isGone(pidIn: "grandchild", of: temporary))
    }

    @Test("cancelling ends the command at once when TERM does")
    func cancel() async throws {
        let temporary = try TemporaryFolder()
        let task = Task {
            try await shell("echo $$ > leader; exec sleep 60", directory: temporary.path).run()
        }
        #expect(try await eventually { try temporary.folder.read("leader", limit: 100) != nil })
        let before = ContinuousClock.now
        task.cancel()
        await #expect(throws: ProcessFailure.cancelled) { try await task.value }
        #expect(ContinuousClock.now - before < .seconds(3))
        #expect(try await isGone(pidIn: "leader", of: temporary))
    }

    @Test("what a command leaves running in its group is killed when it ends")
    func leftover() async throws {
        let temporary = try TemporaryFolder()
        let script = "(trap '' TERM HUP; exec sleep 60) & echo $! > child; echo done"
        let before = ContinuousClock.now
        let result = try await shell(script, directory: temporary.path).run()
        #expect(result.outputText == "done\n")
        #expect(ContinuousClock.now - before < .seconds(5))
        #expect(try await isGone(pidIn: "child", of: temporary))
    }

    @Test("a process that left the group and floods the pipe does not hold up the result")
    func escaped() async throws {
        let temporary = try TemporaryFolder()
        let script = "setsid sh -c 'echo $$ > escaped; exec yes' & sleep 0.3; exit 4"
        let ending = try await shell(script, directory: temporary.path).streamLines { _ in }
        #expect(ending == .exited(4))
        let pid = try #require(try pid(in: "escaped", of: temporary))
        ProcessIdentity(pid: pid)?.signal(SIGKILL)
    }

    @Test("lines come in order from both outputs, the last one without its end")
    func lines() async throws {
        let lines = Locked<[String]>([])
        let ending = try await shell("echo a; echo b >&2; printf 'c\\r\\nd'; exit 1").streamLines {
            line in lines.withLock { $0.append(line) }
        }
        #expect(ending == .exited(1))
        #expect(lines.withLock { $0 } == ["a", "b", "c", "d"])
    }

    @Test("a megabyte without a line end comes in pieces and complete")
    func longLine() async throws {
        let lengths = Locked<[Int]>([])
        _ = try await shell("head -c 1000000 /dev/zero | tr '\\0' x").streamLines { line in
            lengths.withLock { $0.append(line.utf8.count) }
        }
        let all = lengths.withLock { $0 }
        #expect(all.reduce(0, +) == 1_000_000)
        #expect(all.allSatisfy { $0 <= LineSplitter.limit })
    }

    @Test("many commands at once all come back")
    func many() async throws {
        let codes = try await withThrowingTaskGroup(of: Int32.self) { group in
            for number in 0..<40 {
                group.addTask {
                    let result = try await shell("exit \(number)").run()
                    guard case .exited(let code) = result.ending else { return -1 }
                    return code
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(codes.sorted() == Array(0..<40))
    }
}

private func pid(in name: String, of temporary: TemporaryFolder) throws -> Int32? {
    let text = String(decoding: try temporary.folder.read(name, limit: 100) ?? [], as: UTF8.self)
    return Int32(text.filter(\.isNumber))
}

private func isGone(pidIn name: String, of temporary: TemporaryFolder) async throws -> Bool {
    let pid = try #require(try pid(in: name, of: temporary))
    return try await eventually { ProcessIdentity(pid: pid)?.isAlive != true }
}

/// One after the other: what a signal does is a matter of the whole process.
@Suite("A command in the terminal", .serialized) struct TerminalCommandTests {
    @Test("it shares the process group, and an interrupt does afterwards what it did before")
    func sharesGroup() async throws {
        // Where the tests were started in the background, an interrupt is ignored from the start.
        var own = sigaction()
        own.__sigaction_handler.sa_handler = { _ in }
        var inherited = sigaction()
        sigaction(SIGINT, &own, &inherited)
        defer { sigaction(SIGINT, &inherited, nil) }
        let temporary = try TemporaryFolder()
        let script = "ps -o pgid= -p $$ > group; exit 5"
        let ending = try await shell(script, directory: temporary.path).runInTerminal {
            { $0 ?? [] }
        }
        #expect(ending == .exited(5))
        #expect(try pid(in: "group", of: temporary) == getpgrp())
        var after = sigaction()
        sigaction(SIGINT, nil, &after)
        #expect(address(of: after) == address(of: own))
    }

    private func address(of action: sigaction) -> Int {
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    }

    @Test(
        "R-23: output that does not go to a terminal passes the filter, complete to its end",
        .enabled(if: !Terminal.isTerminal(1) && !Terminal.isTerminal(2)))
    func filtered() async throws {
        let passed = Locked<[UInt8]>([])
        let before = ContinuousClock.now
        // The sleeper keeps both pipes open after the command's end.
        let ending = try await shell("sleep 600 & echo $!; printf b >&2; exit 3").runInTerminal {
            { bytes in
                passed.withLock { $0 += bytes ?? Array(";".utf8) }
                return []
            }
        }
        #expect(ending == .exited(3))
        #expect(ContinuousClock.now - before < .seconds(300))
        let text = String(decoding: passed.withLock { $0 }, as: UTF8.self)
        #expect(text.contains("b") && text.count { $0 == ";" } == 2, "\(text)")
        let sleeper = try #require(Int32(text.filter(\.isNumber)))
        ProcessIdentity(pid: sleeper)?.signal(SIGKILL)
    }
}
