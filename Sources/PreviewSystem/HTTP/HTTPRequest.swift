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

/// Keys with which libcurl signs a request in Amazon's way (AWS Signature Version 4). A query that is
/// signed must be sorted and every name in it followed by `=`: libcurl before 8 signs it as it is.
package struct AWSSignature: Hashable, Sendable, CustomStringConvertible {
    /// The public half of the key.
    package var accessKey: String
    /// The secret half, which is never sent.
    package var secretKey: String
    /// The region the request is for, such as `eu-west-1`.
    package var region: String
    /// The service the request is for, such as `s3`.
    package var service: String

    /// A signature; see the properties.
    package init(accessKey: String, secretKey: String, region: String, service: String) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.region = region
        self.service = service
    }

    /// What it is for, without the keys.
    package var description: String { "AWS signature for \(service) in \(region)" }
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
    /// Time from the connection being there to the first byte of the answer, or nil for no limit.
    /// Sending the body counts.
    package var responseTimeout: Duration?
    /// The longest silence of the server within its answer, or nil for no limit.
    package var idleTimeout: Duration?
    /// Time for everything, redirects included, or nil for no limit.
    package var timeout: Duration?
    /// How many redirects are followed, for GET and HEAD only; 0 returns them as they are.
    package var redirectLimit: Int
    /// Addresses to use in place of those the names have.
    package var addressOverrides: [HTTPAddressOverride]
    /// The longest body in bytes.
    package var bodyLimit: Int
    /// What to do with a longer one.
    package var excess: Excess
    /// Whether a connection that is open already may carry the request. Unless said otherwise, it
    /// may carry GET and HEAD: a used connection may end just as the request goes out, and for any
    /// other method that is a failure with unknown effect, because it is never sent a second time.
    /// Say yes where the caller can find out what became of it, as that saves a handshake.
    package var reusesConnection: Bool
    /// Whether sending the request twice does no more than sending it once, so that `RetryPolicy`
    /// may repeat it whatever became of it. Unless said otherwise, GET and HEAD are.
    package var isIdempotent: Bool
    /// How the request is signed, or nil for not at all.
    package var signature: AWSSignature?

    /// A request; see the properties.
    package init(
        _ method: String = "GET",
        _ url: String,
        headers: [HTTPHeader] = [],
        body: [UInt8]? = nil,
        connectTimeout: Duration = .seconds(10),
        responseTimeout: Duration? = nil,
        idleTimeout: Duration? = nil,
        timeout: Duration? = .seconds(60),
        redirectLimit: Int = 0,
        addressOverrides: [HTTPAddressOverride] = [],
        bodyLimit: Int = 16 * 1024 * 1024,
        excess: Excess = .fail,
        reusesConnection: Bool? = nil,
        isIdempotent: Bool? = nil,
        signature: AWSSignature? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeout = connectTimeout
        self.responseTimeout = responseTimeout
        self.idleTimeout = idleTimeout
        self.timeout = timeout
        self.redirectLimit = redirectLimit
        self.addressOverrides = addressOverrides
        self.bodyLimit = bodyLimit
        self.excess = excess
        let isRead = Self.isRead(method)
        self.reusesConnection = reusesConnection ?? isRead
        self.isIdempotent = isIdempotent ?? isRead
        self.signature = signature
    }

    /// Whether a method changes nothing, so that even libcurl may send it twice.
    static func isRead(_ method: String) -> Bool { method == "GET" || method == "HEAD" }
}
