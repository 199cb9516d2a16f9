import PreviewCore

/// Which repositories calls may name, beside the one of the server's own `preview.yaml`.
struct RepositoryPermission: Sendable {
    /// What is allowed: `host/owner/name`, in which a `*` at the end stands for anything, or an
    /// absolute folder of this machine in the same way.
    private let patterns: [String]

    /// `patterns`: a remote address in any spelling, or an absolute path; either may end with `*`.
    ///
    /// - Throws: ``Failure`` for one that can never match.
    init(_ patterns: [String]) throws {
        self.patterns = try patterns.map(Self.pattern)
    }

    /// Refuses an address that is not allowed.
    func check(_ address: RepositoryReference) throws {
        let name = Self.name(of: address)
        let isAllowed = patterns.contains { pattern in
            pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
        }
        guard isAllowed else {
            throw Failure(
                .repositoryNotAllowed, .refused, "this server may not preview that repository",
                fix: "whoever runs it can allow it with `preview serve --allow-repo`")
        }
    }

    private static func pattern(_ text: String) throws -> String {
        let isPrefix = text.hasSuffix("*")
        var stem = isPrefix ? String(text.dropLast()) : text
        while stem.hasSuffix("/") { stem.removeLast() }
        if stem.isEmpty, isPrefix, text == "*" { return "*" }
        if stem.hasPrefix("/") { return isPrefix ? stem + "/*" : stem }
        // What is no address may still be a host and a path.
        if !isPrefix, let address = try? RepositoryReference.parse(stem), address.remote != nil {
            // What it leads to, whatever its spelling.
            return name(of: address)
        }
        guard stem.split(separator: "/").first?.contains(".") == true else {
            throw Failure(
                .usage, .usage, "--allow-repo takes host/owner/name, host/owner/*, or /folder/*",
                evidence: [.init("given", text)])
        }
        return stem.lowercased() + (isPrefix ? "/*" : "")
    }

    /// One name for all spellings of an address. A folder's is its path, which no remote one can be;
    /// one that leads elsewhere by `..` was taken apart when it was parsed.
    private static func name(of address: RepositoryReference) -> String {
        guard let remote = address.remote, remote.scheme != .file else {
            return address.folder(relativeTo: "/", home: nil)
                ?? "/" + (address.remote?.segments.joined(separator: "/") ?? "")
        }
        let identity = remote.identity
        let owner = identity.owner.isEmpty ? "" : identity.owner + "/"
        return "\(identity.host)/\(owner)\(identity.name)".lowercased()
    }
}
