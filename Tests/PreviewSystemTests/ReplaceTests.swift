import Glibc
import PreviewSystem
import Testing

@Suite struct ReplaceTests {
    private let temporary: TemporaryFolder
    private var folder: Folder { temporary.folder }

    init() throws {
        temporary = try TemporaryFolder()
    }

    @Test("a swap keeps the previous content under the name asked for")
    func keeps() throws {
        #expect(try exchange([1], keeping: "file.0"))
        #expect(try exchange([2], keeping: "file.1"))
        #expect(try exchange([3], keeping: nil))
        #expect(try folder.read("file", limit: 10) == [3])
        #expect(try folder.read("file.1", limit: 10) == [1])
        #expect(try folder.entryNames() == ["file", "file.1"])
    }

    @Test("a kept version with the same bytes will do, with others it is not replaced")
    func kept() throws {
        try folder.write("file", [1])
        try folder.write("same", [1])
        try folder.write("other", [9])
        #expect(try exchange([2], keeping: "same"))
        expectCause(.alreadyExists) { _ = try exchange([3], keeping: "other") }
        #expect(try folder.read("file", limit: 10) == [2])
        #expect(try folder.read("other", limit: 10) == [9])
    }

    @Test("a swap that is declined changes nothing and leaves nothing")
    func declined() throws {
        try folder.write("file", [1])
        let replaced = try folder.exchange("file", with: [2], readingAtMost: 10) { current in
            #expect(current == [1])
            return .leave
        }
        #expect(!replaced)
        #expect(try folder.read("file", limit: 10) == [1])
        #expect(try folder.entryNames() == ["file"])
    }

    @Test("R-10: of many writers naming the same predecessor one proceeds")
    func compareAndSwap() async throws {
        try folder.write("file", [0])
        let folder = folder
        for round: UInt8 in 0..<20 {
            let winners = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try folder.exchange("file", with: [round + 1], readingAtMost: 10) {
                            $0 == [round] ? .replace(keeping: nil) : .leave
                        }
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(winners == 1)
        }
        #expect(try folder.entryNames() == ["file"])
    }

    @Test("a temporary file of a writer that died is removed, that of a live one is not")
    func leftovers() throws {
        close(open(folder.path + "/.file.dead.tmp", O_CREAT | O_WRONLY, 0o600))
        let live = open(folder.path + "/.file.live.tmp", O_CREAT | O_WRONLY, 0o600)
        flock(live, LOCK_EX)
        try folder.write("file", [1])
        #expect(try folder.entryNames() == [".file.live.tmp", "file"])
        close(live)
        try folder.write("file", [2])
        #expect(try folder.entryNames() == ["file"])
    }

    @Test(
        "R-6, R-7: a fault before the swap leaves the old content and no temporary file",
        arguments: [
            "temp.write:eio", "temp.write:enospc", "temp.write:short", "temp.sync:eio",
            "keep.link:enospc", "swap.rename:eio",
        ]
    )
    func faults(fault: String) async throws {
        try folder.write("file", [1, 1, 1, 1])
        _ = await FaultPoint.withFault(fault) {
            #expect(throws: FileFailure.self) { try exchange([2, 2], keeping: "file.1") }
        }
        #expect(try folder.read("file", limit: 10) == [1, 1, 1, 1])
        let names = try folder.entryNames()
        #expect(names.filter { $0.hasPrefix(".") } == [])
        // And the next run goes through.
        #expect(try exchange([2, 2], keeping: "file.1"))
    }

    @Test("R-7: a failed sync of the folder is a failure, with the old or the new content")
    func folderSync() async throws {
        try folder.write("file", [1])
        _ = await FaultPoint.withFault("folder.sync:eio") {
            #expect(throws: FileFailure.self) { try folder.write("file", [2]) }
        }
        let content = try folder.read("file", limit: 10)
        #expect(content == [1] || content == [2])
    }

    @Test("R-6: no space is reported with file and free space")
    func message() async throws {
        _ = await FaultPoint.withFault("temp.write:enospc") {
            let failure = #expect(throws: FileFailure.self) { try folder.write("file", [1]) }
            #expect(failure?.operation == .write)
            #expect(failure?.path.hasPrefix(folder.path + "/.file.") == true)
            #expect(failure?.description.contains("no space left (") == true)
            #expect(failure?.description.contains(" bytes free)") == true)
        }
    }

    @Test("a fault strikes at the n-th passage only")
    func nth() async throws {
        try await FaultPoint.withFault("attempt.saved:2:eio") {
            try FaultPoint.hit(.attemptSaved)
            #expect(throws: FileFailure.self) { try FaultPoint.hit(.attemptSaved) }
            try FaultPoint.hit(.attemptSaved)
        }
    }

    @Test(
        "a malformed fault is refused",
        arguments: ["", "temp.write", "x:eio", "temp.write:0:eio", "temp.write:1:x", "a:b:c:d"]
    )
    func malformed(value: String) {
        #expect(!FaultPoint.configure(value))
    }

    @Test("R-6: a full disk leaves the old content", .enabled(if: canMount))
    func fullDisk() throws {
        let point = try folder.makeFolder("disk")
        try #require(mount("tmpfs", point.path, "tmpfs", 0, "size=64k") == 0)
        defer { umount(point.path) }
        let disk = try Folder.open(point.path, ownedBy: .any)
        try disk.write("file", [1])
        let failure = #expect(throws: FileFailure.self) {
            try disk.write("file", [UInt8](repeating: 2, count: 200_000))
        }
        guard case .noSpace(let free?) = failure?.cause else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(free < 65_536)
        #expect(try disk.read("file", limit: 10) == [1])
        #expect(try disk.entryNames() == ["file"])
        #expect(mount("tmpfs", point.path, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), "") == 0)
        expectCause(.readOnly) { try disk.write("file", [2]) }
        #expect(try disk.read("file", limit: 10) == [1])
    }

    private func exchange(_ bytes: [UInt8], keeping name: String?) throws(FileFailure) -> Bool {
        try folder.exchange("file", with: bytes, readingAtMost: 10) { _ in
            .replace(keeping: name)
        }
    }
}
