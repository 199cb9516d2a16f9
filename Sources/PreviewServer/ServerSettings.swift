/// How a server is reached and what it lets in.
package struct ServerSettings: Sendable {
    /// The address it listens on.
    package var address = "127.0.0.1"
    /// The port; 0 for any free one.
    package var port = 4747
    /// Further names under which it may be asked for, as behind a proxy.
    package var hosts: Set<String> = []
    /// Pages of other origins, such as `https://portal.example`, that may use it.
    package var origins: Set<String> = []
    /// Requests that one user may make in a second, for long; twice as many at once.
    package var requestsPerSecond = 50
    /// Certificate chain and private key in PEM; `nil` for plain HTTP.
    package var identity: (chain: [UInt8], key: [UInt8])?
    /// How often an event stream that has nothing to say gives a sign of life.
    package var heartbeat = Duration.seconds(15)

    /// On the loopback address, without TLS, for its own page alone.
    package init() {}
}
