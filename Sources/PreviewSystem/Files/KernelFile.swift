import Glibc

/// Files that the kernel makes up, under `/proc` and `/sys`: they have no size beforehand, and a
/// write to one is a command. All questions about something that is gone have an answer.
package enum KernelFile {
    /// The content as text; `nil` where it cannot be read.
    package static func text(_ path: String) -> String? {
        kernelFile(path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether there is such a file.
    package static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// Writes with one call; false when the kernel refuses.
    package static func write(_ text: String, to path: String) -> Bool {
        let number = open(path, O_WRONLY | O_CLOEXEC)
        guard number >= 0 else { return false }
        let descriptor = Descriptor(owning: number)
        let bytes = Array(text.utf8)
        return repeatingInterrupted {
            Glibc.write(descriptor.number, bytes, bytes.count)
        } == bytes.count
    }

    /// Makes a control group, or finds it there; its path, or `nil` when a process may not be moved
    /// into it.
    package static func makeGroup(_ path: String) -> String? {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else { return nil }
        guard access(path + "/cgroup.procs", W_OK) == 0 else {
            rmdir(path)
            return nil
        }
        return path
    }

    /// Takes a control group away; one that still holds a process stays.
    package static func removeGroup(_ path: String) {
        rmdir(path)
    }
}
