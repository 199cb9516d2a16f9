import CPreviewSystem
import Glibc

/// A socket that others connect to.
package final class Listener {
    private let descriptor: Descriptor
    private let loop: EventLoop
    private var watch: EventLoop.Watch?

    /// How long to let connections wait when there are no descriptors left for them.
    private static let pauseWhenFull = Duration.milliseconds(100)

    private init(_ descriptor: Descriptor, on loop: EventLoop) {
        self.descriptor = descriptor
        self.loop = loop
    }

    /// Listens at a TCP address; connections are taken once ``accept(_:)`` has been called and wait
    /// in the kernel until then.
    package static func tcp(
        _ address: SocketAddress,
        on loop: EventLoop
    ) throws(SocketFailure) -> Listener {
        let descriptor = try makeSocket(address.family)
        var yes: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        setsockopt(descriptor.number, SOL_SOCKET, SO_REUSEADDR, &yes, size)
        if address.family == AF_INET6 {
            setsockopt(descriptor.number, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &yes, size)
        }
        let bound = address.withSocketAddress { bind(descriptor.number, $0, $1) }
        guard bound == 0, listen(descriptor.number, SOMAXCONN) == 0 else {
            throw SocketFailure(error: errno)
        }
        return Listener(descriptor, on: loop)
    }

    /// Listens at the Unix socket `name` in a folder, replacing what has that name.
    package static func unix(
        _ name: String,
        in folder: Folder,
        on loop: EventLoop
    ) throws(SocketFailure) -> Listener {
        let descriptor = try makeSocket(AF_UNIX)
        unlinkat(folder.descriptor.number, name, 0)
        // The socket's own mode is what the file is made with, less the umask (unix(7)).
        guard fchmod(descriptor.number, 0o600) == 0 else { throw SocketFailure(error: errno) }
        let bound = withUnixAddress(name, in: folder) { bind(descriptor.number, $0, $1) }
        guard bound == 0, listen(descriptor.number, SOMAXCONN) == 0 else {
            throw SocketFailure(error: errno)
        }
        return Listener(descriptor, on: loop)
    }

    /// A TCP port of the loopback address that nobody used a moment ago.
    package static func freePort() throws(SocketFailure) -> Int {
        let descriptor = try makeSocket(AF_INET)
        let address = SocketAddress.loopback(port: 0)
        let bound = address.withSocketAddress { bind(descriptor.number, $0, $1) }
        guard bound == 0 else { throw SocketFailure(error: errno) }
        return portNumber(of: descriptor)
    }

    /// Whether this machine has the address `::1`.
    package static var hasIPv6: Bool {
        // Only the answer counts; without descriptors to ask with, the older address is safer.
        guard let descriptor = try? makeSocket(AF_INET6) else { return false }
        return SocketAddress.loopback6(port: 0).withSocketAddress {
            bind(descriptor.number, $0, $1)
        } == 0
    }

    /// Whether nobody listens at a port of the loopback address.
    package static func isFree(port: Int) -> Bool {
        // Only the answer counts: whatever keeps us from listening keeps us from using the port.
        (try? tcp(.loopback(port: port), on: EventLoop())) != nil
    }

    /// The TCP port it listens on.
    package var port: Int { portNumber(of: descriptor) }

    /// Hands every connection to `take` from now on, as a stream that is at rest.
    package func accept(_ take: @escaping (ByteStream) -> Void) {
        precondition(watch == nil, "a listener has one taker")
        watch = loop.watch(descriptor, for: .reading) { [unowned self] _ in
            acceptAll(take)
        }
    }

    /// Leaves connections waiting in the kernel while `isPaused`.
    package var isPaused = false {
        didSet { watch?.interest = isPaused ? [] : .reading }
    }

    /// Listens no longer.
    package func close() {
        if let watch { loop.cancel(watch) }
        watch = nil
        shutdown(descriptor.number, Int32(SHUT_RDWR))
    }

    private func acceptAll(_ take: (ByteStream) -> Void) {
        while !isPaused, watch != nil {
            let number = cps_accept(descriptor.number, true)
            if number >= 0 {
                take(ByteStream(Descriptor(owning: number), on: loop))
            } else if errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM {
                // The connection stays pending, so poll would report it again at once.
                watch?.interest = []
                loop.after(Self.pauseWhenFull) { [weak self] in
                    guard let self, !isPaused else { return }
                    watch?.interest = .reading
                }
                return
            } else if errno != EINTR && errno != ECONNABORTED {
                return
            }
        }
    }
}

/// A new TCP or Unix socket that does not block.
func makeSocket(_ family: Int32) throws(SocketFailure) -> Descriptor {
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let number = socket(family, kind, 0)
    guard number >= 0 else { throw SocketFailure(error: errno) }
    return Descriptor(owning: number)
}

private func portNumber(of descriptor: Descriptor) -> Int {
    var storage = sockaddr_storage()
    var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = withUnsafeMutablePointer(to: &storage) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            getsockname(descriptor.number, $0, &size)
        }
    }
    guard result == 0 else { return 0 }
    return withUnsafeBytes(of: &storage) { bytes in
        // The port stands behind the family, in network order, for IPv4 and IPv6 alike.
        Int(bytes[2]) << 8 | Int(bytes[3])
    }
}
