import Glibc

/// A TCP address of this machine.
package struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    /// The host part in network byte order: 4 bytes for IPv4, 16 for IPv6.
    package let host: [UInt8]
    /// 0 lets the kernel choose one when listening.
    package let port: Int

    /// `host` has 4 or 16 bytes, and `port` fits into 16 bits.
    package init(host: [UInt8], port: Int) {
        precondition(host.count == 4 || host.count == 16, "an address has 4 or 16 bytes")
        self.host = host
        self.port = port
    }

    /// An address as the kernel's tables show it; an IPv4 address inside IPv6 (`::ffff:…`) counts as
    /// IPv4. Nil for any other text.
    package init?(text: String, port: Int) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.init(host: Array(bytes.prefix(4)), port: port)
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            let isMapped = bytes.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]
            self.init(host: isMapped ? Array(bytes.suffix(4)) : bytes, port: port)
        } else {
            return nil
        }
    }

    /// `127.0.0.1`.
    package static func loopback(port: Int) -> SocketAddress {
        SocketAddress(host: [127, 0, 0, 1], port: port)
    }

    /// `::1`.
    package static func loopback6(port: Int) -> SocketAddress {
        SocketAddress(host: [UInt8](repeating: 0, count: 15) + [1], port: port)
    }

    /// Whether this is `0.0.0.0` or `::`, where a listener is reached by every address.
    package var isWildcard: Bool { host.allSatisfy { $0 == 0 } }

    /// Whether only this machine reaches a listener there.
    package var isLoopback: Bool {
        host.count == 4 ? host[0] == 127 : self == .loopback6(port: port)
    }

    /// The address as people write it with its port, such as `[::1]:80`.
    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = host.count == 4 ? AF_INET : AF_INET6
        inet_ntop(family, host, &text, socklen_t(text.count))
        let name = String(
            decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
        return host.count == 4 ? "\(name):\(port)" : "[\(name)]:\(port)"
    }

    var family: Int32 { host.count == 4 ? AF_INET : AF_INET6 }

    /// Hands the address over as the kernel wants it.
    func withSocketAddress<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        if host.count == 4 {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
            withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: host) }
            return withErased(&address, body)
        }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = UInt16(truncatingIfNeeded: port).bigEndian
        withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: host) }
        return withErased(&address, body)
    }
}

private func withErased<Address, Result>(
    _ address: inout Address,
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<Address>.size))
        }
    }
}

/// Hands over the address of a Unix socket by the name of an entry in an open folder, so that the
/// length of the folder's path does not matter: the kernel takes 107 bytes (unix(7)).
func withUnixAddress<Result>(
    _ name: String,
    in folder: Folder,
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array("/proc/self/fd/\(folder.descriptor.number)/\(name)".utf8)
    withUnsafeMutableBytes(of: &address.sun_path) { space in
        precondition(path.count < space.count, "the name of a socket is short")
        space.copyBytes(from: path)
    }
    return withErased(&address, body)
}
