import PreviewCore
import PreviewSystem

/// What an answer of S3 that is no success says, and what it means for the user.
struct S3Trouble {
    private let response: HTTPResponse
    /// S3's own word for what is wrong, such as `AccessDenied`; empty where it says none.
    let code: String
    private let message: String
    private let region: String?

    init(_ response: HTTPResponse) {
        self.response = response
        // An answer that is no XML, as of a proxy, says nothing more than its status.
        let root = try? XMLElement(parsing: response.body)
        let error = root?["Error"] ?? root
        code = error?["Code"]?.text ?? ""
        message = String((error?["Message"]?.text ?? "").prefix(300))
        region = error?["Region"]?.text ?? response.header("x-amz-bucket-region")
    }

    /// Whether the request was signed with temporary keys whose time is over.
    var isExpiredToken: Bool { ["ExpiredToken", "ExpiredTokenException"].contains(code) }

    /// Status, code and words, and what the server calls the request.
    var evidence: [Failure.Evidence] {
        let said = [code, message].filter { !$0.isEmpty }.joined(separator: ": ")
        var evidence = [Failure.Evidence("answer", "HTTP \(response.status) \(said)")]
        if let id = response.requestID { evidence.append(.init("request id", id)) }
        return evidence
    }

    /// The failure of a request for a key of a store.
    func failure(_ settings: S3Settings, _ key: String) -> Failure {
        let place = settings.place(of: key)
        switch (response.status, code) {
        case (_, "NoSuchBucket"):
            return .s3Settings(
                "there is no bucket \(settings.bucket)", evidence: evidence,
                fix: "create it, or correct `bucket`, `region` or `endpoint` of `state`")
        case (300..<400, _), (_, "AuthorizationHeaderMalformed"), (_, "PermanentRedirect"),
            (_, "IllegalLocationConstraintException"):
            return .s3Settings(
                "the bucket \(settings.bucket) is not in \(settings.region)", evidence: evidence,
                fix: region.map { "set `region: \($0)` in `state`" }
                    ?? "set `region` and `endpoint` of `state` to those of the bucket")
        case (401, _), (403, _), (_, "InvalidToken"), (_, "ExpiredToken"):
            return denied(place)
        case (501, _):
            return .storeIgnoresConditions(settings, evidence: evidence)
        case (408, _), (429, _), (500..., _):
            return Failure(
                .storeUnavailable, "the store of \(place) did not do what it was asked",
                evidence: evidence, fix: "it says that this may pass; run the command again")
        default:
            return .s3Settings(
                "the store refuses a request for \(place)", evidence: evidence,
                fix: "look at what it says, and at the section `state`")
        }
    }

    private func denied(_ place: String) -> Failure {
        let fix =
            switch code {
            case "RequestTimeTooSkewed":
                "set this machine's clock: requests are signed with its time"
            case "InvalidAccessKeyId", "SignatureDoesNotMatch":
                "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile"
            case "ExpiredToken", "InvalidToken": "get new credentials: these have ended"
            default: "let this key get, put, delete and list there; see the page of the store"
            }
        return Failure(
            .storeDenied, .authentication, "the store does not let these credentials use \(place)",
            evidence: evidence, fix: fix)
    }
}

extension Failure {
    /// A request for a key without an answer.
    static func s3(_ failure: HTTPFailure, _ settings: S3Settings, _ key: String) -> Failure {
        let evidence = [Evidence("cause", "\(failure)")]
        switch failure.cause {
        case .invalidRequest, .library:
            return .s3Settings(
                "the store of \(settings.place(of: key)) cannot be asked", evidence: evidence,
                fix: "correct the section `state`, or install what is missing")
        default:
            return Failure(
                .storeUnavailable, "the store of \(settings.place(of: key)) did not answer",
                evidence: evidence, fix: "look at the network and the store, and run it again")
        }
    }

    /// The store does not check what it promised to (exit 6).
    static func storeIgnoresConditions(
        _ settings: S3Settings, evidence: [Evidence]
    ) -> Failure {
        Failure(
            .storeUnsafe, .refused,
            "the store of the bucket \(settings.bucket) ignores conditions on writes",
            evidence: evidence,
            fix: "use a store that checks `If-None-Match` and `If-Match`, or keep files")
    }
}
