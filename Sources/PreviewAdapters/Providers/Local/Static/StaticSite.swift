import PreviewSystem

/// A folder of files as a website: what each request is answered with.
struct StaticSite {
    private let root: Folder

    init(root: Folder) {
        self.root = root
    }

    /// An answer, all but its bytes decided.
    struct Answer {
        var status: Int
        /// In the order in which they are sent.
        var fields: [(name: String, value: String)] = []
        var body: Body = .text("")
        /// What `Content-Length` says, also for an answer whose body is not sent.
        var length: Int
    }

    /// Where the bytes of an answer come from.
    enum Body {
        case text(String)
        case file(ReadableFile, Range<Int>)
    }

    /// Answers a request; for `HEAD` the answer is that of `GET`, and the caller sends no body.
    func answer(_ request: HTTPRequestHead) throws(FileFailure) -> Answer {
        guard request.method == "GET" || request.method == "HEAD" else {
            var refusal = Self.text(405)
            refusal.fields.append(("Allow", "GET, HEAD"))
            return refusal
        }
        guard let path = SitePath(target: request.target) else { return try missing() }
        switch try root.find(beneath: path.relative) {
        case .file(let file) where !path.endsWithSlash:
            return try whole(file, named: path.parts.last ?? "", request)
        case .folder: return try index(of: path, request)
        case .file, .nothing: return try page(at: path, request)
        }
    }

    /// An answer of one line, such as for a request that was refused.
    static func text(_ status: Int) -> Answer {
        let body = "\(status) \(HTTPStatus.reason(status))\n"
        return Answer(
            status: status,
            fields: [("Content-Type", "text/plain; charset=utf-8")],
            body: .text(body),
            length: body.utf8.count
        )
    }

    private func index(
        of path: SitePath,
        _ request: HTTPRequestHead
    ) throws(FileFailure) -> Answer {
        let name = (path.parts + ["index.html"]).joined(separator: "/")
        guard case .file(let file) = try root.find(beneath: name) else { return try missing() }
        guard path.endsWithSlash || path.parts.isEmpty else {
            var answer = Self.text(301)
            answer.fields.append(("Location", path.asFolder))
            return answer
        }
        return try whole(file, named: "index.html", request)
    }

    /// `/about` finds `about.html`, as links between exported pages are commonly written.
    private func page(
        at path: SitePath,
        _ request: HTTPRequestHead
    ) throws(FileFailure) -> Answer {
        guard !path.endsWithSlash, !path.parts.isEmpty,
            case .file(let file) = try root.find(beneath: path.relative + ".html")
        else { return try missing() }
        return try whole(file, named: "page.html", request)
    }

    private func missing() throws(FileFailure) -> Answer {
        guard case .file(let file) = try root.find(beneath: "404.html") else {
            return Self.text(404)
        }
        let size = try file.size()
        return Answer(
            status: 404,
            fields: [("Content-Type", ContentType.of("404.html"))],
            body: .file(file, 0..<size),
            length: size
        )
    }

    private func whole(
        _ file: ReadableFile,
        named name: String,
        _ request: HTTPRequestHead
    ) throws(FileFailure) -> Answer {
        let size = try file.size()
        let modified = file.modifiedUnixMilliseconds
        let tag = "\"\(String(modified, radix: 16))-\(String(size, radix: 16))\""
        let date = HTTPDate.text(unixSeconds: Int(modified / 1000))
        let validators = [("ETag", tag), ("Last-Modified", date)]
        if isUnchanged(request, tag: tag, date: date) {
            return Answer(status: 304, fields: validators, length: size)
        }
        let fields =
            [("Content-Type", ContentType.of(name))] + validators + [("Accept-Ranges", "bytes")]
        switch range(request, tag: tag, date: date, size: size) {
        case .whole:
            return Answer(status: 200, fields: fields, body: .file(file, 0..<size), length: size)
        case .part(let part):
            let place = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(size)"
            return Answer(
                status: 206,
                fields: fields + [("Content-Range", place)],
                body: .file(file, part),
                length: part.count
            )
        case .unsatisfiable:
            var answer = Self.text(416)
            answer.fields.append(("Content-Range", "bytes */\(size)"))
            return answer
        }
    }

    /// A date counts only if it is exactly ours, which is what clients send back.
    private func isUnchanged(_ request: HTTPRequestHead, tag: String, date: String) -> Bool {
        if let known = request["if-none-match"] {
            return known.split(separator: ",").map { $0.withoutOuterSpaces() }.contains {
                $0 == "*" || $0 == tag || $0 == "W/" + tag
            }
        }
        return request["if-modified-since"] == date
    }

    private func range(
        _ request: HTTPRequestHead,
        tag: String,
        date: String,
        size: Int
    ) -> ByteRange {
        guard request.method == "GET" else { return .whole }
        if let condition = request["if-range"], condition != tag, condition != date {
            return .whole
        }
        return ByteRange(request["range"], length: size)
    }
}

/// The reason phrases of the statuses that are sent.
enum HTTPStatus {
    static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 206: "Partial Content"
        case 301: "Moved Permanently"
        case 304: "Not Modified"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 416: "Range Not Satisfiable"
        case 431: "Request Header Fields Too Large"
        case 505: "HTTP Version Not Supported"
        default: "Internal Server Error"
        }
    }
}
