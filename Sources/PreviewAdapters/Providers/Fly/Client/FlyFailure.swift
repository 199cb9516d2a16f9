import PreviewCore
import PreviewSystem

/// A call to Fly.io that did not do what it was asked.
package struct FlyFailure: Error, Hashable, Sendable {
    /// Why, as far as a caller does something about it.
    package var cause: Cause
    /// Whether it is certain that this call changed nothing. It says nothing about calls before it.
    package var isCertain: Bool
    /// Method and path, for messages.
    package var call: String
    /// The HTTP status, or `nil` where no answer came.
    package var status: Int?
    /// The platform's own words, or the network's. They may repeat what others have said, such as a
    /// registry of images, and are not to be trusted as text for a terminal.
    package var message: String
    /// What the platform calls the request.
    package var requestID: String?
    /// How often it was sent.
    package var tries = 1

    /// The typed causes of fly/machines-api sections 1 to 9. Callers switch over these, never over
    /// words.
    package enum Cause: Hashable, Sendable {
        case unauthorised
        /// The token lacks the right; of an app's name it means that another organization has it.
        case forbidden
        case notFound
        /// The address is none that the platform knows: an older platform, or a wrong base URL. It
        /// says nothing about the object.
        case unrouted
        /// The app's name is somebody's.
        case nameTaken
        /// A live machine of the app has that name; its id, where the answer tells it.
        case machineNameTaken(id: String?)
        /// None of the regions has room: another one may.
        case regionFull
        /// The machine's host has no room: made anew, it may come to another one.
        case hostFull
        /// The organization may have no more machines or apps.
        case machineLimit
        case imageUnknown
        case leaseHeld
        /// The object is no longer in the version that was read.
        case staleVersion
        /// The state does not allow the call, for now or at all: read it again.
        case wrongState
        case conflict
        /// With the seconds to wait, where the answer tells them.
        case rateLimited(after: Int?)
        case invalid
        /// Nobody answers, or the platform is broken.
        case unreachable
        case timedOut
        /// An answer that is none.
        case unreadable
    }
}

extension FlyFailure.Cause {
    /// Whether the same call may well work a moment later.
    var isPassing: Bool {
        switch self {
        case .wrongState, .leaseHeld, .conflict, .timedOut: true
        default: false
        }
    }
}

extension FlyFailure {
    /// What an answer without success means.
    init(_ response: HTTPResponse, call: String) {
        self.init(
            status: response.status, body: response.body,
            retryAfter: response.header("Retry-After"), requestID: response.requestID, call: call)
    }

    /// What a call without an answer means.
    init(_ failure: HTTPFailure, call: String) {
        let cause: Cause =
            switch failure.cause {
            case .timedOut: .timedOut
            case .invalidResponse, .bodyTooLarge: .unreadable
            case .invalidRequest: .invalid
            default: .unreachable
            }
        self.init(
            cause: cause, isCertain: !failure.mayHaveBeenSent, call: call, status: nil,
            message: failure.description, requestID: failure.requestID)
    }

    /// An answer that says yes and cannot be read: whatever was asked has most likely happened.
    static func unreadable(_ response: HTTPResponse, call: String) -> FlyFailure {
        FlyFailure(
            cause: .unreadable, isCertain: false, call: call, status: response.status,
            message: "the answer does not have the form it should have",
            requestID: response.requestID)
    }
}
