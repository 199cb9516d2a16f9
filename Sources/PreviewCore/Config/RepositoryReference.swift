/// The address of a repository, in one of the spellings people use (SPEC section 2). Only
/// ``parse(_:)`` makes one, so every value is safe to hand to git: no option, no command, no
/// credentials.
package struct RepositoryReference: Hashable, Sendable {
    /// As it was written, but without the credentials it may have carried.
    package let text: String
    /// Where the repository is.
    package let location: Location
    /// Whether a password, or over https any user name (it may be a token), was dropped.
    package let carriedCredentials: Bool

    /// A repository reached by a transport, or a folder of this machine.
    package enum Location: Hashable, Sendable {
        case remote(Remote)
        /// A path as written, relative to the configuration file; `~` stands for the home folder.
        case local(path: String)
    }

    /// A remote address. All spellings of one address have equal ``identity``.
    package struct Remote: Hashable, Sendable {
        /// How the host is spoken to; decides nothing about identity.
        package let scheme: Scheme
        /// The account at an ssh host; `nil` for the other transports.
        package let user: String?
        /// Lower case; empty for `file`. IPv6 addresses keep their brackets.
        package let host: String
        /// As written; `nil` for the transport's own.
        package let port: Int?
        /// Owner folders and the repository, percent-decoded, without `.git`; never empty.
        package let segments: [String]
        /// What git is given: scheme, user, port and `.git` as they were written, no credentials.
        package let fetchURL: String
    }

    /// The transports that are allowed.
    package enum Scheme: String, Hashable, Sendable, CaseIterable {
        case https, ssh, git, file
    }

    /// The remote address, `nil` for a folder of this machine.
    package var remote: Remote? {
        guard case .remote(let remote) = location else { return nil }
        return remote
    }

    /// The folder of a local path.
    ///
    /// - Parameters:
    ///   - base: the absolute folder of the configuration file, free of symbolic links.
    ///   - home: the user's home folder, where known.
    /// - Returns: an absolute path with `.` and `..` taken out; `nil` for a remote address, and for
    ///   `~` when the home folder is unknown.
    package func folder(relativeTo base: String, home: String?) -> String? {
        guard case .local(let path) = location else { return nil }
        if path.begins(with: "/") { return Self.normalised(path) }
        if path == "~" || path.begins(with: "~/") {
            return home.map { Self.normalised($0 + String(path.unicodeScalars.dropFirst())) }
        }
        return Self.normalised(base + "/" + path)
    }

    private static func normalised(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.parts(at: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// What the repository is called: the last part of a remote address, else of the path of its
    /// folder, which ``folder(relativeTo:home:)`` gives and which is not looked at for a remote one.
    package func name(of folder: String?) -> String {
        if let remote { return remote.name }
        return folder?.parts(at: "/").last.map(withoutGitSuffix) ?? ""
    }

    /// Which repository is meant, for comparison and for the app name. The local checkout in an
    /// absolute folder is its `origin` where that is a remote address, else its path (SPEC section 2).
    package func identity(
        of folder: String? = nil,
        origin: RepositoryReference? = nil
    ) -> RepositoryIdentity {
        if let remote = remote ?? origin?.remote { return remote.identity }
        return RepositoryIdentity(host: "", owner: "", name: folder ?? text)
    }
}

extension RepositoryReference.Remote {
    /// The last part of the address, without `.git`.
    package var name: String { segments.last ?? "" }

    /// The owner, which may be several folders deep; `nil` where the address has none.
    package var owner: String? {
        segments.count > 1 ? segments.dropLast().joined(separator: "/") : nil
    }

    /// `owner/name` as written, or the name alone where there is no owner.
    package var repositoryName: String { segments.joined(separator: "/") }

    /// The address for people (`githubRepoUrl`, B7): the https form without `.git`; for `file` the
    /// `file://` form. A port is kept only for https, as that of another transport says nothing
    /// about the page.
    package var url: String {
        let path = segments.map(percentEncoded).joined(separator: "/")
        guard scheme != .file else { return "file:///\(path)" }
        let port = scheme == .https ? port.map { ":\($0)" } ?? "" : ""
        return "https://\(host)\(port)/\(path)"
    }

    /// What all spellings of this address have in common. Scheme, user, port and `.git` do not
    /// count; neither does case at hosts known to ignore it.
    package var identity: RepositoryIdentity {
        let host = wellKnownHostAliases[host] ?? host
        let ignoresCase = hostsIgnoringCase.contains(host)
        func folded(_ text: String) -> String { ignoresCase ? text.lowercased() : text }
        return RepositoryIdentity(host: host, owner: folded(owner ?? ""), name: folded(name))
    }
}

/// A repository, whatever the spelling of its address.
package struct RepositoryIdentity: Hashable, Sendable {
    /// Lower case; empty for a folder of this machine.
    package let host: String
    /// Empty where there is none.
    package let owner: String
    /// The repository's name, or the absolute path of a folder without a remote `origin`.
    package let name: String

    package init(host: String, owner: String, name: String) {
        self.host = host
        self.owner = owner
        self.name = name
    }
}

/// Hosts whose owner and repository names are the same in upper and lower case. Elsewhere the path
/// is a path of somebody's file system and case counts.
private let hostsIgnoringCase: Set = ["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"]

/// Second names under which the same hosts serve ssh through port 443, or the web.
private let wellKnownHostAliases = [
    "www.github.com": "github.com", "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com", "altssh.bitbucket.org": "bitbucket.org",
]

/// The last part of a path without the suffix of a bare repository.
func withoutGitSuffix(_ name: some StringProtocol) -> String {
    name.hasSuffix(".git") ? String(name.dropLast(4)) : String(name)
}

/// A path segment with everything escaped that a URL path does not take (RFC 3986, section 3.3).
private func percentEncoded(_ segment: String) -> String {
    var text: [UInt8] = []
    for byte in segment.utf8 {
        let isPlain = byte.isASCIIAlphanumeric || "-._~!$&'()*+,;=:@".utf8.contains(byte)
        text += isPlain ? [byte] : Array("%\(Digest.hexadecimal([byte]).uppercased())".utf8)
    }
    return String(decoding: text, as: UTF8.self)
}

extension UInt8 {
    /// Whether this is an ASCII letter or digit.
    var isASCIIAlphanumeric: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
