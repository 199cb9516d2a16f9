import Glibc

/// A socket operation that did not work.
package enum SocketFailure: Error, Hashable, Sendable {
    /// Another socket listens at that address already.
    case addressInUse
    /// Nobody listens there.
    case refused
    /// The machine has no such address, such as `::1` where IPv6 is switched off.
    case noSuchAddress
    /// The other side did not do its part in time.
    case timedOut
    /// Any other error number (errno(3)).
    case system(Int32)

    init(error: Int32) {
        switch error {
        case EADDRINUSE: self = .addressInUse
        case ECONNREFUSED, ENOENT: self = .refused
        case EADDRNOTAVAIL, EAFNOSUPPORT, EPROTONOSUPPORT: self = .noSuchAddress
        case ETIMEDOUT, EAGAIN: self = .timedOut
        default: self = .system(error)
        }
    }
}

extension SocketFailure: CustomStringConvertible {
    /// The reason in the user's words.
    package var description: String {
        switch self {
        case .addressInUse: "the address is in use"
        case .refused: "nobody listens there"
        case .noSuchAddress: "this machine has no such address"
        case .timedOut: "no answer in time"
        case .system(let error): systemMessage(error)
        }
    }
}
