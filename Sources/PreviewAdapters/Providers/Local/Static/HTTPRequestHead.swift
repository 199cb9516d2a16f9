/// The request line and the fields of an HTTP/1 request (RFC 9112).
struct HTTPRequestHead: Hashable {
    var method: String
    /// As sent, such as `/a%20b?c`.
    var target: String
    /// The minor version: 1 for HTTP/1.1.
    var minorVersion: Int
    /// In order, names in lower case.
    var fields: [Field]

    struct Field: Hashable {
        var name: String
        var value: String
    }

    /// What the bytes received so far amount to.
    enum Reading: Hashable {
        /// The head is not complete yet.
        case incomplete
        /// A head and how many bytes it took.
        case complete(HTTPRequestHead, length: Int)
        /// Not HTTP/1, or more than is accepted; the status to answer with before closing.
        case refused(status: Int)
    }

    /// The longest head that is accepted, in bytes.
    static let limit = 16 << 10

    /// Reads the head at the start of `bytes`.
    static func read(_ bytes: ArraySlice<UInt8>) -> Reading {
        // A server should ignore an empty line before the request (RFC 9112 section 2.2).
        let start = bytes.prefix(2).elementsEqual(lineEnd) ? bytes.dropFirst(2) : bytes
        guard let length = headLength(start.prefix(limit)) else {
            return start.count >= limit ? .refused(status: 431) : .incomplete
        }
        let text = String(decoding: start.prefix(length), as: UTF8.self)
        var lines = text.split(separator: "\r\n", omittingEmptySubsequences: true)
        guard !lines.isEmpty else { return .refused(status: 400) }
        let requestLine = lines.removeFirst()
            .split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard requestLine.count == 3, !requestLine[0].isEmpty else { return .refused(status: 400) }
        guard requestLine[2] == "HTTP/1.1" || requestLine[2] == "HTTP/1.0" else {
            return .refused(status: requestLine[2].hasPrefix("HTTP/") ? 505 : 400)
        }
        let fields = lines.map(field)
        guard !fields.contains(nil) else { return .refused(status: 400) }
        let head = HTTPRequestHead(
            method: requestLine[0],
            target: requestLine[1],
            minorVersion: requestLine[2].hasSuffix("1") ? 1 : 0,
            fields: fields.compactMap(\.self)
        )
        if head.minorVersion == 1, head["host"] == nil { return .refused(status: 400) }
        return .complete(head, length: bytes.count - start.count + length)
    }

    /// The values of a field, joined as one list; `nil` when it was not sent.
    subscript(name: String) -> String? {
        let values = fields.filter { $0.name == name }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    /// Whether the client wants the connection to stay open after the answer.
    var keepsAlive: Bool {
        let options = (self["connection"] ?? "").lowercased()
            .split(separator: ",").map { $0.withoutOuterSpaces() }
        return minorVersion == 1 ? !options.contains("close") : options.contains("keep-alive")
    }

    /// Whether a body follows, which nobody here reads.
    var hasBody: Bool {
        self["transfer-encoding"] != nil || (self["content-length"] ?? "0") != "0"
    }

    private static let lineEnd = Array("\r\n".utf8)

    /// The length of the head with its final empty line.
    private static func headLength(_ bytes: ArraySlice<UInt8>) -> Int? {
        let end = Array("\r\n\r\n".utf8)
        guard bytes.count >= end.count else { return nil }
        return (bytes.startIndex...bytes.endIndex - end.count).first { index in
            bytes[index] == end[0] && bytes[index..<index + end.count].elementsEqual(end)
        }.map { $0 - bytes.startIndex + end.count }
    }

    private static func field(_ line: Substring) -> Field? {
        guard let colon = line.firstIndex(of: ":") else { return nil }
        let name = line[..<colon]
        // A folded line or a space before the colon is how requests are smuggled.
        guard !name.isEmpty, !name.contains(where: { $0 == " " || $0 == "\t" }) else { return nil }
        let value = line[line.index(after: colon)...].withoutOuterSpaces()
        return Field(name: name.lowercased(), value: String(value))
    }
}

extension Substring {
    /// Without spaces and tabs at both ends.
    func withoutOuterSpaces() -> Substring {
        let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = firstIndex(where: { !isSpace($0) }),
            let last = lastIndex(where: { !isSpace($0) })
        else { return self[endIndex...] }
        return self[first...last]
    }
}
