import Glibc

/// A TCP port on which a process waits for connections, as the kernel knows it.
package struct ListeningSocket: Hashable, Sendable {
    /// The process; of several that share the socket, the one with the lowest number.
    package var pid: Int32
    /// The address as text: `127.0.0.1`, `0.0.0.0`, `::1`, `::`.
    package var address: String
    /// The port.
    package var port: UInt16

    /// Whether it answers on every address of the machine.
    package var isOnAllAddresses: Bool { address == "0.0.0.0" || address == "::" }
    /// Whether only this machine can reach it.
    package var isLoopbackOnly: Bool {
        address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
    }

    /// The listening sockets of `processes`, by port, from /proc/PID/net/tcp, tcp6 and the
    /// processes' open descriptors (proc(5)). Processes of other users show none.
    package static func all(of processes: [ProcessIdentity]) -> [ListeningSocket] {
        var found: [ListeningSocket] = []
        var seenInodes: Set<String> = []
        for process in processes.sorted(by: { $0.pid < $1.pid }) {
            let inodes = socketInodes(of: process.pid).subtracting(seenInodes)
            if inodes.isEmpty { continue }
            for table in ["tcp", "tcp6"] {
                for (inode, address, port) in listeners("/proc/\(process.pid)/net/\(table)")
                where inodes.contains(inode) {
                    seenInodes.insert(inode)
                    found.append(
                        ListeningSocket(pid: process.pid, address: address, port: port)
                    )
                }
            }
        }
        return found.sorted { ($0.port, $0.address) < ($1.port, $1.address) }
    }

    /// The inodes in `socket:[INODE]`, what the open descriptors of the process point at.
    private static func socketInodes(of pid: Int32) -> Set<String> {
        // A process that is gone or somebody else's shows no descriptors.
        guard let folder = try? Folder.open("/proc/\(pid)/fd", ownedBy: .any),
            let names = try? folder.entryNames()
        else { return [] }
        // A descriptor may be closed between the listing and this.
        let targets = names.compactMap { try? folder.linkTarget($0) }
        return Set(
            targets.filter { $0.hasPrefix("socket:[") }.map { String($0.dropFirst(8).dropLast()) }
        )
    }

    /// The lines of a kernel table whose state is 0A, listening: inode, address and port.
    private static func listeners(
        _ path: String
    ) -> [(inode: String, address: String, port: UInt16)] {
        let table = String(decoding: kernelFile(path) ?? [], as: UTF8.self)
        return table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A",
                let colon = fields[1].lastIndex(of: ":"),
                let address = text(ofHexAddress: fields[1][..<colon]),
                let port = UInt16(fields[1][fields[1].index(after: colon)...], radix: 16)
            else { return nil }
            return (String(fields[9]), address, port)
        }
    }

    /// The kernel prints addresses as 32-bit words in the machine's byte order.
    private static func text(ofHexAddress hex: Substring) -> String? {
        var words: [UInt32] = []
        var rest = hex
        while rest.count >= 8, let word = UInt32(rest.prefix(8), radix: 16) {
            words.append(word)
            rest = rest.dropFirst(8)
        }
        guard rest.isEmpty, words.count == 1 || words.count == 4 else { return nil }
        let family = words.count == 1 ? AF_INET : AF_INET6
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, &words, &buffer, socklen_t(buffer.count)) != nil else { return nil }
        return String(
            decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
    }
}
