import Glibc
import PreviewCore
import PreviewSystem
import Testing

/// A server of another make that lives as long as this process, whatever ends it.
struct ServerProcess: Sendable {
    /// The folder that the server has to itself; removed with it.
    let folder: Folder
    /// Its end is the server's: the kernel closes it with this process.
    private let life: Descriptor

    /// Kills the server and removes its folder as soon as standard input ends. A kill, since some
    /// take their time over an orderly end.
    private static let watch = """
        folder=$1
        shift
        "$@" </dev/null >"$folder/log" 2>&1 &
        read -r _
        kill -KILL $!
        wait
        rm -rf "$folder"
        """

    /// Starts a program; `arguments` gets the path of the folder.
    init(_ program: String, _ arguments: (Folder) throws -> [String]) throws {
        let name = "preview-server-\(Digest.hexadecimal(Moment.randomBytes(6)))"
        folder = try Folder.open("/tmp", ownedBy: .any).makeFolder(name)
        let (reader, writer) = try Descriptor.makePipe()
        life = writer
        _ = try Command(
            "/bin/sh", ["-c", Self.watch, "sh", folder.path, program] + arguments(folder),
            environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path]
        ).start(.ownSession, input: reader)
    }

    /// What the server has said, for a test that cannot go on.
    var log: String {
        KernelFile.text(folder.path + "/log").map { String($0.suffix(2000)) } ?? "nothing"
    }

    /// Where `.ci/stores` puts a program.
    static func program(_ name: String) -> String {
        #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
            + "/.build/stores/bin/\(name)"
    }

    /// Whether `.ci/stores` could install it; says so where not.
    static func isInstalled(_ name: String) -> Bool {
        if KernelFile.exists(program(name)) { return true }
        OutputChannel.standardError.write("SKIPPED tests with \(name): .ci/stores installs it\n")
        return false
    }

    /// A port of the loopback address that is free now, as is the one 10000 above; below those that
    /// the kernel gives to connections.
    static func freePort() throws -> Int {
        while true {
            let port = Int.random(in: 12000..<20000)
            if try [port, port + 10000].allSatisfy(isFree) { return port }
        }
    }

    private static func isFree(_ port: Int) throws -> Bool {
        do throws(SocketFailure) {
            let loop = EventLoop()
            try Listener.tcp(.loopback(port: port), on: loop).close()
            return true
        } catch {
            return false
        }
    }
}
