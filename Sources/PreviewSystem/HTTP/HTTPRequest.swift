/// One header line.
package struct HTTPHeader: Hashable, Sendable {
    /// The name, in any case.
    package var name: String
    /// The value without surrounding spaces.
    package var value: String

    /// A header; neither part may contain a line end, else the request is refused.
    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Reaches `host` and `port` of a URL at another address, as an entry in a hosts file would; name
/// checks and the Host header stay with `host`.
package struct HTTPAddressOverride: Hashable, Sendable {
    /// The host as in the URL.
    package var host: String
    /// The port of the URL, its scheme's own if it names none.
    package var port: UInt16
    /// The address to connect to, IPv4 or IPv6.
    package var address: String

    /// An override; see the properties.
    package init(host: String, port: UInt16, address: String) {
        self.host = host
        self.port = port
        self.address = address
    }
}

/// What to ask for, and how long to wait for it.
package struct HTTPRequest: Hashable, Sendable {
    /// What to do with a body longer than `bodyLimit`.
    package enum Excess: Sendable {
        /// The request fails.
        case fail
        /// The response has the part up to the limit; the rest is not fetched.
        case cut
    }

    /// `GET`, `HEAD`, `POST`, …
    package var method: String
    /// The URL, `http` or `https`.
    package var url: String
    /// Headers to send, besides Host, Content-Length and the client's User-Agent.
    package var headers: [HTTPHeader]
    /// The body to send, or nil for none.
    package var body: [UInt8]?
    /// Time for the name, the connection and TLS.
    package var connectTimeout: Duration
    /// Time for everything, redirects included.
    package var timeout: Duration
    /// How many redirects are followed, for GET and HEAD only; 0 returns them as they are.
    package var redirectLimit: Int
    /// Addresses to use in place of those the names have.
    package var addressOverrides: [HTTPAddressOverride]
    /// The longest body in bytes.
    package var bodyLimit: Int
    /// What to do with a longer one.
    package var excess: Excess

    /// A request; see the properties.
    package init(
        _ method: String = "GET",
        _ url: String,
        headers: [HTTPHeader] = [],
        body: [UInt8]? = nil,
        connectTimeout: Duration = .seconds(10),
        timeout: Duration = .seconds(60),
        redirectLimit: Int = 0,
        addressOverrides: [HTTPAddressOverride] = [],
        bodyLimit: Int = 16 * 1024 * 1024,
        excess: Excess = .fail
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeout = connectTimeout
        self.timeout = timeout
        self.redirectLimit = redirectLimit
        self.addressOverrides = addressOverrides
        self.bodyLimit = bodyLimit
        self.excess = excess
    }
}

/// What came back, whatever its status.
package struct HTTPResponse: Hashable, Sendable {
    /// The status code.
    package var status: Int
    /// The headers of the last response, in order.
    package var headers: [HTTPHeader]
    /// The body.
    package var body: [UInt8]
    /// Whether the body went on beyond the request's limit.
    package var isBodyCut: Bool
    /// The URL that answered: the last one, if redirects were followed.
    package var url: String
    /// How many redirects were followed.
    package var redirectCount: Int
    /// The address that answered, without port: that of the proxy, if there is one.
    package var remoteAddress: String
    /// The port that answered.
    package var remotePort: UInt16

    /// The value of the first header of this name, in any case, or nil.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// A request without a response.
package struct HTTPFailure: Error, Hashable, Sendable {
    /// How far a request got within its time.
    package enum Phase: String, Sendable {
        case resolving = "looking up the name"
        case connecting
        case securing = "agreeing on encryption"
        case waiting = "waiting for the answer"
        case receiving = "receiving the answer"
    }

    /// Why there is no response.
    package enum Cause: Hashable, Sendable {
        /// The URL, or a header, is malformed, or asks for another protocol than HTTP.
        case invalidRequest
        /// The name has no address.
        case resolve
        /// Nobody accepts connections there.
        case connect
        /// No safe connection: an unknown or wrong certificate, no common protocol.
        case tls
        /// The time was over in this phase.
        case timedOut(Phase)
        /// The connection ended before the answer did.
        case connectionLost
        /// More redirects than allowed.
        case tooManyRedirects
        /// A longer body than allowed.
        case bodyTooLarge
        /// What came back is not HTTP.
        case invalidResponse
        /// The waiting task was cancelled.
        case cancelled
        /// libcurl is not on this machine.
        case library
        /// Another failure, by its number in libcurl-errors(3).
        case other(Int)
    }

    /// Why there is no response. Callers switch over this, never over the text.
    package var cause: Cause
    /// Whether any of the request may have gone out, so that its effect is unknown.
    package var mayHaveBeenSent: Bool
    /// The library's words, for the user.
    package var message: String
}

extension HTTPFailure: CustomStringConvertible {
    /// One line in the user's words.
    package var description: String {
        switch cause {
        case .timedOut(let phase): "no answer in time, while \(phase.rawValue): \(message)"
        default: message
        }
    }
}
