import PreviewCore

extension FlyFailure {
    /// What an answer without success means, by the table of fly/machines-api (sections 1.5, 1.6, 2
    /// to 4 and 9). Pure.
    package init(
        status: Int, body: [UInt8], retryAfter: String? = nil, requestID: String? = nil,
        call: String
    ) {
        let body = ErrorBody(body)
        let cause = Cause(status, body, retryAfter: retryAfter)
        self.init(
            cause: cause, isCertain: Self.isCertain(status, cause), call: call, status: status,
            message: body.message, requestID: requestID)
    }

    /// 408 is sent when a host did not answer, so that a machine may have been made after all.
    private static func isCertain(_ status: Int, _ cause: Cause) -> Bool {
        if status == 408 { return false }
        // Old servers say with 503 that a region is full.
        return status < 500 || cause == .regionFull || cause == .nameTaken
    }
}

extension FlyFailure.Cause {
    /// The platform's code for the cause outranks its sentence (section 1.5); sentences are looked
    /// into only where the status leaves several causes.
    fileprivate init(_ status: Int, _ body: ErrorBody, retryAfter: String?) {
        let text = body.message.lowercased()
        self =
            switch (body.code, status) {
            case ("name_taken", _): .nameTaken
            case ("insufficient_capacity", _): .regionFull
            case ("volume_placement_capacity", _): .hostFull
            // Of a race past the validation, in whatever status it comes.
            case _ where text.contains("uniqueness constraint violated"): .nameTaken
            case (_, 401): .unauthorised
            case (_, 403): .forbidden
            case (_, 404): text == "404 page not found" ? .unrouted : .notFound
            case (_, 408): .timedOut
            case (_, 409): Self.conflict(text, body.message)
            case (_, 412): Self.precondition(text)
            case (_, 429): .rateLimited(after: retryAfter.flatMap(Self.seconds))
            case (_, 400): text.contains("manifest") ? .imageUnknown : .invalid
            case (_, 422): Self.refusal(text)
            case (_, 503) where text.contains("candidate host"): .regionFull
            case (_, 500...): .unreachable
            default: .invalid
            }
    }

    /// Sentences about room count here only: elsewhere the same words mean something else
    /// (section 9).
    private static func conflict(_ text: String, _ message: String) -> Self {
        if text.contains("already_exists") || text.contains("unique machine name") {
            return .machineNameTaken(id: machineID(in: message))
        }
        // As a word: "please" is no lease.
        if text.split(whereSeparator: { !$0.isLetter }).contains("lease") { return .leaseHeld }
        if text.contains("no capacity") { return .regionFull }
        if isAboutHost(text) { return .hostFull }
        if text.contains("current_version") || text.contains("current version")
            || text.contains("concurrent update") || text.contains("currently replaced")
        {
            return .staleVersion
        }
        if text.contains("already been taken") { return .nameTaken }
        if text.contains("failed to reach desired state") || text.contains("failed_precondition") {
            return .wrongState
        }
        return text.contains("unable to destroy machine") ? .wrongState : .conflict
    }

    private static func isAboutHost(_ text: String) -> Bool {
        text.contains("could not reserve resource")
            || text.contains("governor policy blocked")
            || text.contains("deploys to this host")
            || (text.contains("insufficient")
                && ["cpu", "memory", "ips", "resource"].contains { text.contains($0) })
    }

    private static func precondition(_ text: String) -> Self {
        if text.contains("machine_version") { return .staleVersion }
        return text.contains("insufficient resources") ? .hostFull : .wrongState
    }

    private static func refusal(_ text: String) -> Self {
        if text.contains("already been taken") { return .nameTaken }
        if text.contains("machine limit") || text.contains("app limit")
            || (text.contains("limit") && text.contains("organization"))
        {
            return .machineLimit
        }
        if text.contains("unique machine name") { return .machineNameTaken(id: nil) }
        if text.contains("candidate host") || text.contains("no capacity") { return .regionFull }
        return text.contains("manifest") ? .imageUnknown : .invalid
    }

    /// The id in `… machine ID 148e… already exists …`.
    private static func machineID(in message: String) -> String? {
        guard let start = message.firstRange(of: "machine ID ") else { return nil }
        let id = message[start.upperBound...].prefix { $0.isHexDigit }
        return id.isEmpty ? nil : String(id)
    }

    /// The seconds of `Retry-After`. Its other form, a date, is not used by interfaces of this kind
    /// and counts as none.
    private static func seconds(_ text: String) -> Int? {
        guard let seconds = Double(text), seconds >= 0, seconds < 1_000_000 else { return nil }
        return Int(seconds.rounded(.up))
    }
}

/// The body of an error, in either of its shapes, or as plain text.
private struct ErrorBody {
    var message: String
    /// The machine-readable cause; empty for none.
    var code: String

    /// At most this much of what a server says is shown.
    private static let longest = 400

    init(_ bytes: [UInt8]) {
        let text = String(decoding: bytes.prefix(16 << 10), as: UTF8.self)
        // Some errors are plain text.
        let json = JSONValue(answer: bytes)
        let said = [json?.field("message")?.string, json?.field("error")?.string]
        let words = said.compactMap { $0 }.first { !$0.isEmpty } ?? text
        message = String(words.prefix(Self.longest)).trimmingWhitespace
        code = json?.field("status")?.string ?? ""
    }
}

extension String {
    fileprivate var trimmingWhitespace: String {
        let start = drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
