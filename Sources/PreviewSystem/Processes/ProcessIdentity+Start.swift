import Glibc

extension ProcessIdentity {
    /// When it started, in seconds since 1970 by this machine's clock, to within two seconds; nil where the
    /// kernel does not tell. For display and for comparing with times that somebody wrote down.
    package var startedUnixSeconds: Int? {
        // Seconds since 1970 at which the machine started (proc(5), "btime").
        guard let text = kernelFile("/proc/stat").map({ String(decoding: $0, as: UTF8.self) }),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let booted = Int(line.dropFirst("btime ".count))
        else { return nil }
        let ticksPerSecond = sysconf(Int32(_SC_CLK_TCK))
        guard ticksPerSecond > 0 else { return nil }
        return booted + Int(startTicks) / ticksPerSecond
    }
}
