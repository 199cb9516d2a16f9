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

    /// A response; see the properties.
    package init(
        status: Int,
        headers: [HTTPHeader] = [],
        body: [UInt8] = [],
        isBodyCut: Bool = false,
        url: String = "",
        redirectCount: Int = 0,
        remoteAddress: String = "",
        remotePort: UInt16 = 0
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.isBodyCut = isBodyCut
        self.url = url
        self.redirectCount = redirectCount
        self.remoteAddress = remoteAddress
        self.remotePort = remotePort
    }

    /// The value of the first header of this name, in any case, or nil.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
    /// What the server calls this request, for its operators, or nil. Fly says `fly-request-id`,
    /// S3 `x-amz-request-id`, most others `x-request-id`.
    package var requestID: String? { Self.requestID(in: headers) }

    static func requestID(in headers: [HTTPHeader]) -> String? {
        for name in ["fly-request-id", "x-amz-request-id", "x-request-id"] {
            if let id = headers.first(where: { $0.name.lowercased() == name }) { return id.value }
        }
        return nil
    }
}
