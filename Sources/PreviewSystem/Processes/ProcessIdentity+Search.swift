import Glibc

extension ProcessIdentity {
    /// The processes of this user, but for this one, that were started with a variable of this
    /// value in their environment (/proc/PID/environ, proc(5)). A process that has overwritten its
    /// environment, as some do to change their title, is not found.
    package static func all(withVariable name: String, value: String) -> [ProcessIdentity] {
        let wanted = Array("\(name)=\(value)".utf8)
        let own = getpid()
        return kernelFolder("/proc").compactMap { Int32($0) }.filter { $0 != own }.compactMap {
            pid -> ProcessIdentity? in
            // Looked up first: a number that is used again in between must not match.
            guard let identity = ProcessIdentity(pid: pid),
                let environment = kernelFile("/proc/\(pid)/environ"),
                environment.split(separator: 0).contains(where: { $0.elementsEqual(wanted) }),
                identity.isAlive
            else { return nil }
            return identity
        }
    }

    /// Kills exactly this process.
    package func kill() { signal(SIGKILL) }
}
