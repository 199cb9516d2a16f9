/// An address that is not one of the accepted forms. It never quotes the address, which may hold
/// a password in an unexpected place.
package struct InvalidRepositoryAddress: Error, Hashable, Sendable {
    /// The part that is wrong.
    package let field: Field
    /// What is wrong with it, without a final full stop.
    package let problem: String
    /// What would be right.
    package let expected: String

    /// The parts of an address.
    package enum Field: String, Hashable, Sendable, CaseIterable {
        case address, scheme, user, host, port, owner, name, path
    }

    /// What every address may look like.
    static let forms =
        "an https, ssh, git or file URL, owner/name, git@host:owner/name, or a path that "
        + "begins with `/`, `./`, `../` or `~/`"

    init(_ field: Field, _ problem: String, expected: String = Self.forms) {
        self.field = field
        self.problem = problem
        self.expected = expected
    }
}

extension RepositoryReference {
    /// Reads an address: a URL (https, ssh, git, file), `owner/name` at GitHub, `git@host:owner/name`
    /// or a local path. Hostile input (options, transports that run commands, control characters,
    /// `..` in a URL) is refused; credentials are dropped and ``carriedCredentials`` says so.
    package static func parse(
        _ text: String
    ) throws(InvalidRepositoryAddress) -> RepositoryReference {
        try refuseHostile(text)
        if isLocalPath(text) { return try local(text) }
        if let separator = text.place(of: "://") {
            return try url(
                text,
                scheme: text[..<separator.lowerBound],
                rest: text[separator.upperBound...]
            )
        }
        if let colon = scpColon(in: text) {
            return try scp(text, host: text[..<colon], path: text[text.utf8.index(after: colon)...])
        }
        return try shorthand(text)
    }

    private static func refuseHostile(_ text: String) throws(InvalidRepositoryAddress) {
        guard !text.isEmpty else { throw .init(.address, "the repository address is empty") }
        if text.begins(with: "-") {
            throw .init(.address, "the repository address begins with `-`, like an option")
        }
        if text.unicodeScalars.contains(where: isControl) {
            throw .init(.address, "the repository address contains a control character")
        }
        let scalars = text.unicodeScalars
        if [scalars.first, scalars.last].contains(where: { $0?.properties.isWhitespace == true }) {
            throw .init(.address, "the repository address begins or ends with a space")
        }
        if isLocalPath(text) { return }
        if scalars.contains(where: \.properties.isWhitespace) {
            throw .init(
                .address,
                "the repository address contains a space",
                expected: "%20 in place of a space in a URL"
            )
        }
        if text.holds("?") || text.holds("#") {
            throw .init(
                .path,
                "the repository address has a query or a fragment",
                expected: "the address alone, without `?` and `#`"
            )
        }
        let behindTransport = text.utf8.drop(while: \.isASCIIAlphanumeric)
        if behindTransport.starts(with: "::".utf8) {
            throw .init(.scheme, "addresses with `::` run a command of their own choice")
        }
    }

    static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .format, .surrogate: true
        default: false
        }
    }

    private static func isLocalPath(_ text: String) -> Bool {
        text == "." || text == ".." || ["/", "./", "../", "~"].contains { text.begins(with: $0) }
    }

    private static func local(
        _ text: String
    ) throws(InvalidRepositoryAddress) -> RepositoryReference {
        if text.begins(with: "~"), text != "~", !text.begins(with: "~/") {
            throw .init(
                .path,
                "the home folder of another user cannot be named",
                expected: "`~/` and a path, or an absolute path"
            )
        }
        return RepositoryReference(
            text: text,
            location: .local(path: text),
            carriedCredentials: false
        )
    }

    /// The colon of `git@host:path`: the first one outside brackets, with no slash before it.
    private static func scpColon(in text: String) -> String.Index? {
        let afterBracket =
            text.begins(with: "[") || text.holds("@[")
            ? text.place(of: "]")?.lowerBound ?? text.startIndex : text.startIndex
        let tail = text[afterBracket...]
        guard let colon = tail.place(of: ":")?.lowerBound, !text[..<colon].holds("/") else {
            return nil
        }
        return colon
    }
}

// MARK: - One function per form

extension RepositoryReference {
    private static func url(
        _ text: String,
        scheme: Substring,
        rest: Substring
    ) throws(InvalidRepositoryAddress) -> RepositoryReference {
        let scheme = try parsed(scheme: scheme)
        let slash = rest.place(of: "/")?.lowerBound ?? rest.endIndex
        let (authority, path) = (rest[..<slash], rest[slash...])
        if scheme == .file { return try file(text, authority: authority, path: path) }
        let parts = try Authority(authority, of: scheme)
        let fetchURL = "\(scheme.rawValue)://\(parts.text)\(path)"
        let segments = try segments(of: path, encoded: true)
        return RepositoryReference(
            text: parts.droppedCredentials ? fetchURL : text,
            location: .remote(Remote(scheme, parts, segments: segments, fetchURL: fetchURL)),
            carriedCredentials: parts.droppedCredentials
        )
    }

    private static func file(
        _ text: String,
        authority: Substring,
        path: Substring
    ) throws(InvalidRepositoryAddress) -> RepositoryReference {
        guard authority.isEmpty else {
            throw .init(
                .host,
                "a file address names a host",
                expected: "file:// and an absolute path, as in file:///srv/git/shop.git"
            )
        }
        let segments = try segments(of: path, encoded: true, isFile: true)
        return remote(text, Remote(.file, segments: segments, fetchURL: "file://\(path)"))
    }

    private static func parsed(scheme: Substring) throws(InvalidRepositoryAddress) -> Scheme {
        let name = scheme.lowercased()
        if name == "http" {
            throw .init(.scheme, "http is neither encrypted nor authenticated", expected: "https")
        }
        guard let scheme = Scheme(rawValue: name) else {
            throw .init(
                .scheme,
                "unknown or forbidden transport",
                expected: "one of https, ssh, git and file"
            )
        }
        return scheme
    }

    private static func scp(
        _ text: String,
        host: Substring,
        path: Substring
    ) throws(InvalidRepositoryAddress) -> RepositoryReference {
        // `user:password@host/…` without a scheme would otherwise pass as a host named `user`.
        if !host.holds("@"), path.holds("@") {
            throw .init(
                .host,
                "a colon before `@` looks like a password",
                expected: "git@host:owner/name, or an https URL without credentials"
            )
        }
        let parts = try Authority(host, of: .ssh)
        let segments = try segments(of: path, encoded: false)
        let fetchURL = "\(parts.text):\(path)"
        return remote(text, Remote(.ssh, parts, segments: segments, fetchURL: fetchURL))
    }

    private static func shorthand(
        _ text: String
    ) throws(InvalidRepositoryAddress) -> RepositoryReference {
        var parts = text.parts(at: "/", keepingEmpty: true)
        while parts.last == "" { parts.removeLast() }
        guard parts.count == 2 else {
            let isHost = parts.count > 2 && parts[0].holds(".")
            throw .init(
                .owner,
                parts.count < 2 ? "there is no owner" : "there are too many parts",
                expected: isHost
                    ? "https:// before the host" : "owner/name, a URL, or `./` before a path"
            )
        }
        guard !parts[0].isEmpty, consists(parts[0], ofAlphanumericsAnd: "-_") else {
            throw .init(
                .owner,
                "this is no owner at GitHub",
                expected: "letters, digits and dashes, or a full URL for another host"
            )
        }
        guard consists(parts[1], ofAlphanumericsAnd: "-_.") else {
            throw .init(
                .name,
                "this is no repository name at GitHub",
                expected: "letters, digits, `-`, `_` and `.`"
            )
        }
        let path = parts.joined(separator: "/")
        return try url(text, scheme: "https", rest: "github.com/\(path)")
    }

    private static func remote(_ text: String, _ remote: Remote) -> RepositoryReference {
        RepositoryReference(text: text, location: .remote(remote), carriedCredentials: false)
    }
}

extension RepositoryReference.Remote {
    fileprivate init(
        _ scheme: RepositoryReference.Scheme,
        _ authority: Authority? = nil,
        segments: [String],
        fetchURL: String
    ) {
        self.init(
            scheme: scheme,
            user: authority?.user,
            host: authority?.host ?? "",
            port: authority?.port,
            segments: segments,
            fetchURL: fetchURL
        )
    }
}
