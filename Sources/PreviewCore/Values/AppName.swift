/// The name of a preview's app, part of its URL and the name of its folder: at most 62 characters
/// of `[a-z0-9-]`, neither beginning nor ending with a dash.
package struct AppName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The name itself; safe as a file name and as a host label.
    package let description: String

    /// A name that came from outside, such as from a record; `nil` if it breaks the rules.
    package init?(_ text: String) {
        guard (1...Self.maximumLength).contains(text.utf8.count),
            text.utf8.allSatisfy(isNameByte), text.first != "-", text.last != "-"
        else { return nil }
        description = text
    }

    /// The n-th name for a preview, `<name>-<8 hex>`. The first one depends on nothing but the
    /// configuration, so that every team-mate gets the same; each further one, for when the name
    /// is taken by somebody else, has its number in the hash (SPEC section 2).
    ///
    /// - Parameters:
    ///   - project: any text; it is turned into letters, digits and single dashes.
    ///   - source: which preview it is.
    ///   - number: 0 for the first candidate.
    /// - Returns: a name that is valid for any project text.
    package static func candidate(
        _ project: String,
        _ source: SourceDigest,
        number: Int = 0
    ) -> AppName {
        let hash = number == 0 ? source.hex : Digest.hex("\(source.hex)\n\(number)".utf8)
        return AppName(unchecked: "\(slug(project))-\(hash.prefix(hashLength))")
    }

    /// The port of a `local` preview, from 20000 to 39999: a function of the name, so that the URL
    /// is known at plan time. The n-th one is for when those before are taken.
    package func localPort(number: Int = 0) -> Int {
        let digest = Digest.sha256(description.utf8)
        let start = digest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        return Self.localPorts.lowerBound + (start + number) % Self.localPorts.count
    }

    /// The ports that `local` previews take.
    package static let localPorts = 20000..<40000

    /// The order of their characters.
    package static func < (left: AppName, right: AppName) -> Bool {
        left.description < right.description
    }

    private static let maximumLength = 62
    private static let hashLength = 8

    private init(unchecked text: String) { description = text }

    /// Lower case; every run of other characters becomes one dash. It begins with a letter, because
    /// host labels and file names that begin with a digit or a dash make trouble.
    private static func slug(_ project: String) -> String {
        let words = project.lowercased().utf8.split { !$0.isASCIIAlphanumeric }
        var slug = words.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
        if slug.first?.isLetter != true { slug = slug.isEmpty ? "app" : "app-\(slug)" }
        slug = String(slug.prefix(maximumLength - hashLength - 1))
        return slug.hasSuffix("-") ? String(slug.dropLast()) : slug
    }
}

extension AppName: Codable {
    /// Reads a recorded name.
    ///
    /// - Throws: `DecodingError` for a name that breaks the rules, which could lead out of a folder.
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let name = AppName(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "not an app name")
            )
        }
        self = name
    }

    /// Writes the name as a string.
    package func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        try value.encode(description)
    }
}

/// Which preview something belongs to: the `preview_source` of ENGINE section 2, 64 hexadecimal
/// digits.
package struct SourceDigest: Hashable, Sendable {
    /// The digits, lower case.
    package let hex: String

    /// SHA-256 of host, owner, repository, branch and path, joined by newlines, and for a named
    /// user of the server a sixth line with that user. The default user of the server and the
    /// command line have no sixth line and so share their previews.
    ///
    /// - Parameters:
    ///   - repository: which repository, whatever the spelling of its address.
    ///   - branch: the branch's name, not a commit.
    ///   - path: the sub-application, empty for the root.
    ///   - user: a named user, `nil` for the default one.
    package init(
        repository: RepositoryIdentity,
        branch: String,
        path: String,
        user: String? = nil
    ) {
        let lines = [repository.host, repository.owner, repository.name, branch, path]
        hex = Digest.hex((lines + (user.map { [$0] } ?? [])).joined(separator: "\n").utf8)
    }
}

private func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"):
        true
    default: false
    }
}
