import Glibc
import PreviewSystem

/// A new folder for one test, removed with its last reference.
final class TemporaryFolder: Sendable {
    let folder: Folder
    private let parent: Folder
    private let name: String

    var path: String { folder.path }

    init() throws {
        let suffix = Moment.randomBytes(8).map { String($0, radix: 16) }.joined()
        name = "preview-system-tests-\(suffix)"
        parent = try Folder.open("/tmp", ownedBy: .any)
        folder = try parent.makeFolder(name)
    }

    deinit {
        // What a test leaves behind in /tmp harms no other test.
        try? parent.removeTree(name)
    }
}

/// Waits until `condition` holds, for at most ten seconds; false if it never did.
func eventually(_ condition: () throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if try condition() { return true }
        try await Task.sleep(for: .milliseconds(2))
    }
    return try condition()
}

/// The shortest duration of a few tries that `body` measures, ending with the first below `limit`:
/// how fast something is, on a machine that is busy with other tests.
func fastest(below limit: Duration, _ body: () async throws -> Duration) async throws -> Duration {
    var best = try await body()
    for _ in 0..<9 where best >= limit {
        best = min(best, try await body())
    }
    return best
}

/// The first value of a few tries that is right, else the last one: for what happens in time unless
/// the machine is busy with other tests.
func firstRight<Value>(
    _ isRight: (Value) -> Bool,
    _ body: () async throws -> Value
) async rethrows -> Value {
    for _ in 0..<4 {
        let value = try await body()
        if isRight(value) { return value }
    }
    return try await body()
}

/// The mode bits of a path that exists.
func mode(_ path: String) -> UInt32 {
    var status = stat()
    return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
}

/// An environment in which Debian's programs are found.
let plainEnvironment = ["PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"]

/// A command run by the shell, for children that need to misbehave in more than one way.
func shell(_ script: String, directory: String? = nil) -> Command {
    Command("/bin/sh", ["-c", script], environment: plainEnvironment, directory: directory)
}

/// Whether file systems can be mounted here: as root, outside most containers.
let canMount: Bool = {
    guard let temporary = try? TemporaryFolder(),
        mount("tmpfs", temporary.path, "tmpfs", 0, "size=64k") == 0
    else { return false }
    return umount(temporary.path) == 0
}()
