import Glibc
import PreviewSystem

/// What this machine allows to be tested; what it does not allow is said aloud.
enum Allowed {
    /// Whether a rule that needs something can be tried, else a line tells that it was not.
    static func check(_ isAllowed: Bool, _ rule: String, needing what: String) -> Bool {
        if !isAllowed {
            OutputChannel.standardError.write("SKIPPED \(rule): needs \(what)\n")
        }
        return isAllowed
    }

    static let isRoot = geteuid() == 0

    /// Whether programs can be traced here.
    static let tracing: Bool = {
        guard access("/usr/bin/strace", X_OK) == 0 else { return false }
        return system("/usr/bin/strace -o /dev/null -e trace=close /bin/true 2>/dev/null")
    }()

    /// Whether file systems can be mounted here: as root, outside most containers.
    static let mounting: Bool = {
        guard isRoot else { return false }
        return system("d=$(mktemp -d) && mount -t tmpfs none $d && umount $d && rmdir $d")
    }()

    private static func system(_ script: String) -> Bool {
        guard
            let child = try? Child(
                ["/bin/sh", "-c", script], environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
                directory: "/tmp", input: .null, output: .null, errors: .null)
        else { return false }
        var status: Int32 = 0
        while waitpid(child.pid, &status, 0) < 0, errno == EINTR {}
        return status == 0
    }
}
