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
    /// What the server calls the request, if it has said so before the failure.
    package var requestID: String?

    /// A failure; see the properties.
    package init(
        cause: Cause,
        mayHaveBeenSent: Bool,
        message: String,
        requestID: String? = nil
    ) {
        self.cause = cause
        self.mayHaveBeenSent = mayHaveBeenSent
        self.message = message
        self.requestID = requestID
    }
}

extension HTTPFailure: CustomStringConvertible {
    /// One line in the user's words.
    package var description: String {
        let reason =
            switch cause {
            case .timedOut(let phase): "no answer in time, while \(phase.rawValue): \(message)"
            default: message
            }
        return requestID.map { "\(reason) (request \($0))" } ?? reason
    }
}
