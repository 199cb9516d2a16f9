import Glibc
import PreviewSystem
import Testing

@Suite struct FolderTests {
    private let temporary: TemporaryFolder
    private var folder: Folder { temporary.folder }

    init() throws {
        temporary = try TemporaryFolder()
    }

    @Test("R-24: files are 0600 and folders 0700, a folder open to others is closed")
    func modes() throws {
        mkdir(folder.path + "/open", 0o777)
        chmod(folder.path + "/open", 0o777)
        let made = try folder.makeFolder("made")
        let closed = try folder.makeFolder("open")
        try made.write("file", [1])
        try made.append([1], to: "log")
        #expect(mode(made.path) == 0o700)
        #expect(mode(closed.path) == 0o700)
        #expect(mode(made.path + "/file") == 0o600)
        #expect(mode(made.path + "/log") == 0o600)
    }

    @Test("R-24: modes hold under any umask", arguments: [0, 0o077] as [mode_t])
    func umask(mask: mode_t) throws {
        // The mask belongs to the whole process, so it is changed for two calls only.
        let before = Glibc.umask(mask)
        let made = Result { try folder.makeFolder("made") }
        let written = Result { try made.get().write("file", [1]) }
        Glibc.umask(before)
        try written.get()
        #expect(mode(folder.path + "/made") == 0o700)
        #expect(mode(folder.path + "/made/file") == 0o600)
    }

    @Test("R-24: symbolic links are refused wherever they lead")
    func links() throws {
        let target = try folder.makeFolder("target")
        try target.write("secret", [1])
        symlink("target", folder.path + "/link")
        symlink("target/secret", folder.path + "/file")
        symlink("/nonexistent", folder.path + "/dangling")
        expectCause(.symbolicLink) { _ = try Folder.open(folder.path + "/link") }
        expectCause(.symbolicLink) { _ = try folder.folder("link") }
        expectCause(.symbolicLink) { _ = try folder.makeFolder("link") }
        expectCause(.symbolicLink) { _ = try folder.makeFolder("dangling") }
        expectCause(.symbolicLink) { _ = try folder.read("file", limit: 10) }
        expectCause(.symbolicLink) { _ = try folder.read("dangling", limit: 10) }
        expectCause(.symbolicLink) { try folder.append([1], to: "file") }
        expectCause(.symbolicLink) { try folder.append([1], to: "dangling") }
        #expect(try folder.linkTarget("file") == "target/secret")
        // A write replaces the link itself and leaves what it pointed at.
        try folder.write("file", [2])
        #expect(try folder.read("file", limit: 10) == [2])
        #expect(try target.read("secret", limit: 10) == [1])
    }

    @Test("R-24: a folder of another user is refused", .enabled(if: geteuid() == 0))
    func foreign() throws {
        _ = try folder.makeFolder("theirs")
        chown(folder.path + "/theirs", 12345, 12345)
        expectCause(.foreignOwner(12345)) { _ = try folder.folder("theirs") }
        expectCause(.foreignOwner(12345)) { _ = try folder.makeFolder("theirs") }
        _ = try folder.folder("theirs", ownedBy: .any)
    }

    @Test("a name leads nowhere else", arguments: ["", ".", "..", "a/b", "/etc", "../x", "a\0b"])
    func names(name: String) {
        expectCause(.unsafeName) { _ = try folder.read(name, limit: 1) }
        expectCause(.unsafeName) { try folder.write(name, []) }
        expectCause(.unsafeName) { try folder.append([], to: name) }
        expectCause(.unsafeName) { try folder.removeTree(name) }
        expectCause(.unsafeName) { try folder.remove(name) }
        expectCause(.unsafeName) { _ = try folder.makeFolder(name) }
        expectCause(.unsafeName) { _ = try folder.folder(name) }
    }

    @Test("a file is read up to the limit and not beyond")
    func limit() throws {
        try folder.write("file", [1, 2, 3])
        #expect(try folder.read("file", limit: 3) == [1, 2, 3])
        expectCause(.tooLarge(limit: 2)) { _ = try folder.read("file", limit: 2) }
        #expect(try folder.read("absent", limit: 3) == nil)
    }

    @Test("folders, pipes and devices are not files", .timeLimit(.minutes(1)))
    func kinds() throws {
        _ = try folder.makeFolder("folder")
        mkfifo(folder.path + "/pipe", 0o600)
        expectCause(.wrongKind) { _ = try folder.read("folder", limit: 1) }
        expectCause(.wrongKind) { _ = try folder.read("pipe", limit: 1) }
        expectCause(.wrongKind) {
            _ = try Folder.open("/dev", ownedBy: .any).read("null", limit: 1)
        }
    }

    @Test("a path is made in its parent, which may be reached through a link")
    func make() throws {
        symlink(folder.path, folder.path + "/self")
        let made = try Folder.make(folder.path + "/self/new/")
        try made.write("file", [1])
        #expect(try folder.folder("new").read("file", limit: 1) == [1])
        expectCause(.notFound) { _ = try Folder.make(folder.path + "/absent/new") }
    }

    @Test("R-35: a line that a killed writer left unfinished spoils only itself")
    func torn() throws {
        try folder.append(Array("torn".utf8), to: "log")
        try folder.append(Array("whole\n".utf8), to: "log")
        try folder.append(Array("next\n".utf8), to: "log")
        #expect(try folder.read("log", limit: 100) == Array("torn\nwhole\nnext\n".utf8))
    }

    @Test("a part of a file is read where it is")
    func part() throws {
        try folder.write("file", Array("0123456789".utf8))
        let file = try #require(try folder.file("file"))
        #expect(try file.size() == 10)
        #expect(try file.read(at: 3, count: 4) == Array("3456".utf8))
        #expect(try file.read(at: 8, count: 4) == Array("89".utf8))
        #expect(try file.read(at: 20, count: 4) == [])
    }

    @Test("entries are listed with kind and size, in the order of their bytes")
    func entries() throws {
        try folder.write("b", [1, 2])
        _ = try folder.makeFolder("a")
        symlink("b", folder.path + "/c")
        mkfifo(folder.path + "/Z", 0o600)
        chmod(folder.path + "/b", 0o700)
        let entries = try folder.entries()
        #expect(entries.map(\.name) == ["Z", "a", "b", "c"])
        #expect(entries.map(\.kind) == [.other, .folder, .file, .symbolicLink])
        #expect(entries[2].size == 2)
        #expect(entries[2].isExecutable)
        #expect(abs(entries[2].modifiedUnixMilliseconds - Moment.unixMilliseconds) < 60_000)
        #expect(try folder.entry("b") == entries[2])
        #expect(try folder.entry("absent") == nil)
    }

    @Test("a tree is removed without what its links lead to")
    func removeTree() throws {
        let outside = try folder.makeFolder("outside")
        try outside.write("kept", [1])
        let tree = try folder.makeFolder("tree")
        let deep = try tree.makeFolder("deep")
        try deep.write("file", [1])
        symlink("../../outside", deep.path + "/link")
        symlink("../outside", tree.path + "/link")
        // Bytes that are no UTF-8, and a folder that may not be written, as Go leaves them.
        close(open(deep.path + "/\u{FFFD}", O_CREAT | O_WRONLY, 0o600))
        let latin: [CChar] = Array(deep.path.utf8CString.dropLast()) + [0x2f, -23, 0]
        close(open(latin, O_CREAT | O_WRONLY, 0o600))
        chmod(deep.path, 0o500)
        try folder.removeTree("tree")
        #expect(try folder.entryNames() == ["outside"])
        #expect(try outside.entryNames() == ["kept"])
        try folder.removeTree("tree")
        symlink("outside", folder.path + "/link")
        try folder.removeTree("link")
        #expect(try outside.entryNames() == ["kept"])
        try folder.removeTree("outside")
        #expect(try folder.entryNames() == [])
    }

    @Test("free space is known")
    func freeSpace() throws {
        #expect(try #require(folder.freeBytes()) > 0)
    }
}

/// Expects that `body` throws a `FileFailure` with this cause.
func expectCause(
    _ cause: FileFailure.Cause,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) {
    do {
        try body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch let failure as FileFailure {
        #expect(failure.cause == cause, "\(failure)", sourceLocation: sourceLocation)
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}
