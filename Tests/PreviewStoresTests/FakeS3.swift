import PreviewAdapters
import PreviewCore
import PreviewSystem
import PreviewTestSupport
import Testing

/// A bucket in memory that checks conditions, with a clock of its own and with faults as a test wants
/// them. It believes every signature.
final class FakeS3: Sendable {
    /// What happens to a request in place of the usual.
    enum Fault: Sendable {
        /// Nothing is done, and nothing said.
        case lost
        /// It is done, and nothing said.
        case answerLost
        /// It is refused with this status and code of S3's.
        case status(Int, String)
        /// It is answered so.
        case answer(status: Int, headers: [HTTPHeader] = [], body: String)
    }

    fileprivate struct Object {
        var bytes: [UInt8]
        var tag: String
        var headers: [HTTPHeader]
    }

    fileprivate struct Contents {
        var objects: [String: Object] = [:]
        var clockAhead = 0
        var writes = 0
        var pageSize = 1000
        var fault: (@Sendable (WebServer.Request) -> Fault?)?
    }

    static let bucket = "previews"
    private let contents: Locked<Contents>
    private let server: WebServer

    init() async throws {
        let contents = Locked(Contents())
        self.contents = contents
        server = try await WebServer { request in
            switch contents.withLock({ $0.fault })?(request) {
            case .lost: return .hangUp
            case .answerLost:
                _ = contents.withLock { $0.answer(request) }
                return .hangUp
            case .status(let status, let code): return contents.withLock { $0.error(status, code) }
            case .answer(let status, let headers, let body):
                return .response(status: status, headers: headers, body: Array(body.utf8))
            case nil: return contents.withLock { $0.answer(request) }
            }
        }
    }

    var endpoint: String { server.url() }
    var requests: [WebServer.Request] { server.requests }
    func clear() { server.clear() }

    /// Decides what becomes of each request from now on; nil for the usual.
    func setFault(_ fault: (@Sendable (WebServer.Request) -> Fault?)?) {
        contents.withLock { $0.fault = fault }
    }

    /// Makes the n-th request from now on meet a fault, and only that.
    func setFault(_ fault: Fault, at number: Int) {
        let count = Locked(0)
        setFault { _ in
            count.withLock {
                $0 += 1; return $0 == number
            } ? fault : nil
        }
    }

    /// How far the bucket's clock is ahead of this machine's, in seconds.
    func setClock(ahead seconds: Int) { contents.withLock { $0.clockAhead = seconds } }

    func setPageSize(_ size: Int) { contents.withLock { $0.pageSize = size } }

    /// The keys of all objects, in order.
    var keys: [String] { contents.withLock { $0.objects.keys.sorted() } }

    /// An object's bytes.
    subscript(key: String) -> [UInt8]? {
        get { contents.withLock { $0.objects[key]?.bytes } }
        set {
            contents.withLock { contents in
                contents.writes += 1
                contents.objects[key] = newValue.map {
                    Object(bytes: $0, tag: "\"t\(contents.writes)\"", headers: [])
                }
            }
        }
    }

    static let environment = [
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests",
    ]

    /// Quick to give up, and without pauses that anybody would notice.
    static let retries = RetryPolicy(
        attempts: 4, backoff: .milliseconds(1), longestBackoff: .milliseconds(2),
        timeLimit: .seconds(20))

    /// One more store object for the same records, as another process has it.
    func store(
        _ changes: [String: String] = [:], environment: [String: String] = FakeS3.environment,
        home: String = "", retries: RetryPolicy = FakeS3.retries,
        timing: LeaseTiming = LeaseTiming(poll: .milliseconds(5)),
        trace: HTTPClient.Trace? = nil
    ) throws -> S3Store {
        let settings = [
            "bucket": Self.bucket, "prefix": "team/", "endpoint": endpoint, "path_style": "true",
        ]
        return try S3Store(
            settings: settings.merging(changes) { $1 }, environment: environment, home: home,
            network: HTTPNetwork(), trace: trace, retries: retries, timing: timing)
    }
}

extension FakeS3.Contents {
    fileprivate mutating func answer(_ request: WebServer.Request) -> WebServer.Answer {
        let path = request.path.split(separator: "/", maxSplits: 1).map(String.init)
        guard path.first == FakeS3.bucket else { return error(404, "NoSuchBucket") }
        guard path.count == 2 else { return list(request.query) }
        let key = path[1]
        let object = objects[key]
        let isRefused =
            request.header("If-None-Match") == "*" && object != nil
            || request.header("If-Match").map { $0 != object?.tag } ?? false
        switch request.method {
        case "GET":
            guard let object else { return error(404, "NoSuchKey") }
            return response(200, object.headers + [.init("ETag", object.tag)], object.bytes)
        case "PUT":
            if isRefused { return error(object == nil ? 404 : 412, refusal(object)) }
            writes += 1
            objects[key] = .init(
                bytes: request.body, tag: "\"t\(writes)\"",
                headers: request.headers.filter { $0.name.hasPrefix("x-amz-meta-") })
            return response(200, [.init("ETag", "\"t\(writes)\"")])
        case "DELETE":
            if object != nil, isRefused { return error(412, "PreconditionFailed") }
            objects[key] = nil
            return response(204)
        default: return error(405, "MethodNotAllowed")
        }
    }

    private func refusal(_ object: FakeS3.Object?) -> String {
        object == nil ? "NoSuchKey" : "PreconditionFailed"
    }

    private func list(_ query: [String: String]) -> WebServer.Answer {
        let prefix = query["prefix"] ?? ""
        let isFlat = query["delimiter"] == "/"
        var items: [(name: String, isFolder: Bool)] = []
        for key in objects.keys.sorted() where key.hasPrefix(prefix) {
            let rest = key.dropFirst(prefix.count)
            guard isFlat, let slash = rest.firstIndex(of: "/") else {
                items.append((key, false))
                continue
            }
            let folder = prefix + rest[...slash]
            if items.last?.name != folder { items.append((folder, true)) }
        }
        // A token that has to be escaped to come back as it is.
        let start = query["continuation-token"].flatMap { Int($0.dropFirst(4)) } ?? 0
        let page = items.dropFirst(start).prefix(pageSize)
        let isCut = start + page.count < items.count
        let next =
            isCut ? "<NextContinuationToken>a+/&amp;\(page.endIndex)</NextContinuationToken>" : ""
        let entries = page.map { name, isFolder in
            isFolder
                ? "<CommonPrefixes><Prefix>\(name)</Prefix></CommonPrefixes>"
                : "<Contents><Key>\(name)</Key><Size>1</Size></Contents>"
        }.joined()
        let text = """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\
            <IsTruncated>\(isCut)</IsTruncated>\(next)\(entries)</ListBucketResult>
            """
        return response(200, [], Array(text.utf8))
    }

    fileprivate func error(_ status: Int, _ code: String) -> WebServer.Answer {
        let text = "<Error><Code>\(code)</Code><Message>as the test says</Message></Error>"
        return response(status, [], Array(text.utf8))
    }

    private func response(
        _ status: Int, _ headers: [HTTPHeader] = [], _ body: [UInt8] = []
    ) -> WebServer.Answer {
        let seconds = Int(Moment.unixMilliseconds / 1000) + clockAhead
        let always = [
            HTTPHeader("Date", HTTPDate.text(unixSeconds: seconds)),
            HTTPHeader("x-amz-request-id", "REQUEST1"),
        ]
        return .response(status: status, headers: always + headers, body: body)
    }
}

extension WebServer.Request {
    /// The parameters, decoded.
    var query: [String: String] {
        let text = target.drop { $0 != "?" }.dropFirst()
        return text.split(separator: "&").reduce(into: [:]) { query, part in
            let name = part.prefix { $0 != "=" }
            query[String(name)] = decoded(part.dropFirst(name.count + 1))
        }
    }

    private func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
            rest = rest.dropFirst(2)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The failure of a call, which must fail.
func failure<Result>(
    of call: () async throws -> Result, sourceLocation: SourceLocation = #_sourceLocation
) async throws -> Failure {
    let error = await #expect(throws: Failure.self, sourceLocation: sourceLocation) {
        _ = try await call()
    }
    return try #require(error, sourceLocation: sourceLocation)
}
