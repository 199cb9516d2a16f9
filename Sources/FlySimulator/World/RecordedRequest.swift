import PreviewCore

/// A request that came in, for tests and for `GET /_sim/requests`. Without its token.
package struct RecordedRequest: Sendable {
    /// Counts from 1, and goes on when earlier ones are forgotten.
    package let number: Int
    /// When it came.
    package let time: Instant
    /// Which API was asked.
    package let surface: APIRequest.Surface
    /// The method.
    package let method: String
    /// The path without query.
    package let path: String
    /// The query, decoded.
    package let query: [(name: String, value: String)]
    /// SHA-256 of the body in hexadecimal digits; empty for no body.
    package let bodyDigest: String
    /// The headers by lower-case name; of `authorization` only the scheme.
    package let headers: [String: String]
    /// The status of the answer; 0 while there is none, or when none was sent.
    package internal(set) var status = 0
    /// When it was answered.
    package internal(set) var answeredAt: Instant?
    /// How many rules of faults it met.
    package internal(set) var faults = 0

    init(_ request: APIRequest, number: Int, at time: Instant) {
        self.number = number
        self.time = time
        surface = request.surface
        method = request.method
        path = request.path
        query = request.query
        bodyDigest = request.body.isEmpty ? "" : Digest.hex(request.body)
        var headers = request.headers
        headers["authorization"] = headers["authorization"].map {
            String($0.prefix { $0 != " " })
        }
        self.headers = headers
    }

    var json: JSONValue {
        .object([
            ("number", .int(number)), ("time", .string(time.preciseText)),
            ("api", .string(surface.rawValue)), ("method", .string(method)),
            ("path", .string(path)),
            (
                "query",
                .array(query.map { ["name": .string($0.name), "value": .string($0.value)] })
            ),
            ("body_sha256", .string(bodyDigest)), ("headers", .map(headers)),
            ("status", .int(status)), ("faults", .int(faults)),
        ])
    }
}
