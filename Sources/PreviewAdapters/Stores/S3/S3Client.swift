import PreviewCore
import PreviewSystem

/// The five requests that a store makes of a bucket, signed, and repeated where that is safe.
///
/// All functions throw ``Failure`` with a code of the PV05 group, or `CancellationError`.
struct S3Client: Sendable {
    let settings: S3Settings
    let credentials: AWSCredentialChain
    let http: HTTPClient
    var retries: RetryPolicy

    /// What has to be true of a key for it to be written.
    enum Condition {
        /// There is nothing.
        case absent
        /// It holds this version.
        case version(StoreVersion)
        /// Anything may be there.
        case none
    }

    /// An object, or that there is none, and when the store looked.
    struct Look {
        var object: StoredBytes?
        /// The store's clock; `nil` where it does not tell.
        var date: Timestamp?
        /// Which write made the object, where one of ours did.
        fileprivate var write: String?
    }

    /// Keys and the folders between, as far as one answer holds them.
    struct Page {
        var keys: [String] = []
        var folders: [String] = []
    }

    /// One answer's time; the tries of it have that of ``retries``.
    private static let patience = Duration.seconds(20)
    /// A record is some kilobytes; anything near this is no record.
    private static let largest = 16 << 20
    /// Carries a random word with each write, by which a later look tells whose it was.
    private static let writeHeader = "x-amz-meta-preview-write"

    /// Looks at a key.
    func look(_ key: String) async throws -> Look {
        let response = try await send("GET", key, isFine: { $0.status == 200 || $0.hasNoKey })
        let date = response.header("Date").flatMap(HTTPDate.unixSeconds).map {
            Timestamp(seconds: Int($0))
        }
        guard response.status == 200 else { return Look(date: date) }
        return Look(
            object: StoredBytes(bytes: response.body, version: try version(response, key)),
            date: date, write: response.header(Self.writeHeader))
    }

    /// Writes a key under a condition; `nil`, with nothing written, where that is not true. Durable
    /// when it returns.
    func put(
        _ key: String, _ bytes: [UInt8], if condition: Condition
    ) async throws -> StoreVersion? {
        let write = Digest.hexadecimal(Moment.randomBytes(12))
        var headers = [
            HTTPHeader("Content-Type", "application/json"), HTTPHeader(Self.writeHeader, write),
        ]
        if let encryption = settings.encryption {
            headers.append(.init("x-amz-server-side-encryption", encryption))
        }
        headers += condition.headers
        var tries = 0
        // 409 is a write at the same time, which may yet fail: once more, and it is decided.
        for isLast in [false, true] {
            let response = try await send(
                "PUT", key, headers: headers, body: bytes, tries: &tries,
                isFine: { $0.status == 200 || $0.isConditionFalse })
            guard response.isConditionFalse else { return try version(response, key) }
            guard response.status == 409, !isLast else { break }
        }
        guard tries > 1 else { return nil }
        // An earlier try may have been the writer that this one was refused for.
        let stored = try await look(key)
        return stored.write == write ? stored.object?.version : nil
    }

    /// Deletes a key, if it holds this version where one is named and the store checks that. What is
    /// not there counts as deleted.
    func delete(_ key: String, if version: StoreVersion? = nil) async throws {
        _ = try await send(
            "DELETE", key, headers: version.map { Condition.version($0).headers } ?? [],
            isFine: { (200..<300).contains($0.status) || $0.isConditionFalse })
    }

    /// What lies under a prefix, a page after the other; with a delimiter only what lies directly
    /// under it.
    func list(_ prefix: String, isDeep: Bool, _ page: (Page) throws -> Void) async throws {
        var token: String?
        repeat {
            // Sorted by name, as the signature wants it.
            let query =
                (token.map { [("continuation-token", $0)] } ?? [])
                + (isDeep ? [] : [("delimiter", "/")])
                + [("list-type", "2"), ("max-keys", "1000"), ("prefix", prefix)]
            let response = try await send("GET", nil, query: query, isFine: { $0.status == 200 })
            // Where the fault of what is no such document lies says nothing to a user.
            guard let answer = try? XMLElement(parsing: response.body),
                answer.name == "ListBucketResult"
            else { throw unreadable(prefix, "the list that it gave cannot be read") }
            try page(
                Page(
                    keys: answer.all("Contents").compactMap { $0["Key"]?.text },
                    folders: answer.all("CommonPrefixes").compactMap { $0["Prefix"]?.text }))
            guard answer["IsTruncated"]?.text == "true" else { return }
            let next = answer["NextContinuationToken"]?.text
            guard let next, next != token else {
                throw unreadable(prefix, "the list that it gave has no end")
            }
            token = next
        } while true
    }

    private func version(_ response: HTTPResponse, _ key: String) throws -> StoreVersion {
        guard let tag = response.header("ETag"), !tag.isEmpty else {
            throw Failure.storeIgnoresConditions(
                settings, evidence: [.init("answer", "it gave no ETag for \(key)")])
        }
        return StoreVersion(tag)
    }

    private func unreadable(_ prefix: String, _ reason: String) -> Failure {
        Failure(
            .storeUnavailable, "the store of \(settings.place(of: prefix)) was not understood",
            evidence: [.init("answer", reason)],
            fix: "check that `endpoint` is the address of an S3 server")
    }
}

extension S3Client {
    private func send(
        _ method: String, _ key: String?, query: [(String, String)] = [],
        headers: [HTTPHeader] = [], isFine: (HTTPResponse) -> Bool
    ) async throws -> HTTPResponse {
        var tries = 0
        return try await send(
            method, key, query: query, headers: headers, body: nil, tries: &tries, isFine: isFine)
    }

    /// Sends a request until its outcome is final; `tries` counts how often it went out.
    private func send(
        _ method: String, _ key: String?, query: [(String, String)] = [], headers: [HTTPHeader],
        body: [UInt8]?, tries: inout Int, isFine: (HTTPResponse) -> Bool
    ) async throws -> HTTPResponse {
        var mayRenew = true
        while true {
            let credentials = try await credentials.credentials()
            let request = request(
                method, key, query: query, headers: headers, body: body, credentials)
            let response: HTTPResponse
            do throws(HTTPFailure) {
                response = try await retries.run(request) {
                    (request, attempt) throws(HTTPFailure) in
                    tries += 1
                    return try await http.send(request, attempt: attempt)
                }
            } catch {
                if error.cause == .cancelled { throw CancellationError() }
                throw Failure.s3(error, settings, key ?? settings.prefix)
            }
            if isFine(response) { return response }
            let trouble = S3Trouble(response)
            if mayRenew, trouble.isExpiredToken, await self.credentials.forget(credentials) {
                mayRenew = false
                continue
            }
            throw trouble.failure(settings, key ?? settings.prefix)
        }
    }

    private func request(
        _ method: String, _ key: String?, query: [(String, String)], headers: [HTTPHeader],
        body: [UInt8]?, _ credentials: AWSCredentials
    ) -> HTTPRequest {
        var headers = headers + [.init("x-amz-content-sha256", Digest.hex(body ?? []))]
        if let token = credentials.sessionToken {
            headers.append(.init("x-amz-security-token", token))
        }
        let path = (key ?? "").split(separator: "/", omittingEmptySubsequences: false)
            .map { escaped(String($0)) }.joined(separator: "/")
        let words = query.map { "\($0)=\(escaped($1))" }.joined(separator: "&")
        return HTTPRequest(
            method, "\(settings.bucketURL)/\(path)\(words.isEmpty ? "" : "?\(words)")",
            headers: headers, body: body, timeout: Self.patience, bodyLimit: Self.largest,
            // What became of a change can be seen afterwards, so an open connection may carry it, and
            // it may be sent twice: ``put(_:_:if:)`` knows whose write it finds.
            reusesConnection: true, isIdempotent: true,
            signature: AWSSignature(
                accessKey: credentials.accessKey, secretKey: credentials.secretKey,
                region: settings.region, service: "s3"))
    }
}

extension HTTPResponse {
    /// Whether there is no such key. Nothing else than the store's own word for it counts: any
    /// server says 404 of what it does not know.
    fileprivate var hasNoKey: Bool { status == 404 && S3Trouble(self).code == "NoSuchKey" }

    /// Whether a condition of the request was not true.
    fileprivate var isConditionFalse: Bool { status == 412 || status == 409 || hasNoKey }
}

extension S3Client.Condition {
    fileprivate var headers: [HTTPHeader] {
        switch self {
        case .absent: [.init("If-None-Match", "*")]
        case .version(let version): [.init("If-Match", version.tag)]
        case .none: []
        }
    }
}
