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

    /// The processes of this user, but for this one, among whose arguments these stand in this order,
    /// one behind the other (/proc/PID/cmdline, proc(5)).
    package static func all(withArguments words: [String]) -> [ProcessIdentity] {
        let own = getpid()
        return kernelFolder("/proc").compactMap { Int32($0) }.filter { $0 != own }.compactMap {
            pid -> ProcessIdentity? in
            // Looked up first: a number that is used again in between must not match.
            guard let identity = ProcessIdentity(pid: pid),
                identity.arguments.firstRange(of: words) != nil, identity.isOwn, identity.isAlive
            else { return nil }
            return identity
        }
    }

    /// The processes of this user, but for this one, in whose environment a variable was set at their
    /// start, whatever its value.
    package static func all(withVariable name: String) -> [ProcessIdentity] {
        let prefix = Array("\(name)=".utf8)
        let own = getpid()
        return kernelFolder("/proc").compactMap { Int32($0) }.filter { $0 != own }.compactMap {
            pid -> ProcessIdentity? in
            guard let identity = ProcessIdentity(pid: pid),
                // Unreadable for those of other users.
                let environment = kernelFile("/proc/\(pid)/environ"),
                environment.split(separator: 0).contains(where: { $0.starts(with: prefix) }),
                identity.isAlive
            else { return nil }
            return identity
        }
    }

    /// Where it works, with ` (deleted)` behind a folder that is gone (proc(5)); `nil` where nothing
    /// tells.
    package var workingDirectory: String? {
        // A process that is gone or somebody else's shows no folder.
        guard let folder = try? Folder.open("/proc/\(pid)", ownedBy: .any) else { return nil }
        return try? folder.linkTarget("cwd")
    }

    /// What it was started with, the program's name first; empty where it has ended or has
    /// overwritten them.
    package var arguments: [String] {
        (kernelFile("/proc/\(pid)/cmdline") ?? []).split(separator: 0).map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    /// Whether it is this user's.
    private var isOwn: Bool {
        var status = stat()
        return stat("/proc/\(pid)", &status) == 0 && status.st_uid == geteuid()
    }

    /// Kills exactly this process.
    package func kill() { signal(SIGKILL) }
}
