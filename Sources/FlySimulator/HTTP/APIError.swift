import PreviewCore

/// A refusal, as the client sees it.
///
/// The texts are those of the reference; where it has none for a case, the wording is this file's,
/// and no client may depend on it.
struct APIError: Error, Sendable {
    /// The machine-readable code that some errors carry (reference, section 1.5).
    enum Code: String {
        case insufficientCapacity = "insufficient_capacity"
        case volumePlacementCapacity = "volume_placement_capacity"
        case nameTaken = "name_taken"
    }

    /// Which of the two shapes of an error body is sent.
    enum Shape {
        /// `{"error": …, "status": code}`.
        case current
        /// `{"status": "error", "message": …}`, which older parts of the API use.
        case older
    }

    var status: Int
    var text: String
    var code: Code?
    var shape = Shape.current

    init(_ status: Int, _ text: String, code: Code? = nil, shape: Shape = .current) {
        self.status = status
        self.text = text
        self.code = code
        self.shape = shape
    }

    var answer: APIAnswer {
        switch shape {
        case .current:
            return .json(
                status,
                .object([("error", .string(text)), ("status", code.map { .string($0.rawValue) })]))
        case .older: return .json(status, ["status": "error", "message": .string(text)])
        }
    }
}

extension APIError {
    static func invalid(_ text: String) -> APIError { APIError(400, text) }
    static func precondition(_ text: String) -> APIError {
        APIError(412, "failed_precondition: \(text)")
    }

    static let tokenInvalid = APIError(401, "Authenticate: token validation error")
    static let unauthorized = APIError(403, "unauthorized")
    static let appUnknown = APIError(404, "Could not find App")
    static let machineUnknown = APIError(404, "machine not found")
    static let rateLimited = APIError(429, "rate limit exceeded")

    static let nameTaken = APIError(
        422, "Validation failed: Name has already been taken", code: .nameTaken)
    static let nameMalformed = APIError(
        422, "Validation failed: Name under 63 chars using numbers, lowercase letters and dashes")
    static let machineLimit = APIError(
        422,
        "Your organization has reached its machine limit. Please contact billing@fly.io")
    static let regionFull = APIError(
        422, "could not find a candidate host", code: .insufficientCapacity)
    static let concurrentUpdate = APIError(
        409, "aborted: machine update failed due to concurrent update")

    static func machineName(_ name: String, takenBy id: String) -> APIError {
        APIError(
            409,
            "already_exists: unique machine name violation, machine ID \(id) already exists with "
                + "name \"\(name)\"")
    }

    static func volumeHostFull(_ volume: String) -> APIError {
        APIError(
            412,
            "insufficient resources to create new machine with existing volume id '\(volume)'",
            code: .volumePlacementCapacity)
    }

    static func manifestUnknown(_ image: String) -> APIError {
        APIError(
            400,
            "failed to get manifest \(image): GET manifest: MANIFEST_UNKNOWN: manifest unknown; "
                + "unknown tag")
    }
}
