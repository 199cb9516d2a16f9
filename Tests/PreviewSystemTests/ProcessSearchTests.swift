import Glibc
import PreviewSystem
import Testing

@Suite("Finding processes and room")
struct ProcessSearchTests {
    private let temporary: TemporaryFolder

    init() throws { temporary = try TemporaryFolder() }

    /// Runs a test with a process that has a word among its arguments and a variable of its own.
    private func withProcess(
        _ body: (ProcessIdentity, _ word: String, _ variable: String) throws -> Void
    ) async throws {
        let word = "word-\(UInt64.random(in: 0 ... .max))"
        let variable = "MARK_\(UInt64.random(in: 0 ... .max))"
        // It waits for a line that never comes.
        let input = try Descriptor.makePipe()
        let process = try Command(
            "/bin/sh", ["-c", "read line; exit", word, "next"],
            environment: [variable: "any"], directory: temporary.folder.path
        ).start(.ownSession, input: input.reader)
        // Until it has become the shell it looks like this process.
        let deadline = ContinuousClock.now + .seconds(10)
        while !process.arguments.contains(word), ContinuousClock.now < deadline {
            await Task.yield()
        }
        let outcome = Result { try body(process, word, variable) }
        await process.endTree(grace: .zero)
        #expect(waitpid(process.pid, nil, 0) == process.pid)
        withExtendedLifetime(input.writer) {}
        try outcome.get()
    }

    @Test("a process is found by arguments that follow each other, and by the name of a variable")
    func search() async throws {
        try await withProcess { process, word, variable in
            #expect(ProcessIdentity.all(withArguments: [word, "next"]) == [process])
            #expect(ProcessIdentity.all(withArguments: ["next", word]) == [])
            #expect(process.arguments.suffix(2) == [word, "next"])
            #expect(ProcessIdentity.all(withVariable: variable) == [process])
            #expect(ProcessIdentity.all(withVariable: "\(variable)_MORE") == [])
            #expect(process.workingDirectory == Host.resolved(temporary.folder.path))
        }
    }

    @Test("the room on a file system is what can still be written there")
    func room() throws {
        let room = try #require(temporary.folder.room)
        #expect(room.bytes > 0)
        #expect(room.files.map { $0 > 0 } ?? true)
    }

    @Test("a folder that permissions close is not writable, but for root")
    func writable() throws {
        #expect(temporary.folder.isWritable)
        chmod(temporary.folder.path, 0o500)
        #expect(temporary.folder.isWritable == (geteuid() == 0))
        chmod(temporary.folder.path, 0o700)
    }
}
