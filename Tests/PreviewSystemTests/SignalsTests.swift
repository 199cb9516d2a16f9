import Glibc
import PreviewSystem
import Testing

/// The handlers belong to a whole process, so they are tried in a small one of their own, built
/// from the same C file.
@Suite struct SignalsTests {
    private let temporary: TemporaryFolder
    private let program: Command

    init() async throws {
        temporary = try TemporaryFolder()
        let searchPath = getenv("PATH").map { String(cString: $0) } ?? ""
        let compiler = try #require(
            Command.locate("clang", in: searchPath) ?? Command.locate("cc", in: searchPath)
        )
        let main = """
            #include "CPreviewSystem.h"
            #include <stdio.h>
            #include <stdlib.h>
            #include <unistd.h>
            int main(int count, char **arguments) {
                int ends[2];
                unsigned char byte;
                if (pipe(ends) != 0 || cps_signals_install(ends[1]) != 0) return 9;
                if (count > 1) cps_signals_register_group(atoi(arguments[1]));
                puts("ready");
                fflush(stdout);
                while (read(ends[0], &byte, 1) == 1) {
                    printf("%d\\n", byte);
                    fflush(stdout);
                }
                return 9;
            }
            """
        try temporary.folder.write("main.c", Array(main.utf8))
        let sources = #filePath.components(droppingLast: 3) + "/Sources/CPreviewSystem"
        let built = try await Command(
            compiler,
            [
                "-I\(sources)/include", "-o", "program", "main.c", "\(sources)/signals.c",
            ],
            environment: ["PATH": searchPath],
            directory: temporary.path
        ).run()
        try #require(built.ending.isSuccess, "\(built.errorText)")
        program = Command(temporary.path + "/program", environment: [:])
    }

    @Test("R-17: the first signal is reported once, the second ends the process within 200 ms")
    func second() async throws {
        let limit = Duration.milliseconds(200)
        let time = try await fastest(below: limit) { try await timeOfSecondSignal() }
        #expect(time < limit)
    }

    private func timeOfSecondSignal() async throws -> Duration {
        try temporary.folder.remove("output")
        let victim = try shell("trap '' TERM; sleep 60").start(.ownSession)
        var command = program
        command.arguments = [String(victim.pid)]
        let process = try await start(command)
        process.signal(SIGINT)
        try await expectOutput("ready\n2\n")
        #expect(process.isAlive)
        let before = ContinuousClock.now
        process.signal(SIGTERM)
        #expect(try status(of: process) == .exited(128 + SIGTERM))
        let time = ContinuousClock.now - before
        // The commands that still ran went with it.
        #expect(try status(of: victim) == .signalled(SIGKILL))
        return time
    }

    @Test("R-16: two signals at once end the process too", arguments: Signals.Request.allCases)
    func together(request: Signals.Request) async throws {
        let process = try await start(program)
        process.signal(request.rawValue)
        process.signal(SIGTERM)
        if request == .terminate {
            // Two of one kind merge into one while the first is not delivered yet.
            let isHandled = try await eventually {
                try !process.isAlive || output() == "ready\n15\n"
            }
            #expect(isHandled)
            process.signal(SIGTERM)
        }
        let ending = try status(of: process)
        #expect(ending == .exited(143) || ending == .exited(request.exitCode))
    }

    @Test("a HUP or INT ignored at the start stays ignored, and so does PIPE", arguments: [1, 2])
    func ignored(number: Int32) async throws {
        let process = try await start(
            shell("trap '' \(number); exec ./program", directory: temporary.path)
        )
        process.signal(number)
        process.signal(SIGPIPE)
        process.signal(SIGTERM)
        try await expectOutput("ready\n15\n")
        process.signal(number)
        #expect(process.isAlive)
        process.signal(SIGTERM)
        #expect(try status(of: process) == .exited(143))
    }

    private func start(_ command: Command) async throws -> ProcessIdentity {
        let output = try temporary.folder.appending(to: "output")
        let process = try command.start(.ownSession, output: output.descriptor)
        try await expectOutput("ready\n")
        return process
    }

    private func output() throws -> String {
        String(decoding: try temporary.folder.read("output", limit: 1000) ?? [], as: UTF8.self)
    }

    private func expectOutput(_ expected: String) async throws {
        let isThere = try await eventually { try output() == expected }
        #expect(isThere, "no \(expected)")
    }

    private func status(of process: ProcessIdentity) throws -> ProcessEnding {
        var status: Int32 = 0
        try #require(waitpid(process.pid, &status, 0) == process.pid)
        return status & 0x7f == 0 ? .exited((status >> 8) & 0xff) : .signalled(status & 0x7f)
    }
}

extension String {
    /// A path without its last `count` parts.
    fileprivate func components(droppingLast count: Int) -> String {
        split(separator: "/", omittingEmptySubsequences: false).dropLast(count)
            .joined(separator: "/")
    }
}
