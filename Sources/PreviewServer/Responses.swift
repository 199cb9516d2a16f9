import HTTPTypes
import Hummingbird
import NIOCore
import PreviewCore

extension Response {
    /// A JSON document.
    init(_ status: HTTPResponse.Status = .ok, json: JSONValue) {
        self.init(
            status: status,
            headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONWriter.line(json))))
    }

    /// The body of every error: `success`, `error`, `code`, and what helps to get on.
    init(_ refusal: Refusal) {
        let failure = refusal.failure
        var body = JSONObject()
        body["success"] = false
        body["error"] = .string(failure.message)
        body["code"] = .string(failure.code.rawValue)
        if let fix = failure.fix { body["fix"] = .string(fix) }
        if !failure.evidence.isEmpty { body["evidence"] = failure.json["evidence"] }
        for member in refusal.members.members { body[member.name] = member.value }
        self.init(refusal.status, json: .object(body))
        headers.append(contentsOf: refusal.headers)
    }
}

/// An error as it is answered.
struct Refusal: Error {
    var status: HTTPResponse.Status
    var failure: Failure
    var headers = HTTPFields()
    /// Further members of the body, such as `missingSteps`.
    var members = JSONObject()

    init(_ status: HTTPResponse.Status, _ failure: Failure, headers: HTTPFields = [:]) {
        self.status = status
        self.failure = failure
        self.headers = headers
    }

    /// Any error: the failure it is and the status that goes with it (BEHAVIOURS C14).
    init(_ error: any Error) {
        switch error {
        case let refusal as Refusal: self = refusal
        case let failure as Failure: self.init(Self.status(of: failure), failure)
        case let rejection as Rejection:
            self.init(Self.status(of: rejection.failure), rejection.failure)
        case let problems as ConfigProblems: self.init(problems)
        case is CancellationError:
            self.init(
                .conflict,
                Failure(
                    .interrupted, .interrupted(signal: 2), "interrupted before its end",
                    fix: "everything done so far is recorded; run it again to go on"))
        case let error as HTTPError: self.init(error)
        default:
            // What went wrong inside is nobody's business outside.
            self.init(
                .internalServerError, Failure(.internalError, "the server failed to do this"))
        }
    }

    private init(_ problems: ConfigProblems) {
        self.init(
            .unprocessableContent,
            Failure(
                problems.problems.first?.code ?? .invalidValue, .invalidConfig,
                "the configuration is not valid",
                fix: "correct the server's preview.yaml; `preview validate` shows the same"))
        members["problems"] = problems.json["problems"]
    }

    private init(_ error: HTTPError) {
        let (code, text): (ErrorCode, String) =
            switch error.status {
            case .notFound: (.noSuchPage, "there is nothing here")
            case .contentTooLarge: (.badRequest, "the body is too large")
            default: (.badRequest, error.body ?? "the request cannot be understood")
            }
        self.init(error.status, Failure(code, .usage, text), headers: error.headers)
    }

    private static func status(of failure: Failure) -> HTTPResponse.Status {
        switch failure.code {
        case .nothingRecorded: return .notFound
        case .stepOrder, .sessionCancelled, .planKeepsMoving: return .conflict
        case .providerUnavailable, .serverStopping: return .serviceUnavailable
        case .tokenWrong: return .unauthorized
        case .foreignRequest, .repositoryNotAllowed: return .forbidden
        default: break
        }
        return switch failure.kind {
        case .usage: .badRequest
        case .locked, .stalePlan, .notApproved, .interrupted: .conflict
        case .refused: .tooManyRequests
        case .invalidConfig: .unprocessableContent
        // A step that was refused outside has failed; before it, the provider is not set up.
        case .authentication: failure.step == nil ? .serviceUnavailable : .internalServerError
        case .failed, .stateNeedsRecovery, .timedOut, .leftovers: .internalServerError
        }
    }

    /// A request that makes no sense.
    static func badRequest(
        _ message: String, _ status: HTTPResponse.Status = .badRequest, fix: String? = nil
    ) -> Refusal {
        Refusal(status, Failure(.badRequest, .usage, message, fix: fix))
    }
}
