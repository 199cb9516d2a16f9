import FoundationEssentials
import PreviewCore
import PreviewSystem

/// Terraform's HTTP state protocol as a client: what is sent, and what the answers mean.
///
/// Facts: developer.hashicorp.com/terraform/language/backend/http, what Terraform 0.15 was seen to send,
/// and docs.gitlab.com/api/terraform for GitLab's variant.
struct HTTPStateClient: Sendable {
    /// A document as a server gave it.
    struct Document: Sendable {
        let bytes: [UInt8]
        /// A strong entity tag, by which a write can be made conditional; a weak one does not serve
        /// for that (RFC 9110 section 8.8.1).
        let tag: String?
    }

    /// What has to be so for a write to be done.
    enum Condition: Sendable {
        case none
        /// `If-None-Match: *`
        case nothingThere
        /// `If-Match`
        case unchanged(tag: String)
    }

    /// What became of a write.
    enum WriteAnswer: Sendable {
        case done
        /// 412: something else is there than the condition says.
        case otherwise
        /// 409 or 423: the lock it names is not the one that is held.
        case locked(by: TerraformLock?)

        var isDone: Bool { if case .done = self { true } else { false } }
    }

    /// What became of asking for a lock.
    enum LockAnswer: Sendable {
        case taken
        case held(by: TerraformLock?)
    }

    let addresses: HTTPStateAddresses
    let credentials: HTTPStateCredentials?
    let http: HTTPClient
    let retries: RetryPolicy
    /// How long one try may take.
    let patience: Duration
    private let methods = Locked<LockMethods?>(nil)

    /// A record is some kilobytes; anything near this is no record.
    private static let largest = 16 << 20
    /// How often a document is asked for whose bytes are not those that its digest was made of.
    private static let readings = 3

    init(
        addresses: HTTPStateAddresses, credentials: HTTPStateCredentials?, http: HTTPClient,
        retries: RetryPolicy, patience: Duration
    ) {
        self.addresses = addresses
        self.credentials = credentials
        self.http = http
        self.retries = retries
        self.patience = patience
    }

    /// The document of a preview, `nil` where there is none.
    func document(of app: String) async throws -> Document? {
        for _ in 0..<Self.readings {
            let call = Call("GET", addresses.document(of: app))
            let response = try await send(call).response
            switch response.status {
            case 200:
                guard response.isIntact else { continue }
                return Document(bytes: response.body, tag: response.strongTag)
            case 204, 404: return nil
            default: throw refusal(call, response, .cannotRead)
            }
        }
        throw Failure(
            .storeUnavailable, "the record of \(app) arrives damaged",
            evidence: [.init("call", "GET \(addresses.document(of: app))")],
            fix: "its bytes are not those of its Content-MD5; look at the server and its proxies")
    }

    /// What time it is at the server, by the date of an answer; asks for a document by its name.
    func time(askingFor app: String) async throws -> Timestamp? {
        let call = Call("GET", addresses.document(of: app))
        let response = try await send(call).response
        guard response.status < 300 || response.status == 404 else {
            throw refusal(call, response, .cannotRead)
        }
        return response.header("Date").flatMap(HTTPDate.unixSeconds).map {
            Timestamp(seconds: Int($0))
        }
    }

    /// Writes a document.
    ///
    /// Where an answer was lost, the document is read back: bytes that are there were written. To be
    /// called with bytes that are not there yet.
    func write(
        _ bytes: [UInt8], of app: String, under lockID: String?, if condition: Condition
    ) async throws -> WriteAnswer {
        let answer: WriteAnswer
        do {
            let (first, isRepeated) = try await post(bytes, of: app, under: lockID, if: condition)
            guard isRepeated, !first.isDone else { return first }
            answer = first
        } catch let failure as Failure where failure.code == .storeUnavailable {
            // If reading fails as well, the write's failure is what has to be told.
            guard let stored = try? await document(of: app), stored.bytes == bytes else {
                throw failure
            }
            return .done
        }
        // Refused the second time, maybe because of what the first one did.
        return try await document(of: app)?.bytes == bytes ? .done : answer
    }

    /// Sends a document, and says what the last answer was, and whether an earlier try may have been
    /// carried out.
    func post(
        _ bytes: [UInt8], of app: String, under lockID: String?, if condition: Condition
    ) async throws -> (answer: WriteAnswer, isRepeated: Bool) {
        var call = Call("POST", addresses.document(of: app, lockID: lockID), body: bytes)
        switch condition {
        case .none: break
        case .nothingThere: call.headers.append(HTTPHeader("If-None-Match", "*"))
        case .unchanged(let tag): call.headers.append(HTTPHeader("If-Match", tag))
        }
        let (response, isRepeated) = try await send(call)
        switch response.status {
        case 200..<300: return (.done, isRepeated)
        case 412: return (.otherwise, isRepeated)
        case 409, 423:
            return (.locked(by: TerraformLock(answer: response.body)), isRepeated)
        default: throw refusal(call, response, .cannotWrite)
        }
    }

    /// Removes a document; one that is not there is success.
    func remove(_ app: String, under lockID: String?) async throws {
        let call = Call("DELETE", addresses.document(of: app, lockID: lockID))
        let response = try await send(call).response
        switch response.status {
        case 200..<300, 404: return
        default: throw refusal(call, response, .cannotWrite)
        }
    }
}

// MARK: - Locks

extension HTTPStateClient {
    /// How a server wants locks to be taken and given back.
    private enum LockMethods: Sendable {
        /// LOCK and UNLOCK, Terraform's own.
        case own
        /// POST and DELETE, as GitLab has it.
        case plain

        var taking: String { self == .own ? "LOCK" : "POST" }
        var givingBack: String { self == .own ? "UNLOCK" : "DELETE" }
    }

    /// Statuses by which servers say that they do not know a method.
    private static let unknownMethod: Set<Int> = [400, 404, 405, 501]

    /// Asks for a lock. After a lost answer the lock counts as taken if it is this very one.
    func take(_ lock: TerraformLock, of app: String) async throws -> LockAnswer {
        let (call, response, isRepeated) = try await send(lock, \.taking, addresses.lock(of: app))
        switch response.status {
        case 200..<300: return .taken
        case 409, 423:
            let other = TerraformLock(answer: response.body)
            return isRepeated && other?.isSame(as: lock) == true ? .taken : .held(by: other)
        case let status where Self.unknownMethod.contains(status):
            throw Failure(
                .storeSettings, .invalidConfig,
                "the server of the record has no locks at this address",
                evidence: [.init("call", call.text), .init("answer", "status \(status)")],
                fix:
                    "say where they are with `lock_address` and `unlock_address`; a server without "
                    + "locks cannot be used")
        default: throw refusal(call, response, .storeUnavailable)
        }
    }

    /// Gives a lock back; false where it was not held any more.
    @discardableResult
    func giveBack(_ lock: TerraformLock, of app: String) async throws -> Bool {
        let (call, response, _) = try await send(lock, \.givingBack, addresses.unlock(of: app))
        switch response.status {
        case 200..<300: return true
        case 404, 409, 423: return false
        default: throw refusal(call, response, .storeUnavailable)
        }
    }

    /// Tries Terraform's methods first, and GitLab's where the server does not know those. The answer to
    /// the first that it knows tells which it wants.
    private func send(
        _ lock: TerraformLock, _ method: KeyPath<LockMethods, String>, _ url: String
    ) async throws -> (call: Call, response: HTTPResponse, isRepeated: Bool) {
        let body = JSONWriter.line(lock.json)
        let known = methods.withLock { $0 }
        var call = Call((known ?? .own)[keyPath: method], url, body: body)
        var (response, isRepeated) = try await send(call)
        if known != nil { return (call, response, isRepeated) }
        var wanted = LockMethods.own
        if Self.unknownMethod.contains(response.status), addresses.hasSeparateLocks {
            wanted = .plain
            call = Call(wanted[keyPath: method], url, body: body)
            (response, isRepeated) = try await send(call)
        }
        if !Self.unknownMethod.contains(response.status) {
            methods.withLock { [wanted] in $0 = wanted }
        }
        return (call, response, isRepeated)
    }
}

// MARK: - Calls

extension HTTPStateClient {
    private struct Call {
        var method: String
        var url: String
        var headers: [HTTPHeader]
        var body: [UInt8]?

        init(_ method: String, _ url: String, body: [UInt8]? = nil) {
            self.method = method
            self.url = url
            self.body = body
            headers = []
            guard let body else { return }
            headers.append(HTTPHeader("Content-Type", "application/json"))
            if let digest = Digest.md5(body) {
                headers.append(HTTPHeader("Content-MD5", Data(digest).base64EncodedString()))
            }
        }

        var text: String { "\(method) \(HTTPExchange.shownURL(url))" }
    }

    /// Sends a call, again after a lost answer or a passing trouble: every one of the protocol does the
    /// same when it is done twice. Redirects are not followed, so that no other server gets the
    /// password.
    private func send(
        _ call: Call
    ) async throws -> (response: HTTPResponse, isRepeated: Bool) {
        let authorization = credentials.map { [HTTPHeader("Authorization", $0.header)] } ?? []
        let request = HTTPRequest(
            call.method, call.url, headers: call.headers + authorization, body: call.body,
            timeout: patience, bodyLimit: Self.largest, reusesConnection: true,
            isIdempotent: true)
        var tries = 0
        let response: HTTPResponse
        do throws(HTTPFailure) {
            response = try await retries.run(request) { (request, attempt) throws(HTTPFailure) in
                tries = attempt
                return try await http.send(request, attempt: attempt)
            }
        } catch {
            if error.cause == .cancelled { throw CancellationError() }
            throw Failure(
                .storeUnavailable, "the server of the record did not answer",
                evidence: [.init("call", call.text), .init("reason", error.description)],
                fix: "look at the network, the proxy and `address`, and run the command again")
        }
        switch response.status {
        case 300..<400, 401, 403, 408, 429, 500, 502...599:
            throw refusal(call, response, .storeUnavailable)
        default: return (response, tries > 1)
        }
    }

    /// What an answer means that is none of the protocol's.
    ///
    /// `code`: what a status is called that means nothing of its own.
    private func refusal(_ call: Call, _ response: HTTPResponse, _ code: ErrorCode) -> Failure {
        var evidence: [Failure.Evidence] = [
            .init("call", call.text), .init("answer", "status \(response.status)"),
        ]
        if let id = response.requestID { evidence.append(.init("request id", id)) }
        let said = shown(response.body)
        if !said.isEmpty { evidence.append(.init("the server said", said)) }
        switch response.status {
        case 401, 403:
            return Failure(
                .storeDenied, .authentication, "the server of the record refuses these credentials",
                evidence: evidence, fix: HTTPStateCredentials.fix(credentials))
        case 300..<400:
            let target = response.header("Location").map(HTTPExchange.shownURL) ?? "nowhere"
            evidence.append(.init("leads to", target))
            return Failure(
                .storeSettings, .invalidConfig, "the server of the record leads to another address",
                evidence: evidence, fix: "write that address; the password follows no redirect")
        default:
            return Failure(
                code, "the server of the record cannot do this now", evidence: evidence,
                fix: "look at the server, and run the command again")
        }
    }

    /// The beginning of what a server said, on one line and without the password.
    private func shown(_ body: [UInt8]) -> String {
        let text = String(decoding: body.prefix(300), as: UTF8.self)
            .split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return credentials?.redactor.redact(text) ?? text
    }
}

extension HTTPResponse {
    /// Whether the body is the one that the server made the digest of, if it made one.
    fileprivate var isIntact: Bool {
        guard let told = header("Content-MD5"), let digest = Digest.md5(body) else { return true }
        return told == Data(digest).base64EncodedString()
    }

    fileprivate var strongTag: String? {
        guard let tag = header("ETag"), tag.hasPrefix("\""), tag.hasSuffix("\""), tag.count > 1
        else { return nil }
        return tag
    }
}
