import PreviewCore
import PreviewSystem

/// A call to Fly.io that did not do what it was asked.
package struct FlyFailure: Error, Hashable, Sendable {
    /// Why, as far as a caller does something about it.
    package var cause: Cause
    /// Whether it is certain that the call changed nothing.
    package var isCertain: Bool
    /// Method and path, for messages.
    package var call: String
    package var status: Int?
    /// The platform's own words, or the network's.
    package var message: String
    /// What the platform calls the request.
    package var requestID: String?
    /// How often it was sent.
    package var tries = 1

    /// The typed causes of fly/machines-api sections 1 to 9. Callers switch over these, never over
    /// words.
    package enum Cause: Hashable, Sendable {
        case unauthorised
        case forbidden
        case notFound
        /// The app's name is somebody's.
        case nameTaken
        /// A live machine of the app has that name; its id, where the answer tells it.
        case machineNameTaken(id: String?)
        case regionFull
        case hostFull
        /// The organization may have no more machines or apps.
        case machineLimit
        case imageUnknown
        case leaseHeld
        /// The object is no longer in the version that was read.
        case staleVersion
        /// The state does not allow the call, for now or at all.
        case wrongState
        case conflict
        /// With the time to wait, where the answer tells it.
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
    /// What an answer of 400 and above means.
    init(_ response: HTTPResponse, call: String) {
        let body = ErrorBody(response.body)
        let cause = Self.cause(response.status, body, retryAfter: response.header("Retry-After"))
        self.init(
            cause: cause, isCertain: Self.isCertain(response.status, cause), call: call,
            status: response.status, message: body.message,
            requestID: response.header("fly-request-id"))
    }

    /// What a call without an answer means.
    init(_ failure: HTTPFailure, call: String) {
        let cause: Cause =
            switch failure.cause {
            case .timedOut: .timedOut
            case .invalidResponse, .bodyTooLarge: .unreadable
            default: .unreachable
            }
        self.init(
            cause: cause, isCertain: !failure.mayHaveBeenSent, call: call, status: nil,
            message: failure.description, requestID: nil)
    }

    /// An answer that says yes and cannot be read: whatever was asked has most likely happened.
    static func unreadable(_ response: HTTPResponse, call: String, _ reason: String) -> FlyFailure {
        FlyFailure(
            cause: .unreadable, isCertain: false, call: call, status: response.status,
            message: reason, requestID: response.header("fly-request-id"))
    }

    /// 408 is sent when a host did not answer, so that a machine may have been made after all.
    private static func isCertain(_ status: Int, _ cause: Cause) -> Bool {
        if status == 408 { return false }
        // Old servers say with 503 that a region is full.
        return status < 500 || cause == .regionFull
    }

    /// The platform's word for the cause outranks its sentence (section 1.5); sentences are looked
    /// into only where the status leaves several causes.
    private static func cause(_ status: Int, _ body: ErrorBody, retryAfter: String?) -> Cause {
        switch body.status {
        case "name_taken": return .nameTaken
        case "insufficient_capacity": return .regionFull
        case "volume_placement_capacity": return .hostFull
        default: break
        }
        let text = body.message.lowercased()
        switch status {
        case 401: return .unauthorised
        case 403: return .forbidden
        case 404: return .notFound
        case 408: return .timedOut
        case 409: return conflict(text, body.message)
        case 412: return text.contains("machine_version") ? .staleVersion : .wrongState
        case 429: return .rateLimited(after: retryAfter.flatMap { Int($0) })
        case 400: return text.contains("manifest") ? .imageUnknown : .invalid
        case 422: return refusal(text)
        case 500...: return .unreachable
        default: return .invalid
        }
    }

    private static func conflict(_ text: String, _ message: String) -> Cause {
        if text.contains("already_exists") || text.contains("unique machine name") {
            return .machineNameTaken(id: machineID(in: message))
        }
        if text.contains("lease") { return .leaseHeld }
        if text.contains("no capacity") { return .regionFull }
        if isAboutHost(text) { return .hostFull }
        if text.contains("current_version") || text.contains("concurrent update")
            || text.contains("version")
        {
            return .staleVersion
        }
        if text.contains("name has already been taken") { return .nameTaken }
        return .conflict
    }

    private static func isAboutHost(_ text: String) -> Bool {
        text.contains("could not reserve resource")
            || text.contains("governor policy blocked")
            || text.contains("deploys to this host")
            || (text.contains("insufficient")
                && ["cpu", "memory", "ip", "resource"].contains { text.contains($0) })
    }

    private static func refusal(_ text: String) -> Cause {
        if text.contains("already been taken") || text.contains("uniqueness constraint") {
            return .nameTaken
        }
        if text.contains("machine limit") || text.contains("app limit")
            || (text.contains("limit") && text.contains("organization"))
        {
            return .machineLimit
        }
        if text.contains("unique machine name") { return .machineNameTaken(id: nil) }
        if text.contains("candidate host") || text.contains("no capacity") { return .regionFull }
        if text.contains("manifest") { return .imageUnknown }
        return .invalid
    }

    /// The id in `… machine ID 148e… already exists …`.
    private static func machineID(in message: String) -> String? {
        guard let start = message.firstRange(of: "machine ID ") else { return nil }
        let id = message[start.upperBound...].prefix { $0.isHexDigit }
        return id.isEmpty ? nil : String(id)
    }
}

/// The body of an error, in either of its shapes, or as plain text.
private struct ErrorBody {
    var message: String
    var status: String

    /// At most this much of what a server says is shown.
    private static let longest = 400

    init(_ bytes: [UInt8]) {
        let text = String(decoding: bytes.prefix(16 << 10), as: UTF8.self)
        // Some errors are plain text, and some are no text at all.
        let json = try? JSONReader.read(text)
        let words = json?["message"]?.string ?? json?["error"]?.string ?? text
        message = String(words.prefix(Self.longest)).trimmingWhitespace
        status = json?["status"]?.string ?? ""
    }
}

extension String {
    fileprivate var trimmingWhitespace: String {
        let start = drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
