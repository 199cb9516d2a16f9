package import PreviewCore

/// What the platform answers, and how it gets there.
package struct APIAnswer: Sendable {
    /// The status code.
    package var status: Int
    /// The headers in order.
    package var headers: [(name: String, value: String)]
    /// The body, empty for none.
    package var body: [UInt8]
    /// What happens on the way to the client.
    package var delivery = Delivery.whole

    /// How an answer reaches the client, or does not.
    package enum Delivery: Hashable, Sendable {
        /// As it is.
        case whole
        /// The connection is closed without a byte of the answer.
        case dropped
        /// The head promises the whole body, of which only so many bytes come before the end.
        case cut(after: Int)
        /// The body comes in pieces of `bytes`, one every `interval` of real time.
        case drip(bytes: Int, every: Duration)
        /// Nothing ever comes; the connection stays open until the client gives up.
        case hung
    }

    init(_ status: Int, body: [UInt8] = [], headers: [(name: String, value: String)] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A JSON document.
    static func json(_ status: Int, _ value: JSONValue) -> APIAnswer {
        APIAnswer(
            status, body: JSONWriter.line(value), headers: [("Content-Type", "application/json")])
    }

    /// The answer of most successful calls.
    static var ok: APIAnswer { .json(200, ["ok": true]) }

    /// An unrouted path or method: plain text, before anything is checked (reference, section 1.5).
    static var notRouted: APIAnswer {
        APIAnswer(
            404, body: Array("404 page not found\n".utf8),
            headers: [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("X-Content-Type-Options", "nosniff"),
            ])
    }

    /// The first header of a name, in any case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body read as JSON; nil where it is none.
    package var value: JSONValue? {
        // A body that is no JSON is what some tests look for.
        try? JSONReader.read(body, options: .lenient)
    }
}

extension JSONValue {
    /// An object of the members that have a value.
    static func object(_ members: [(String, JSONValue?)]) -> JSONValue {
        .object(
            JSONObject(
                members.compactMap { name, value in value.map { .init(name: name, value: $0) } })
        )
    }

    /// An array of texts.
    static func strings(_ texts: some Sequence<String>) -> JSONValue {
        .array(texts.map(JSONValue.string))
    }

    /// An object with a text for each name, names in order.
    static func map(_ texts: [String: String]) -> JSONValue {
        .object(texts.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
    }

    /// An object's members as texts, or nil when this is no object of texts.
    var stringMap: [String: String]? {
        guard let object else { return nil }
        var map: [String: String] = [:]
        for member in object.members {
            guard let text = member.value.string else { return nil }
            map[member.name] = text
        }
        return map
    }

    /// An array's elements as texts, or nil when this is no array of texts.
    var stringArray: [String]? {
        guard let array else { return nil }
        let texts = array.compactMap(\.string)
        return texts.count == array.count ? texts : nil
    }

    /// A member that is there and not null.
    func given(_ name: String) -> JSONValue? {
        guard let value = self[name], !value.isNull else { return nil }
        return value
    }
}
