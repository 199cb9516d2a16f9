import PreviewCore

/// The parts of an image's name, and the digest it stands for.
struct ImageReference: Sendable {
    let text: String
    let registry: String
    let repository: String
    let tag: String
    var digest: String

    /// Takes a name apart as Docker does: the first part is a registry if it has a dot or a colon
    /// or is `localhost`, and Docker Hub's short names mean `library/…`. Nil for a malformed one.
    init?(_ text: String) {
        var name = text[...]
        var pinned: String?
        if let at = name.firstIndex(of: "@") {
            pinned = String(name[name.index(after: at)...])
            name = name[..<at]
        }
        var parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let first = parts.first ?? ""
        let namesRegistry =
            parts.count > 1 && (first.contains(".") || first.contains(":") || first == "localhost")
        registry = namesRegistry ? String(first) : "docker-hub-mirror.fly.io"
        if namesRegistry { parts.removeFirst() }
        let ending = (parts.popLast() ?? "").split(
            separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        tag = ending.count > 1 ? String(ending[1]) : pinned == nil ? "latest" : ""
        parts.append(ending.first ?? "")
        if parts.count == 1, !namesRegistry { parts.insert("library", at: 0) }
        repository = parts.joined(separator: "/")
        let allowed = repository.utf8.allSatisfy { byte in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
                || "._-/".utf8.contains(byte)
        }
        guard allowed, parts.allSatisfy({ !$0.isEmpty }), !text.contains(" "),
            ending.count < 2 || !tag.isEmpty, pinned?.hasPrefix("sha256:") != false
        else { return nil }
        self.text = text
        digest = pinned ?? "sha256:" + Digest.hex(Array("\(registry)/\(repository):\(tag)".utf8))
    }

    var json: JSONValue {
        .object([
            ("registry", .string(registry)), ("repository", .string(repository)),
            ("tag", tag.isEmpty ? nil : .string(tag)), ("digest", .string(digest)),
            ("labels", .null),
        ])
    }
}
