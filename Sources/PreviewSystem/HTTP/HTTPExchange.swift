/// One request and what became of it, for tracing. Holds nothing secret: no header but the server's
/// name for the request, no body, and of the URL's query only the names.
package struct HTTPExchange: Hashable, Sendable {
    /// The method of the request.
    package var method: String
    /// The URL asked for, as it may be shown.
    package var url: String
    /// Which try of the same request this was, from 1.
    package var attempt: Int
    /// The status of the answer, or nil if none came.
    package var status: Int?
    /// Why there is no answer, or nil if there is one.
    package var failure: HTTPFailure?
    /// What the server calls the request, if it says so.
    package var requestID: String?
    /// Bytes of the body sent.
    package var sentBytes: Int
    /// Bytes of the body received.
    package var receivedBytes: Int
    /// From the call to its end.
    package var duration: Duration
    /// Whether an open connection carried it; false also if there was none.
    package var isReusedConnection: Bool
    /// `HTTP/1.1`, `HTTP/2`, or nil if nothing came.
    package var version: String?

    /// A URL that may be shown: without user, password and fragment, its query's values replaced,
    /// since tokens and signatures travel there.
    package static func shownURL(_ url: String) -> String {
        let whole = url.prefix { $0 != "#" }
        let address = whole.prefix { $0 != "?" }
        var shown = withoutUser(address)
        if address.endIndex < whole.endIndex {
            let query = whole[address.endIndex...].dropFirst()
            let parts = query.split(separator: "&").map { part in
                let name = part.prefix { $0 != "=" }
                return name.endIndex < part.endIndex ? "\(name)=…" : "…"
            }
            shown += "?" + parts.joined(separator: "&")
        }
        return shown
    }

    private static func withoutUser(_ address: Substring) -> String {
        guard let scheme = address.firstRange(of: "://") else { return String(address) }
        let rest = address[scheme.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        guard let user = authority.lastIndex(of: "@") else { return String(address) }
        return "\(address[..<scheme.upperBound])\(rest[authority.index(after: user)...])"
    }
}

extension HTTPExchange: CustomStringConvertible {
    /// One line: what was asked, what came, and how.
    package var description: String {
        let milliseconds = Int((duration / .milliseconds(1)).rounded())
        var parts = ["\(method) \(url) → \(status.map(String.init) ?? failure?.message ?? "?")"]
        parts.append("\(milliseconds) ms, \(receivedBytes) bytes")
        if let version {
            parts.append("\(version)\(isReusedConnection ? "" : ", new connection")")
        }
        if attempt > 1 { parts.append("try \(attempt)") }
        if let requestID { parts.append("request \(requestID)") }
        return parts.joined(separator: ", ")
    }
}
