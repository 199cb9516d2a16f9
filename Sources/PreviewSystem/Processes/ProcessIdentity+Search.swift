import Glibc

extension ProcessIdentity {
    /// The processes of this user, but for this one, that were started with all these variables
    /// in their environment (/proc/PID/environ, proc(5)). A process that has overwritten its
    /// environment, as some do to change their title, is not found.
    package static func all(withVariables variables: [String: String]) -> [ProcessIdentity] {
        let wanted = variables.map { Array("\($0.key)=\($0.value)".utf8)[...] }
        let own = getpid()
        return kernelFolder("/proc").compactMap { Int32($0) }.filter { $0 != own }.compactMap {
            pid -> ProcessIdentity? in
            // Looked up first: a number that is used again in between must not match.
            guard let identity = ProcessIdentity(pid: pid),
                let environment = kernelFile("/proc/\(pid)/environ"),
                Set(environment.split(separator: 0)).isSuperset(of: wanted),
                identity.isAlive
            else { return nil }
            return identity
        }
    }

    /// Kills exactly this process.
    package func kill() { signal(SIGKILL) }
}
